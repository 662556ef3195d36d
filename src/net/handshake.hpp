#pragma once
/// \file
/// The RLPx handshake (devp2p rlpx.md, "Initial Handshake"; EIP-8): two messages that prove both keys and
/// give the secrets of the frames. Sans-IO.

#include <optional>

#include "core/expected.hpp"
#include "core/secp256k1.hpp"
#include "net/limits.hpp"

namespace quarry::net {

using HandshakeNonce = FixedBytes<struct HandshakeNonceTag, 32>;

enum class HandshakeError : std::uint8_t {
  packet_too_large,   ///< the size prefix passes kMaxHandshakePacket
  packet_too_small,   ///< shorter than what encryption adds
  wrong_key,          ///< cannot be decrypted: the enode's id is not this node's, or it is not RLPx
  malformed_message,  ///< decrypted, but not the message's RLP
  bad_signature,
  bad_public_key,
};
const char* to_string(HandshakeError error);
template <class T>
using Handshaken = Expected<T, HandshakeError>;

/// What the initiator says.
struct AuthMessage {
  RecoverableSignature signature;
  NodeId static_key;
  HandshakeNonce nonce;
  std::uint64_t version = 4;
};
/// What the recipient answers.
struct AckMessage {
  NodeId ephemeral_key;
  HandshakeNonce nonce;
  std::uint64_t version = 4;
};

/// What frames are made with; `egress_seed` and `ingress_seed` are absorbed by the MACs first.
struct FrameSecrets {
  Hash256 aes;
  Hash256 mac;
  Bytes egress_seed;
  Bytes ingress_seed;
};

/// How many bytes the EIP-8 packet at the front of `input` has; nothing when that is not known yet.
[[nodiscard]] Handshaken<std::optional<std::size_t>> eip8_packet_size(ByteView input);

/// One whole packet each, with its size in front; the plain ones are those from before EIP-8.
[[nodiscard]] Handshaken<AuthMessage> read_auth(const PrivateKey& own, ByteView packet);
[[nodiscard]] Handshaken<AuthMessage> read_plain_auth(const PrivateKey& own, ByteView packet);
[[nodiscard]] Handshaken<AckMessage> read_ack(const PrivateKey& own, ByteView packet);
[[nodiscard]] Handshaken<AckMessage> read_plain_ack(const PrivateKey& own, ByteView packet);
inline constexpr std::size_t kPlainAuthBytes = 307;
inline constexpr std::size_t kPlainAckBytes = 210;

/// What one side makes anew for each handshake.
struct HandshakeKeys {
  PrivateKey ephemeral;
  HandshakeNonce nonce;
  static HandshakeKeys random();
};

/// What both sides have in common once they have each other's keys and nonces (rlpx.md, "Secrets").
/// `sent` and `received` are the handshake packets as they went over the wire.
FrameSecrets derive_secrets(bool initiator, const HandshakeKeys& own, const NodeId& remote_ephemeral,
                            const HandshakeNonce& remote_nonce, ByteView sent, ByteView received);

/// One side of one handshake. Feed what arrives; send what it writes.
class Handshake {
 public:
  /// `to_send` gets the auth packet.
  static Handshake initiate(const PrivateKey& own, const NodeId& remote, Bytes& to_send,
                            const HandshakeKeys& keys = HandshakeKeys::random());
  static Handshake respond(const PrivateKey& own, const HandshakeKeys& keys = HandshakeKeys::random());

  /// Takes a whole packet off the front of `input` when it is there, and appends an answer to `to_send`.
  /// True when the handshake is complete: what stays in `input` are frames.
  [[nodiscard]] Handshaken<bool> advance(Bytes& input, Bytes& to_send);

  /// The peer's id, proven; valid when complete.
  const NodeId& remote() const { return remote_; }
  const FrameSecrets& secrets() const { return secrets_; }

 private:
  Handshake(const PrivateKey& own, const HandshakeKeys& keys, bool initiator)
      : own_(own), keys_(keys), initiator_(initiator) {}
  Handshaken<bool> on_auth(Bytes& input, Bytes& to_send);
  Handshaken<bool> on_ack(Bytes& input);
  Handshaken<bool> accept_auth(const AuthMessage& auth, ByteView auth_packet, bool plain, Bytes& to_send);
  Handshaken<bool> accept_ack(const AckMessage& ack, ByteView ack_packet);

  PrivateKey own_;
  HandshakeKeys keys_;
  NodeId remote_;
  bool initiator_ = false;
  Bytes auth_packet_;
  FrameSecrets secrets_;
};

}  // namespace quarry::net
