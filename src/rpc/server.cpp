#include "rpc/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "core/log.hpp"
#include "rpc/http_gate.hpp"
#include "rpc/ipc.hpp"
#include "rpc/jobs.hpp"
#include "rpc/ws_client.hpp"

namespace quarry::rpc {
namespace {

/// Whether only this machine reaches the address.
bool is_loopback(std::string_view host) {
  const bool number = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "::1" || host == "[::1]" || (number && host.starts_with("127."));
}

Caller caller_of(const std::string& list, std::string_view flag, bool exposed) {
  std::vector<std::string> unknown;
  const auto modules = ModuleSet::parse(list, unknown);
  for (const auto& name : unknown) {
    log_warn("No such module in " + std::string(flag) + ", it is left out", {{"module", name}});
  }
  return {Access::http, modules, exposed};
}

net::HttpResponse off(std::string text) {
  return {403, "text/plain; charset=utf-8", net::SharedBuffer(std::move(text))};
}

}  // namespace

class RpcServer::Impl {
 public:
  /// One listening port: of HTTP, of WebSocket, or of both.
  struct Endpoint {
    std::string host;
    bool http = false, ws = false;
    std::unique_ptr<net::HttpServer> server;
  };

  Impl(net::Loop& loop, const ServerOptions& options, const Dispatcher& dispatcher,
       Subscriptions* subscriptions)
      : loop_(loop),
        options_(options),
        jobs_(loop, dispatcher, options.workers, options.most_queued),
        in_work_(options.most_per_address),
        ws_per_address_(options.most_ws_per_address),
        ws_shared_{jobs_, subscriptions, in_work_, ws_per_address_} {}
  ~Impl() {
    // Their callbacks go before what they refer to.
    for (const auto& [key, client] : std::exchange(ws_clients_, {})) client->go_away();
    endpoints_.clear();
    closing_.clear();
    ipc_.reset();
    jobs_.stop();
  }

  Result<> open_ipc();
  Result<> start_http(const HttpOptions& options);
  Result<> start_ws(const WsOptions& options);
  bool stop_http();
  bool stop_ws();
  Endpoint* http_endpoint() const { return find(&Endpoint::http); }
  Endpoint* ws_endpoint() const { return find(&Endpoint::ws); }
  std::string scheme(std::string_view plain) const {
    return std::string(plain) + (options_.tls ? "s://" : "://");
  }

 private:
  Endpoint* find(bool Endpoint::*what) const {
    for (const auto& endpoint : endpoints_)
      if ((*endpoint).*what) return endpoint.get();
    return nullptr;
  }
  Result<Endpoint*> endpoint_at(const net::ListenOptions& where);
  void close_unused();
  HttpGateOptions gate_options(const std::string& host) const;
  void on_request(const Endpoint& endpoint, net::HttpRequest& request,
                  const net::HttpConnectionPtr& connection);
  bool answer_known(const net::HttpRequest& request, const net::HttpConnectionPtr& connection,
                    std::string headers);
  bool serve_route(net::HttpRequest& request, const net::HttpConnectionPtr& connection);
  void run(net::HttpRequest& request, const net::HttpConnectionPtr& connection);
  std::optional<net::HttpResponse> check_room(const net::HttpServer& server,
                                              const std::string& address) const;
  void open_ws(const Endpoint& endpoint, net::HttpRequest& request, const net::HttpConnectionPtr& connection);

