#pragma once
/// \file
/// What the parts of the sync machine share while an event is handled.
/// Owner: Sync. Sync thread only.

#include <string>
#include <vector>

#include "consensus/sync_peers.hpp"

namespace quarry::sync {

struct Context {
  const SyncConfig& config;
  const ChainReader& chain;
  const StateSyncReader& state;
  Peers peers = {};
  Actions out = {};  ///< what the event under way leads to
  Now now = {};
  JobId last_job = 0;
  std::size_t jobs_open = 0;  ///< given to the chain thread and not answered

  JobId new_job() {
    ++jobs_open;
    return ++last_job;
  }
  void ask(Peer& peer, Ask what, Request request) {
    out.push_back(Peers::ask(peer, what, std::move(request), now));
  }
  /// Disconnects for good: the peer lied or is of no use. `line` is the log line's message.
  void drop(PeerKey key, const std::string& why,
            std::string_view line = "Synchronisation failed, dropping peer");
  std::vector<PeerKey> live_peers() const;
};

}  // namespace quarry::sync
