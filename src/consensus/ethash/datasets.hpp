#pragma once
/// \file
/// The datasets that miners search: loaded from disk, or generated in the background.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "consensus/ethash/caches.hpp"
#include "consensus/ethash/dataset.hpp"

namespace quarry::ethash {

/// What becomes of a wanted dataset.
struct DatasetProgress {
  enum class Stage : std::uint8_t { idle, loading, generating, writing, ready, cancelled };
  Stage stage = Stage::idle;
  Epoch epoch = 0;
  double fraction = 0;                      ///< of the rows that are there
  std::chrono::duration<double> elapsed{};  ///< since the first stage began
  std::chrono::duration<double> left{};     ///< estimate, while generating
};
/// Called from a background thread: at each change of stage and every few seconds between.
using OnProgress = std::function<void(const DatasetProgress&)>;

/// Thread-safe. Keeps at most two datasets (1 GiB each and growing): the one in use and, near the end
/// of an epoch, the next. What is there outlives miner.stop; what is half done is continued by the
/// next want().
class Datasets {
 public:
  struct Options {
    /// Where dataset files are kept and shared with other nodes (geth's ~/.ethash); empty: nowhere. Made when
    /// needed.
    std::filesystem::path folder = {};
    /// Threads that generate; 0: one a core.
    unsigned threads = 0;
    OnProgress on_progress = {};
    OnWarning on_warning = {};
  };
  /// So many blocks before an epoch ends the next dataset is begun.
  static constexpr BlockNum kPrepareAhead = 300;
  static constexpr std::chrono::seconds kProgressEvery{3};

  Datasets(Caches& caches, Options options);
  /// Gives up what is under way, a file half written too.
  ~Datasets();
  Datasets(const Datasets&) = delete;
  Datasets& operator=(const Datasets&) = delete;

  /// Begins to load or generate what mining block `number` needs, unless it is there or under way;
  /// near the end of an epoch also the next epoch's dataset, afterwards.
  void want(BlockNum number);
  /// The dataset, when it is ready to be searched.
  std::shared_ptr<const Dataset> ready(Epoch epoch) const;
  /// Waits for a dataset that is wanted; nothing when its making was cancelled or failed.
  std::shared_ptr<const Dataset> wait(Epoch epoch);
  /// Stops loading and generating within some 10 ms, without waiting for it; keeps what is ready, and
  /// lets the file of a finished dataset be written.
  void cancel();
  DatasetProgress progress() const;

 private:
  using Clock = std::chrono::steady_clock;
  void run();
  void make(Epoch epoch);
  std::shared_ptr<const Dataset> load(const Cache& cache);
  std::shared_ptr<const Dataset> generate(std::shared_ptr<const Cache> cache);
  void write(const Dataset& dataset);
  bool begin_builder(std::shared_ptr<const Cache> cache);
  void enter(DatasetProgress::Stage stage);
  void publish(std::shared_ptr<const Dataset> dataset);
  void warn(const Error& error) const;
  std::filesystem::path path_of(Epoch epoch) const;
  std::shared_ptr<const Dataset> find(Epoch epoch) const;

  Caches& caches_;
  Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<const Dataset>> ready_;
  std::deque<Epoch> wanted_;
  std::optional<Epoch> making_;
  Epoch current_ = 0;  ///< of the last want()
  std::unique_ptr<DatasetBuilder> builder_;
  DatasetProgress progress_;
  Clock::time_point began_{};
  Clock::time_point generation_began_{};
  double fraction_before_ = 0;  ///< done by an earlier, cancelled run
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> closing_{false};
  std::thread thread_;
};

}  // namespace quarry::ethash
