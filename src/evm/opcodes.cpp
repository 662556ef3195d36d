#include "evm/opcodes.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>

namespace quarry::evm {
namespace {
constexpr std::optional<Fork> frontier;
using enum Fork;

constexpr OpcodeInfo kOpcodes[] = {
#define QUARRY_OPCODE(byte, id, name, in, out, gas, since, immediate) \
  {Op::id, name, in, out, gas, since, immediate},
#include "evm/opcode_list.inc"
#undef QUARRY_OPCODE
};

constexpr bool are_in_order() {
  for (std::size_t i = 1; i < std::size(kOpcodes); ++i)
    if (kOpcodes[i - 1].op >= kOpcodes[i].op) return false;
  return true;
}
static_assert(are_in_order());

/// A new base price from a fork on. Where two of an opcode's rows are in force the later one counts.
///
/// geth 1.7.3 has EIP-150's prices in the table of EIP-158 too, so a chain that sets only the latter has
/// them; not so SELFDESTRUCT's, which asks for EIP-150 itself.
struct Repricing {
  Op op;
  Fork since;
  std::uint16_t gas;
};
constexpr Repricing kRepricings[] = {
    {Op::extcodesize, eip150, 700},
    {Op::extcodesize, eip158, 700},
    {Op::extcodecopy, eip150, 700},
    {Op::extcodecopy, eip158, 700},
    {Op::balance, eip150, 400},
    {Op::balance, eip158, 400},
    {Op::sload, eip150, 200},
    {Op::sload, eip158, 200},
    {Op::call, eip150, 700},
    {Op::call, eip158, 700},
    {Op::callcode, eip150, 700},
    {Op::callcode, eip158, 700},
    {Op::delegatecall, eip150, 700},
    {Op::delegatecall, eip158, 700},
    {Op::selfdestruct, eip150, 5000},
    // EIP-1884.
    {Op::sload, istanbul, 800},
    {Op::balance, istanbul, 700},
    {Op::extcodehash, istanbul, 700},
    // EIP-2929: what is warm costs this, what is cold more (kColdAccountGas, kColdSlotGas).
    {Op::sload, berlin, kWarmGas},
    {Op::balance, berlin, kWarmGas},
    {Op::extcodesize, berlin, kWarmGas},
    {Op::extcodecopy, berlin, kWarmGas},
    {Op::extcodehash, berlin, kWarmGas},
    {Op::call, berlin, kWarmGas},
    {Op::callcode, berlin, kWarmGas},
    {Op::delegatecall, berlin, kWarmGas},
    {Op::staticcall, berlin, kWarmGas},
};

GasPrices prices_under(const Rules& rules) {
  GasPrices prices;
  if (rules.has(eip158)) prices.exp_byte = 50;
  prices.call_keeps_64th = rules.has(eip150) || rules.has(eip158);
  prices.create_keeps_64th = prices.selfdestruct_priced = rules.has(eip150);
  prices.only_value_makes_accounts = rules.has(eip158);
  prices.access_lists = rules.has(berlin);
  prices.counts_initcode = rules.has(shanghai);
  prices.delegations = rules.has(prague);
  if (rules.has(london)) prices.selfdestruct_refund = 0;  // EIP-3529
  if (rules.has(berlin)) {
    prices.sstore_no_change = kWarmGas;
    prices.sstore_reset = 5000 - kColdSlotGas;
  } else {
    prices.sstore_no_change = rules.has(istanbul) ? 800 : 200;
  }
  if (rules.has(london)) prices.sstore_clear_refund = 4800;  // EIP-3529
  prices.sstore_sentry = rules.has(istanbul);
  prices.net_metering = rules.has(istanbul) || (rules.has(constantinople) && !rules.has(petersburg));
  return prices;
}

OpcodeTable make_table(const Rules& rules) {
  OpcodeTable table;
  table.rules = rules;
  table.prices = prices_under(rules);
  for (const OpcodeInfo& info : kOpcodes) {
    if (info.since && !rules.has(*info.since)) continue;
    auto& entry = table.entries[static_cast<std::uint8_t>(info.op)];
    entry.gas = info.gas;
    entry.needs = info.in;
    entry.grows = static_cast<std::int8_t>(info.out - info.in);
    entry.room = static_cast<std::uint16_t>(1024 - std::max(0, info.out - info.in));
    entry.immediate = info.immediate;
  }
  for (const Repricing& row : kRepricings) {
    auto& entry = table.entries[static_cast<std::uint8_t>(row.op)];
    if (entry.defined() && rules.has(row.since)) entry.gas = row.gas;
  }
  return table;
}
}  // namespace

std::span<const OpcodeInfo> all_opcodes() {
  return kOpcodes;
}

const OpcodeInfo* find_opcode(std::uint8_t byte) {
  const auto found = std::lower_bound(
      std::begin(kOpcodes), std::end(kOpcodes), byte,
      [](const OpcodeInfo& row, std::uint8_t wanted) { return static_cast<std::uint8_t>(row.op) < wanted; });
  const bool there = found != std::end(kOpcodes) && static_cast<std::uint8_t>(found->op) == byte;
  return there ? found : nullptr;
}

const OpcodeTable& opcode_table(const Rules& rules) {
  // One entry for each set of forks that a chain of this process goes through: a few.
  static std::mutex mutex;
  static std::map<std::uint32_t, std::unique_ptr<const OpcodeTable>> tables;
  const std::lock_guard lock(mutex);
  auto& table = tables[rules.bits()];
  if (!table) table = std::make_unique<const OpcodeTable>(make_table(rules));
  return *table;
}

}  // namespace quarry::evm
