#pragma once
/// \file
/// JSON-RPC over a WebSocket: a message each way, answers as they are ready, notifications in between.

#include <deque>

#include "net/websocket.hpp"
#include "rpc/jobs.hpp"
#include "rpc/per_address.hpp"
#include "rpc/push_client.hpp"

namespace quarry::rpc {

/// Messages of one client that are in work at once; reading stops at this.
inline constexpr std::size_t kMaxWsInFlight = 64;

/// What all WebSocket clients of a server share. Loop thread; outlives them.
struct WsShared {
  Jobs& jobs;
  Subscriptions* subscriptions = nullptr;
  PerAddress& in_work;
  PerAddress& clients;  ///< WebSockets of each address
  net::WebSocketLimits limits = {};
  net::WebSocketTimes times = {};
  /// Bytes of unfinished messages, and of what clients have not taken yet, of all together.
  std::size_t most_bytes = std::size_t{256} << 20;
  std::size_t held = 0;     ///< of unfinished messages now
  std::size_t waiting = 0;  ///< untaken now
};

/// Enters its address among the shared clients, where the caller saw room for it.
class WsClient final : public PushClient, public std::enable_shared_from_this<WsClient> {
 public:
  WsClient(WsShared& shared, net::StreamPtr stream, Caller caller);
  ~WsClient() override;
  /// Takes the connection over.
  void start(const net::HttpRequest& request, const net::HttpConnectionPtr& connection,
             std::function<void()> on_closed);
  void cut_off(const std::string& why) override;
  /// Takes no more messages, and goes when those in work are answered.
  void leave();
  /// The server goes.
  void go_away();

 private:
  bool send(std::string_view head, const EventText& text) override;
  bool take_bytes(std::size_t count);
  void on_message(std::string text);
  void submit(std::string text);
  void answer(std::string text, SubscribeScope* scope);
  void go_on();
  void count();
  void closed();

  WsShared& shared_;
  const Caller caller_;
  std::weak_ptr<net::WebSocket> socket_;
  bool leaving_ = false;
  bool counted_ = false;             ///< among shared_.clients
  std::deque<std::string> waiting_;  ///< came in the same read as those in work
  bool going_on_ = false;
  std::size_t in_flight_ = 0;
  std::size_t held_ = 0;     ///< our part of shared_.held
  std::size_t untaken_ = 0;  ///< our part of shared_.waiting
};

}  // namespace quarry::rpc
