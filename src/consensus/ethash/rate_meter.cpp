#include "consensus/ethash/rate_meter.hpp"

#include <algorithm>

namespace quarry::ethash {
namespace {
std::int64_t second_of(RateMeter::Clock::time_point now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
}
}  // namespace

void RateMeter::add(std::uint64_t count, Clock::time_point now) {
  total_ += count;
  const std::lock_guard lock(mutex_);
  if (!any_) first_ = now;
  any_ = true;
  const std::int64_t second = second_of(now);
  Bucket& bucket = buckets_[static_cast<std::size_t>(second) % buckets_.size()];
  if (bucket.second != second) bucket = {second, 0};
  bucket.count += count;
}

double RateMeter::per_second(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  if (!any_) return 0;
  const std::int64_t newest = second_of(now);
  const std::int64_t oldest = newest - static_cast<std::int64_t>(kSeconds);
  std::uint64_t sum = 0;
  for (const Bucket& bucket : buckets_)
    if (bucket.second >= oldest && bucket.second <= newest) sum += bucket.count;
  // The window starts with a whole second, or with the first event; a tenth of a second at least.
  const Clock::time_point window{std::chrono::seconds(oldest)};
  const std::chrono::duration<double> covered = now - std::max(window, first_);
  return static_cast<double>(sum) / std::max(covered.count(), 0.1);
}

void RateMeter::reset() {
  const std::lock_guard lock(mutex_);
  any_ = false;
  buckets_ = {};
}

}  // namespace quarry::ethash
