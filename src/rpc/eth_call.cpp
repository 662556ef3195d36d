// The eth namespace: calls that change nothing.

#include <fmt/format.h>

#include "rpc/access_list.hpp"

namespace quarry::rpc {
namespace {

/// What a call gets when it names no gas, and what one may name.
Gas gas_of(const CallArgs& args, const CallLimits& limits) {
  return std::min(args.gas.value_or(limits.most_gas), limits.most_gas);
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

Answer create_access_list(const Context& context, Params& params) {
  const auto args = read_call_args(params, 0);
  auto site = CallSite::of(context, params, 1);
  if (!site) return tl::unexpected(site.error());
  const auto found = access_list_of(*site, args, gas_of(args, context.backend.call_limits));
  if (!found) return tl::unexpected(found.error());
  JsonText out;
  out.begin_object();
  write_access_list(out.key("accessList"), found->list);
  if (!found->error.empty()) out.key("error").plain(found->error);
  out.key("gasUsed").quantity(found->gas_used);
  return out.end_object().take();
}

constexpr Method kMethods[] = {
    {"eth_call", Where::worker, call, "call, block?, overrides?, blockOverrides?",
     "runs a call on a block's state, and keeps nothing", "Bytes"},
    {"eth_createAccessList", Where::worker, create_access_list, "call, block?, overrides?, blockOverrides?",
     "the accounts and slots a call reads", "AccessListResult"},
    {"eth_estimateGas", Where::worker, estimate, "call, block?, overrides?, blockOverrides?",
     "the least gas a transaction needs", "Quantity"},
};

}  // namespace

std::span<const Method> eth_call_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
