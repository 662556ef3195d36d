#pragma once
/// \file
/// Which nodes we want to be connected to, and when to dial each. Knows no socket and no clock.

#include <map>
#include <optional>
#include <random>

#include "net/peer_set.hpp"

namespace quarry::net {

/// A node that somebody asked for.
struct WantedNode {
  Enode enode;
  PeerKind kind = PeerKind::plain;
  /// When a person waits for an answer: until then.
  std::optional<std::uint64_t> answer_by_ms;
  /// Nothing while it is being dialled or connected.
  std::optional<std::uint64_t> dial_at_ms;
  unsigned failures = 0;
};

class DialSchedule {
 public:
  explicit DialSchedule(const Timeouts& timeouts) : timeouts_(timeouts) {}

  /// Null when there is no room. A node known already takes the new enode, keeps its connection, and stays
  /// trusted or static when it was.
  WantedNode* want(const Enode& enode, PeerKind kind);
  void forget(const NodeId& id) { nodes_.erase(id); }
  WantedNode* find(const NodeId& id);
  const WantedNode* find(const NodeId& id) const;
  bool is_trusted(const NodeId& id) const;
  bool is_static(const NodeId& id) const;

  /// After a failed attempt or a lost connection: when to dial again, with jitter so that two nodes do not
  /// dial each other in step forever. A plain node is forgotten.
  void retry(const NodeId& id, std::uint64_t now_ms);
  /// Dialled and up for long: the next failure counts as the first.
  void succeeded(const NodeId& id);

  /// The nodes to dial now, longest due first.
  std::vector<NodeId> due(std::uint64_t now_ms) const;
  /// The nodes whose answer is overdue.
  std::vector<NodeId> unanswered(std::uint64_t now_ms) const;
  /// When due() or unanswered() will have something.
  std::optional<std::uint64_t> next_ms() const;

 private:
  std::uint64_t delay_ms(unsigned failures);

  Timeouts timeouts_;
  std::map<NodeId, WantedNode> nodes_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace quarry::net
