#pragma once
/// \file
/// The fork id (EIP-2124, with forks by time as EIP-6122 has it): a checksum of the genesis and of the forks
/// passed, and the next one. Two nodes learn from it whether they are on one chain before they ask each other
/// anything. Values; any thread.

#include <string>
#include <string_view>
#include <vector>

#include "core/fixed_bytes.hpp"
#include "core/forks.hpp"

namespace quarry {

/// The CRC-32 of a genesis hash and of the forks passed.
using ForkHash = FixedBytes<struct ForkHashTag, 4>;

struct ForkId {
  ForkHash hash;
  std::uint64_t next = 0;  ///< the block or time of the next fork; 0: none known
  /// "0xfc64ec04/1150000"; "0x668db0af" when there is no next.
  std::string to_string() const;
  friend bool operator==(const ForkId&, const ForkId&) = default;
};

enum class ForkIdVerdict : std::uint8_t {
  compatible,
  remote_stale,  ///< the peer has passed fewer forks and does not know of our next: it needs an update
  incompatible,  ///< the peer's forks are none of ours: another chain, or it is we who need an update
};
/// geth's words.
const char* to_string(ForkIdVerdict verdict);

/// CRC-32 as IEEE 802.3 has it; `before`: of what comes before `data`.
std::uint32_t crc32(ByteView data, std::uint32_t before = 0);

/// A chain's forks as its fork ids count them: those after the genesis, each point once.
class ForkIds {
 public:
  /// Of no chain: it has one id and is compatible with nothing else.
  ForkIds() : ForkIds({}, {}, 0) {}
  ForkIds(const ForkSchedule& schedule, const BlockHash& genesis, Timestamp genesis_time);

  /// What a chain with this head says.
  ForkId at(BlockNum number, Timestamp time) const;
  /// EIP-2124's rules for a peer's fork id, where our head is this one.
  ForkIdVerdict check(const ForkId& theirs, BlockNum number, Timestamp time) const;
  /// One sentence for a person about an id that `check` refuses: which fork differs, as far as the checksum
  /// tells.
  std::string explain(const ForkId& theirs, BlockNum number, Timestamp time) const;

 private:
  struct Point {
    Activation when;
    std::string names;  ///< "EIP-155, EIP-158"
  };
  /// How many of the forks a chain with this head has passed.
  std::size_t passed(BlockNum number, Timestamp time) const;
  std::string describe(std::size_t fork) const;

  BlockHash genesis_;
  std::vector<Point> points_;     ///< by block, then by time, ascending
  std::vector<ForkHash> hashes_;  ///< one more than points: the first is of the genesis alone
};

}  // namespace quarry
