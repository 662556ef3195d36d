#pragma once
/// \file
/// The asking side of JSON-RPC, for the console and the commands: in this process, over a Unix socket, HTTP
/// or a WebSocket. A client belongs to one thread and blocks it.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/expected.hpp"

namespace quarry {

struct RpcClientOptions {
  std::chrono::milliseconds connect_timeout{5'000};
  /// Exports of a long chain take minutes; no answer at all for longer than this is a dead node.
  std::chrono::milliseconds answer_timeout{600'000};
  /// Set by a signal handler (Ctrl-C) to give up waiting; may be null.
  const std::atomic<bool>* interrupted = nullptr;
};

class RpcClient {
 public:
  virtual ~RpcClient() = default;
  /// Sends one JSON-RPC request (or a batch) as text and waits for the text of its answer.
  virtual Result<std::string> exchange(const std::string& request) = 0;
  /// What the console calls itself attached to: "in process", a socket's path, a URL.
  virtual std::string endpoint() const = 0;
  /// Calls one method; an error answer of the node is an Error with its message.
  Result<nlohmann::json> call(std::string_view method, const nlohmann::json& params);

 private:
  std::uint64_t last_id_ = 0;
};

/// Asks the dispatcher of this very process.
std::unique_ptr<RpcClient> make_local_client(std::function<std::string(const std::string&)> dispatcher);
/// Connects to a Unix socket. The error is geth's: "dial unix PATH: connect: no such file or directory".
Result<std::unique_ptr<RpcClient>> connect_ipc(const std::string& path, const RpcClientOptions& options = {});
/// "http://host:port/path"; connects again for each question when the server hangs up.
Result<std::unique_ptr<RpcClient>> connect_http(const std::string& url, const RpcClientOptions& options = {});
/// "ws://host:port/path".
Result<std::unique_ptr<RpcClient>> connect_ws(const std::string& url, const RpcClientOptions& options = {});
/// Tells by the form: "http://…", "ws://…" or else a socket's path ("ipc:PATH" and "rpc:http://…" as geth
/// reads them).
Result<std::unique_ptr<RpcClient>> connect_rpc(const std::string& endpoint,
                                               const RpcClientOptions& options = {});

}  // namespace quarry
