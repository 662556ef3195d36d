/// \file
/// Accounts, storage, logs, SELFDESTRUCT (EIP-150, 161, 1052, 1153, 1283, 2200, 2929, 3529).

#include "evm/arithmetic.hpp"
#include "evm/instructions.hpp"

namespace quarry::evm {

Status charge_access(Run& run, const U256& address, std::int64_t cold) {
  run.target = &run.journal().account(to_address(address));
  if (!run.prices.access_lists || !run.journal().warm_up(*run.target)) return Status::success;
  return run.charge(cold) ? Status::success : Status::out_of_gas;
}

namespace instr {
namespace {
constexpr std::int64_t kNewAccountGas = 25000;
/// EIP-2200: SSTORE needs more than a call's stipend.
constexpr std::int64_t kSstoreSentry = 2300;

Slot& slot_of(Run& run, const U256& key) {
  return run.journal().slot(run.frame.account, key);
}

/// Yellow Paper, appendix G, as it was until net metering.
std::int64_t plain_store_price(Run& run, const U256& now, const U256& value) {
  if (!now.is_zero() && value.is_zero()) run.journal().add_refund(run.prices.sstore_clear_refund);
  return now.is_zero() && !value.is_zero() ? run.prices.sstore_set : run.prices.sstore_reset;
}

/// What a second write gives back or takes again (EIP-2200).
void refund_second_store(Run& run, const Slot& slot, const U256& value) {
  const GasPrices& prices = run.prices;
  if (!slot.original.is_zero()) {
    if (slot.current.is_zero())
      run.journal().sub_refund(prices.sstore_clear_refund);
    else if (value.is_zero())
      run.journal().add_refund(prices.sstore_clear_refund);
  }
  if (slot.original == value) {
    const int first = slot.original.is_zero() ? prices.sstore_set : prices.sstore_reset;
    run.journal().add_refund(static_cast<std::uint64_t>(first - prices.sstore_no_change));
  }
}

/// EIP-1283, EIP-2200.
std::int64_t net_store_price(Run& run, const Slot& slot, const U256& value) {
  const GasPrices& prices = run.prices;
  if (slot.current == value) return prices.sstore_no_change;
  if (slot.current != slot.original) {
    refund_second_store(run, slot, value);
    return prices.sstore_no_change;
  }
  if (slot.original.is_zero()) return prices.sstore_set;
  if (value.is_zero()) run.journal().add_refund(prices.sstore_clear_refund);
  return prices.sstore_reset;
}
}  // namespace

Status charge_account(Run& run, U256* top) {
  return charge_access(run, top[0], kColdAccountGas - kWarmGas);
}
Status balance(Run& run, U256* top) {
  top[0] = run.target->balance;
  return Status::success;
}
Status extcodesize(Run& run, U256* top) {
  top[0] = run.journal().code_bytes(*run.target).size();
  return Status::success;
}
Status extcodehash(Run& run, U256* top) {
  top[0] = run.journal().is_dead(*run.target) ? U256{} : to_word(run.target->code_hash);
  return Status::success;
}

Status charge_sload(Run& run, U256* top) {
  run.slot = &slot_of(run, top[0]);
  if (!run.prices.access_lists || !run.journal().warm_up(*run.slot)) return Status::success;
  return run.charge(kColdSlotGas - kWarmGas) ? Status::success : Status::out_of_gas;
}
Status sload(Run& run, U256* top) {
  top[0] = run.slot->current;
  return Status::success;
}

Status charge_sstore(Run& run, U256* top) {
  if (run.message().is_static) return Status::write_protection;
  if (run.prices.sstore_sentry && run.frame.gas_left <= kSstoreSentry) return Status::out_of_gas;
  run.slot = &slot_of(run, top[0]);
  if (run.prices.access_lists && run.journal().warm_up(*run.slot) && !run.charge(kColdSlotGas))
    return Status::out_of_gas;
  const std::int64_t price = run.prices.net_metering ? net_store_price(run, *run.slot, top[-1])
                                                     : plain_store_price(run, run.slot->current, top[-1]);
  return run.charge(price) ? Status::success : Status::out_of_gas;
}
Status sstore(Run& run, U256* top) {
  if (run.slot->current != top[-1]) run.journal().set_slot(run.frame.account, *run.slot, top[-1]);
  return Status::success;
}

Status tload(Run& run, U256* top) {
  top[0] = run.journal().transient(run.frame.account, top[0]);
  return Status::success;
}
Status charge_tstore(Run& run, U256*) {
  return run.message().is_static ? Status::write_protection : Status::success;
}
Status tstore(Run& run, U256* top) {
  run.journal().set_transient(run.frame.account, top[0], top[-1]);
  return Status::success;
}

Status charge_log(Run& run, U256* top, unsigned) {
  constexpr std::int64_t kLogByteGas = 8;
  if (run.message().is_static) return Status::write_protection;
  const Status status = charge_memory(run, top[0], top[-1]);
  if (status != Status::success) return status;
  const auto size = static_cast<std::int64_t>(top[-1].low64());
  return run.charge(kLogByteGas * size) ? Status::success : Status::out_of_gas;
}
Status log(Run& run, U256* top, unsigned topics) {
  const std::uint8_t* data = memory_at(run, top[0], top[-1]);
  Log entry{run.message().recipient, {}, to_bytes({data, top[-1].low64()})};
  entry.topics.reserve(topics);
  for (unsigned i = 0; i < topics; ++i) entry.topics.emplace_back(top[-2 - static_cast<int>(i)].to_be());
  run.journal().add_log(std::move(entry));
  return Status::success;
}

Status charge_selfdestruct(Run& run, U256* top) {
  if (run.message().is_static) return Status::write_protection;
  if (charge_access(run, top[0], kColdAccountGas) != Status::success) return Status::out_of_gas;
  if (!run.prices.selfdestruct_priced || !run.journal().is_dead(*run.target)) return Status::success;
  const bool moves = !run.frame.account.balance.is_zero();
  if (run.prices.only_value_makes_accounts && !moves) return Status::success;
  return run.charge(kNewAccountGas) ? Status::success : Status::out_of_gas;
}
Status selfdestruct(Run& run, U256*) {
  AccountState& self = run.frame.account;
  if (Tracer* tracer = run.frame.vm.tracer())
    tracer->on_selfdestruct(self.address, run.target->address, self.balance);
  const bool first = run.journal().selfdestruct(self, *run.target);
  if (first && run.prices.selfdestruct_refund != 0) run.journal().add_refund(run.prices.selfdestruct_refund);
  return Status::success;
}
}  // namespace instr
}  // namespace quarry::evm
