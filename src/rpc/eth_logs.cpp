#include "rpc/log_search.hpp"

namespace quarry::rpc {
namespace {

Answer get_logs(const Context& context, Params& params) {
  const auto query = read_log_query(params, 0);
  if (params.error()) return tl::unexpected(*params.error());
  return search_logs(context, query);
}

constexpr Method kMethods[] = {
    {"eth_getLogs", Where::worker, get_logs, "filter", "logs by block range or hash, address and topics",
     "[Log]"},
};

}  // namespace

std::span<const Method> eth_log_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
