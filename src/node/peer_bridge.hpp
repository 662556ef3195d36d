#pragma once
/// \file
/// Joins the peers (loop thread), the sync machine (sync thread) and the chain (chain thread): events one
/// way, actions the other, and peers' requests to the workers.

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "consensus/chain.hpp"
#include "consensus/sync.hpp"
#include "core/worker_pool.hpp"
#include "net/peer_set.hpp"
#include "net/timer.hpp"
#include "node/serving.hpp"
#include "node/txn_gossip.hpp"

namespace quarry {

/// All of it outlives the bridge's use: call stop() first.
struct BridgeParts {
  net::Loop& loop;
  Database& database;
  Chain& chain;
  WorkerPool& chain_thread;
  WorkerPool& sync_thread;
  WorkerPool& workers;
  const sync::ChainReader& chain_reader;
  StateSyncStore& state_store;
  TxPool& pool;
  BlobPool* blobs = nullptr;  ///< none: the chain has none
};

/// Somebody who wants to know which peer tells of which block first.
class BlockWatcher {
 public:
  virtual ~BlockWatcher() = default;
  virtual void on_peer_up(const net::PeerInfo& peer) = 0;                        ///< loop thread
  virtual void on_peer_down(net::PeerId peer) = 0;                               ///< loop thread
  virtual void on_announced(net::PeerId peer, const BlockHash& block_hash) = 0;  ///< sync thread
};

class PeerBridge final : public net::PeerEvents {
 public:
  PeerBridge(const BridgeParts& parts, const sync::SyncConfig& config, std::uint64_t network_id,
             const BlockHash& genesis, ForkIds forks);
  ~PeerBridge() override;

  /// Before start(); the watcher outlives the bridge.
  void set_watcher(BlockWatcher& watcher) { watcher_ = &watcher; }
  /// Before start(): told on the sync thread when the first sync begins and when it is over.
  void on_first_sync(std::function<void(bool running)> listener) { on_first_sync_ = std::move(listener); }
  /// Loop thread, once, before the first peer.
  void start(net::PeerSet& peers);
  /// Loop thread: lets nothing through any more. What is under way on other threads ends without effect.
  void stop();

  // Loop thread.
  void on_peer_up(const net::PeerInfo& peer) override;
  void on_peer_down(net::PeerId peer, const std::string& reason) override;
  void on_message(net::PeerId peer, net::EthMessage message) override;
  void on_report(const net::PeerReport& report) override;
  net::LocalStatus local_status() override;
  bool needs_node_data() override { return machine_.needs_state(); }

  /// From Chain::on_head, on the chain thread.
  void on_head(const HeadEvent& event);

  /// From TxPool::on_new, on any thread.
  void on_new_txns(const std::vector<TxnRef>& txns) { gossip_.on_new(txns); }

  /// Thread-safe.
  sync::SyncProgress progress() const { return machine_.progress(); }
  bool fast_sync_pending() const { return machine_.fast_sync_pending(); }
  /// The highest version of eth that a Hello of ours announces now.
  unsigned eth_version() const {
    return net::own_capabilities(machine_.needs_state()).back().capability.version;
  }

 private:
  // Loop thread.
  void serve(net::PeerId peer, net::EthMessage message);
  void to_machine(net::PeerId peer, net::EthMessage message);
  /// Is it the answer to what this peer was asked last? Before eth/66 only the machine can tell.
  bool asked_for(net::PeerId peer, const net::EthMessage& message) const;
  /// Runs `event(machine, now)` on the sync thread and then does what it asks for.
  void post_event(std::function<sync::Actions(sync::Sync&, sync::Now)> event);
  /// Bodies and receipts: a worker reads them and works out their roots, while the sync thread goes on.
  void read_aside(net::PeerId peer, net::EthMessage message);
  /// The first of those that wait, or nothing.
  void read_next(net::PeerId peer, net::EthCode code);
  template <class Unpack, class Event>
  void unpack(net::PeerId peer, const net::EthMessage& message, Unpack read, Event event);
  sync::Actions decode(net::PeerId peer, net::EthCode code, ByteView payload, sync::Now now);

  // Sync thread.
  void perform(sync::Actions actions);
  void tell_first_sync();
  void act(sync::RequestHeaders& action);
  void act(sync::RequestBodies& action);
  void act(sync::RequestReceipts& action);
  void act(sync::RequestNodes& action);
  void act(sync::Drop& action);
  void act(sync::AnnounceBlock& action);
  void act(sync::AnnounceHash& action);
  void act(sync::InsertHeaders& action);
  void act(sync::InsertBlocks& action);
  void act(sync::InsertFastBlocks& action);
  void act(sync::WriteState& action);
  void act(sync::FinishFastSync& action);
  void send(std::vector<net::PeerId> peers, net::EthCode code, Bytes payload);
  void request(net::PeerId peer, net::EthCode code, Bytes payload);
  /// Blocks of a beacon chain are announced neither by us nor to us (EIP-3675).
  bool announces() const;
  /// Runs `work` on the chain thread and gives its result to the machine.
  void job(std::function<sync::JobResult()> work);

  BridgeParts parts_;
  const HeaderIdentity identity_;
  const std::uint64_t network_id_;
  const BlockHash genesis_;
  const ForkIds forks_;
  Serving serving_;
  sync::Sync machine_;  // sync thread
  TxnGossip gossip_;
  /// What a peer of eth/66 and later was asked last, by the code of the answer. The machine asks one thing of
  /// a kind at a time, so an answer with another number is late or was never asked for.
  struct Asked {
    unsigned version = 0;
    std::map<net::EthCode, std::uint64_t> ids;
  };
  std::map<net::PeerId, Asked> asked_;  // loop thread
  std::uint64_t last_request_ = 0;      // loop thread
  /// Bodies and receipts that came, the first of a kind being read: they reach the machine in that order.
  std::map<std::pair<net::PeerId, net::EthCode>, std::deque<net::EthMessage>> unread_;  // loop thread
  BlockWatcher* watcher_ = nullptr;
  std::function<void(bool)> on_first_sync_;
  bool first_sync_told_ = false;         // sync thread
  net::PeerSet* peers_ = nullptr;        // loop thread
  std::unique_ptr<net::Timer> sweeper_;  // loop thread
  std::unique_ptr<net::Timer> ticker_;   // loop thread
  std::atomic<bool> stopped_{false};
  std::atomic<bool> tick_under_way_{false};
};

}  // namespace quarry
