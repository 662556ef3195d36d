#include "net/dial_schedule.hpp"

#include <algorithm>

namespace quarry::net {

WantedNode* DialSchedule::want(const Enode& enode, PeerKind kind) {
  const auto at = nodes_.find(enode.id);
  if (at == nodes_.end()) {
    if (nodes_.size() >= kMaxKnownNodes) return nullptr;
    auto& node = nodes_[enode.id];
    node.enode = enode;
    node.kind = kind;
    return &node;
  }
  at->second.enode = enode;
  at->second.kind = std::max(at->second.kind, kind);
  at->second.failures = 0;
  return &at->second;
}

WantedNode* DialSchedule::find(const NodeId& id) {
  const auto at = nodes_.find(id);
  return at == nodes_.end() ? nullptr : &at->second;
}
const WantedNode* DialSchedule::find(const NodeId& id) const {
  const auto at = nodes_.find(id);
  return at == nodes_.end() ? nullptr : &at->second;
}
bool DialSchedule::is_trusted(const NodeId& id) const {
  const auto* node = find(id);
  return node != nullptr && node->kind == PeerKind::trusted_node;
}
bool DialSchedule::is_static(const NodeId& id) const {
  const auto* node = find(id);
  return node != nullptr && node->kind == PeerKind::static_node;
}

std::uint64_t DialSchedule::delay_ms(unsigned failures) {
  const auto most = static_cast<std::uint64_t>(timeouts_.last_redial.count());
  auto delay = static_cast<std::uint64_t>(timeouts_.first_redial.count());
  for (unsigned i = 1; i < failures && delay < most; ++i) delay *= 2;
  delay = std::min(delay, most);
  // Four to six fifths.
  return delay * 4 / 5 + random_() % (delay * 2 / 5 + 1);
}

void DialSchedule::retry(const NodeId& id, std::uint64_t now_ms) {
  const auto at = nodes_.find(id);
  if (at == nodes_.end()) return;
  if (at->second.kind == PeerKind::plain) {
    nodes_.erase(at);
    return;
  }
  ++at->second.failures;
  at->second.dial_at_ms = now_ms + delay_ms(at->second.failures);
}

void DialSchedule::succeeded(const NodeId& id) {
  if (auto* node = find(id)) node->failures = 0;
}

std::vector<NodeId> DialSchedule::due(std::uint64_t now_ms) const {
  std::vector<std::pair<std::uint64_t, NodeId>> found;
  for (const auto& [id, node] : nodes_) {
    if (node.dial_at_ms && *node.dial_at_ms <= now_ms) found.emplace_back(*node.dial_at_ms, id);
  }
  std::sort(found.begin(), found.end());
  std::vector<NodeId> out;
  for (const auto& [at, id] : found) out.push_back(id);
  return out;
}

std::vector<NodeId> DialSchedule::unanswered(std::uint64_t now_ms) const {
  std::vector<NodeId> out;
  for (const auto& [id, node] : nodes_) {
    if (node.answer_by_ms && *node.answer_by_ms <= now_ms) out.push_back(id);
  }
  return out;
}

std::optional<std::uint64_t> DialSchedule::next_ms() const {
  std::optional<std::uint64_t> out;
  for (const auto& [id, node] : nodes_) {
    for (const auto& at : {node.dial_at_ms, node.answer_by_ms}) {
      if (at && (!out || *at < *out)) out = at;
    }
  }
  return out;
}

}  // namespace quarry::net
