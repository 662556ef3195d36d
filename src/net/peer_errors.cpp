#include "net/peer_errors.hpp"

#include <algorithm>

namespace quarry::net {

Verdict PeerErrors::telling(const NodeId& id, const Verdict& verdict) const {
  if (id.is_zero() || !verdict.by_peer || verdict.kind != VerdictKind::protocol_error) return verdict;
  for (const Entry& entry : entries_) {
    if (entry.error.node_id == id && !entry.resolved && entry.verdict.kind == VerdictKind::status_mismatch)
      return entry.verdict;
  }
  return verdict;
}

bool PeerErrors::add(const NodeId& id, const std::string& address, bool inbound, const Verdict& verdict,
                     std::uint64_t time) {
  const auto same_peer = [&](const Entry& entry) {
    return entry.error.node_id == id && (!id.is_zero() || entry.error.peer == address);
  };
  PeerError error{.node_id = id,
                  .peer = address,
                  .time = time,
                  .inbound = inbound,
                  .reason = verdict.reason,
                  .field = verdict.field,
                  .ours = verdict.ours,
                  .theirs = verdict.theirs};
  bool repeated = false;
  if (const auto at = std::find_if(entries_.begin(), entries_.end(), same_peer); at != entries_.end()) {
    repeated = !at->resolved && at->error.reason == error.reason;
    if (repeated) error.count = at->error.count + 1;
    entries_.erase(at);
  } else if (entries_.size() >= kMaxPeerErrors) {
    entries_.pop_back();
  }
  entries_.push_front({std::move(error), verdict});
  return repeated;
}

void PeerErrors::clear(const NodeId& id) {
  for (auto& entry : entries_) {
    if (entry.error.node_id == id) entry.resolved = true;
  }
}

std::vector<PeerError> PeerErrors::list() const {
  std::vector<PeerError> out;
  for (const auto& entry : entries_) out.push_back(entry.error);
  return out;
}

}  // namespace quarry::net
