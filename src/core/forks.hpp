#pragma once
/// \file
/// Forks as data: a flag of their own each, switched on by block or by time, with any engine.
/// They are not one ordered number: a genesis may set EIP-158 and leave EIP-150 out.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/quantities.hpp"

namespace quarry {

enum class Fork : std::uint8_t {
  homestead,
  dao,
  eip150,
  eip155,
  eip158,
  byzantium,
  constantinople,
  petersburg,
  istanbul,
  muir_glacier,
  berlin,
  london,
  arrow_glacier,
  gray_glacier,
  merge_netsplit,
  shanghai,
  cancun,
  prague,
  osaka,
  // Forks of the blob schedule alone (EIP-7892).
  bpo1,
  bpo2,
  bpo3,
  bpo4,
  bpo5,
};
inline constexpr std::size_t kForkCount = static_cast<std::size_t>(Fork::bpo5) + 1;

struct ForkInfo {
  Fork fork;
  std::string_view name;       ///< for people
  std::string_view block_key;  ///< its key in a genesis file's "config" when set by block
  std::string_view time_key;   ///< and when set by time; empty when geth never had one
  std::string_view brings;     ///< what a private chain lacks without it, in a few words; empty: nothing
};
/// In the order of `Fork`.
extern const std::array<ForkInfo, kForkCount> kForkTable;
inline const ForkInfo& info(Fork fork) {
  return kForkTable[static_cast<std::size_t>(fork)];
}

/// When a fork is switched on.
struct Activation {
  enum class By : std::uint8_t { block, time } by = By::block;
  std::uint64_t at = 0;
  bool reached(BlockNum number, Timestamp timestamp) const {
    return (by == By::block ? number : timestamp) >= at;
  }
  friend bool operator==(const Activation&, const Activation&) = default;
};

/// The forks in force at one block: what every rule asks.
class Rules {
  static_assert(kForkCount < 31);

 public:
  bool has(Fork fork) const { return bits_ >> static_cast<unsigned>(fork) & 1; }
  /// One bit a fork: a key for tables that are made once a set of rules.
  std::uint32_t bits() const { return bits_; }
  void set(Fork fork) { bits_ |= std::uint32_t{1} << static_cast<unsigned>(fork); }
  /// Not a fork, and no chain has it: BLS12-381 as EIP-2537 had it in April 2024, with nine contracts at 0x0b
  /// to 0x13 and other prices. The EIP-2537 state tests of ethereum/tests were made with that.
  bool has_draft_eip2537() const { return (bits_ & kDraftEip2537) != 0; }
  void set_draft_eip2537() { bits_ |= kDraftEip2537; }
  friend bool operator==(const Rules&, const Rules&) = default;

 private:
  static constexpr std::uint32_t kDraftEip2537 = std::uint32_t{1} << 31;
  std::uint32_t bits_ = 0;
};

/// A chain's forks.
struct ForkSchedule {
  std::array<std::optional<Activation>, kForkCount> at;

  std::optional<Activation>& operator[](Fork fork) { return at[static_cast<std::size_t>(fork)]; }
  const std::optional<Activation>& operator[](Fork fork) const { return at[static_cast<std::size_t>(fork)]; }
  Rules rules(BlockNum number, Timestamp timestamp) const;
  friend bool operator==(const ForkSchedule&, const ForkSchedule&) = default;
};

}  // namespace quarry
