#pragma once
/// \file
/// Finding logs: what eth_getLogs and eth_getFilterLogs answer with.

#include "rpc/log_filter.hpp"
#include "rpc/methods.hpp"

namespace quarry::rpc {

/// The logs that `query` asks for, in the order of the chain, as the JSON text of an array. Worker thread.
/// Errors: a block that is not here; a range the wrong way round; more results, or more time, than
/// Backend::log_limits allow, which say up to which block it would have gone well.
Answer search_logs(const Context& context, const LogQuery& query);

}  // namespace quarry::rpc
