// The eth namespace: calls that change nothing.

#include <fmt/format.h>

#include "rpc/call.hpp"

namespace quarry::rpc {
namespace {

/// What a call gets when it names no gas, and what one may name.
Gas gas_of(const CallArgs& args, const CallLimits& limits) {
  const auto most = limits.most_gas == 0 ? std::numeric_limits<Gas>::max() / 2 : limits.most_gas;
  return std::min(args.gas.value_or(most), most);
}

Answer call(const Context& context, Params& params) {
  const auto args = read_call_args(params, 0);
  auto site = CallSite::of(context, params, 1);
  if (!site) return tl::unexpected(site.error());
  const auto gas = gas_of(args, context.backend.call_limits);
  const auto outcome = site->run(args, gas);
  if (site->out_of_time()) return tl::unexpected(site->timeout());
  if (!outcome) {
    return rpc_fail(RpcCode::failed, fmt::format("err: {} (supplied gas {})", outcome.error().detail, gas));
  }
  if (outcome->status != evm::Status::success) {
    return tl::unexpected(failure_of(*outcome, site->env().rules));
  }
  return hex_answer(outcome->output);
}

Answer estimate(const Context& context, Params& params) {
  auto args = read_call_args(params, 0);
  auto site = CallSite::of(context, params, 1);
  if (!site) return tl::unexpected(site.error());
  const auto gas = estimate_gas(*site, std::move(args), context.backend.call_limits.most_gas);
  if (!gas) return tl::unexpected(gas.error());
  return quantity_answer(*gas);
}

constexpr Method kMethods[] = {
    {"eth_call", Where::worker, call, "call, block?", "runs a call on a block's state, and keeps nothing"},
    {"eth_estimateGas", Where::worker, estimate, "call, block?", "the least gas a transaction needs"},
};

}  // namespace

std::span<const Method> eth_call_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
