#pragma once
/// \file
/// One connection to a peer, from TCP to the last word: handshake, Hello, Status, then messages. Loop thread.

#include <memory>
#include <optional>

#include "net/frame.hpp"
#include "net/handshake.hpp"
#include "net/peer_set.hpp"
#include "net/stream.hpp"
#include "net/timer.hpp"

namespace quarry::net {

class Session;

/// What a session asks of the set it belongs to, and tells it.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  virtual const PrivateKey& key() const = 0;
  /// Its capabilities are those of capabilities().
  virtual Hello hello() const = 0;
  virtual std::vector<OwnCapability> capabilities() = 0;
  virtual LocalStatus local_status() = 0;
  /// Asked when the peer has proven who it is, and again after its Hello: nothing, or why not.
  virtual std::optional<Verdict> refuse(const Session& session) = 0;
  virtual void on_up(Session& session) = 0;
  virtual void on_eth(Session& session, EthMessage message) = 0;
  /// Once, when the session is of no use any more; its last words may still be on their way.
  virtual void on_end(Session& session, const Verdict& verdict) = 0;
  /// Once, last: the socket is closed.
  virtual void on_closed(Session& session) = 0;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  enum class Phase : std::uint8_t { handshake, hello, status, up, closing };

  /// `dialled`: the node we want to reach; none when it came to us. `budget` is the session's own.
  Session(SessionOwner& owner, PeerId id, StreamPtr stream, std::optional<Enode> dialled,
          const Timeouts& timeouts, std::shared_ptr<InboundBudget> budget);
  ~Session();
  void start();

  /// False when it is not up, when its version does not have the message, or its send queue is full.
  bool send(EthCode code, ByteView payload, std::uint64_t request_id);
  /// Tells the peer why and closes.
  void end(const Verdict& verdict, DisconnectReason reason);
  void end(const Verdict& verdict) { end(verdict, reason_to_send(verdict.kind)); }
  /// Goes on reading when there is room for what comes.
  void resume();

  PeerId id() const { return info_.id; }
  Phase phase() const { return phase_; }
  bool inbound() const { return !dialled_; }
  /// Proven from Phase::hello on; for a node we dialled, the one we want.
  const NodeId& node_id() const { return info_.node_id; }
  bool knows_id() const { return dialled_ || phase_ != Phase::handshake || proven_; }
  const std::optional<Enode>& dialled() const { return dialled_; }
  PeerInfo& info() { return info_; }
  const PeerInfo& info() const { return info_; }
  std::string remote_ip() const { return stream_->remote_ip(); }
  std::size_t pending_bytes() const { return stream_->pending(); }
  bool was_up() const { return up_since_ != 0; }
  /// How long it was or is up.
  std::chrono::milliseconds up_for() const;

 private:
  void on_bytes(ByteView bytes);
  void on_stream_closed(const Closed& closed);
  void on_timer();
  void process();
  /// Each returns false when nothing more can be done with what is there.
  bool step_handshake();
  bool step_frame(std::size_t& offset);
  void on_message(Message message);
  void on_first_message(const Message& message);
  void on_p2p(const Message& message);
  void on_disconnect(ByteView payload);
  void on_hello(ByteView payload);
  void on_eth(Message message);
  void on_status(const Message& message, const MessageInfo* row);
  Verdict nothing_in_common() const;
  void send_p2p(P2pCode code, ByteView payload);
  void write(std::uint64_t code, ByteView payload);
  void enter(Phase phase);
  /// True when messages come faster than the bound: reading stops for a while.
  bool throttled();
  void pause();
  void broke_protocol(std::string reason);
  Verdict timeout_verdict() const;
  Verdict closed_verdict(const Closed& closed) const;

  SessionOwner& owner_;
  StreamPtr stream_;
  const std::optional<Enode> dialled_;
  const Timeouts timeouts_;
  std::shared_ptr<InboundBudget> budget_;
  Timer timer_;     // the phase's time limit; in Phase::up the keep-alive
  Timer throttle_;  // ends a pause of throttled()
  Phase phase_ = Phase::handshake;
  std::optional<Handshake> handshake_;
  std::optional<FrameCodec> codec_;
  Bytes buffer_;  // what came and is not dealt with: less than a frame, or what a pause left
  PeerInfo info_;
  std::vector<OwnCapability> own_;  // as our Hello announced them
  LocalStatus local_;               // as our Status told it
  Status own_status_;
  SharedCapability eth_;
  bool proven_ = false;
  bool paused_ = false;
  bool processing_ = false;
  double tokens_ = kMessageBurst;
  std::uint64_t tokens_at_ = 0;
  std::uint64_t last_read_ = 0;
  std::uint64_t last_ping_ = 0;
  std::uint64_t up_since_ = 0;
  std::uint64_t ended_ = 0;
};

/// What our Status says on `version` of eth.
Status status_of(const LocalStatus& local, unsigned version);
/// The first field of `theirs` that does not fit `ours`: genesis, network id, protocol version, in geth's
/// order, and last the fork id.
std::optional<Verdict> compare(const LocalStatus& local, const Status& ours, const Status& theirs);

}  // namespace quarry::net
