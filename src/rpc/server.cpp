#include "rpc/server.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "rpc/http_gate.hpp"
#include "rpc/ipc.hpp"
#include "rpc/jobs.hpp"

namespace quarry::rpc {
namespace {

/// Whether only this machine reaches the address.
bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

Caller http_caller(const ServerOptions& options) {
  std::vector<std::string> unknown;
  const auto modules = ModuleSet::parse(options.http_modules, unknown);
  for (const auto& name : unknown) {
    log_warn("No such module in --rpcapi, it is left out", {{"module", name}});
  }
  return {Access::http, modules, !is_loopback(options.http_host)};
}

HttpGateOptions gate_options(const ServerOptions& options) {
  return {split_list(options.cors_domains), split_list(options.virtual_hosts),
          !is_loopback(options.http_host)};
}

}  // namespace

struct RpcServer::Impl {
  Impl(net::Loop& loop, const ServerOptions& options, const Dispatcher& dispatcher)
      : jobs(loop, dispatcher, options.workers, options.most_queued),
        gate(gate_options(options)),
        routes(options.routes),
        caller(http_caller(options)) {}
  ~Impl() {
    // Their callbacks go before what they refer to.
    http.reset();
    ipc.reset();
    jobs.stop();
  }

  void on_request(net::HttpRequest& request, const net::HttpConnectionPtr& connection) {
    if (serve_route(request, connection)) return;
    if (auto answer = gate.check(request)) return connection->respond(std::move(*answer));
    auto headers = gate.answer_headers(request);
    jobs.run(
        std::move(request.body), caller,
        [weak = std::weak_ptr(connection), headers = std::move(headers)](std::string text) mutable {
          const auto client = weak.lock();
          if (client == nullptr) return;
          client->respond({200, "application/json", net::SharedBuffer(std::move(text)), std::move(headers)});
        });
  }

  /// False when the path is none of the routes, or when the method asks nothing of it.
  bool serve_route(net::HttpRequest& request, const net::HttpConnectionPtr& connection) {
    const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
    const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
    const auto route = std::find_if(routes.begin(), routes.end(),
                                    [&](const HttpRoute& r) { return r.path == path && r.method == method; });
    if (route == routes.end()) return false;
    if (auto refusal = method == "GET" ? gate.check_host(request) : gate.check(request))
      connection->respond(std::move(*refusal));
    else
      route->serve(request, connection, gate.answer_headers(request));
    return true;
  }

  Jobs jobs;
  HttpGate gate;
  const std::vector<HttpRoute> routes;
  Caller caller;
  std::unique_ptr<net::HttpServer> http;
  std::unique_ptr<IpcServer> ipc;
};

RpcServer::RpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RpcServer::~RpcServer() = default;

Result<std::unique_ptr<RpcServer>> RpcServer::start(net::Loop& loop, const ServerOptions& options,
                                                    const Dispatcher& dispatcher) {
  auto impl = std::make_unique<Impl>(loop, options, dispatcher);
  if (options.http) {
    auto http = net::HttpServer::listen(
        loop, {options.http_host, options.http_port, "--rpcport", "--rpcaddr"}, options.http_limits,
        [raw = impl.get()](net::HttpRequest& request, const net::HttpConnectionPtr& from) {
          raw->on_request(request, from);
        });
    if (!http) return tl::unexpected(http.error());
    impl->http = std::move(*http);
    log_info("HTTP endpoint opened", {{"url", "http://" + impl->http->address()},
                                      {"cors", options.cors_domains},
                                      {"vhosts", options.virtual_hosts}});
  }
  if (!options.ipc_path.empty()) {
    auto ipc = IpcServer::listen(loop, options.ipc_path, impl->jobs);
    if (!ipc) return tl::unexpected(ipc.error());
    impl->ipc = std::move(*ipc);
    log_info("IPC endpoint opened", {{"path", options.ipc_path}});
  }
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(impl)));
}

std::uint16_t RpcServer::http_port() const {
  return impl_->http ? impl_->http->port() : 0;
}
std::string RpcServer::http_url() const {
  return impl_->http ? "http://" + impl_->http->address() : "";
}

}  // namespace quarry::rpc
