#pragma once
/// \file
/// Searches for seals on several threads.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "consensus/ethash/datasets.hpp"
#include "consensus/ethash/hashimoto.hpp"
#include "consensus/ethash/rate_meter.hpp"
#include "consensus/ethash/seal.hpp"

namespace quarry::ethash {

/// Thread-safe. While the dataset is being made, searches with the cache alone where a block is
/// likely found sooner so; then with the dataset.
class Miner {
 public:
  /// Called from a sealer thread, once for each set_work() at most; not after stop() has returned. A
  /// find that races with the next set_work() may still come: the work says which it is for. May call
  /// set_work() and clear_work(), not start() or stop().
  using OnFound = std::function<void(const Work&, const Seal&)>;

  Miner(Caches& caches, Datasets& datasets);
  ~Miner();
  Miner(const Miner&) = delete;
  Miner& operator=(const Miner&) = delete;

  /// Starts `threads` sealers (0: one a core); with another number running, changes to it.
  void start(unsigned threads);
  /// Stops the sealers and the making of a dataset within some 10 ms. Work is forgotten.
  void stop();
  bool running() const { return running_ != 0; }
  unsigned threads() const { return running_; }

  /// What to search from now on. With no sealers running it waits for start().
  void set_work(const Work& work, OnFound on_found);
  void clear_work();

  /// Hashes a second over the last ten seconds; 0 when stopped.
  double hashrate() const;
  std::uint64_t hashes() const { return meter_.total(); }
  /// Searching in the dataset (rather than with the cache alone).
  bool uses_dataset() const { return uses_dataset_; }
  DatasetProgress dataset_progress() const { return datasets_.progress(); }

 private:
  struct Job;
  void seal(std::stop_token stop);
  std::shared_ptr<Job> next_job(const std::stop_token& stop);
  void search(Job& job, const std::stop_token& stop);
  void deliver(Job& job, std::uint64_t nonce, const MixHash& mix);
  bool light_is_quicker(Job& job) const;
  void hash(const Dataset* dataset, const Cache* cache, std::span<const HashInput> inputs,
            HashOutput* outputs);
  void pause(const std::stop_token& stop, std::uint64_t job_number);
  void stop_threads();

  Caches& caches_;
  Datasets& datasets_;
  mutable std::mutex control_;  ///< start and stop, one at a time
  std::vector<std::jthread> threads_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::shared_ptr<Job> job_;
  std::atomic<std::uint64_t> job_number_{0};
  std::atomic<std::uint64_t> next_nonce_;
  std::atomic<bool> uses_dataset_{false};
  std::atomic<unsigned> running_{0};
  std::atomic<double> light_rate_;  ///< hashes a second a sealer made with the cache alone, lately
  RateMeter meter_;
};

}  // namespace quarry::ethash
