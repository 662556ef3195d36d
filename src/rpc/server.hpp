#pragma once
/// \file
/// The JSON-RPC server: HTTP and IPC listeners on the loop, methods on workers.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/expected.hpp"
#include "net/http.hpp"
#include "rpc/dispatcher.hpp"

namespace quarry::rpc {

/// A path that is served beside JSON-RPC. Loop thread.
struct HttpRoute {
  std::string_view method;  ///< "GET" (HEAD comes too), "POST" (JSON, as for JSON-RPC)
  std::string_view path;    ///< "/blockchain.json": what stands before a question mark
  /// Answers now or later; `headers` belong into the answer.
  std::function<void(net::HttpRequest& request, const net::HttpConnectionPtr& client, std::string headers)>
      serve;
};

struct ServerOptions {
  bool http = false;                          ///< --rpc
  std::string http_host = "127.0.0.1";        ///< --rpcaddr
  std::uint16_t http_port = 8545;             ///< --rpcport
  std::string http_modules{kDefaultModules};  ///< --rpcapi
  std::string cors_domains;                   ///< --rpccorsdomain
  std::string virtual_hosts = "localhost";    ///< --rpcvhosts
  net::HttpLimits http_limits;
  std::vector<HttpRoute> routes;
  std::string ipc_path;  ///< none: no IPC socket
  unsigned workers = 2;
  /// Messages waiting for a worker; one more is answered with -32005. Twice what the connections can have
  /// in work is never reached over HTTP, where a connection has one at a time.
  std::size_t most_queued = 4096;
};

/// Loop thread: made before the loop runs or on it, and destroyed on it or after it ended.
class RpcServer {
 public:
  /// Fails when an address or path cannot be listened on; logs what listens where, and warns of module
  /// names that are none. `dispatcher` outlives the server.
  static Result<std::unique_ptr<RpcServer>> start(net::Loop& loop, const ServerOptions& options,
                                                  const Dispatcher& dispatcher);
  /// Waits for the methods that run; their answers are dropped.
  ~RpcServer();

  /// 0 without HTTP.
  std::uint16_t http_port() const;
  /// "http://127.0.0.1:8545"; empty without HTTP.
  std::string http_url() const;

 private:
  struct Impl;
  explicit RpcServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quarry::rpc
