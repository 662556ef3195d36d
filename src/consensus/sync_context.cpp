#include "consensus/sync_context.hpp"

#include <algorithm>

#include "core/log.hpp"

namespace quarry::sync {

void Context::drop(PeerKey key, const std::string& why, std::string_view line) {
  Peer* peer = peers.find(key);
  if (peer == nullptr) return;
  peer->dropped = true;
  log_warn(line, {{"peer", peer->head.name}, {"err", why}});
  out.push_back(Drop{key, why});
}

std::vector<PeerKey> Context::live_peers() const {
  std::vector<PeerKey> out_keys;
  for (const auto& [key, peer] : peers.all())
    if (!peer.dropped) out_keys.push_back(key);
  return out_keys;
}

}  // namespace quarry::sync
