#include "consensus/sync.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "consensus/announce.hpp"
#include "consensus/clock_check.hpp"
#include "consensus/sync_context.hpp"
#include "consensus/sync_cycle.hpp"
#include "core/check.hpp"
#include "core/log.hpp"

namespace quarry::sync {

const char* to_string(Phase phase) {
  switch (phase) {
    case Phase::idle:
      return "idle";
    case Phase::finding_ancestor:
      return "finding_ancestor";
    case Phase::headers:
      return "headers";
    case Phase::bodies:
      return "bodies";
    case Phase::state:
      return "state";
    case Phase::blocks:
      return "blocks";
  }
  return "?";
}

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

  /// Finds the peer and the request that an answer belongs to.
  template <class Items, class Cycles, class Fetches>
  void on_answer(PeerKey key, Ask ask, Items items, Cycles to_cycle, Fetches to_fetch);

  void on_peer(PeerKey key, PeerHead head);
  void on_peer_gone(PeerKey key);
  void on_job(const JobResult& result);
  void on_head(const HeadChange& change);
  void tick();

  /// Fast sync has a peer to follow, or died with half a state: not just wanted.
  bool fast_begun() const {
    return fast_pending_ && (cycle_.has_value() || context_.state.record().has_value());
  }
  Context& context() { return context_; }
  Announcer& announcer() { return announcer_; }
  ClockCheck& clock() { return clock_; }
  Cycle* cycle() { return cycle_ ? &*cycle_ : nullptr; }
  bool holding() const { return !fast_pending_; }
  bool importing() const { return !cycle_ && !fast_pending_ && cycle_jobs() == 0; }

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
  std::optional<PeerHead> peer_head(PeerKey key) const {
    std::lock_guard lock(mutex_);
    const auto it = heads_.find(key);
    return it == heads_.end() ? std::nullopt : std::optional(it->second);
  }

 private:
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

  mutable std::mutex mutex_;  ///< guards what follows
  SyncProgress progress_;
  bool published_fast_pending_ = false;
  bool published_needs_state_ = false;
  std::map<PeerKey, PeerHead> heads_;
};

/// Fast sync is for a chain that has nothing but its genesis, or that died in the middle of one.
void Sync::Impl::choose_mode() {
  const bool fresh = context_.chain.heads().block.number == 0;
  const bool begun = context_.state.record().has_value();
  fast_pending_ = begun || (config_.mode == Mode::fast && fresh);
  published_fast_pending_ = begun;
  published_needs_state_ = fast_pending_;
  if (begun && config_.mode == Mode::full)
    log_info("Resuming fast sync, whose state is half downloaded; full sync follows");
  if (config_.mode == Mode::fast && !fast_pending_) log_warn("Blockchain not empty, fast sync disabled");
}

template <class Items, class Cycles, class Fetches>
void Sync::Impl::on_answer(PeerKey key, Ask ask, Items items, Cycles to_cycle, Fetches to_fetch) {
  Peer* peer = context_.peers.find(key);
  if (peer == nullptr) return;
  Slot& slot = peer->slot(ask);
  auto request = Peers::answered(*peer, ask, context_.now);
  if (!request) {
    if (!slot.forgive())
      context_.drop(key,
                    fmt::format("unsolicited answer to {}: {} items, nothing was asked for", to_string(ask),
                                items.size()),
                    "Dropping peer");
    return;
  }
  if (request->owner == 0) {
    to_fetch(*peer, *request, std::move(items));
  } else if (cycle_ && request->owner == cycle_->number()) {
    to_cycle(*peer, *request, std::move(items));
  }
}

void Sync::Impl::on_peer(PeerKey key, PeerHead head) {
  context_.peers.add(key, std::move(head));
}

void Sync::Impl::on_peer_gone(PeerKey key) {
  if (Peer* peer = context_.peers.find(key)) peer->dropped = true;
}

/// A request came to nothing.
void Sync::Impl::give_back(PeerKey key, const Request& request) {
  if (request.owner == 0)
    announcer_.on_lapsed(key, request);
  else if (cycle_ && request.owner == cycle_->number())
    cycle_->on_lapsed(key, request);
}

