#pragma once
/// \file
/// The caches in use, built or read from disk when first asked for.

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <mutex>

#include "consensus/ethash/cache.hpp"
#include "core/expected.hpp"

namespace quarry::ethash {

/// Something went wrong that costs time but no correctness: a file that is not what its name says.
using OnWarning = std::function<void(const Error&)>;

/// Thread-safe. A call that needs a cache builds it in its own thread (0.3 s); others that need the
/// same one wait for it.
class Caches {
 public:
  struct Options {
    Mode mode = Mode::normal;
    /// Where cache files are kept; empty: nowhere. Made when needed.
    std::filesystem::path folder = {};
    OnWarning on_warning = {};
  };
  /// Caches in memory: the current epoch's, its neighbour's, and one for old headers.
  static constexpr std::size_t kMostCaches = 3;
  /// So many blocks before an epoch ends its successor's cache is prepared.
  static constexpr BlockNum kPrepareAhead = 300;

  Caches();
  explicit Caches(Options options);
  ~Caches();
  Caches(const Caches&) = delete;
  Caches& operator=(const Caches&) = delete;

  Mode mode() const { return options_.mode; }
  /// `epoch` is at most kLastEpoch.
  std::shared_ptr<const Cache> get(Epoch epoch);
  /// The cache if it is there already.
  std::shared_ptr<const Cache> peek(Epoch epoch);
  /// Computes the epoch's cache anew when `suspect` came from a file, and replaces the file: asked
  /// when a seal does not verify. Otherwise gives back `suspect`.
  std::shared_ptr<const Cache> rebuilt(std::shared_ptr<const Cache> suspect);
  /// Tells the head's number: near the end of an epoch, the next cache is prepared in the background.
  void on_head(BlockNum number);

 private:
  struct Slot {
    Epoch epoch;
    std::shared_ptr<const Cache> cache;  ///< nothing while a thread makes it
  };
  using Lock = std::unique_lock<std::mutex>;
  std::list<Slot>::iterator find(Epoch epoch);
  std::shared_ptr<const Cache> fill(Lock& lock, Epoch epoch, bool trust_file);
  std::shared_ptr<const Cache> make(Epoch epoch, bool trust_file) const;
  std::shared_ptr<const Cache> read(Epoch epoch) const;
  void warn(const Error& error) const;

  Options options_;
  std::mutex mutex_;
  std::condition_variable made_;
  std::list<Slot> slots_;  ///< most recently used first
  std::future<void> preparing_;
};

}  // namespace quarry::ethash
