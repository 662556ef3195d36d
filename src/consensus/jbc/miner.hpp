#pragma once
/// \file
/// Searches for jbc blocks on several threads.

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "consensus/ethash/rate_meter.hpp"
#include "consensus/seal_miner.hpp"

namespace quarry::jbc {

/// Thread-safe.
class Miner final : public SealMiner {
 public:
  Miner() = default;
  ~Miner() override;
  Miner(const Miner&) = delete;
  Miner& operator=(const Miner&) = delete;

  void start(unsigned threads) override;
  void stop() override;
  void set_work(const Header& candidate, OnFound on_found) override;
  void clear_work() override;
  double hashrate() const override;

 private:
  struct Job;
  void seal(const std::stop_token& stop);
  std::shared_ptr<Job> next_job(const std::stop_token& stop);
  void search(Job& job, const std::stop_token& stop);
  void deliver(Job& job, std::uint64_t nonce);
  void stop_threads();

  std::mutex control_;  ///< start and stop, one at a time
  std::vector<std::jthread> threads_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::shared_ptr<Job> job_;
  std::atomic<std::uint64_t> job_number_{0};
  std::atomic<unsigned> running_{0};
  ethash::RateMeter meter_;
};

}  // namespace quarry::jbc
