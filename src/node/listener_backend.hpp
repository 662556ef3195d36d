#pragma once
/// \file
/// Where JSON-RPC listens, as commands change it while the node runs.

#include <atomic>
#include <functional>

#include "net/loop.hpp"
#include "rpc/backend.hpp"
#include "rpc/server.hpp"

namespace quarry {

/// Called on RPC workers, which wait for the loop.
class ListenerBackend final : public rpc::ListenerControl {
 public:
  /// What is listened for when a command leaves it open: the options' own.
  ListenerBackend(net::Loop& loop, rpc::HttpOptions http, rpc::WsOptions ws)
      : loop_(loop), http_(std::move(http)), ws_(std::move(ws)) {}
  /// Loop thread, or before it runs; null when the server goes.
  void set_server(rpc::RpcServer* server) { server_ = server; }
  /// Whoever waits for the loop gets an error: it ends.
  void stop_asking() { stopping_ = true; }

  Result<> start_http(const Wish& wish) override;
  Result<> start_ws(const Wish& wish) override;
  Result<bool> stop_http() override;
  Result<bool> stop_ws() override;

 private:
  Result<bool> on_loop(std::function<Result<bool>(rpc::RpcServer&)> command);

  net::Loop& loop_;
  const rpc::HttpOptions http_;
  const rpc::WsOptions ws_;
  rpc::RpcServer* server_ = nullptr;  ///< the loop's
  std::atomic<bool> stopping_{false};
};

}  // namespace quarry
