#pragma once
/// \file
/// Transactions from and to peers: whole (Transactions), and from eth/65 on announced by hash and fetched.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>

#include "consensus/hash_memory.hpp"
#include "consensus/txpool.hpp"
#include "core/worker_pool.hpp"
#include "net/inbound_budget.hpp"
#include "net/loop.hpp"
#include "net/peer_set.hpp"
#include "net/timer.hpp"
#include "node/blob_pool.hpp"
#include "node/txn_fetcher.hpp"

namespace quarry {

/// All of it outlives the gossip's use: call stop() first.
struct GossipParts {
  net::Loop& loop;
  WorkerPool& workers;
  TxPool& pool;
  BlobPool* blobs = nullptr;  ///< none: blob transactions are passed over
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
  /// Longer ones are announced only, where the peer knows announcements (geth's txMaxBroadcastSize), and so
  /// are blob transactions always (EIP-4844).
  static constexpr std::size_t kMostWholeBytes = 4096;
  /// Served in one answer (geth: 256).
  static constexpr std::size_t kMostServed = 256;
  /// What the pool refused for good is not fetched again: so many hashes are kept.
  static constexpr std::size_t kRefusedTxns = 8192;
  /// How often the fetcher looks for what is due.
  static constexpr std::chrono::milliseconds kFetchTick{25};

  explicit TxnGossip(GossipParts parts) : parts_(std::move(parts)) {}

  // Loop thread.
  void start(net::PeerSet& peers);
  void stop();
  void on_peer_up(net::PeerId peer, unsigned eth_version);
  void on_peer_down(net::PeerId peer);
  /// For messages that takes() says yes to.
  void on_message(net::PeerId peer, net::EthMessage message);
  static bool takes(net::EthCode code) {
    return code == net::EthCode::transactions || code == net::EthCode::new_pooled_transaction_hashes ||
           code == net::EthCode::pooled_transactions;
  }

  /// The payload that answers GetPooledTransactions; an error when the request is malformed. Any thread.
  rlp::Decoded<Bytes> answer(ByteView request) const;

  /// From TxPool::on_new and BlobPool::on_new, on any thread.
  void on_new(const std::vector<TxnRef>& txns);

 private:
  struct Peer {
    unsigned version = 0;  ///< of eth
    RecentHashes<TxnHash> known{kKnownTxns};
    double recoveries = kRecoveryBurst;  ///< how many are left …
    std::chrono::steady_clock::time_point counted = std::chrono::steady_clock::now();  ///< … at this time
    unsigned forged = 0;
  };
  struct Message {
    net::PeerId peer;
    net::EthMessage eth;
  };
  using Outbox = std::map<net::PeerId, std::vector<TxnRef>>;

  // On a worker, one at a time.
  void run();
  void take_in(const Message& message);
  void take_whole(const Message& message);
  void take_announced(const Message& message);
  void take_fetched(const Message& message);
  void add(net::PeerId peer, std::vector<Transaction> txns);
  void add_with_blobs(net::PeerId peer, const CarriedTransaction& carried);
  void judge(net::PeerId peer, const std::vector<TxPool::Added>& added);
  void fetch();
  void send_out(const std::vector<TxnRef>& txns);
  void greet(net::PeerId peer);

  /// Wants run() to be called; under the lock.
  void wake();
  /// Those that are new to the pool, as many as the peer may have looked at; all are known to be known to it.
  std::vector<Transaction> select(net::PeerId peer, std::vector<Transaction> txns);
  void send_whole(net::PeerId peer, const std::vector<TxnRef>& txns);
  void announce(net::PeerId peer, const std::vector<TxnRef>& txns);
  void send(net::PeerId peer, net::EthCode code, Bytes payload, std::uint64_t request_id = 0);
  bool is_wanted(const net::AnnouncedTxn& txn) const;
  bool is_here(const TxnHash& hash) const;
  /// Of eth; 0 when it is gone.
  unsigned version_of(net::PeerId peer);
  void drop(net::PeerId peer, std::string why);

  const GossipParts parts_;
  net::PeerSet* peers_ = nullptr;       // loop thread
  std::unique_ptr<net::Timer> ticker_;  // loop thread

  std::mutex mutex_;
  bool stopped_ = false;
  bool running_ = false;
  std::map<net::PeerId, Peer> known_;
  std::deque<Message> incoming_;
  std::vector<net::PeerId> greetings_;  ///< peers that are to get what is pending
  std::vector<TxnRef> outgoing_;
  TxnFetcher fetcher_;
  bool fetch_due_ = false;
  RecentHashes<TxnHash> refused_{kRefusedTxns};
  std::minstd_rand random_{std::random_device{}()};  ///< who gets a transaction whole; the worker's own
};

}  // namespace quarry
