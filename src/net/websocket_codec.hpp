#pragma once
/// \file
/// WebSocket frames (RFC 6455), without sockets: libwslay reads, bounded here.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/bytes.hpp"

struct wslay_event_context;

namespace quarry::net {

struct WebSocketLimits {
  /// One message, however it is cut into frames: what a request over HTTP may have.
  std::size_t message_bytes = 5 * 1024 * 1024;
  /// Frames of one message; clients send one, or pieces of 16 KiB and more.
  std::size_t frames = 4096;
};

/// Status codes of close frames (RFC 6455, 7.4.1).
enum class WebSocketStatus : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  policy_violation = 1008,
  too_big = 1009,
  internal_error = 1011,
  try_again_later = 1013
};

/// Reads what the other side sends and makes what it is sent. Not thread-safe; its callbacks must not destroy
/// it.
class WebSocketCodec {
 public:
  enum class Role : std::uint8_t { server, client };
  struct Events {
    /// A whole text or binary message.
    std::function<void(std::string)> on_message;
    /// Bytes for the other side: pongs, close frames, and what send_text() makes.
    std::function<void(ByteView)> on_send;
    std::function<void()> on_pong;
    /// More bytes of an unfinished message are about to be kept: false when there is no room.
    std::function<bool(std::size_t)> on_bytes = nullptr;
  };
  WebSocketCodec(const WebSocketLimits& limits, Events events, Role role = Role::server);
  ~WebSocketCodec();
  WebSocketCodec(const WebSocketCodec&) = delete;
  WebSocketCodec& operator=(const WebSocketCodec&) = delete;

  /// Reads bytes from the other side. Bad ones are answered with a close frame that says why.
  void feed(ByteView bytes);
  /// A text message in one frame: a client's, which is masked (a server writes text_head() and its bytes).
  void send_text(std::string_view text);
  void ping();
  /// Sends a close frame; the first one counts.
  void close(WebSocketStatus status, std::string_view reason);
  /// A close frame was sent: nothing more may be.
  bool closing() const;
  /// Nothing more is read: both sides have said goodbye, or the other one broke the protocol.
  bool done() const;
  /// Bytes kept of a message that is not whole yet.
  std::size_t held() const { return message_.size(); }

  /// The head of a text frame with so many bytes; the payload follows unmasked (servers do not mask).
  static std::string text_head(std::size_t payload);

 private:
  struct Callbacks;
  void flush();
  void refuse(WebSocketStatus status, std::string_view reason);

  const WebSocketLimits limits_;
  Events events_;
  wslay_event_context* context_ = nullptr;
  ByteView input_;
  std::string message_;
  std::size_t frames_ = 0;
  bool in_message_ = false;
  bool control_frame_ = false;
  bool refused_ = false;
};

/// The value of Sec-WebSocket-Accept for a client's key (RFC 6455, 4.2.2).
std::string websocket_accept_key(std::string_view key);

}  // namespace quarry::net
