// eth_estimateGas by bisection, as geth does it.

#include <fmt/format.h>

#include "evm/gas_cap.hpp"
#include "rpc/call.hpp"

namespace quarry::rpc {
namespace {

constexpr Gas kPlainTransfer = 21'000;  // Yellow Paper, Gtransaction
constexpr Gas kCallStipend = 2'300;     // Yellow Paper, Gcallstipend

/// How a run with some gas went.
struct Trial {
  bool failed = false;
  std::optional<evm::TxnOutcome> outcome;  ///< none: the gas was below what the transaction costs at once
};

Expected<Trial, RpcError> try_with(CallSite& site, const CallArgs& args, Gas gas) {
  auto outcome = site.run(args, gas);
  if (site.out_of_time()) return tl::unexpected(site.timeout());
  if (!outcome) {
    const auto& error = outcome.error();
    if (error.rule == evm::TxnRule::intrinsic_gas || error.rule == evm::TxnRule::floor_data_gas) {
      return Trial{true, std::nullopt};
    }
    return rpc_fail(RpcCode::failed, fmt::format("failed with {} gas: {}", gas, error.detail));
  }
  return Trial{outcome->status != evm::Status::success, std::move(*outcome)};
}

/// What the sender can pay for, with the price that was named.
Expected<Gas, RpcError> affordable(const CallSite& site, const CallArgs& args, Gas most) {
  const auto price = args.fee_cap();
  if (price.is_zero()) return most;
  const auto account = site.state().account(args.from.value_or(Address{}));
  auto balance = account ? account->balance : Wei{};
  if (const auto value = args.value.value_or(Wei{}); !value.is_zero()) {
    if (value >= balance) return rpc_fail(RpcCode::failed, "insufficient funds for transfer");
    balance -= value;
  }
  const auto allowance = balance / price;
  return allowance < U256{most} ? allowance.low64() : most;
}

bool is_plain_transfer(const CallSite& site, const CallArgs& args) {
  if (!args.to || !args.data.empty() || !args.authorizations.empty() || args.access_list) return false;
  const auto account = site.state().account(*args.to);
  return !account || account->code_hash == kEmptyCodeHash;
}

}  // namespace

Expected<Gas, RpcError> estimate_gas(CallSite& site, CallArgs args, Gas most_gas) {
  Gas high = args.gas && *args.gas >= kPlainTransfer ? *args.gas : site.block_gas_limit();
  high = std::min(high, most_gas);
  // More could be called, but not sent.
  if (site.env().rules.has(Fork::osaka)) high = std::min(high, evm::kMostTxnGas);
  const auto allowed = affordable(site, args, high);
  if (!allowed) return allowed;
  high = *allowed;
  if (is_plain_transfer(site, args) && high >= kPlainTransfer) {
    const auto trial = try_with(site, args, kPlainTransfer);
    if (trial && !trial->failed) return kPlainTransfer;
  }
  const auto first = try_with(site, args, high);
  if (!first) return tl::unexpected(first.error());
  if (first->failed) {
    if (first->outcome && first->outcome->status != evm::Status::out_of_gas) {
      return tl::unexpected(failure_of(*first->outcome, site.env().rules));
    }
    return rpc_fail(RpcCode::failed, fmt::format("gas required exceeds allowance ({})", high));
  }
  // What was used is not enough where a part of it was given back, or was held back from a call (EIP-150);
  // a little more is, mostly.
  Gas low = first->outcome->gas_used - 1;
  Gas guess = (first->outcome->gas_used + first->outcome->refunded + kCallStipend) * 64 / 63;
  while (low + 1 < high) {
    if (guess <= low || guess >= high) guess = std::min(low + (high - low) / 2, low * 2);
    const auto trial = try_with(site, args, guess);
    if (!trial) return tl::unexpected(trial.error());
    (trial->failed ? low : high) = guess;
    guess = low + (high - low) / 2;
  }
  return high;
}

}  // namespace quarry::rpc
