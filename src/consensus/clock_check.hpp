#pragma once
/// \file
/// Is this machine's clock right? Peers' fresh blocks tell, without any time server.
/// Owner: Sync. Sync thread only.

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "consensus/actions.hpp"

namespace quarry::sync {

/// Off by more than this, the clock is warned about: proof of work refuses blocks 15 s ahead.
inline constexpr std::chrono::milliseconds kClockTolerance{10'000};
inline constexpr std::chrono::milliseconds kClockWarnEvery{3'600'000};

/// A miner stamps a block with the time at which it began to work on it: when the parent reached it. So a
/// block's timestamp less the moment at which we saw its parent arrive is the offset of the peers' clocks,
/// whatever the time it took to find the block. A block stamped ahead of our clock shows an offset alone.
class ClockCheck {
 public:
  /// A block that was announced just now, not one that is downloaded.
  void on_block(PeerKey peer, const SealedHeader& header, Now now);
  /// A header that need not be fresh: it tells something only when it lies in our future.
  void on_header(PeerKey peer, const SealedHeader& header, Now now);
  /// The line to warn with, at most once an hour; none while the clock seems right or nothing is known.
  std::optional<Error> verdict(Now now);
  /// Our clock less the peers': positive when ours is ahead. None while too little is known.
  std::optional<std::chrono::milliseconds> offset() const;

 private:
  struct Sample {
    PeerKey peer = 0;
    std::chrono::milliseconds offset{0};
  };
  static constexpr std::size_t kSamples = 15;   ///< the last so many count
  static constexpr std::size_t kArrivals = 64;  ///< blocks whose arrival is remembered
  void add(PeerKey peer, std::chrono::milliseconds offset);

  std::deque<Sample> samples_;
  std::deque<std::pair<BlockHash, std::chrono::milliseconds>> arrivals_;
  std::optional<std::chrono::milliseconds> warned_;
};

}  // namespace quarry::sync
