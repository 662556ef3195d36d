// Arbitrary bytes, in arbitrary pieces, through the reader of WebSocket frames.

#include "core/check.hpp"
#include "net/websocket_codec.hpp"

using namespace quarry;
using namespace quarry::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t piece = data[0] == 0 ? size : data[0];
  ByteView input{data + 1, size - 1};
  const WebSocketLimits limits{.message_bytes = 1000, .frames = 8};
  std::size_t sent = 0, kept = 0;
  WebSocketCodec codec(limits, {.on_message =
                                    [&](const std::string& message) {
                                      QUARRY_CHECK(message.size() <= limits.message_bytes);
                                      QUARRY_CHECK(message.size() == kept);
                                      kept = 0;
                                    },
                                .on_send = [&](ByteView bytes) { sent += bytes.size(); },
                                .on_pong = [] {},
                                .on_bytes =
                                    [&](std::size_t count) {
                                      kept += count;
                                      return true;
                                    }});
  while (!input.empty() && !codec.done()) {
    const auto now = input.first(std::min(piece, input.size()));
    codec.feed(now);
    input = input.subspan(now.size());
    QUARRY_CHECK(codec.held() <= limits.message_bytes);
  }
  // Whoever is refused is told why, and answers cost the peer as much as they cost us.
  QUARRY_CHECK(!codec.done() || sent > 0);
  QUARRY_CHECK(sent <= size + 256);
  codec.close(WebSocketStatus::going_away, "the end");
  QUARRY_CHECK(codec.closing());
  return 0;
}
