// Filters and subscriptions of the eth namespace.

#include <fmt/format.h>

#include "rpc/filters.hpp"
#include "rpc/log_search.hpp"
#include "rpc/subscriptions.hpp"

namespace quarry::rpc {
namespace {

/// The height that one end of a log filter's range stands for: of future logs, so that only "from now" and
/// numbers mean anything, as in geth.
struct End {
  bool valid = true;
  std::optional<BlockNum> number;  ///< none: latest
};
End end_of(const BlockRef& ref) {
  switch (ref.kind) {
    case BlockRef::Kind::latest:
      return {};
    case BlockRef::Kind::earliest:
      return {true, BlockNum{0}};
    case BlockRef::Kind::number:
      return {true, ref.number};
    case BlockRef::Kind::pending:
    case BlockRef::Kind::safe:
    case BlockRef::Kind::finalized:
    case BlockRef::Kind::hash:
      break;
  }
  return {false, {}};
}

Expected<Interest, RpcError> log_interest(const LogQuery& query) {
  using Kind = BlockRef::Kind;
  if (query.from.kind == Kind::pending || query.to.kind == Kind::pending) {
    return rpc_fail(RpcCode::failed,
                    "pending logs are not supported\nA log is there when its block is: use latest.");
  }
  const auto from = end_of(query.from), to = end_of(query.to);
  const bool backwards = to.number && (!from.number || *from.number > *to.number);
  if (!from.valid || !to.valid || backwards) {
    return rpc_fail(
        RpcCode::invalid_params,
        "invalid block range params\nA filter begins at a number or at latest, and ends at a number "
        "that is not below it, or at latest.");
  }
  return Interest{Interest::Kind::logs, query.filter, from.number, to.number};
}

Answer id_answer(const Expected<std::string, RpcError>& id) {
  if (!id) return tl::unexpected(id.error());
  return "\"" + *id + "\"";
}

Answer no_filters() {
  return rpc_fail(RpcCode::failed, "filters are off here");
}

Answer new_filter(const Context& context, Params& params) {
  const auto query = read_log_query(params, 0);
  if (params.error()) return tl::unexpected(*params.error());
  if (context.backend.filters == nullptr) return no_filters();
  auto interest = log_interest(query);
  if (!interest) return tl::unexpected(interest.error());
  return id_answer(context.backend.filters->add(std::move(*interest), query, context.caller.address));
}

Answer new_block_filter(const Context& context, Params&) {
  if (context.backend.filters == nullptr) return no_filters();
  return id_answer(
      context.backend.filters->add({Interest::Kind::block_hashes}, std::nullopt, context.caller.address));
}

Answer new_pending_transaction_filter(const Context& context, Params& params) {
  const auto kind = params.flag(0, false) ? Interest::Kind::txns : Interest::Kind::txn_hashes;
  if (params.error()) return tl::unexpected(*params.error());
  if (context.backend.filters == nullptr) return no_filters();
  return id_answer(context.backend.filters->add({kind}, std::nullopt, context.caller.address));
}

Answer get_filter_changes(const Context& context, Params& params) {
  const auto id = params.text(0);
  if (params.error()) return tl::unexpected(*params.error());
  if (context.backend.filters == nullptr) return no_filters();
  return context.backend.filters->changes(id);
}

Answer get_filter_logs(const Context& context, Params& params) {
  const auto id = params.text(0);
  if (params.error()) return tl::unexpected(*params.error());
  if (context.backend.filters == nullptr) return no_filters();
  const auto query = context.backend.filters->query(id);
  if (!query) return rpc_fail(RpcCode::failed, "filter not found");
  return search_logs(context, *query);
}

Answer uninstall_filter(const Context& context, Params& params) {
  const auto id = params.text(0);
  if (params.error()) return tl::unexpected(*params.error());
  return bool_answer(context.backend.filters != nullptr && context.backend.filters->remove(id));
}

Expected<Interest, RpcError> interest_of(const std::string& kind, Params& params) {
  if (kind == "newHeads") return Interest{Interest::Kind::heads};
  if (kind == "syncing") return Interest{Interest::Kind::syncing};
  if (kind == "newPendingTransactions")
    return Interest{params.flag(1, false) ? Interest::Kind::txns : Interest::Kind::txn_hashes};
  if (kind == "logs") {
    // Without an object all logs are meant.
    const auto query = params.has(1) ? read_log_query(params, 1) : LogQuery{};
    if (params.error()) return tl::unexpected(*params.error());
    return log_interest(query);
  }
  return rpc_fail(RpcCode::method_not_found,
                  fmt::format("no \"{}\" subscription in eth namespace\nThere are newHeads, logs, "
                              "newPendingTransactions and syncing.",
                              kind.substr(0, 64)));
}

Answer no_notifications() {
  return rpc_fail(RpcCode::method_not_found,
                  "notifications not supported\nSubscribe over WebSocket (--ws) or the IPC socket; over HTTP "
                  "there is eth_newFilter.");
}

Answer subscribe(const Context& context, Params& params) {
  const auto kind = params.text(0);
  if (params.error()) return tl::unexpected(*params.error());
  if (context.caller.scope == nullptr || context.backend.subscriptions == nullptr) return no_notifications();
  auto interest = interest_of(kind, params);
  if (params.error()) return tl::unexpected(*params.error());
  if (!interest) return tl::unexpected(interest.error());
  return id_answer(context.backend.subscriptions->add(std::move(*interest), *context.caller.scope));
}

Answer unsubscribe(const Context& context, Params& params) {
  const auto id = params.text(0);
  if (params.error()) return tl::unexpected(*params.error());
  if (context.caller.scope == nullptr || context.backend.subscriptions == nullptr) return no_notifications();
  if (context.backend.subscriptions->remove(id, *context.caller.scope)) return bool_answer(true);
  return rpc_fail(RpcCode::failed, "subscription not found");
}

constexpr Method kMethods[] = {
    {"eth_getFilterChanges", Where::worker, get_filter_changes, "id",
     "what a filter heard since it was last asked", "[Hash]|[Log]|[Transaction]"},
    {"eth_getFilterLogs", Where::worker, get_filter_logs, "id", "all logs of a filter's range", "[Log]"},
    {"eth_newBlockFilter", Where::worker, new_block_filter, "", "a filter of new blocks' hashes", "Quantity"},
    {"eth_newFilter", Where::worker, new_filter, "filter", "a filter of logs in new blocks", "Quantity"},
    {"eth_newPendingTransactionFilter", Where::worker, new_pending_transaction_filter, "full?",
     "a filter of transactions that can run", "Quantity"},
    {"eth_subscribe", Where::worker, subscribe, "kind, options?",
     "tells newHeads, logs, newPendingTransactions or syncing as they come", "Quantity"},
    {"eth_uninstallFilter", Where::worker, uninstall_filter, "id", "lets a filter go", "Boolean"},
    {"eth_unsubscribe", Where::worker, unsubscribe, "id", "ends a subscription", "Boolean"},
};

}  // namespace

std::span<const Method> eth_filter_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
