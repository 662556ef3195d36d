#pragma once
/// \file
/// The "p2p" capability (devp2p rlpx.md): Hello, Disconnect, Ping, Pong, and which capabilities two nodes
/// share. Pure functions, any thread.

#include <optional>
#include <string>
#include <vector>

#include "core/fixed_bytes.hpp"
#include "core/rlp.hpp"

namespace quarry::net {

enum class P2pCode : std::uint8_t { hello = 0, disconnect = 1, ping = 2, pong = 3 };
/// Message ids below this belong to "p2p".
inline constexpr std::uint64_t kP2pCodes = 16;
/// The version we speak; from 5 on messages are compressed (EIP-706).
inline constexpr std::uint64_t kP2pVersion = 5;
inline constexpr std::uint64_t kSnappyVersion = 5;

enum class DisconnectReason : std::uint8_t {
  requested = 0x00,
  network_error = 0x01,
  protocol_error = 0x02,
  useless_peer = 0x03,
  too_many_peers = 0x04,
  already_connected = 0x05,
  incompatible_version = 0x06,
  invalid_identity = 0x07,
  quitting = 0x08,
  unexpected_identity = 0x09,
  self = 0x0a,
  read_timeout = 0x0b,
  subprotocol_error = 0x10,
};
/// geth's words: "too many peers".
const char* to_string(DisconnectReason reason);
/// Nothing for a number that has no meaning.
std::optional<DisconnectReason> disconnect_reason(std::uint64_t number);

struct Capability {
  std::string name;
  unsigned version = 0;
  /// "eth/63".
  std::string to_string() const;
  friend auto operator<=>(const Capability&, const Capability&) = default;
};

struct Hello {
  std::uint64_t version = kP2pVersion;
  std::string client;  ///< "Quarry/v0.1.0/linux-amd64/g++12"
  std::vector<Capability> capabilities;
  std::uint64_t listen_port = 0;
  NodeId id;
  friend bool operator==(const Hello&, const Hello&) = default;
};

Bytes encode_hello(const Hello& hello);
/// Takes more elements than it knows (EIP-8).
[[nodiscard]] rlp::Decoded<Hello> decode_hello(ByteView payload);

Bytes encode_disconnect(DisconnectReason reason);
/// The number as the peer sent it: [reason], a bare reason (some clients) or nothing at all, which means 0.
[[nodiscard]] rlp::Decoded<std::uint64_t> decode_disconnect(ByteView payload);

/// The payload of Ping and Pong: an empty list.
inline constexpr std::uint8_t kEmptyList[] = {0xc0};

/// A capability of ours and how many message ids it takes.
struct OwnCapability {
  Capability capability;
  std::uint64_t codes = 0;
};
/// A capability that both sides have, and the id of its first message.
struct SharedCapability {
  Capability capability;
  std::uint64_t offset = 0;
  std::uint64_t codes = 0;
};
/// The highest version of each shared name, names in alphabetic order, ids from kP2pCodes on.
std::vector<SharedCapability> share(const std::vector<OwnCapability>& ours,
                                    const std::vector<Capability>& theirs);
/// "eth/62, eth/63"; "none" when there is none.
std::string list_of(const std::vector<Capability>& capabilities);

}  // namespace quarry::net
