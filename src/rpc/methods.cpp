#include "rpc/methods.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "rpc/schema.hpp"

namespace quarry::rpc {
namespace {

Answer rpc_modules(const Context& context, Params&) {
  Json out = Json::object();
  for (const auto& module : all_modules()) {
    const bool refused = context.caller.exposed && module.sensitive;
    if (module.name == "clique" && context.backend.authority == nullptr) continue;
    if (module.name == "jbc" && context.backend.jbc == nullptr) continue;
    if (module.dev && context.backend.dev == nullptr) continue;
    if (context.caller.modules.has(module.name) && !refused) out[std::string(module.name)] = "1.0";
  }
  return json_answer(out);
}

/// It is the same for every caller, so that a tool can say what a closed module would offer.
Answer rpc_discover(const Context& context, Params&) {
  return json_answer(openrpc_document(context.backend.chain.client_version()));
}

constexpr Method kOwn[] = {
    {"rpc_discover", Where::worker, rpc_discover, "", "all methods and types, as an OpenRPC document",
     "OpenRpc"},
    {"rpc_modules", Where::loop, rpc_modules, "", "the modules this caller may use, with their versions",
     "{*: String}"},
};

}  // namespace

const std::vector<Method>& all_methods() {
  static const std::vector<Method> table = [] {
    std::vector<Method> out(std::begin(kOwn), std::end(kOwn));
    for (const auto part : {admin_methods(),
                            clique_methods(),
                            debug_methods(),
                            debug_dump_methods(),
                            debug_state_methods(),
                            debug_trace_methods(),
                            dev_methods(),
                            eth_account_methods(),
                            eth_call_methods(),
                            eth_config_methods(),
                            eth_fee_methods(),
                            eth_filter_methods(),
                            eth_log_methods(),
                            eth_methods(),
                            eth_proof_methods(),
                            eth_send_methods(),
                            eth_sign_methods(),
                            eth_simulate_methods(),
                            eth_transaction_methods(),
                            eth_work_methods(),
                            jbc_methods(),
                            miner_methods(),
                            net_methods(),
                            ots_methods(),
                            personal_methods(),
                            testing_methods(),
                            trace_block_methods(),
                            trace_call_methods(),
                            txpool_methods(),
                            web3_methods()}) {
      out.insert(out.end(), part.begin(), part.end());
    }
    std::sort(out.begin(), out.end(), [](const Method& a, const Method& b) { return a.name < b.name; });
    return out;
  }();
  return table;
}

ParamCount param_count(const Method& method) {
  if (method.params.empty()) return {};
  const auto most = 1 + std::count(method.params.begin(), method.params.end(), ',');
  const auto optional = std::count(method.params.begin(), method.params.end(), '?');
  return {static_cast<std::size_t>(most - optional), static_cast<std::size_t>(most)};
}

Answer quantity_answer(std::uint64_t value) {
  return fmt::format("\"{:#x}\"", value);
}

Answer done_answer(const Result<>& result) {
  if (!result) return rpc_fail(result.error());
  return bool_answer(true);
}
Answer done_answer(const Result<bool>& result) {
  if (!result) return rpc_fail(result.error());
  return bool_answer(*result);
}

}  // namespace quarry::rpc
