#include "consensus/clock_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

namespace quarry::sync {
namespace {
using std::chrono::milliseconds;

/// Timestamps beyond this (the year 10889) do not fit the arithmetic and say nothing about a clock.
constexpr Timestamp kLatest = Timestamp{1} << 48;

milliseconds time_of(const SealedHeader& header) {
  return milliseconds{static_cast<std::int64_t>(std::min(header->timestamp, kLatest)) * 1000};
}
}  // namespace

void ClockCheck::add(PeerKey peer, milliseconds offset) {
  samples_.push_back({peer, offset});
  if (samples_.size() > kSamples) samples_.pop_front();
}

void ClockCheck::on_block(PeerKey peer, const SealedHeader& header, Now now) {
  const auto known = [&](const BlockHash& hash) {
    return std::find_if(arrivals_.begin(), arrivals_.end(),
                        [&](const auto& entry) { return entry.first == hash; });
  };
  if (known(header.hash()) != arrivals_.end()) return;
  const auto parent = known(header->parent_hash);
  if (parent != arrivals_.end()) {
    add(peer, parent->second - time_of(header));
  } else {
    on_header(peer, header, now);
  }
  arrivals_.emplace_back(header.hash(), now.unix);
  if (arrivals_.size() > kArrivals) arrivals_.pop_front();
}

void ClockCheck::on_header(PeerKey peer, const SealedHeader& header, Now now) {
  if (time_of(header) > now.unix + kClockTolerance) add(peer, now.unix - time_of(header));
}

std::optional<milliseconds> ClockCheck::offset() const {
  if (samples_.empty()) return std::nullopt;
  std::vector<milliseconds> offsets;
  for (const Sample& sample : samples_) offsets.push_back(sample.offset);
  const auto middle = offsets.begin() + static_cast<std::ptrdiff_t>(offsets.size() / 2);
  std::nth_element(offsets.begin(), middle, offsets.end());
  // One stamp in our future is proof enough; that ours is ahead needs more, since a miner may be stalled.
  if (*middle > milliseconds{0} && offsets.size() < 3) return std::nullopt;
  return *middle;
}

std::optional<Error> ClockCheck::verdict(Now now) {
  const auto off = offset();
  if (!off || (*off <= kClockTolerance && *off >= -kClockTolerance)) return std::nullopt;
  if (warned_ && now.steady - *warned_ < kClockWarnEvery) return std::nullopt;
  warned_ = now.steady;
  std::set<PeerKey> peers;
  for (const Sample& sample : samples_) peers.insert(sample.peer);
  const auto seconds = std::chrono::round<std::chrono::seconds>(*off).count();
  return Error{
      fmt::format(
          "System clock seems off by {:+} s against {} peer{}, which can prevent network connectivity",
          seconds, peers.size(), peers.size() == 1 ? "" : "s"),
      fmt::format(
          "This machine's clock is {}. Please enable network time synchronisation in system settings.",
          seconds > 0 ? "ahead: peers refuse the blocks it mines"
                      : "behind: blocks of peers look as if they came from the future")};
}

}  // namespace quarry::sync
