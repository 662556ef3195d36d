#include "core/fork_id.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace quarry {
namespace {
/// Below it a fork's number is a block, from it on a time (geth's timestampThreshold: the public chain's
/// genesis).
constexpr std::uint64_t kFirstTime = 1'438'269'973;

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> out{};
  for (std::uint32_t i = 0; i < out.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xedb88320U ^ (value >> 1) : value >> 1;
    out[i] = value;
  }
  return out;
}();

std::array<std::uint8_t, 8> big_endian(std::uint64_t value) {
  std::array<std::uint8_t, 8> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
  return out;
}

ForkHash as_hash(std::uint32_t checksum) {
  ForkHash out;
  for (std::size_t i = 0; i < out.size(); ++i)
    out.bytes[i] = static_cast<std::uint8_t>(checksum >> (24 - 8 * i));
  return out;
}
}  // namespace

std::string ForkId::to_string() const {
  return next == 0 ? hash.hex() : fmt::format("{}/{}", hash.hex(), next);
}

const char* to_string(ForkIdVerdict verdict) {
  switch (verdict) {
    case ForkIdVerdict::compatible:
      return "compatible";
    case ForkIdVerdict::remote_stale:
      return "remote needs update";
    case ForkIdVerdict::incompatible:
      return "local incompatible or needs update";
  }
  return "?";
}

std::uint32_t crc32(ByteView data, std::uint32_t before) {
  std::uint32_t value = ~before;
  for (const std::uint8_t byte : data) value = kCrcTable[(value ^ byte) & 0xff] ^ (value >> 8);
  return ~value;
}

ForkIds::ForkIds(const ForkSchedule& schedule, const BlockHash& genesis, Timestamp genesis_time)
    : genesis_(genesis) {
  for (const ForkInfo& row : kForkTable) {
    const auto& when = schedule[row.fork];
    // What holds from the genesis on is no fork.
    if (!when || when->reached(0, genesis_time)) continue;
    const auto same =
        std::find_if(points_.begin(), points_.end(), [&](const Point& p) { return p.when == *when; });
    if (same == points_.end())
      points_.push_back({*when, std::string(row.name)});
    else
      same->names += fmt::format(", {}", row.name);
  }
  std::sort(points_.begin(), points_.end(), [](const Point& a, const Point& b) {
    return std::pair(a.when.by, a.when.at) < std::pair(b.when.by, b.when.at);
  });
  std::uint32_t checksum = crc32(genesis);
  hashes_.push_back(as_hash(checksum));
  for (const Point& point : points_)
    hashes_.push_back(as_hash(checksum = crc32(big_endian(point.when.at), checksum)));
}

std::size_t ForkIds::passed(BlockNum number, Timestamp time) const {
  const auto next = std::find_if(points_.begin(), points_.end(),
                                 [&](const Point& point) { return !point.when.reached(number, time); });
  return static_cast<std::size_t>(next - points_.begin());
}

ForkId ForkIds::at(BlockNum number, Timestamp time) const {
  const std::size_t count = passed(number, time);
  return {hashes_[count], count < points_.size() ? points_[count].when.at : 0};
}

ForkIdVerdict ForkIds::check(const ForkId& theirs, BlockNum number, Timestamp time) const {
  const std::size_t ours = passed(number, time);
  const auto found = std::find(hashes_.begin(), hashes_.end(), theirs.hash);
  if (found == hashes_.end()) return ForkIdVerdict::incompatible;
  const auto count = static_cast<std::size_t>(found - hashes_.begin());
  // Rule 3: the peer has passed forks that lie ahead of us: we are only out of sync.
  if (count > ours) return ForkIdVerdict::compatible;
  // Rule 2: it has passed fewer than we; then it must know of the next one.
  if (count < ours)
    return points_[count].when.at == theirs.next ? ForkIdVerdict::compatible : ForkIdVerdict::remote_stale;
  // Rule 1: as many. A fork that it expects must not lie behind us, who did not take it.
  if (theirs.next == 0) return ForkIdVerdict::compatible;
  const bool by_time = points_.empty()         ? false
                       : ours < points_.size() ? points_[ours].when.by == Activation::By::time
                                               : points_.back().when.by == Activation::By::time;
  const bool behind =
      (by_time ? time : number) >= theirs.next || (theirs.next > kFirstTime && time >= theirs.next);
  return behind ? ForkIdVerdict::incompatible : ForkIdVerdict::compatible;
}

std::string ForkIds::describe(std::size_t fork) const {
  const Point& point = points_[fork];
  return fmt::format("{} at {} {}", point.names, point.when.by == Activation::By::block ? "block" : "time",
                     point.when.at);
}

std::string ForkIds::explain(const ForkId& theirs, BlockNum number, Timestamp time) const {
  const std::string expected =
      theirs.next == 0 ? "expects none" : fmt::format("expects its next at {}", theirs.next);
  if (const auto found = std::find(hashes_.begin(), hashes_.end(), theirs.hash); found != hashes_.end()) {
    const auto count = static_cast<std::size_t>(found - hashes_.begin());
    const std::string shared =
        fmt::format("Both nodes share the first {} forks; then that node {}", count, expected);
    if (count < points_.size()) return fmt::format("{}, and this one has {}.", shared, describe(count));
    return fmt::format("{}, and this one has none.", shared);
  }
  // Perhaps it lacks one fork of ours, or several in a row up to the last it has passed.
  for (std::size_t first = 0; first < points_.size(); ++first) {
    for (std::size_t last = points_.size(); last > first; --last) {
      for (std::size_t end = points_.size(); end >= last; --end) {
        std::uint32_t checksum = crc32(genesis_);
        for (std::size_t i = 0; i < end; ++i) {
          if (i < first || i >= last) checksum = crc32(big_endian(points_[i].when.at), checksum);
        }
        if (as_hash(checksum) != theirs.hash) continue;
        std::string lacks = describe(first);
        for (std::size_t i = first + 1; i < last; ++i) lacks += "; " + describe(i);
        return fmt::format("That node lacks {}.", lacks);
      }
    }
  }
  return fmt::format(
      "That node's forks are others than this one's, which has passed {} of {} and {}; that node {}.",
      passed(number, time), points_.size(),
      passed(number, time) < points_.size() ? fmt::format("has next {}", describe(passed(number, time)))
                                            : std::string("expects none"),
      expected);
}

}  // namespace quarry
