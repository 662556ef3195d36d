#include "net/websocket.hpp"

#include <algorithm>
#include <array>

namespace quarry::net {
namespace {

HttpResponse plain(int status, std::string text, std::string headers = {}) {
  return {status, "text/plain; charset=utf-8", SharedBuffer(std::move(text)), std::move(headers)};
}

/// 16 bytes in base64: 22 digits and two signs of padding.
bool is_key(std::string_view key) {
  const auto is_digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return key.size() == 24 && key.ends_with("==") && std::all_of(key.begin(), key.end() - 2, is_digit);
}

}  // namespace

std::optional<HttpResponse> WebSocket::check(const HttpRequest& request) {
  if (request.header("sec-websocket-version") != "13") {
    return plain(426, "websocket: unsupported version: 13 not found in 'Sec-Websocket-Version' header\n",
                 "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n");
  }
  if (!is_key(request.header("sec-websocket-key")))
    return plain(400, "websocket: not a websocket handshake: 'Sec-WebSocket-Key' is no base64 of 16 bytes\n");
  return std::nullopt;
}

WebSocket::WebSocket(StreamPtr stream, const WebSocketLimits& limits, const WebSocketTimes& times,
                     Events events)
    : stream_(std::move(stream)),
      times_(times),
      events_(std::move(events)),
      codec_(limits, {.on_message = [this](std::string text) { events_.on_message(std::move(text)); },
                      .on_send = [this](ByteView bytes) { stream_->write(bytes); },
                      .on_pong = nullptr,
                      .on_bytes = events_.on_bytes}),
      timer_(stream_->loop(), [this] { on_time(); }) {}

std::shared_ptr<WebSocket> WebSocket::accept(const HttpRequest& request, const HttpConnectionPtr& connection,
                                             const WebSocketLimits& limits, const WebSocketTimes& times,
                                             Events events) {
  auto out = std::make_shared<WebSocket>(connection->stream(), limits, times, std::move(events));
  out->start(*connection,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: " +
                 websocket_accept_key(request.header("sec-websocket-key")) + "\r\n\r\n");
  return out;
}

void WebSocket::start(HttpConnection& connection, std::string head) {
  heard_ = stream_->loop().now_ms();
  timer_.start_repeating(std::max(times_.ping / 2, std::chrono::milliseconds(1)));
  stream_->set_on_drain([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self != nullptr && self->events_.on_drain) self->events_.on_drain();
  });
  const auto self = shared_from_this();
  connection.take_over(
      std::move(head), [self](ByteView bytes) { self->on_read(bytes); },
      [self](const Closed& why) { self->on_closed(why); });
}

void WebSocket::on_read(ByteView bytes) {
  const auto self = shared_from_this();
  heard_ = stream_->loop().now_ms();
  codec_.feed(bytes);
  finish_when_done();
}

void WebSocket::finish_when_done() {
  if (codec_.done() && codec_.closing()) stream_->finish();
}

bool WebSocket::send(SharedBuffer message) {
  if (codec_.closing()) return false;
  const auto head = WebSocketCodec::text_head(message.size());
  return stream_->write(as_bytes(head), std::move(message));
}

bool WebSocket::send(std::string_view head, SharedBuffer rest) {
  if (codec_.closing()) return false;
  auto first = WebSocketCodec::text_head(head.size() + rest.size());
  first.append(head);
  return stream_->write(as_bytes(first), std::move(rest));
}

void WebSocket::close(WebSocketStatus status, std::string_view reason) {
  if (goodbye_ || !stream_->is_open()) return;
  const auto self = shared_from_this();
  goodbye_ = true;
  codec_.close(status, reason);
  stream_->resume();  // the client's own close frame is waited for
  timer_.start(times_.goodbye);
  finish_when_done();
}

void WebSocket::on_time() {
  const auto self = shared_from_this();
  if (goodbye_) return stream_->close(CloseReason::local, "no close frame came");
  const auto waited = std::chrono::milliseconds(stream_->loop().now_ms() - heard_);
  if (stream_->paused()) return;  // it is we who do not read
  if (waited >= times_.silence) return stream_->close(CloseReason::reset_by_peer, "no answer to a ping");
  if (waited >= times_.ping / 2) codec_.ping();
}

void WebSocket::on_closed(const Closed& why) {
  const auto self = shared_from_this();
  timer_.stop();
  const auto events = std::exchange(events_, {});
  events_.on_message = [](std::string) {};
  if (events.on_closed) events.on_closed(why);
}

}  // namespace quarry::net
