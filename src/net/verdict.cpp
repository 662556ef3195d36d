#include "net/verdict.hpp"

namespace quarry::net {

const char* to_string(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::connected:
      return "connected";
    case VerdictKind::already_connected:
      return "already connected";
    case VerdictKind::refused:
      return "connection refused";
    case VerdictKind::timed_out:
      return "timed out";
    case VerdictKind::unreachable:
      return "unreachable";
    case VerdictKind::unknown_host:
      return "unknown host";
    case VerdictKind::not_rlpx:
      return "handshake failed";
    case VerdictKind::wrong_identity:
      return "unexpected identity";
    case VerdictKind::self:
      return "connected to self";
    case VerdictKind::too_many_peers:
      return "too many peers";
    case VerdictKind::useless_peer:
      return "useless peer";
    case VerdictKind::incompatible:
      return "incompatible version";
    case VerdictKind::status_mismatch:
      return "status mismatch";
    case VerdictKind::protocol_error:
      return "breach of protocol";
    case VerdictKind::disconnected:
      return "disconnected";
    case VerdictKind::closed:
      return "connection closed";
  }
  return "unknown";
}

namespace {
VerdictKind kind_of(DisconnectReason reason) {
  switch (reason) {
    case DisconnectReason::too_many_peers:
      return VerdictKind::too_many_peers;
    case DisconnectReason::already_connected:
      return VerdictKind::already_connected;
    case DisconnectReason::self:
      return VerdictKind::self;
    case DisconnectReason::useless_peer:
      return VerdictKind::useless_peer;
    case DisconnectReason::incompatible_version:
      return VerdictKind::incompatible;
    case DisconnectReason::invalid_identity:
    case DisconnectReason::unexpected_identity:
      return VerdictKind::wrong_identity;
    case DisconnectReason::read_timeout:
      return VerdictKind::timed_out;
    case DisconnectReason::protocol_error:
    case DisconnectReason::subprotocol_error:
      return VerdictKind::protocol_error;
    case DisconnectReason::requested:
    case DisconnectReason::network_error:
    case DisconnectReason::quitting:
      return VerdictKind::disconnected;
  }
  return VerdictKind::disconnected;
}

const char* remedy_for(DisconnectReason reason) {
  switch (reason) {
    case DisconnectReason::too_many_peers:
      return "All its places are taken: raise --maxpeers there, or make this node one of its trusted nodes.";
    case DisconnectReason::useless_peer:
      return "It finds no protocol in common, or this chain is not its own: compare genesis and --networkid.";
    case DisconnectReason::subprotocol_error:
      return "It could not agree on the chain: compare genesis and --networkid of both nodes.";
    case DisconnectReason::unexpected_identity:
    case DisconnectReason::invalid_identity:
      return "Copy admin.nodeInfo.enode of that node again: its key is another one now.";
    case DisconnectReason::requested:
    case DisconnectReason::network_error:
    case DisconnectReason::protocol_error:
    case DisconnectReason::already_connected:
    case DisconnectReason::incompatible_version:
    case DisconnectReason::quitting:
    case DisconnectReason::self:
    case DisconnectReason::read_timeout:
      return "";
  }
  return "";
}
}  // namespace

Verdict verdict_of(DisconnectReason reason) {
  return {.kind = kind_of(reason),
          .reason = std::string(to_string(reason)) + " (the peer said so)",
          .remedy = remedy_for(reason),
          .by_peer = true};
}

DisconnectReason reason_to_send(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::already_connected:
      return DisconnectReason::already_connected;
    case VerdictKind::wrong_identity:
      return DisconnectReason::unexpected_identity;
    case VerdictKind::self:
      return DisconnectReason::self;
    case VerdictKind::too_many_peers:
      return DisconnectReason::too_many_peers;
    case VerdictKind::useless_peer:
    case VerdictKind::incompatible:
      return DisconnectReason::useless_peer;
    case VerdictKind::status_mismatch:
      return DisconnectReason::subprotocol_error;
    case VerdictKind::protocol_error:
    case VerdictKind::not_rlpx:
      return DisconnectReason::protocol_error;
    case VerdictKind::timed_out:
      return DisconnectReason::read_timeout;
    case VerdictKind::connected:
    case VerdictKind::refused:
    case VerdictKind::unreachable:
    case VerdictKind::unknown_host:
    case VerdictKind::disconnected:
    case VerdictKind::closed:
      return DisconnectReason::requested;
  }
  return DisconnectReason::requested;
}

}  // namespace quarry::net
