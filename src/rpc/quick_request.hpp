#pragma once
/// \file
/// The common form of a request, read without building a tree: some times faster than the general way, which
/// is asked whenever this one finds anything unusual.

#include "rpc/json_rpc.hpp"

namespace quarry::rpc {

/// A request's parts as they stand in its text.
struct QuickParts {
  std::string_view id;      ///< as JSON text
  std::string_view method;  ///< without its quotes
  std::string_view params;  ///< an array whose strings are plain; what is inside was not looked at
};
/// The same as quick_request(), but that the parameters are not read.
std::optional<QuickParts> quick_parts(std::string_view text);

/// Reads {"jsonrpc":"2.0","id":1,"method":"…","params":[…]}, keys in any order. Nothing when it is anything
/// else, such as a batch, an escape in a name, or an error: not that the message is wrong.
std::optional<Request> quick_request(std::string_view text);

}  // namespace quarry::rpc
