#include "node/listener_backend.hpp"

#include <future>

namespace quarry {
namespace {

Result<bool> done(const Result<>& result) {
  if (!result) return tl::unexpected(result.error());
  return true;
}
Result<> only_error(const Result<bool>& result) {
  if (!result) return tl::unexpected(result.error());
  return {};
}

}  // namespace

Result<bool> ListenerBackend::on_loop(std::function<Result<bool>(rpc::RpcServer&)> command) {
  const auto promise = std::make_shared<std::promise<Result<bool>>>();
  auto future = promise->get_future();
  loop_.post([this, promise, command = std::move(command)] {
    promise->set_value(server_ != nullptr ? command(*server_) : Result<bool>(fail("the node is stopping")));
  });
  while (future.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready)
    if (stopping_) return fail("the node is stopping");
  return future.get();
}

Result<> ListenerBackend::start_http(const Wish& wish) {
  auto options = http_;
  options.host = wish.host.value_or(options.host);
  options.port = wish.port.value_or(options.port);
  options.cors_domains = wish.origins.value_or(options.cors_domains);
  options.modules = wish.modules.value_or(options.modules);
  options.virtual_hosts = wish.virtual_hosts;
  return only_error(on_loop([options](rpc::RpcServer& server) { return done(server.start_http(options)); }));
}

Result<> ListenerBackend::start_ws(const Wish& wish) {
  auto options = ws_;
  options.with_http = options.with_http && !wish.port;
  options.host = wish.host.value_or(options.host);
  options.port = wish.port.value_or(options.port);
  options.origins = wish.origins.value_or(options.origins);
  options.modules = wish.modules.value_or(options.modules);
  return only_error(on_loop([options](rpc::RpcServer& server) { return done(server.start_ws(options)); }));
}

Result<bool> ListenerBackend::stop_http() {
  return on_loop([](rpc::RpcServer& server) -> Result<bool> { return server.stop_http(); });
}
Result<bool> ListenerBackend::stop_ws() {
  return on_loop([](rpc::RpcServer& server) -> Result<bool> { return server.stop_ws(); });
}

}  // namespace quarry
