#include "net/handshake.hpp"

#include <openssl/rand.h>

#include "core/check.hpp"
#include "core/keccak.hpp"
#include "core/rlp.hpp"
#include "net/ecies.hpp"

namespace quarry::net {
namespace {
constexpr std::size_t kSizePrefix = 2;
/// EIP-8 asks for 100 to 300 random bytes, so that the newer form is never as long as the older.
constexpr std::size_t kMinPadding = 100;
constexpr std::size_t kPaddingSpread = 200;

tl::unexpected<HandshakeError> error(HandshakeError which) {
  return tl::unexpected<HandshakeError>(which);
}

void fill_random(std::span<std::uint8_t> out) {
  QUARRY_CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
}

template <class Bytes32A, class Bytes32B>
Hash256 xor_of(const Bytes32A& a, const Bytes32B& b) {
  Hash256 out;
  for (std::size_t i = 0; i < out.size(); ++i) out.bytes[i] = a.bytes[i] ^ b.bytes[i];
  return out;
}

template <class... Parts>
Hash256 keccak_of(const Parts&... parts) {
  Keccak256 hash;
  (hash.update(ByteView{parts}), ...);
  return hash.digest();
}

/// The EIP-8 packet around a message's RLP.
Bytes wrap(const NodeId& to, Bytes message) {
  std::uint8_t spread = 0;
  fill_random({&spread, 1});
  Bytes padding(kMinPadding + spread % kPaddingSpread);
  fill_random(padding);
  append(message, padding);
  const std::size_t size = message.size() + kEciesOverhead;
  Bytes packet{static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
  append(packet, ecies_encrypt(to, message, ByteView{packet}.first(kSizePrefix)));
  return packet;
}

Handshaken<Bytes> unwrap(const PrivateKey& own, ByteView packet) {
  if (packet.size() < kSizePrefix + kEciesOverhead) return error(HandshakeError::packet_too_small);
  auto text = ecies_decrypt(own, packet.subspan(kSizePrefix), packet.first(kSizePrefix));
  if (!text) return error(HandshakeError::wrong_key);
  return std::move(*text);
}

/// The list at the front of `text`; EIP-8 allows more elements in it and bytes after it.
rlp::Decoded<rlp::Reader> open_message(const Bytes& text) {
  rlp::Reader reader(text);
  return reader.list();
}
}  // namespace

const char* to_string(HandshakeError which) {
  switch (which) {
    case HandshakeError::packet_too_large:
      return "handshake packet too large";
    case HandshakeError::packet_too_small:
      return "handshake packet too small";
    case HandshakeError::wrong_key:
      return "handshake cannot be decrypted (wrong node id, or not RLPx)";
    case HandshakeError::malformed_message:
      return "malformed handshake message";
    case HandshakeError::bad_signature:
      return "bad handshake signature";
    case HandshakeError::bad_public_key:
      return "handshake key is no point of the curve";
  }
  return "?";
}

Handshaken<std::optional<std::size_t>> eip8_packet_size(ByteView input) {
  if (input.size() < kSizePrefix) return std::optional<std::size_t>{};
  const std::size_t size = std::size_t{input[0]} << 8 | input[1];
  if (size > kMaxHandshakePacket) return error(HandshakeError::packet_too_large);
  if (size < kEciesOverhead) return error(HandshakeError::packet_too_small);
  return std::optional<std::size_t>{kSizePrefix + size};
}

Handshaken<AuthMessage> read_auth(const PrivateKey& own, ByteView packet) {
  const auto text = unwrap(own, packet);
  if (!text) return error(text.error());
  auto list = open_message(*text);
  AuthMessage out;
  if (!list || !list->read(out.signature) || !list->read(out.static_key) || !list->read(out.nonce) ||
      !list->read(out.version))
    return error(HandshakeError::malformed_message);
  return out;
}

Handshaken<AuthMessage> read_plain_auth(const PrivateKey& own, ByteView packet) {
  const auto text = ecies_decrypt(own, packet, {});
  if (!text) return error(HandshakeError::wrong_key);
  // signature 65, hash of the ephemeral key 32, static key 64, nonce 32, one zero byte
  if (text->size() != kPlainAuthBytes - kEciesOverhead) return error(HandshakeError::malformed_message);
  const ByteView view{*text};
  return AuthMessage{.signature = *RecoverableSignature::from(view.first(65)),
                     .static_key = *NodeId::from(view.subspan(97, 64)),
                     .nonce = *HandshakeNonce::from(view.subspan(161, 32))};
}

Handshaken<AckMessage> read_ack(const PrivateKey& own, ByteView packet) {
  const auto text = unwrap(own, packet);
  if (!text) return error(text.error());
  auto list = open_message(*text);
  AckMessage out;
  if (!list || !list->read(out.ephemeral_key) || !list->read(out.nonce) || !list->read(out.version))
    return error(HandshakeError::malformed_message);
  return out;
}

Handshaken<AckMessage> read_plain_ack(const PrivateKey& own, ByteView packet) {
  const auto text = ecies_decrypt(own, packet, {});
  if (!text) return error(HandshakeError::wrong_key);
  // ephemeral key 64, nonce 32, one zero byte
  if (text->size() != kPlainAckBytes - kEciesOverhead) return error(HandshakeError::malformed_message);
  const ByteView view{*text};
  return AckMessage{.ephemeral_key = *NodeId::from(view.first(64)),
                    .nonce = *HandshakeNonce::from(view.subspan(64, 32))};
}

HandshakeKeys HandshakeKeys::random() {
  HandshakeKeys out{.ephemeral = random_private_key(), .nonce = {}};
  fill_random(out.nonce.bytes);
  return out;
}

FrameSecrets derive_secrets(bool initiator, const HandshakeKeys& own, const NodeId& remote_ephemeral,
                            const HandshakeNonce& remote_nonce, ByteView sent, ByteView received) {
  const auto secret = ecdh_x(own.ephemeral, remote_ephemeral);
  QUARRY_CHECK(secret.has_value());  // the caller has made sure that it is a point
  const HandshakeNonce& initiator_nonce = initiator ? own.nonce : remote_nonce;
  const HandshakeNonce& recipient_nonce = initiator ? remote_nonce : own.nonce;
  const Hash256 shared = keccak_of(*secret, keccak_of(recipient_nonce, initiator_nonce));
  FrameSecrets out;
  out.aes = keccak_of(*secret, shared);
  out.mac = keccak_of(*secret, out.aes);
  out.egress_seed = to_bytes(xor_of(out.mac, remote_nonce));
  append(out.egress_seed, sent);
  out.ingress_seed = to_bytes(xor_of(out.mac, own.nonce));
  append(out.ingress_seed, received);
  return out;
}

Handshake Handshake::initiate(const PrivateKey& own, const NodeId& remote, Bytes& to_send,
                              const HandshakeKeys& keys) {
  Handshake out(own, keys, true);
  out.remote_ = remote;
  const auto token = ecdh_x(own, remote);
  QUARRY_CHECK(token.has_value());
  rlp::Writer message;
  const auto mark = message.begin_list();
  message.write(sign(keys.ephemeral, xor_of(*token, keys.nonce)))
      .write(public_key(own))
      .write(keys.nonce)
      .write(std::uint64_t{4})
      .end_list(mark);
  out.auth_packet_ = wrap(remote, message.take());
  append(to_send, out.auth_packet_);
  return out;
}

Handshake Handshake::respond(const PrivateKey& own, const HandshakeKeys& keys) {
  return Handshake(own, keys, false);
}

Handshaken<bool> Handshake::advance(Bytes& input, Bytes& to_send) {
  return initiator_ ? on_ack(input) : on_auth(input, to_send);
}

Handshaken<bool> Handshake::on_auth(Bytes& input, Bytes& to_send) {
  // The older form begins with an encrypted point, 0x04: as a size that is over 1024, which no client
  // sends; so the first byte tells the two apart, unless such a packet turns out not to be for us.
  if (!input.empty() && input[0] == 0x04) {
    if (input.size() < kPlainAuthBytes) return false;
    const Bytes packet(input.begin(), input.begin() + kPlainAuthBytes);
    if (auto auth = read_plain_auth(own_, packet)) {
      input.erase(input.begin(), input.begin() + kPlainAuthBytes);
      return accept_auth(*auth, packet, true, to_send);
    }
  }
  const auto size = eip8_packet_size(input);
  if (!size) return error(size.error());
  if (!*size || input.size() < **size) return false;
  const Bytes packet(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(**size));
  input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(**size));
  const auto auth = read_auth(own_, packet);
  if (!auth) return error(auth.error());
  return accept_auth(*auth, packet, false, to_send);
}

Handshaken<bool> Handshake::accept_auth(const AuthMessage& auth, ByteView auth_packet, bool plain,
                                        Bytes& to_send) {
  remote_ = auth.static_key;
  const auto token = ecdh_x(own_, remote_);
  if (!token) return error(HandshakeError::bad_public_key);
  const auto remote_ephemeral = recover(auth.signature, xor_of(*token, auth.nonce));
  if (!remote_ephemeral) return error(HandshakeError::bad_signature);

  Bytes ack;
  if (plain) {
    Bytes text = to_bytes(public_key(keys_.ephemeral));
    append(text, keys_.nonce);
    text.push_back(0);
    ack = ecies_encrypt(remote_, text, {});
  } else {
    rlp::Writer message;
    const auto mark = message.begin_list();
    message.write(public_key(keys_.ephemeral)).write(keys_.nonce).write(std::uint64_t{4}).end_list(mark);
    ack = wrap(remote_, message.take());
  }
  append(to_send, ack);
  secrets_ = derive_secrets(false, keys_, *remote_ephemeral, auth.nonce, ack, auth_packet);
  return true;
}

Handshaken<bool> Handshake::on_ack(Bytes& input) {
  if (!input.empty() && input[0] == 0x04) {
    if (input.size() < kPlainAckBytes) return false;
    const ByteView packet = ByteView{input}.first(kPlainAckBytes);
    if (const auto ack = read_plain_ack(own_, packet)) {
      const auto done = accept_ack(*ack, packet);
      input.erase(input.begin(), input.begin() + kPlainAckBytes);
      return done;
    }
  }
  const auto size = eip8_packet_size(input);
  if (!size) return error(size.error());
  if (!*size || input.size() < **size) return false;
  const ByteView packet = ByteView{input}.first(**size);
  const auto ack = read_ack(own_, packet);
  if (!ack) return error(ack.error());
  const auto done = accept_ack(*ack, packet);
  input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(**size));
  return done;
}

Handshaken<bool> Handshake::accept_ack(const AckMessage& ack, ByteView ack_packet) {
  if (!ecdh_x(keys_.ephemeral, ack.ephemeral_key)) return error(HandshakeError::bad_public_key);
  secrets_ = derive_secrets(true, keys_, ack.ephemeral_key, ack.nonce, auth_packet_, ack_packet);
  return true;
}

}  // namespace quarry::net
