#pragma once
/// \file
/// Peers of the JSON-file chain: their /blockchain.json is looked at from time to time, and a block that we
/// mined is posted to their /mined.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "consensus/chain.hpp"
#include "core/worker_pool.hpp"
#include "node/datadir.hpp"
#include "storage/database.hpp"

namespace quarry {

struct NodeOptions;

/// One thread of its own, which may wait for a peer.
class JbcPeers {
 public:
  /// Between two looks at all peers.
  static constexpr std::chrono::milliseconds kPollTime{2000};
  /// Blocks of ours that wait to be posted: more are no news, peers fetch them.
  static constexpr std::size_t kMostToPost = 16;

  struct Parts {
    const Database& database;
    Chain& chain;
    WorkerPool& chain_thread;
  };
  JbcPeers(Parts parts, std::vector<std::string> urls);
  ~JbcPeers();
  JbcPeers(const JbcPeers&) = delete;
  JbcPeers& operator=(const JbcPeers&) = delete;

  /// Looks at the peers now. Thread-safe.
  void poll_soon();
  /// Posts blocks that we mined. Chain thread.
  void on_head(const HeadEvent& event);
  /// Before the strand stops: what was handed to it is waited for.
  void stop();

 private:
  struct Peer;
  void run();
  void post(const std::string& block);
  void poll(Peer& peer);
  /// Told once, until the peer answers again.
  void note_down(Peer& peer, const Error& error);
  bool is_longer(Peer& peer, std::uint64_t ours, bool& is_quarry);
  void fetch(Peer& peer, BlockNum first);

  Parts parts_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool poll_wanted_ = true;
  std::deque<std::string> to_post_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

/// With an empty data dir: takes block 0, and the zeros that most of the first blocks have, from the first
/// peer that answers. Does nothing where there is a chain already.
Result<> start_from_jbc_peers(const DataDirPaths& paths, const NodeOptions& options);

}  // namespace quarry
