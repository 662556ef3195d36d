#pragma once
/// \file
/// The sync machine's inside, shared by the files that implement it: sync.cpp (events and answers) and
/// sync_lead.cpp (which peer to follow, and what becomes of it when a cycle ends).

#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "consensus/announce.hpp"
#include "consensus/clock_check.hpp"
#include "consensus/sync_context.hpp"
#include "consensus/sync_cycle.hpp"

namespace quarry::sync {

/// Sync thread only, except what the mutex guards.
class Sync::Impl {
 public:
  Impl(const SyncConfig& config, const ChainReader& chain, const StateSyncReader& state)
      : config_(config), context_{config_, chain, state}, announcer_(context_) {
    choose_mode();
  }

  /// Runs one event: `handle` does its part, then everything that follows from it.
  template <class Handle>
  Actions event(Now now, Handle&& handle) {
    context_.now = now;
    if (!dead_) {
      handle();
      settle();
    }
    publish();
    return std::exchange(context_.out, {});
  }

  void on_peer(PeerKey key, PeerHead head);
  void on_peer_gone(PeerKey key);
  void on_headers(PeerKey key, std::vector<SealedHeader> headers);
  void on_bodies(PeerKey key, std::vector<PackedBody> bodies);
  void on_receipts(PeerKey key, std::vector<PackedReceipts> receipts);
  void on_nodes(PeerKey key, std::vector<Bytes> nodes);
  void on_arrival(PeerKey key, AnswerKind kind);
  void on_new_block(PeerKey key, Block block, const TotalDifficulty& total_difficulty);
  void on_new_hashes(PeerKey key, const std::vector<BlockId>& ids);
  void on_job(const JobResult& result);
  void on_head(const HeadChange& change);
  void tick();

  SyncProgress progress() const {
    std::lock_guard lock(mutex_);
    return progress_;
  }
  bool fast_sync_pending() const {
    std::lock_guard lock(mutex_);
    return published_fast_pending_;
  }
  bool needs_state() const {
    std::lock_guard lock(mutex_);
    return published_needs_state_;
  }
  bool first_sync_running() const {
    std::lock_guard lock(mutex_);
    return published_first_sync_;
  }
  std::optional<PeerHead> peer_head(PeerKey key) const {
    std::lock_guard lock(mutex_);
    const auto it = heads_.find(key);
    return it == heads_.end() ? std::nullopt : std::optional(it->second);
  }

 private:
  /// A request whose answer came.
  struct Asked {
    Peer& peer;
    Request request;
    bool by_cycle;  ///< the cycle asked; else the announcer did
  };
  /// What an answer of so many items belongs to; none when nobody waits for it any more, or nobody asked.
  std::optional<Asked> asked_for(PeerKey key, Ask ask, std::size_t items);

  /// Fast sync has a peer to follow, or died with half a state: not just wanted.
  bool fast_begun() const {
    return fast_pending_ && (cycle_.has_value() || context_.state.record().has_value());
  }
  /// There is a state that single blocks can be executed on.
  bool holding() const { return !fast_pending_; }
  bool importing() const { return !cycle_ && !fast_pending_ && cycle_jobs() == 0; }
  /// Jobs of this cycle and of those before it that are not answered.
  std::size_t cycle_jobs() const { return context_.jobs_open - (announcer_.importing() ? 1 : 0); }
  void choose_mode();
  void settle();
  void give_back(PeerKey key, const Request& request);
  void bury_dropped();
  void lapse(Peer& peer, Ask ask, const char* why);
  void end_cycle();
  void after_done(Peer* master);
  void punish(const CycleEnd& end, Peer* master);
  void maybe_start();
  bool caught(const Peer& peer);
  bool ahead(const Peer& peer, const TotalDifficulty& ours, const BlockId& head) const;
  void follow_first_sync();
  void publish();
  void stop(const Error& fault);

  const SyncConfig config_;
  Context context_;
  Announcer announcer_;
  ClockCheck clock_;
  std::optional<Cycle> cycle_;
  std::uint64_t last_cycle_ = 0;
  bool fast_pending_ = false;
  bool fast_to_tell_ = false;  ///< fast sync is over, and the log does not say so yet
  bool started_told_ = false;
  bool dead_ = false;
  bool first_sync_running_ = false, first_sync_over_ = false;

  mutable std::mutex mutex_;  ///< guards what follows
  SyncProgress progress_;
  bool published_fast_pending_ = false;
  bool published_needs_state_ = false;
  bool published_first_sync_ = false;
  std::map<PeerKey, PeerHead> heads_;
};

}  // namespace quarry::sync
