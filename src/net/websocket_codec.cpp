#include "net/websocket_codec.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <wslay/wslay.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/check.hpp"

namespace quarry::net {
namespace {

/// A close frame's reason fits a control frame: 125 bytes, two of them the code.
constexpr std::size_t kMostReason = 123;

}  // namespace

struct WebSocketCodec::Callbacks {
  static WebSocketCodec& self(void* user) { return *static_cast<WebSocketCodec*>(user); }

  static ssize_t on_recv(wslay_event_context* context, std::uint8_t* to, std::size_t size, int, void* user) {
    auto& me = self(user);
    if (me.input_.empty() || me.refused_) {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    const auto count = std::min(size, me.input_.size());
    std::copy_n(me.input_.begin(), count, to);
    me.input_ = me.input_.subspan(count);
    return static_cast<ssize_t>(count);
  }
  static ssize_t on_send(wslay_event_context*, const std::uint8_t* data, std::size_t size, int, void* user) {
    self(user).events_.on_send({data, size});
    return static_cast<ssize_t>(size);
  }
  static int on_mask(wslay_event_context*, std::uint8_t* to, std::size_t size, void*) {
    return RAND_bytes(to, static_cast<int>(size)) == 1 ? 0 : -1;
  }
  static void on_frame_start(wslay_event_context*, const wslay_event_on_frame_recv_start_arg* frame,
                             void* user) {
    auto& me = self(user);
    me.control_frame_ = wslay_is_ctrl_frame(frame->opcode) != 0;
    if (me.control_frame_) return;
    if (++me.frames_ > me.limits_.frames)
      me.refuse(WebSocketStatus::policy_violation, "the message is cut into too many frames");
  }
  static void on_frame_chunk(wslay_event_context*, const wslay_event_on_frame_recv_chunk_arg* chunk,
                             void* user) {
    auto& me = self(user);
    if (me.control_frame_ || me.refused_) return;
    if (me.message_.size() + chunk->data_length > me.limits_.message_bytes)
      return me.refuse(WebSocketStatus::too_big, "the message is too long");
    if (me.events_.on_bytes && !me.events_.on_bytes(chunk->data_length))
      return me.refuse(WebSocketStatus::try_again_later, "too many large messages at once; try again");
    me.message_.append(reinterpret_cast<const char*>(chunk->data), chunk->data_length);
  }
  static void on_message(wslay_event_context*, const wslay_event_on_msg_recv_arg* message, void* user) {
    auto& me = self(user);
    if (message->opcode == WSLAY_PONG && me.events_.on_pong) me.events_.on_pong();
    if (wslay_is_ctrl_frame(message->opcode) || me.refused_) return;
    me.frames_ = 0;
    me.events_.on_message(std::exchange(me.message_, {}));
  }
};

WebSocketCodec::WebSocketCodec(const WebSocketLimits& limits, Events events, Role role)
    : limits_(limits), events_(std::move(events)) {
  wslay_event_callbacks callbacks{};
  callbacks.recv_callback = Callbacks::on_recv;
  callbacks.send_callback = Callbacks::on_send;
  callbacks.genmask_callback = Callbacks::on_mask;
  callbacks.on_frame_recv_start_callback = Callbacks::on_frame_start;
  callbacks.on_frame_recv_chunk_callback = Callbacks::on_frame_chunk;
  callbacks.on_msg_recv_callback = Callbacks::on_message;
  const auto init = role == Role::server ? wslay_event_context_server_init : wslay_event_context_client_init;
  QUARRY_CHECK(init(&context_, &callbacks, this) == 0);
  // Messages are put together here, so that memory grows with what came and not with what was announced.
  wslay_event_config_set_no_buffering(context_, 1);
  wslay_event_config_set_max_recv_msg_length(context_, limits_.message_bytes);
}

WebSocketCodec::~WebSocketCodec() {
  wslay_event_context_free(context_);
}

void WebSocketCodec::feed(ByteView bytes) {
  input_ = bytes;
  if (!done() && wslay_event_recv(context_) != 0) refused_ = true;
  flush();
  input_ = {};
}

void WebSocketCodec::flush() {
  (void)wslay_event_send(context_);
}

void WebSocketCodec::send_text(std::string_view text) {
  if (closing()) return;
  const wslay_event_msg message{WSLAY_TEXT_FRAME, reinterpret_cast<const std::uint8_t*>(text.data()),
                                text.size()};
  (void)wslay_event_queue_msg(context_, &message);
  flush();
}

void WebSocketCodec::ping() {
  if (closing()) return;
  const wslay_event_msg ping{WSLAY_PING, nullptr, 0};
  (void)wslay_event_queue_msg(context_, &ping);
  flush();
}

void WebSocketCodec::close(WebSocketStatus status, std::string_view reason) {
  reason = reason.substr(0, kMostReason);
  (void)wslay_event_queue_close(context_, static_cast<std::uint16_t>(status),
                                reinterpret_cast<const std::uint8_t*>(reason.data()), reason.size());
  flush();
}

void WebSocketCodec::refuse(WebSocketStatus status, std::string_view reason) {
  if (std::exchange(refused_, true)) return;
  message_ = {};
  (void)wslay_event_queue_close(context_, static_cast<std::uint16_t>(status),
                                reinterpret_cast<const std::uint8_t*>(reason.data()), reason.size());
}

bool WebSocketCodec::closing() const {
  return wslay_event_get_close_sent(context_) != 0;
}

bool WebSocketCodec::done() const {
  return refused_ || wslay_event_get_read_enabled(context_) == 0;
}

std::string WebSocketCodec::text_head(std::size_t payload) {
  std::string out(1, static_cast<char>(0x81));
  const int bytes = payload < 126 ? 0 : payload < 65536 ? 2 : 8;
  out.push_back(static_cast<char>(bytes == 0 ? payload : bytes == 2 ? 126 : 127));
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(payload >> (8 * i) & 0xff));
  return out;
}

std::string websocket_accept_key(std::string_view key) {
  constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const std::string text = std::string(key) + std::string(kGuid);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  QUARRY_CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1);
  std::array<unsigned char, 4 * EVP_MAX_MD_SIZE / 3 + 4> out{};
  const int length = EVP_EncodeBlock(out.data(), digest.data(), static_cast<int>(size));
  return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(length)};
}

}  // namespace quarry::net