/// Gives back what dropped and vanished peers were asked, and forgets them.
void Sync::Impl::bury_dropped() {
  std::vector<PeerKey> gone;
  for (auto& [key, peer] : context_.peers.all())
    if (peer.dropped) gone.push_back(key);
  for (const PeerKey key : gone) {
    auto& slots = context_.peers.all().at(key).slots;
    for (Slot& slot : slots) {
      if (slot.request) slot.aside.push_back(std::move(*slot.request));
      for (const Request& request : slot.aside) give_back(key, request);
    }
    context_.peers.erase(key);
    announcer_.on_peer_gone(key);
    if (cycle_) cycle_->on_peer_gone(key);
  }
}

void Sync::Impl::on_job(const JobResult& result) {
  QUARRY_CHECK(context_.jobs_open > 0);
  --context_.jobs_open;
  if (announcer_.has_job(result.job)) {
    if (const auto fault = announcer_.on_job(result)) stop(*fault);
    return;
  }
  if (result.error && !cycle_) stop(*result.error);
  if (cycle_) cycle_->on_job(result);
}

void Sync::Impl::on_head(const HeadChange& change) {
  // A chain that grows by itself (it mines) has executed its blocks: nothing is left for a fast sync.
  if (fast_pending_ && !fast_begun() && change.head.number > 0) fast_pending_ = false;
  if (!cycle_ && cycle_jobs() == 0) announcer_.announce(change);
}

/// Everything that follows from an event, until nothing does.
void Sync::Impl::settle() {
  for (bool again = true; again && !dead_;) {
    again = false;
    bury_dropped();
    if (cycle_) cycle_->pump();
    if (cycle_ && cycle_->end()) {
      end_cycle();
      again = true;
    }
    announcer_.pump(!fast_pending_, importing());
    bury_dropped();
    if (cycle_ && cycle_->end()) again = true;
    if (!cycle_ && !dead_) {
      maybe_start();
      bury_dropped();
      if (cycle_) again = true;
    }
  }
}

// ---- silence

