#pragma once
/// \file
/// The opcodes as data, and what a set of rules makes of them.

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "core/forks.hpp"

namespace quarry::evm {

enum class Op : std::uint8_t {
#define QUARRY_OPCODE(byte, id, name, in, out, gas, since, immediate) id = byte,
#include "evm/opcode_list.inc"
#undef QUARRY_OPCODE
};

/// One opcode, as it was when it came.
struct OpcodeInfo {
  Op op;
  std::string_view name;
  std::uint8_t in;            ///< words it takes from the stack
  std::uint8_t out;           ///< words it leaves there
  std::uint16_t gas;          ///< base gas
  std::optional<Fork> since;  ///< nothing: Frontier
  std::uint8_t immediate;     ///< bytes of code that follow and belong to it
};
/// In the order of their bytes.
std::span<const OpcodeInfo> all_opcodes();
/// By byte, whatever the rules; nullptr when no fork has it.
const OpcodeInfo* find_opcode(std::uint8_t byte);

/// What depends on the rules and is more than a base price. All in gas.
struct GasPrices {
  std::uint16_t exp_byte = 10;       ///< EXP, a byte of the exponent (EIP-160)
  bool call_keeps_64th = false;      ///< CALL* forward at most all but one 64th (EIP-150)
  bool create_keeps_64th = false;    ///< and CREATE
  bool selfdestruct_priced = false;  ///< SELFDESTRUCT pays for a new account (EIP-150)
  bool only_value_makes_accounts =
      false;                     ///< the price of a new account is due only if value moves (EIP-161)
  bool access_lists = false;     ///< cold and warm (EIP-2929)
  bool counts_initcode = false;  ///< EIP-3860
  bool delegations = false;      ///< EIP-7702
  std::uint16_t selfdestruct_refund = 24000;

  // SSTORE.
  bool net_metering = false;  ///< EIP-1283, EIP-2200
  bool sstore_sentry = false;
  std::uint16_t sstore_no_change = 0;  ///< net metering: what a write that changes nothing costs
  std::uint16_t sstore_set = 20000;
  std::uint16_t sstore_reset = 5000;
  std::uint16_t sstore_clear_refund = 15000;
};

/// EIP-2929.
inline constexpr std::int64_t kColdAccountGas = 2600;
inline constexpr std::int64_t kColdSlotGas = 2100;
inline constexpr std::int64_t kWarmGas = 100;

/// The opcodes under one set of rules.
struct OpcodeTable {
  struct Entry {
    std::int32_t gas = -1;      ///< base gas; negative: not defined
    std::uint16_t needs = 0;    ///< words there must be
    std::uint16_t room = 1024;  ///< words there may be before it, at most
    std::int8_t grows = 0;      ///< words more after it
    std::uint8_t immediate = 0;
    bool defined() const { return gas >= 0; }
  };
  std::array<Entry, 256> entries;
  GasPrices prices;
  Rules rules;

  const Entry& operator[](std::uint8_t byte) const { return entries[byte]; }
};
/// Made once for each set of rules and kept for good. Thread-safe.
const OpcodeTable& opcode_table(const Rules& rules);

}  // namespace quarry::evm