  net::Loop& loop_;
  const ServerOptions options_;
  Jobs jobs_;
  PerAddress in_work_, ws_per_address_;
  WsShared ws_shared_;
  std::optional<HttpGate> http_gate_, ws_gate_;
  /// The note on a request's head that it passed the gate, whatever its body, and needs no headers in the
  /// answer. Another gate, another note.
  std::uint64_t passed_ = 0;
  std::string lead_;  ///< where an answer's beginning is put together
  Caller http_caller_, ws_caller_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::vector<std::unique_ptr<Endpoint>> closing_;  ///< no longer listening; some have answers to send yet
  std::unordered_map<const WsClient*, std::shared_ptr<WsClient>> ws_clients_;
  std::unique_ptr<IpcServer> ipc_;
};

HttpGateOptions RpcServer::Impl::gate_options(const std::string& host) const {
  HttpGateOptions out;
  out.virtual_hosts = split_list(options_.virtual_hosts);
  out.exposed = !is_loopback(host);
  out.jwt = options_.jwt;
  return out;
}

/// The port that is open there already, or a new one.
Result<RpcServer::Impl::Endpoint*> RpcServer::Impl::endpoint_at(const net::ListenOptions& where) {
  for (const auto& endpoint : endpoints_)
    if (where.port != 0 && endpoint->server->port() == where.port && endpoint->host == where.host)
      return endpoint.get();
  auto made = std::make_unique<Endpoint>();
  made->host = where.host;
  auto server = net::HttpServer::listen(
      loop_, where, options_.http_limits,
      [this, raw = made.get()](net::HttpRequest& request, const net::HttpConnectionPtr& from) {
        on_request(*raw, request, from);
      },
      true, options_.tls);
  if (!server) return tl::unexpected(server.error());
  made->server = std::move(*server);
  endpoints_.push_back(std::move(made));
  return endpoints_.back().get();
}

Result<> RpcServer::Impl::start_http(const HttpOptions& options) {
  if (const auto* open = http_endpoint())
    return fail("HTTP RPC already running on " + open->server->address(), "Stop it first: admin.stopHTTP()");
  const auto endpoint = endpoint_at({options.host, options.port, "--rpcport", "--rpcaddr"});
  if (!endpoint) return tl::unexpected(endpoint.error());
  auto gate = gate_options(options.host);
  // Whoever shows a token is no stranger.
  http_caller_ = caller_of(options.modules, "--rpcapi", gate.exposed && !gate.jwt);
  gate.cors_domains = split_list(options.cors_domains);
  if (options.virtual_hosts) gate.virtual_hosts = split_list(*options.virtual_hosts);
  http_gate_.emplace(std::move(gate));
  ++passed_;
  (*endpoint)->http = true;
  log_info("HTTP endpoint opened", {{"url", scheme("http") + (*endpoint)->server->address()},
                                    {"cors", options.cors_domains},
                                    {"vhosts", options.virtual_hosts.value_or(options_.virtual_hosts)}});
  return {};
}

Result<> RpcServer::Impl::start_ws(const WsOptions& options) {
  if (const auto* open = ws_endpoint())
    return fail("WebSocket RPC already running on " + open->server->address(),
                "Stop it first: admin.stopWS()");
  const auto port = options.with_http && http_endpoint() ? http_endpoint()->server->port() : options.port;
  const auto endpoint = endpoint_at({options.host, port, "--wsport", "--wsaddr"});
  if (!endpoint) return tl::unexpected(endpoint.error());
  auto gate = gate_options(options.host);
  ws_caller_ = caller_of(options.modules, "--wsapi", gate.exposed && !gate.jwt);
  gate.ws_origins = split_list(options.origins);
  ws_gate_.emplace(std::move(gate));
  (*endpoint)->ws = true;
  log_info("WebSocket endpoint opened",
           {{"url", scheme("ws") + (*endpoint)->server->address()}, {"origins", options.origins}});
  return {};
}

/// Who asked for it still gets the answer.
void RpcServer::Impl::close_unused() {
  std::erase_if(closing_, [](const auto& endpoint) { return endpoint->server->connections() == 0; });
  std::erase_if(endpoints_, [this](auto& endpoint) {
    if (endpoint->http || endpoint->ws) return false;
    endpoint->server->wind_down();
    closing_.push_back(std::move(endpoint));
    return true;
  });
}

bool RpcServer::Impl::stop_http() {
  auto* open = http_endpoint();
  if (open == nullptr) return false;
  log_info("HTTP endpoint closed", {{"url", scheme("http") + open->server->address()}});
  open->http = false;
  close_unused();
  return true;
}

bool RpcServer::Impl::stop_ws() {
  auto* open = ws_endpoint();
  if (open == nullptr) return false;
  log_info("WebSocket endpoint closed", {{"url", scheme("ws") + open->server->address()}});
  open->ws = false;
  const auto clients = ws_clients_;
  for (const auto& [key, client] : clients) client->leave();
  close_unused();
  return true;
}

Result<> RpcServer::Impl::open_ipc() {
  auto ipc = IpcServer::listen(loop_, options_.ipc_path, jobs_, ws_shared_.subscriptions);
  if (!ipc) return tl::unexpected(ipc.error());
  ipc_ = std::move(*ipc);
  log_info("IPC endpoint opened", {{"path", options_.ipc_path}});
  return {};
}

void RpcServer::Impl::on_request(const Endpoint& endpoint, net::HttpRequest& request,
                                 const net::HttpConnectionPtr& connection) {
  if (endpoint.http && connection->head_note() == passed_ && answer_known(request, connection, {})) return;
  if (request.wants_upgrade) {
    if (endpoint.ws) return open_ws(endpoint, request, connection);
    return connection->respond(
        off("there is no WebSocket on this port\nStart the node with --ws (--wsport 8546, "
            "or HTTP's own port).\n"));
  }
  if (!endpoint.http) {
    return connection->respond(
        off("there is only WebSocket on this port\nJSON-RPC over HTTP is on with --rpc (--rpcport 8545).\n"));
  }
  if (serve_route(request, connection)) return;
  if (auto answer = http_gate_->check(request)) return connection->respond(std::move(*answer));
  run(request, connection);
}

void RpcServer::Impl::run(net::HttpRequest& request, const net::HttpConnectionPtr& connection) {
  auto headers = http_gate_->answer_headers(request);
  // A token's time runs out.
  if (headers.empty() && !options_.jwt) connection->set_head_note(passed_);
  if (answer_known(request, connection, headers)) return;
  Caller caller = http_caller_;
  caller.address = connection->stream()->remote_ip();
  if (!in_work_.enter(caller.address)) {
    auto text = error_answer(parse_message(request.body), static_cast<int>(RpcCode::limit_exceeded),
                             "more than " + std::to_string(in_work_.most()) +
                                 " requests of one address at once; wait for answers");
    return connection->respond(
        {200, "application/json", net::SharedBuffer(std::move(text)), std::move(headers)});
  }
  jobs_.work_out(
      std::move(request.body), caller,
      [this, address = caller.address, weak = std::weak_ptr(connection),
       headers = std::move(headers)](std::string text) mutable {
        in_work_.leave(address);
        const auto client = weak.lock();
        if (client == nullptr) return;
        client->respond({200, "application/json", net::SharedBuffer(std::move(text)), std::move(headers)});
      });
}

/// What is answered at once does not count as work.
bool RpcServer::Impl::answer_known(const net::HttpRequest& request, const net::HttpConnectionPtr& connection,
                                   std::string headers) {
  const auto known = jobs_.known(request.body, http_caller_);
  if (!known) return false;
  lead_.clear();
  begin_answer(lead_, known->id);
  connection->respond(
      {200, "application/json", net::SharedBuffer(known->rest), std::move(headers), false, lead_});
  return true;
}

/// The refusal of one WebSocket too many.
std::optional<net::HttpResponse> RpcServer::Impl::check_room(const net::HttpServer& server,
                                                             const std::string& address) const {
  const auto refusal = [](int status, std::string text) {
    return net::HttpResponse{status, "text/plain; charset=utf-8", net::SharedBuffer(std::move(text)),
                             "Retry-After: 10\r\n"};
  };
  const auto most = std::min(options_.most_ws, std::max<std::size_t>(1, server.most_connections() / 2));
  if (ws_clients_.size() >= most) {
    return refusal(503, fmt::format("too many WebSockets: {} are open, the most this node keeps\n"
                                    "Close some, or raise --ws.maxclients and the process's file limit.\n",
                                    ws_clients_.size()));
  }
  if (ws_per_address_.has_room(address)) return std::nullopt;
  return refusal(429, fmt::format("too many WebSockets from {}: {} are open, the most for one address\n"
                                  "Close some, or raise --ws.maxclientsperaddress.\n",
                                  address, ws_per_address_.most()));
}

void RpcServer::Impl::open_ws(const Endpoint& endpoint, net::HttpRequest& request,
                              const net::HttpConnectionPtr& connection) {
  if (auto refusal = ws_gate_->check_upgrade(request)) return connection->respond(std::move(*refusal));
  auto caller = ws_caller_;
  caller.address = connection->stream()->remote_ip();
  if (auto refusal = check_room(*endpoint.server, caller.address))
    return connection->respond(std::move(*refusal));
  const auto client = std::make_shared<WsClient>(ws_shared_, connection->stream(), std::move(caller));
  const auto* key = client.get();
  ws_clients_.emplace(key, client);
  client->start(request, connection, [this, key] { ws_clients_.erase(key); });
}

/// False when the path is none of the routes, or when the method asks nothing of it.
bool RpcServer::Impl::serve_route(net::HttpRequest& request, const net::HttpConnectionPtr& connection) {
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  const auto route = std::find_if(options_.routes.begin(), options_.routes.end(),
                                  [&](const HttpRoute& r) { return r.path == path && r.method == method; });
  if (route == options_.routes.end()) return false;
  if (auto refusal = method == "GET" ? http_gate_->check_host(request) : http_gate_->check(request))
    connection->respond(std::move(*refusal));
  else
    route->serve(request, connection, http_gate_->answer_headers(request));
  return true;
}

RpcServer::RpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RpcServer::~RpcServer() = default;

Result<std::unique_ptr<RpcServer>> RpcServer::start(net::Loop& loop, const ServerOptions& options,
                                                    const Dispatcher& dispatcher,
                                                    Subscriptions* subscriptions) {
  auto impl = std::make_unique<Impl>(loop, options, dispatcher, subscriptions);
  if (options.http)
    if (auto done = impl->start_http(*options.http); !done) return tl::unexpected(done.error());
  if (options.ws)
    if (auto done = impl->start_ws(*options.ws); !done) return tl::unexpected(done.error());
  if (!options.ipc_path.empty())
    if (auto done = impl->open_ipc(); !done) return tl::unexpected(done.error());
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(impl)));
}

Result<> RpcServer::start_http(const HttpOptions& options) {
  return impl_->start_http(options);
}
Result<> RpcServer::start_ws(const WsOptions& options) {
  return impl_->start_ws(options);
}
bool RpcServer::stop_http() {
  return impl_->stop_http();
}
bool RpcServer::stop_ws() {
  return impl_->stop_ws();
}
std::uint16_t RpcServer::http_port() const {
  const auto* open = impl_->http_endpoint();
  return open != nullptr ? open->server->port() : 0;
}
std::uint16_t RpcServer::ws_port() const {
  const auto* open = impl_->ws_endpoint();
  return open != nullptr ? open->server->port() : 0;
}

}  // namespace quarry::rpc
