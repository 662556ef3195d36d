#pragma once
/// \file
/// The JSON-RPC server: HTTP, WebSocket and IPC listeners on the loop, methods on workers.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/expected.hpp"
#include "net/http.hpp"
#include "rpc/dispatcher.hpp"
#include "rpc/jwt.hpp"

namespace quarry::rpc {

class Subscriptions;

/// A path that is served beside JSON-RPC. Loop thread.
struct HttpRoute {
  std::string_view method;  ///< "GET" (HEAD comes too), "POST" (JSON, as for JSON-RPC)
  std::string_view path;    ///< "/blockchain.json": what stands before a question mark
  /// Answers now or later; `headers` belong into the answer.
  std::function<void(net::HttpRequest& request, const net::HttpConnectionPtr& client, std::string headers)>
      serve;
};

struct HttpOptions {
  std::string host = "127.0.0.1";        ///< --rpcaddr
  std::uint16_t port = 8545;             ///< --rpcport
  std::string modules{kDefaultModules};  ///< --rpcapi
  std::string cors_domains;              ///< --rpccorsdomain
  /// --rpcvhosts of this listener; none: as ServerOptions has them.
  std::optional<std::string> virtual_hosts = {};
};
struct WsOptions {
  std::string host = "127.0.0.1";        ///< --wsaddr
  std::uint16_t port = 8546;             ///< --wsport; HTTP's own, on its address: both on one port
  std::string modules{kDefaultModules};  ///< --wsapi
  std::string origins;                   ///< --wsorigins
  bool with_http = false;                ///< on HTTP's port whatever it is, instead of `port`
};

struct ServerOptions {
  std::optional<HttpOptions> http;          ///< --rpc
  std::optional<WsOptions> ws;              ///< --ws
  std::string virtual_hosts = "localhost";  ///< --rpcvhosts
  std::optional<JwtSecret> jwt;             ///< --rpc.jwtsecret
  std::shared_ptr<net::TlsContext> tls;     ///< --rpc.tls.cert, --rpc.tls.key: HTTP and WebSocket
  net::HttpLimits http_limits;
  std::vector<HttpRoute> routes;
  std::string ipc_path;  ///< none: no IPC socket
  unsigned workers = 2;
  /// Messages waiting for a worker; one more is answered with -32005. Twice what the connections can have
  /// in work is never reached over HTTP, where a connection has one at a time.
  std::size_t most_queued = 4096;
  /// Messages of one address in work at once; a quarter of the queue, so that no address fills it.
  std::size_t most_per_address = 1024;
  /// --ws.maxclients: WebSockets at once. Each keeps a connection for good: half of those HTTP may have, or
  /// half of what the process's file limit leaves of them.
  std::size_t most_ws = 2048;
  /// --ws.maxclientsperaddress: half of these, so that no address fills them.
  std::size_t most_ws_per_address = 1024;
};

/// Loop thread: made before the loop runs or on it, and destroyed on it or after it ended.
class RpcServer {
 public:
  /// Fails when an address or path cannot be listened on; logs what listens where, and warns of module
  /// names that are none. `dispatcher` outlives the server, and so do `subscriptions`; without them
  /// eth_subscribe is refused.
  static Result<std::unique_ptr<RpcServer>> start(net::Loop& loop, const ServerOptions& options,
                                                  const Dispatcher& dispatcher,
                                                  Subscriptions* subscriptions = nullptr);
  /// Waits for the methods that run; their answers are dropped.
  ~RpcServer();

  /// Opens what is closed; an error when it is open, or cannot be listened on.
  Result<> start_http(const HttpOptions& options);
  Result<> start_ws(const WsOptions& options);
  /// False when it was not open. Its clients are disconnected, those with requests in work when they have
  /// the answers.
  bool stop_http();
  bool stop_ws();

  /// 0 without HTTP.
  std::uint16_t http_port() const;
  /// 0 without WebSocket.
  std::uint16_t ws_port() const;

 private:
  class Impl;
  explicit RpcServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quarry::rpc
