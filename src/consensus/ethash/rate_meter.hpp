#pragma once
/// \file
/// Events a second, over the last ten seconds.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

namespace quarry::ethash {

/// Thread-safe; add() is for calls that come some tens of times a second, not for each hash.
class RateMeter {
 public:
  using Clock = std::chrono::steady_clock;

  void add(std::uint64_t count, Clock::time_point now = Clock::now());
  double per_second(Clock::time_point now = Clock::now()) const;
  std::uint64_t total() const { return total_; }
  /// Forgets the rate, keeps the total.
  void reset();

 private:
  static constexpr std::size_t kSeconds = 10;
  struct Bucket {
    std::int64_t second = -1;
    std::uint64_t count = 0;
  };
  mutable std::mutex mutex_;
  std::array<Bucket, kSeconds + 1> buckets_{};
  Clock::time_point first_{};
  bool any_ = false;
  std::atomic<std::uint64_t> total_{0};
};

}  // namespace quarry::ethash