/// A request was not answered in time.
void Sync::Impl::lapse(Peer& peer, Ask ask, const char* why) {
  Slot& slot = peer.slot(ask);
  const Request request = std::move(*slot.request);
  const auto waited = context_.now.steady - slot.sent;
  slot.request.reset();
  slot.late_answers = 2;
  ++peer.timeouts;
  const std::string text = fmt::format("{}: no answer to {} within {:.1f} s", why, to_string(ask),
                                       static_cast<double>(waited.count()) / 1000);
  if (context_.peers.live() > 1 && peer.timeouts >= kMostTimeouts) {
    context_.drop(peer.key, text);
  } else {
    const Millis pause = std::min(Millis{1'000} * (1u << std::min(peer.timeouts - 1, 10u)), kLongestBackoff);
    slot.free_from = context_.now.steady + pause;
    log_debug("Peer is silent",
              {{"peer", peer.head.name}, {"err", text}, {"again", std::chrono::nanoseconds{pause}}});
  }
  give_back(peer.key, request);
}

void Sync::Impl::tick() {
  for (auto& [key, peer] : context_.peers.all())
    for (std::size_t i = 0; i < kAskCount; ++i)
      if (!peer.dropped && peer.slots[i].request && peer.slots[i].deadline <= context_.now.steady)
        lapse(peer, static_cast<Ask>(i), "timeout");
  if (const auto warning = clock_.verdict(context_.now)) {
    log_warn(warning->what);
    log_warn(warning->remedy);
  }
}

// ---- cycles

void Sync::Impl::stop(const Error& fault) {
  dead_ = true;
  cycle_.reset();
  log_error("Synchronisation stopped", {{"err", fault.what}, {"remedy", fault.remedy}});
}

void Sync::Impl::punish(const CycleEnd& end, Peer* master) {
  if (master == nullptr) return;
  ++master->failed_cycles;
  const bool others = context_.peers.live() > 1;
  const bool lie = end.kind == CycleEnd::Kind::lie;
  if (lie || (others && !end.our_clock && master->failed_cycles >= kMostFailedCycles))
    return context_.drop(master->key, end.why);
  const Millis pause =
      std::min(Millis{1'000} * (1u << std::min(master->failed_cycles - 1, 10u)), kLongestBackoff);
  master->lead_from = context_.now.steady + pause;
  log_warn("Synchronisation failed, retrying",
           {{"peer", master->head.name}, {"err", end.why}, {"in", std::chrono::nanoseconds{pause}}});
}

void Sync::Impl::after_done(Peer* master) {
  const auto heads = context_.chain.heads();
  if (master != nullptr && cycle_->head()) {
    const SealedHeader& head = *cycle_->head();
    const auto actual = context_.chain.total_difficulty({head->number, head.hash()});
    if (actual && master->head.hash == head.hash()) {
      master->head.total_difficulty = *actual;
      master->exact = true;
    }
    master->number = std::max(master->number, head->number);
    master->failed_cycles = 0;
  }
  if (cycle_->end()->fast_over) {
    fast_pending_ = false;
    fast_to_tell_ = true;
  } else if (cycle_->mode() == Mode::fast) {
    // Its chain was no better than the one whose headers we have: wait for a better one.
    if (master != nullptr) master->lead_from = context_.now.steady + kLongestBackoff;
  } else {
    if (fast_to_tell_ && heads.block.number > 0) {
      log_info("Fast sync complete, auto disabling");
      fast_to_tell_ = false;
    }
    started_told_ = false;
    if (heads.block.number > 0) announcer_.announce_hash(heads.block);
  }
}

void Sync::Impl::end_cycle() {
  cycle_->close();
  const CycleEnd end = *cycle_->end();
  Peer* master = context_.peers.find(cycle_->master());
  switch (end.kind) {
    case CycleEnd::Kind::done:
      after_done(master);
      break;
    case CycleEnd::Kind::again:
      log_debug("Synchronisation begins anew", {{"reason", end.why}});
      if (master != nullptr) master->lead_from = context_.now.steady + kPauseBeforeAgain;
      break;
    case CycleEnd::Kind::failed:
    case CycleEnd::Kind::lie:
      punish(end, master);
      started_told_ = false;
      break;
    case CycleEnd::Kind::node_fault:
      stop(Error{end.why, "Synchronisation is over until the node is started again."});
      break;
  }
  cycle_.reset();
}

/// Does the peer have, by what it says, a better chain than ours?
bool Sync::Impl::ahead(const Peer& peer, const TotalDifficulty& ours, const BlockId& head) const {
  if (peer.dropped || peer.lead_from > context_.now.steady) return false;
  return peer.head.total_difficulty > ours || (!peer.exact && peer.number > head.number);
}

/// Claims another total difficulty than its head, which we know, has.
bool Sync::Impl::caught(const Peer& peer) {
  const auto header = peer.exact ? context_.chain.header(peer.head.hash) : std::nullopt;
  const auto known =
      header ? context_.chain.total_difficulty({(*header)->number, peer.head.hash}) : std::nullopt;
  if (!known || *known == peer.head.total_difficulty) return false;
  context_.drop(peer.key, fmt::format("announced total difficulty {} for block {} {}, which has {}",
                                      peer.head.total_difficulty.to_decimal(), (*header)->number,
                                      short_hex(peer.head.hash), known->to_decimal()));
  return true;
}

/// Follows the peer with the greatest total difficulty, if it is greater than ours.
void Sync::Impl::maybe_start() {
  if (context_.jobs_open > 0) return;
  const BlockId head = context_.chain.heads().block;
  const auto ours = context_.chain.total_difficulty(head);
  if (!ours) return;
  Peer* best = nullptr;
  for (auto& [key, peer] : context_.peers.all()) {
    if (!ahead(peer, *ours, head)) continue;
    if (caught(peer) || (!fast_pending_ && announcer_.covers(peer.head.hash))) continue;
    if (best == nullptr || std::pair(peer.head.total_difficulty, peer.number) >
                               std::pair(best->head.total_difficulty, best->number))
      best = &peer;
  }
  if (best == nullptr) return;
  if (!started_told_) {
    log_info("Block synchronisation started",
             {{"peer", best->head.name}, {"mode", fast_pending_ ? "fast" : "full"}});
    started_told_ = true;
  }
  cycle_.emplace(context_, ++last_cycle_, *best, fast_pending_ ? Mode::fast : Mode::full);
}

void Sync::Impl::publish() {
  SyncProgress shown;
  if (cycle_) cycle_->show(shown);
  std::lock_guard lock(mutex_);
  progress_ = shown;
  published_fast_pending_ = fast_begun();
  published_needs_state_ = fast_pending_;
  heads_.clear();
  for (const auto& [key, peer] : context_.peers.all())
    if (!peer.dropped) heads_[key] = peer.head;
}

// ---- the outside

Sync::Sync(const SyncConfig& config, const ChainReader& chain, const StateSyncReader& state)
    : impl_(std::make_unique<Impl>(config, chain, state)) {}
Sync::~Sync() = default;

Actions Sync::on_peer(PeerKey peer, PeerHead head, Now now) {
  return impl_->event(now, [&] { impl_->on_peer(peer, std::move(head)); });
}

Actions Sync::on_peer_gone(PeerKey peer, Now now) {
  return impl_->event(now, [&] { impl_->on_peer_gone(peer); });
}

Actions Sync::on_headers(PeerKey key, std::vector<SealedHeader> headers, Now now) {
  return impl_->event(now, [&] {
    impl_->on_answer(
        key, Ask::headers, std::move(headers),
        [&](Peer& peer, const Request& request, auto items) {
          if (request.purpose == Purpose::head && items.size() == 1)
            impl_->clock().on_header(key, items[0], now);
          impl_->cycle()->on_headers(peer, request, std::move(items));
        },
        [&](Peer& peer, const Request& request, auto items) {
          if (items.size() == 1) impl_->clock().on_block(key, items[0], now);
          impl_->announcer().on_headers(peer, request, std::move(items));
        });
  });
}

Actions Sync::on_bodies(PeerKey key, std::vector<PackedBody> bodies, Now now) {
  return impl_->event(now, [&] {
    impl_->on_answer(
        key, Ask::bodies, std::move(bodies),
        [&](Peer& peer, const Request& request, auto items) {
          impl_->cycle()->on_bodies(peer, request, std::move(items));
        },
        [&](Peer& peer, const Request& request, auto items) {
          impl_->announcer().on_bodies(peer, request, std::move(items));
        });
  });
}

Actions Sync::on_receipts(PeerKey key, std::vector<PackedReceipts> receipts, Now now) {
  return impl_->event(now, [&] {
    impl_->on_answer(
        key, Ask::receipts, std::move(receipts),
        [&](Peer& peer, const Request& request, auto items) {
          impl_->cycle()->on_receipts(peer, request, std::move(items));
        },
        [](Peer&, const Request&, auto&&) {});
  });
}

Actions Sync::on_arrival(PeerKey key, AnswerKind kind, Now now) {
  return impl_->event(now, [&] {
    if (Peer* peer = impl_->context().peers.find(key))
      Peers::arrived(*peer, kind == AnswerKind::bodies ? Ask::bodies : Ask::receipts, now);
  });
}

Actions Sync::on_nodes(PeerKey key, std::vector<Bytes> nodes, Now now) {
  return impl_->event(now, [&] {
    impl_->on_answer(
        key, Ask::nodes, std::move(nodes),
        [&](Peer& peer, const Request& request, auto items) {
          impl_->cycle()->on_nodes(peer, request, std::move(items));
        },
        [](Peer&, const Request&, auto&&) {});
  });
}

Actions Sync::on_new_block(PeerKey key, Block block, TotalDifficulty total_difficulty, Now now) {
  return impl_->event(now, [&] {
    Peer* peer = impl_->context().peers.find(key);
    if (peer == nullptr) return;
    impl_->clock().on_block(key, block.header, now);
    impl_->announcer().on_new_block(*peer, std::move(block), total_difficulty, impl_->holding());
  });
}

Actions Sync::on_new_hashes(PeerKey key, std::vector<BlockId> ids, Now now) {
  return impl_->event(now, [&] {
    if (Peer* peer = impl_->context().peers.find(key))
      impl_->announcer().on_new_hashes(*peer, ids, impl_->holding());
  });
}

Actions Sync::on_job(JobResult result, Now now) {
  return impl_->event(now, [&] { impl_->on_job(result); });
}
Actions Sync::on_head(HeadChange change, Now now) {
  return impl_->event(now, [&] { impl_->on_head(change); });
}
Actions Sync::tick(Now now) {
  return impl_->event(now, [&] { impl_->tick(); });
}

SyncProgress Sync::progress() const {
  return impl_->progress();
}
bool Sync::needs_state() const {
  return impl_->needs_state();
}
bool Sync::fast_sync_pending() const {
  return impl_->fast_sync_pending();
}
std::optional<PeerHead> Sync::peer_head(PeerKey peer) const {
  return impl_->peer_head(peer);
}

}  // namespace quarry::sync
