#pragma once
/// \file
/// A WebSocket connection that came as an upgrade of an HTTP request.

#include <optional>

#include "net/http.hpp"
#include "net/timer.hpp"
#include "net/websocket_codec.hpp"

namespace quarry::net {

struct WebSocketTimes {
  /// Without a byte from the client so long it is pinged (geth: 30 s) …
  std::chrono::milliseconds ping{30'000};
  /// … and without one so long it is gone.
  std::chrono::milliseconds silence{60'000};
  /// After a close frame the client has so long to answer with its own.
  std::chrono::milliseconds goodbye{3'000};
};

/// One client. Loop thread. Its HTTP connection owns it until it is closed, and the HTTP server that one; it
/// knows the stream only.
class WebSocket : public std::enable_shared_from_this<WebSocket> {
 public:
  struct Events {
    std::function<void(std::string message)> on_message;
    /// Once, after which nothing comes any more; not when the server goes, which ends the WebSocket at once.
    std::function<void(const Closed& why)> on_closed;
    /// What was waiting has left.
    std::function<void()> on_drain = nullptr;
    std::function<bool(std::size_t)> on_bytes = nullptr;  ///< as WebSocketCodec::Events
  };

  /// The refusal of an upgrade that is malformed or of another version.
  static std::optional<HttpResponse> check(const HttpRequest& request);
  /// Takes the connection over; check() found nothing. `request` need not live on.
  static std::shared_ptr<WebSocket> accept(const HttpRequest& request, const HttpConnectionPtr& connection,
                                           const WebSocketLimits& limits, const WebSocketTimes& times,
                                           Events events);
  WebSocket(StreamPtr stream, const WebSocketLimits& limits, const WebSocketTimes& times, Events events);

  /// One text message, in one or two parts. False when the connection is closing, or its bound of waiting
  /// bytes is passed.
  bool send(SharedBuffer message);
  bool send(std::string_view head, SharedBuffer rest);
  /// Says goodbye with a reason, and closes.
  void close(WebSocketStatus status, std::string_view reason);
  /// Stops and takes up reading.
  void pause() { stream_->pause(); }
  void resume() { stream_->resume(); }
  bool paused() const { return stream_->paused(); }
  const StreamPtr& stream() const { return stream_; }

 private:
  void start(HttpConnection& connection, std::string head);
  void on_read(ByteView bytes);
  void on_closed(const Closed& why);
  void on_time();
  void finish_when_done();

  const StreamPtr stream_;
  const WebSocketTimes times_;
  Events events_;
  WebSocketCodec codec_;
  Timer timer_;
  std::uint64_t heard_ = 0;  ///< when the last byte came
  bool goodbye_ = false;
};

}  // namespace quarry::net
