#pragma once
/// \file
/// Every bound of the peer-to-peer network, with its unit and its reason.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace quarry::net {

using namespace std::chrono_literals;

// ---- bytes -------------------------------------------------------------------------------------

/// An auth or ack packet: EIP-8 pads by 100 to 300 bytes and lets fields be added; no client sends more than
/// some 700 bytes.
inline constexpr std::size_t kMaxHandshakePacket = 4096;
/// The longest message that RLPx can carry, uncompressed: 24 bits of size.
inline constexpr std::size_t kMaxMessageBytes = (std::size_t{1} << 24) - 1;
/// Until Hello and Status are exchanged (geth's baseProtocolMaxMsgSize, which it has until Hello).
inline constexpr std::size_t kMaxHelloBytes = 2 * 1024;
/// An eth message, uncompressed (geth's ProtocolMaxMsgSize): whoever sends more is disconnected.
inline constexpr std::size_t kMaxEthMessageBytes = 10 * 1024 * 1024;
/// An answer grows no further once it is this long (geth's softResponseLimit).
inline constexpr std::size_t kSoftAnswerBytes = 2 * 1024 * 1024;
/// Payloads handed to the node and not yet done with, one peer: two of the largest eth messages.
inline constexpr std::size_t kMaxInboundBytesPerPeer = 2 * kMaxEthMessageBytes;
/// The same over all peers: what a node with 256 MB to spare can hold.
inline constexpr std::size_t kMaxInboundBytes = 128 * 1024 * 1024;
/// Bytes that wait for one peer to read them: an answer to each of several requests and a block. send() says
/// no above it.
inline constexpr std::size_t kMaxSendQueueBytes = 16 * 1024 * 1024;
/// The same over all peers.
inline constexpr std::size_t kMaxTotalSendBytes = 128 * 1024 * 1024;

// ---- counts ------------------------------------------------------------------------------------

/// Messages handed to the node and not yet done with, one peer: then its socket is read no further.
inline constexpr std::size_t kMaxInboundMessagesPerPeer = 64;
inline constexpr std::size_t kMaxInboundMessages = 1024;
/// Messages a second from one peer, and how many may come at once: far more than a sync needs, and few enough
/// that a flood of empty ones costs some percent of a core.
inline constexpr double kMessagesPerSecond = 5000;
inline constexpr double kMessageBurst = 10000;
/// Connections that have not finished the handshakes (geth's maxAcceptConns). The oldest makes room for a new
/// one, so that silent peers keep nobody out.
inline constexpr std::size_t kMaxPendingInbound = 50;
/// Connections we are opening at the same time (geth's maxActiveDialTasks).
inline constexpr std::size_t kMaxDialsAtOnce = 16;
/// Nodes that are dialled again and again, and nodes always let in.
inline constexpr std::size_t kMaxKnownNodes = 1024;
/// Entries of admin.peerErrors: one a peer, the oldest goes.
inline constexpr std::size_t kMaxPeerErrors = 256;
/// Capabilities in a Hello; clients have one to ten.
inline constexpr std::size_t kMaxCapabilities = 64;
/// The client's name and version in a Hello, bytes.
inline constexpr std::size_t kMaxClientName = 512;
/// Hashes in one request that we read at all.
inline constexpr std::size_t kMaxHashesRead = 4096;
/// Items in one answer or announcement that we read at all: geth asks for up to 1,024 and answers at most
/// that.
inline constexpr std::size_t kMaxItemsRead = 1024;
/// Transactions in one message, or receipts of one block: at a hundred bytes each and more they fill it.
inline constexpr std::size_t kMaxTransactions = 65536;

/// What we answer at most to one request, whatever it asks. geth 1.7.3 serves as many headers, receipts and
/// nodes, and half as many bodies; no client asks for more than what geth serves.
inline constexpr std::size_t kMaxHeadersServed = 192;
inline constexpr std::size_t kMaxBodiesServed = 256;
inline constexpr std::size_t kMaxReceiptsServed = 256;
inline constexpr std::size_t kMaxNodesServed = 384;

// ---- times -------------------------------------------------------------------------------------

/// For each step from TCP to Status; a test makes them shorter.
struct Timeouts {
  /// From the first packet to the addresses' last one (names may have several).
  std::chrono::milliseconds connect = 5s;
  /// Each of handshake, Hello and Status (geth: 5 s).
  std::chrono::milliseconds handshake = 5s;
  /// Between two Pings of ours (geth: 15 s).
  std::chrono::milliseconds ping = 15s;
  /// Without a message from the peer it is dead (geth's frameReadTimeout: 30 s).
  std::chrono::milliseconds silence = 30s;
  /// Who asked for a peer is told by then how it stands.
  std::chrono::milliseconds verdict = 1900ms;
  /// A node that is wanted is dialled again: first after this, then doubled …
  std::chrono::milliseconds first_redial = 1s;
  /// … up to this, give or take a fifth.
  std::chrono::milliseconds last_redial = 30s;
};

}  // namespace quarry::net
