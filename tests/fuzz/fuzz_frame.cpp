// RLPx frames: bytes as they come from a socket, and frames whose MACs are right around contents that are
// not.
#include "core/check.hpp"
#include "net/frame.hpp"
#include "net/limits.hpp"

using namespace quarry;
using namespace quarry::net;

namespace {

/// Both ends have the same secrets and seeds: what one writes, the other reads.
FrameCodec make_codec() {
  FrameSecrets secrets;
  secrets.aes.bytes.fill(1);
  secrets.mac.bytes.fill(2);
  secrets.egress_seed = secrets.ingress_seed = Bytes(32, 3);
  return FrameCodec(secrets);
}

/// Reads all there is, in pieces of `step` bytes; returns the messages before the first error.
std::vector<Message> read_all(FrameCodec& from, ByteView wire, std::size_t step) {
  std::vector<Message> out;
  Bytes input;
  while (!wire.empty()) {
    const auto piece = wire.first(std::min(step, wire.size()));
    append(input, piece);
    wire = wire.subspan(piece.size());
    for (;;) {
      std::size_t used = 0;
      auto message = from.read(input, used);
      QUARRY_CHECK(used <= input.size());
      if (!message) return out;
      input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(used));
      if (!*message) break;
      QUARRY_CHECK((*message)->payload.size() <= kMaxMessageBytes);
      out.push_back(std::move(**message));
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const unsigned mode = data[0] % 3;
  const std::size_t step = std::size_t{data[1]} * 16 + 1;
  const ByteView rest{data + 2, size - 2};
  auto writer = make_codec(), reader = make_codec();
  writer.set_max_message(kMaxMessageBytes);
  reader.set_max_message(kMaxMessageBytes);
  reader.set_snappy(mode != 0);
  if (mode == 0) {
    read_all(reader, rest, step);
    return 0;
  }
  // Mode 1: any bytes where compressed ones belong. Mode 2: there and back.
  writer.set_snappy(mode == 2);
  Bytes wire;
  writer.write(16 + rest[0] % 4, rest, wire);
  writer.write(2, Bytes{0xc0}, wire);
  const auto messages = read_all(reader, wire, step);
  if (mode == 2) QUARRY_CHECK(messages.size() == 2 && equal(messages[0].payload, rest));
  return 0;
}
