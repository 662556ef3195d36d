#pragma once
/// \file
/// JSON-RPC 2.0 messages: requests out of bytes from outside, answers into text.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.hpp"

namespace quarry::rpc {

using Json = nlohmann::json;

/// One message's bytes, over HTTP and IPC alike: geth's bound.
inline constexpr std::size_t kMaxMessageBytes = 5 * 1024 * 1024;
/// Nesting of arrays and objects. Our deepest parameter has five levels; no parser recurses below this.
inline constexpr std::size_t kMaxDepth = 64;
/// Commas, colons and opening brackets of a message: what its values take in memory, some 64 bytes each.
inline constexpr std::size_t kMaxTokens = 400'000;
/// Requests of a batch where nothing else is said: geth's bound.
inline constexpr std::size_t kMaxBatchRequests = 1000;

/// Codes of the JSON-RPC 2.0 specification (5.1), and of EIP-1474 below -32000.
enum class RpcCode : int {
  reverted = 3,  ///< geth's: the call was reverted, and `data` is what it gave
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_params = -32602,
  internal = -32603,
  failed = -32000,
  unauthorized = -32001,
  timed_out = -32002,
  answer_too_large = -32003,
  limit_exceeded = -32005,
  // Of eth_simulateV1 (execution-apis).
  vm_error = -32015,
  nonce_too_low = -38010,
  nonce_too_high = -38011,
  fee_cap_too_low = -38012,
  intrinsic_gas = -38013,
  insufficient_funds = -38014,
  block_gas_limit = -38015,
  block_number_order = -38020,
  block_time_order = -38021,
  sender_not_eoa = -38024,
  initcode_too_large = -38025,
  client_limit = -38026,
};

struct RpcError {
  RpcCode code = RpcCode::failed;
  std::string message;
  std::string data = {};  ///< JSON text; empty: none
};
/// A method's result as JSON text, or an error.
using Answer = Expected<std::string, RpcError>;
inline tl::unexpected<RpcError> rpc_fail(RpcCode code, std::string message) {
  return tl::unexpected(RpcError{code, std::move(message)});
}
/// An error for a person: its first line, then its remedy.
tl::unexpected<RpcError> rpc_fail(const Error& error);

/// One request; when `error` is set, all there is to do is to answer with it.
struct Request {
  std::string id = "null";    ///< as JSON text, to be echoed
  bool notification = false;  ///< no id: nothing is answered
  std::string method;
  Json params = Json::array();  ///< always an array
  std::optional<RpcError> error;
};

/// One request, or a batch of them.
struct Message {
  bool batch = false;
  std::vector<Request> requests;
  /// The whole message is none: one error with a null id answers it.
  std::optional<RpcError> error;
};

/// Reads a message. Never throws; looks at nesting and size before anything is built. A batch of more than
/// `most_requests` (0: any number) becomes one request with an error.
Message parse_message(std::string_view text, std::size_t most_requests = kMaxBatchRequests);
/// The same without the quick way for common requests: what that one must agree with.
Message parse_any_message(std::string_view text, std::size_t most_requests = kMaxBatchRequests);

/// Appends {"jsonrpc":"2.0","id":…,"result":…} or the same with an error.
void append_answer(std::string& to, const std::string& id, const Answer& answer);

/// JSON text of a value; text that is no UTF-8 is mended.
std::string text_of(const Json& value);

}  // namespace quarry::rpc
