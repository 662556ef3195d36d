#pragma once
/// \file
/// Dials the nodes that are wanted, again and again, and says in time how each stands. Loop thread.

#include <map>
#include <memory>
#include <optional>

#include "net/dial_schedule.hpp"
#include "net/peer_set.hpp"
#include "net/session.hpp"
#include "net/tcp.hpp"
#include "net/timer.hpp"

namespace quarry::net {

/// What a dialer asks of the set it belongs to, and tells it.
class DialOwner {
 public:
  virtual ~DialOwner() = default;
  /// Holds the owner in memory: what is told below may end in its removal.
  virtual std::shared_ptr<void> keep() = 0;
  /// A connection to this node that is on its way or up; null when there is none.
  virtual const Session* session_to(const NodeId& node) const = 0;
  /// Why one more connection cannot be; nothing when it can.
  virtual std::optional<Verdict> refuse_for_room(const NodeId& node) const = 0;
  virtual void on_dialled(const Enode& node, StreamPtr stream) = 0;
  virtual void on_dial_failed(const Enode& node, Verdict verdict) = 0;
  /// The answer to whoever asked for a node.
  virtual void on_answer(const PeerReport& report) = 0;
};

class Dialer {
 public:
  /// `config` outlives it.
  Dialer(Loop& loop, const PeerSetConfig& config, const NodeId& own_id, DialOwner& owner);

  /// Nothing is dialled before, and nothing after stop().
  void start();
  void stop();

  /// False when too many are wanted already. `asked`: a person waits for an answer.
  bool want(const Enode& node, PeerKind kind, bool asked);
  void forget(const NodeId& node);
  bool is_static(const NodeId& node) const { return wanted_.is_static(node); }
  bool is_trusted(const NodeId& node) const { return wanted_.is_trusted(node); }

  /// A connection to this node is up.
  void on_up(const PeerInfo& peer);
  /// The last connection to this node ended, having been up for so long.
  void on_lost(const NodeId& node, std::chrono::milliseconds up_for);
  /// Tells who asked for this node; false when nobody waits.
  bool answer(const NodeId& node, const Verdict& verdict, bool repeated);

 private:
  void on_timer();
  Verdict no_answer_yet(const WantedNode& node) const;
  /// Sets the timer to what is next.
  void plan();
  void plan_soon();
  void dial(const WantedNode& node);
  void on_attempt(const Enode& node, Expected<StreamPtr, ConnectError> result);
  void failed(const Enode& node, Verdict verdict);

  Loop& loop_;
  const PeerSetConfig& config_;
  const NodeId own_id_;
  DialOwner& owner_;
  DialSchedule wanted_;
  std::map<NodeId, std::shared_ptr<ConnectAttempt>> attempts_;
  Timer timer_;  // the next dial or overdue answer
  bool running_ = false;
};

}  // namespace quarry::net
