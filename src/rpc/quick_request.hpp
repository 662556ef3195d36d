#pragma once
/// \file
/// The common form of a request, read without building a tree: some times faster than the general way, which
/// is asked whenever this one finds anything unusual.

#include "rpc/json_rpc.hpp"

namespace quarry::rpc {

/// Reads {"jsonrpc":"2.0","id":1,"method":"…","params":[…]}, keys in any order. Nothing when it is anything
/// else, such as a batch, an escape in a name, or an error: not that the message is wrong.
std::optional<Request> quick_request(std::string_view text);

}  // namespace quarry::rpc
