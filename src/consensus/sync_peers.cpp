#include "consensus/sync_peers.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace quarry::sync {

const char* to_string(Ask ask) {
  switch (ask) {
    case Ask::headers:
      return "GetBlockHeaders";
    case Ask::bodies:
      return "GetBlockBodies";
    case Ask::receipts:
      return "GetReceipts";
    case Ask::nodes:
      return "GetNodeData";
  }
  return "?";
}

Peer* Peers::find(PeerKey key) {
  const auto it = peers_.find(key);
  return it == peers_.end() || it->second.dropped ? nullptr : &it->second;
}

const Peer* Peers::find(PeerKey key) const {
  return const_cast<Peers*>(this)->find(key);
}

Peer& Peers::add(PeerKey key, PeerHead head) {
  Peer& peer = peers_[key];
  peer.key = key;
  peer.known.add(head.hash);
  peer.head = std::move(head);
  return peer;
}

std::size_t Peers::live() const {
  return static_cast<std::size_t>(
      std::count_if(peers_.begin(), peers_.end(), [](const auto& entry) { return !entry.second.dropped; }));
}

bool Peers::idle(Peer& peer, Ask ask, Now now) {
  const Slot& slot = peer.slot(ask);
  return !peer.dropped && !slot.request && slot.free_from <= now.steady;
}

namespace {
template <class Hash>
std::vector<Hash> as_hashes(const std::vector<Hash256>& hashes) {
  std::vector<Hash> out;
  out.reserve(hashes.size());
  for (const Hash256& hash : hashes) out.emplace_back(hash);
  return out;
}
}  // namespace

Action Peers::ask(Peer& peer, Ask ask, Request request, Now now) {
  Slot& slot = peer.slot(ask);
  QUARRY_CHECK(!slot.request);
  slot.request = std::move(request);
  slot.sent = now.steady;
  slot.deadline = now.steady + std::clamp(4 * peer.usual_wait, kShortestWait, kLongestWait);
  switch (ask) {
    case Ask::headers:
      return RequestHeaders{peer.key, slot.request->query};
    case Ask::bodies:
      return RequestBodies{peer.key, as_hashes<BlockHash>(slot.request->hashes)};
    case Ask::receipts:
      return RequestReceipts{peer.key, as_hashes<BlockHash>(slot.request->hashes)};
    case Ask::nodes:
      break;
  }
  return RequestNodes{peer.key, slot.request->hashes};
}

namespace {
/// The request that is under way ends.
Request take_request(Peer& peer, Slot& slot, Now now) {
  Request request = std::move(*slot.request);
  slot.request.reset();
  peer.timeouts = 0;
  peer.usual_wait = (3 * peer.usual_wait + (now.steady - slot.sent)) / 4;
  return request;
}
}  // namespace

void Peers::arrived(Peer& peer, Ask ask, Now now) {
  Slot& slot = peer.slot(ask);
  if (slot.request && slot.aside.size() < kAnswersAside) slot.aside.push_back(take_request(peer, slot, now));
}

std::optional<Request> Peers::answered(Peer& peer, Ask ask, Now now) {
  Slot& slot = peer.slot(ask);
  if (!slot.aside.empty()) {
    std::optional<Request> request = std::move(slot.aside.front());
    slot.aside.pop_front();
    return request;
  }
  if (!slot.request) return std::nullopt;
  return take_request(peer, slot, now);
}

}  // namespace quarry::sync
