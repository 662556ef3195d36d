// Auth and ack packets: bytes as they come, and packets that decrypt to any text.
#include "core/check.hpp"
#include "net/ecies.hpp"
#include "net/handshake.hpp"

using namespace quarry;
using namespace quarry::net;

namespace {

PrivateKey key_of(std::uint8_t byte) {
  PrivateKey out;
  out.bytes.fill(byte);
  return out;
}
const PrivateKey kOwn = key_of(1), kOther = key_of(2);
const HandshakeKeys kKeys{key_of(3), HandshakeNonce{}};

/// An EIP-8 packet for `kOwn` around `text`.
Bytes sealed(ByteView text) {
  const std::size_t length = text.size() + kEciesOverhead;
  Bytes packet{static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
  append(packet, ecies_encrypt(public_key(kOwn), text, packet));
  return packet;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > kMaxHandshakePacket - kEciesOverhead) return 0;
  const ByteView text{data + 1, size - 1};
  const unsigned mode = data[0] % 6;
  Bytes sent, input;
  auto side = mode % 2 == 0 ? Handshake::respond(kOwn, kKeys)
                            : Handshake::initiate(kOwn, public_key(kOther), sent, kKeys);
  if (mode < 2) {
    input = to_bytes(text);
  } else if (mode < 4) {
    input = sealed(text);
  } else {
    input = ecies_encrypt(public_key(kOwn), text, {});  // the form before EIP-8
  }
  const std::size_t before = input.size();
  const auto done = side.advance(input, sent);
  QUARRY_CHECK(input.size() <= before);
  if (done && *done)
    QUARRY_CHECK(!side.secrets().egress_seed.empty() && !side.secrets().ingress_seed.empty());
  return 0;
}
