#pragma once
/// \file
/// A WebSocket client for tests that sends any frames, right or wrong, over a blocking socket.

#include <nlohmann/json.hpp>

#include "raw_client.hpp"

namespace quarry::test {

struct WsFrame {
  int opcode = -1;  ///< -1: the connection closed, or nothing came within the time
  bool fin = true;
  std::string payload;
  /// A close frame's code; 0 without one.
  int code() const {
    if (opcode != 8 || payload.size() < 2) return 0;
    return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
  }
};

class WsTestClient {
 public:
  explicit WsTestClient(std::uint16_t port, std::string_view headers = "Host: localhost\r\n") : raw_(port) {
    raw_.send("GET / HTTP/1.1\r\n" + std::string(headers) +
              "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    handshake = raw_.answer();
  }
  bool open() const { return handshake.status == 101; }

  /// A frame with the bits as given; masked as clients must, unless told otherwise.
  static std::string frame(int first_byte, std::string_view payload, bool masked = true) {
    std::string out(1, static_cast<char>(first_byte));
    const int mask_bit = masked ? 0x80 : 0;
    const int bytes = payload.size() < 126 ? 0 : payload.size() < 65536 ? 2 : 8;
    out.push_back(static_cast<char>(mask_bit | (bytes == 0   ? static_cast<int>(payload.size())
                                                : bytes == 2 ? 126
                                                             : 127)));
    for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(payload.size() >> (8 * i) & 0xff));
    const std::string mask = "\x11\x22\x33\x44";
    if (masked) out += mask;
    for (std::size_t i = 0; i < payload.size(); ++i)
      out.push_back(static_cast<char>(masked ? payload[i] ^ mask[i % 4] : payload[i]));
    return out;
  }
  bool send_raw(std::string_view bytes) { return raw_.send(bytes); }
  bool send(std::string_view text) { return raw_.send(frame(0x81, text)); }

  WsFrame read() {
    WsFrame out;
    const auto head = raw_.read(2);
    if (head.size() < 2) return out;
    std::size_t length = head[1] & 0x7f;
    const std::size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (more > 0) {
      const auto size = raw_.read(more);
      if (size.size() < more) return out;
      length = 0;
      for (const char byte : size) length = length << 8 | static_cast<unsigned char>(byte);
    }
    out.payload = raw_.read(length);
    if (out.payload.size() < length) return out;
    out.opcode = head[0] & 0x0f;
    out.fin = (head[0] & 0x80) != 0;
    return out;
  }
  /// The next text message.
  nlohmann::json message() {
    for (;;) {
      const auto frame = read();
      if (frame.opcode == 9) continue;  // a ping
      if (frame.opcode != 1) return nullptr;
      return nlohmann::json::parse(frame.payload, nullptr, false);
    }
  }
  nlohmann::json call(std::string_view method, nlohmann::json params = nlohmann::json::array()) {
    send(nlohmann::json{{"jsonrpc", "2.0"}, {"id", ++id_}, {"method", method}, {"params", std::move(params)}}
             .dump());
    return message();
  }
  RawClient& raw() { return raw_; }
  HttpAnswer handshake;

 private:
  RawClient raw_;
  int id_ = 0;
};

}  // namespace quarry::test
