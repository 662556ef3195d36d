#pragma once
/// \file
/// Transactions from and to peers (eth/63's Transactions message).

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "consensus/hash_memory.hpp"
#include "consensus/txpool.hpp"
#include "core/worker_pool.hpp"
#include "net/inbound_budget.hpp"
#include "net/loop.hpp"
#include "net/peer_set.hpp"

namespace quarry {

/// All of it outlives the gossip's use: call stop() first.
struct GossipParts {
  net::Loop& loop;
  WorkerPool& workers;
  TxPool& pool;
  /// Are transactions of use now? Not while a state is downloaded. Thread-safe.
  std::function<bool()> accepting;
};

/// Messages wait in the order in which they came, and one worker at a time deals with them: recovering
/// senders must not take all cores from the import of blocks. What waits counts against its peer's bounds.
class TxnGossip {
 public:
  /// Transactions that a peer is known to have, so that they are not sent to it (some 100 bytes each).
  static constexpr std::size_t kKnownTxns = 8192;
  /// A message carries about so many bytes (geth's txsyncPackSize), unless one transaction has more.
  static constexpr std::size_t kPackBytes = 100 * 1024;
  /// A new peer gets so many bytes of what is pending: its socket carries blocks too.
  static constexpr std::size_t kGreetingBytes = std::size_t{8} << 20;
  /// Signatures looked at for one peer, a second and at once; what is more is left. More than blocks carry,
  /// and with all peers at it a fraction of a core.
  static constexpr double kRecoveriesPerSecond = 1000;
  static constexpr double kRecoveryBurst = 8192;
  /// A peer that sent so many that nobody can have signed is disconnected.
  static constexpr unsigned kMostForged = 16;
  /// New transactions that wait to be sent.
  static constexpr std::size_t kMostOutgoing = 16384;

  explicit TxnGossip(GossipParts parts) : parts_(std::move(parts)) {}

  // Loop thread.
  void start(net::PeerSet& peers) { peers_ = &peers; }
  void stop();
  void on_peer_up(net::PeerId peer);
  void on_peer_down(net::PeerId peer);
  void on_message(net::PeerId peer, Bytes payload, net::Hold hold);

  /// From TxPool::on_new, on any thread.
  void on_new(const std::vector<TxnRef>& txns);

 private:
  struct Peer {
    RecentHashes<TxnHash> known{kKnownTxns};
    double recoveries = kRecoveryBurst;  ///< how many are left …
    std::chrono::steady_clock::time_point counted = std::chrono::steady_clock::now();  ///< … at this time
    unsigned forged = 0;
  };
  struct Message {
    net::PeerId peer;
    Bytes payload;
    net::Hold hold;
  };

  // On a worker, one at a time.
  void run();
  void take_in(const Message& message);
  void judge(net::PeerId peer, const std::vector<TxPool::Added>& added);
  void send_out(const std::vector<TxnRef>& txns);

  /// Wants run() to be called; under the lock.
  void wake();
  /// Those that are new to the pool, as many as the peer may have looked at; all are known to be known to it.
  std::vector<Transaction> select(net::PeerId peer, std::vector<Transaction> txns);
  void send(net::PeerId peer, const std::vector<TxnRef>& txns, std::size_t most_bytes);
  void drop(net::PeerId peer, std::string why);

  const GossipParts parts_;
  net::PeerSet* peers_ = nullptr;  // loop thread

  std::mutex mutex_;
  bool stopped_ = false;
  bool running_ = false;
  std::map<net::PeerId, Peer> known_;
  std::deque<Message> incoming_;
  std::vector<net::PeerId> greetings_;  ///< peers that are to get what is pending
  std::vector<TxnRef> outgoing_;
};

}  // namespace quarry
