#pragma once
/// \file
/// The node's peers: listens, dials, keeps up what is wanted, and carries eth messages. Everything here runs
/// on the loop's thread; other threads post to it.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/expected.hpp"
#include "core/secp256k1.hpp"
#include "net/enode.hpp"
#include "net/inbound_budget.hpp"
#include "net/ip_networks.hpp"
#include "net/limits.hpp"
#include "net/loop.hpp"
#include "net/message_table.hpp"
#include "net/verdict.hpp"

namespace quarry::net {

/// Names one connection; counted from 1 and never used again.
using PeerId = std::uint64_t;

/// Where our chain stands, for a Status; the protocol version there is the negotiated one.
struct LocalStatus {
  std::uint64_t network_id = 0;
  TotalDifficulty total_difficulty;
  BlockHash head;
  BlockHash genesis;
  BlockNum head_number = 0;
  Timestamp head_time = 0;
  ForkIds forks = {};
};

/// A message of eth as it came: uncompressed, within its bounds, and not decoded (messages.hpp does that,
/// away from the loop). Its code is one of the negotiated version; never a Status.
struct EthMessage {
  EthCode code = EthCode::status;
  /// Which request it is or answers, from eth/66 on; 0 before.
  std::uint64_t request_id = 0;
  Bytes payload;  ///< without the request's id
  /// While it or a copy of it lives, the payload counts against the peer's bounds: keep it until the message
  /// is dealt with.
  Hold hold;
};

/// What we want of a node.
enum class PeerKind : std::uint8_t {
  plain,         ///< dialled once
  static_node,   ///< dialled again and again; not counted against the limit
  trusted_node,  ///< the same, and let in when it dials us though all places are taken
};

struct PeerInfo {
  PeerId id = 0;
  NodeId node_id;
  std::string client;
  std::vector<Capability> caps;
  std::string local_address;
  std::string remote_address;
  bool inbound = false;
  bool trusted = false;
  bool is_static = false;
  unsigned eth_version = 0;
  std::uint64_t network_id = 0;
  /// From its Status, and what the node learnt since (set_peer_head()).
  BlockHash head;
  TotalDifficulty total_difficulty;
  /// The enode we dialled; for one that dialled us its address with the port it says it listens on.
  Enode enode;
};

/// One attempt's or connection's end, and whose.
struct PeerReport {
  Verdict verdict;
  /// Zero when it never said who it is.
  NodeId node_id;
  /// The enode URL we dialled, or the remote address of one that dialled us.
  std::string peer;
  bool inbound = false;
  /// The first answer to an add_peer(): a person waits for it.
  bool asked = false;
  /// The same as the last report about this peer: redials go on and on, logs need not.
  bool repeated = false;
};

/// The last error of one peer, for admin.peerErrors.
struct PeerError {
  NodeId node_id;  ///< zero when it never said who it is
  std::string peer;
  std::uint64_t time = 0;  ///< seconds since 1970
  bool inbound = false;
  std::string reason;
  std::string field, ours, theirs;
  std::uint64_t count = 1;  ///< how often in a row
};

/// What the node does with its peers. All on the loop thread; nothing here may block.
class PeerEvents {
 public:
  virtual ~PeerEvents() = default;
  /// What to say in the Status that is about to be sent.
  virtual LocalStatus local_status() = 0;
  /// Do we have a state to download? It decides which versions a Hello announces (own_capabilities()).
  virtual bool needs_node_data() = 0;
  /// Handshake, Hello and Status are done: requests may be sent.
  virtual void on_peer_up(const PeerInfo& peer) = 0;
  /// After it, `peer` names nobody.
  virtual void on_peer_down(PeerId peer, const std::string& reason) = 0;
  virtual void on_message(PeerId peer, EthMessage message) = 0;
  /// Once for each add_peer() within two seconds (`asked`), and whenever an attempt fails or a connection
  /// ends.
  virtual void on_report(const PeerReport& report) = 0;
};

struct PeerSetConfig {
  PrivateKey key;
  /// Our name and version, as Hello says it.
  std::string client;
  /// An address or name to listen on; empty for all, of both families.
  std::string listen_host;
  std::uint16_t listen_port = 30303;
  bool listen = true;
  /// Connected peers at most, static and trusted ones aside.
  std::size_t max_peers = 25;
  /// Whom we talk to at all (--netrestrict).
  IpNetworks allowed;
  Timeouts timeouts = {};
};

class PeerSet {
 public:
  PeerSet(Loop& loop, PeerSetConfig config, PeerEvents& events);
  ~PeerSet();
  PeerSet(const PeerSet&) = delete;
  PeerSet& operator=(const PeerSet&) = delete;

  /// Begins to accept and to dial. Errors name the address, the option and a free port.
  [[nodiscard]] Result<> start();
  /// Says goodbye to all and calls `done` when the connections are closed, within three seconds.
  void close(std::function<void()> done);

  /// Wants a connection to `node`. The report comes through on_report(), `asked`, within two seconds; the
  /// dialling of static and trusted nodes goes on after it. `asked` false: the first report is one like any
  /// other (nodes from static-nodes.json).
  void add_peer(const Enode& node, PeerKind kind = PeerKind::static_node, bool asked = true);
  /// No longer dials nor prefers `node`, and disconnects it.
  void remove_peer(const NodeId& node);

  /// Queues a message. False when `peer` is gone, does not speak a version that has this message, or reads so
  /// slowly that its send queue is full. `request_id`: of a request or an answer; it is sent where the peer's
  /// version has such numbers.
  bool send(PeerId peer, EthCode code, ByteView payload, std::uint64_t request_id = 0);
  /// Ends a connection; `why` is one line for the log and for admin.peerErrors.
  void disconnect(PeerId peer, DisconnectReason reason, const std::string& why);
  /// What the node learnt of a peer's chain since its Status.
  void set_peer_head(PeerId peer, const BlockHash& head, const TotalDifficulty& total_difficulty);

  std::vector<PeerInfo> peers() const;
  std::size_t peer_count() const;
  /// The last error of each peer, newest first.
  std::vector<PeerError> peer_errors() const;
  /// 0 when not listening.
  std::uint16_t listening_port() const;
  bool listening() const { return listening_port() != 0; }
  const NodeId& node_id() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace quarry::net
