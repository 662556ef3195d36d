#pragma once
/// \file
/// How an attempt to connect ended, or why a connection did: for people.

#include <optional>
#include <string>

#include "core/fixed_bytes.hpp"
#include "net/p2p.hpp"

namespace quarry::net {

enum class VerdictKind : std::uint8_t {
  connected,
  already_connected,
  refused,       ///< nobody listens there
  timed_out,     ///< no answer, or none to the step that `reason` names
  unreachable,   ///< no route
  unknown_host,  ///< the name has no address
  not_rlpx,      ///< the handshake failed: the wrong node id, or no Ethereum node
  wrong_identity,
  self,
  too_many_peers,
  useless_peer,
  incompatible,     ///< no version of eth, or of p2p, in common
  status_mismatch,  ///< `field` differs: network id, genesis or protocol version
  protocol_error,   ///< the peer broke the protocol
  disconnected,     ///< it was up, and one side ended it
  closed,           ///< the connection went away without a word
};
/// "connected", "too many peers".
const char* to_string(VerdictKind kind);

struct Verdict {
  VerdictKind kind = VerdictKind::closed;
  /// One line: what happened, naming the field and both values where something differs. geth's words first.
  std::string reason;
  /// What to do about it; may be empty.
  std::string remedy = {};
  /// What differs ("network id", "genesis block", …) and both values; empty when nothing does.
  std::string field = {}, ours = {}, theirs = {};
  /// It was the peer who said so.
  bool by_peer = false;

  bool ok() const { return kind == VerdictKind::connected || kind == VerdictKind::already_connected; }
};

/// What a peer's Disconnect means.
Verdict verdict_of(DisconnectReason reason);
/// What we tell a peer before we close because of `kind`.
DisconnectReason reason_to_send(VerdictKind kind);

}  // namespace quarry::net
