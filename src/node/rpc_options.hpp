#pragma once
/// \file
/// How JSON-RPC is served and what its calls may cost, as the options want it.

#include "core/expected.hpp"
#include "rpc/call.hpp"
#include "rpc/server.hpp"

namespace quarry {

struct NodeOptions;

/// What --rpc.gascap, --rpc.evmtimeout and --rpc.txfeecap say.
rpc::CallLimits call_limits(const NodeOptions& options);

/// The listeners, whether or not they are to be opened at the start: `http` and `ws` are always there. Reads
/// the secret, the certificate and the key that the options name; errors say which file is wrong, or missing
/// beside the other.
Result<rpc::ServerOptions> server_options(const NodeOptions& options);

}  // namespace quarry
