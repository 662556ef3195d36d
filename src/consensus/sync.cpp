#include "consensus/sync.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/sync_impl.hpp"
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

/// Fast sync is for a chain that has nothing but its genesis, or that died in the middle of one.
void Sync::Impl::choose_mode() {
  const bool fresh = context_.chain.heads().block.number == 0;
  const bool begun = context_.state.record().has_value();
  fast_pending_ = begun || (config_.mode == Mode::fast && fresh);
  published_fast_pending_ = begun;
  published_needs_state_ = fast_pending_;
  first_sync_running_ = published_first_sync_ = begun;
  if (begun && config_.mode == Mode::full)
    log_info("Resuming fast sync, whose state is half downloaded; full sync follows");
  if (config_.mode == Mode::fast && !fast_pending_) log_warn("Blockchain not empty, fast sync disabled");
}

void Sync::Impl::on_peer(PeerKey key, PeerHead head) {
  context_.peers.add(key, std::move(head));
}

void Sync::Impl::on_peer_gone(PeerKey key) {
  if (Peer* peer = context_.peers.find(key)) peer->dropped = true;
}

std::optional<Sync::Impl::Asked> Sync::Impl::asked_for(PeerKey key, Ask ask, std::size_t items) {
  Peer* peer = context_.peers.find(key);
  if (peer == nullptr) return std::nullopt;
  auto request = Peers::answered(*peer, ask, context_.now);
  if (!request) {
    if (!peer->slot(ask).forgive())
      context_.drop(
          key,
          fmt::format("unsolicited answer to {}: {} items, nothing was asked for", to_string(ask), items),
          "Dropping peer");
    return std::nullopt;
  }
  const bool by_cycle = request->owner != 0;
  if (by_cycle && (!cycle_ || request->owner != cycle_->number())) return std::nullopt;
  return Asked{*peer, std::move(*request), by_cycle};
}

void Sync::Impl::on_headers(PeerKey key, std::vector<SealedHeader> headers) {
  const auto asked = asked_for(key, Ask::headers, headers.size());
  if (!asked) return;
  const bool single = headers.size() == 1;
  if (asked->by_cycle) {
    if (single && asked->request.purpose == Purpose::head) clock_.on_header(key, headers[0], context_.now);
    cycle_->on_headers(asked->peer, asked->request, std::move(headers));
  } else {
    if (single) clock_.on_block(key, headers[0], context_.now);
    announcer_.on_headers(asked->peer, asked->request, std::move(headers));
  }
}

void Sync::Impl::on_bodies(PeerKey key, std::vector<PackedBody> bodies) {
  const auto asked = asked_for(key, Ask::bodies, bodies.size());
  if (!asked) return;
  if (asked->by_cycle)
    cycle_->on_bodies(asked->peer, asked->request, std::move(bodies));
  else
    announcer_.on_bodies(asked->peer, asked->request, std::move(bodies));
}

void Sync::Impl::on_receipts(PeerKey key, std::vector<PackedReceipts> receipts) {
  const auto asked = asked_for(key, Ask::receipts, receipts.size());
  if (asked && asked->by_cycle) cycle_->on_receipts(asked->peer, asked->request, std::move(receipts));
}

void Sync::Impl::on_nodes(PeerKey key, std::vector<Bytes> nodes) {
  const auto asked = asked_for(key, Ask::nodes, nodes.size());
  if (asked && asked->by_cycle) cycle_->on_nodes(asked->peer, asked->request, std::move(nodes));
}

void Sync::Impl::on_arrival(PeerKey key, AnswerKind kind) {
  if (Peer* peer = context_.peers.find(key))
    Peers::arrived(*peer, kind == AnswerKind::bodies ? Ask::bodies : Ask::receipts, context_.now);
}

void Sync::Impl::on_new_block(PeerKey key, Block block, const TotalDifficulty& total_difficulty) {
  Peer* peer = context_.peers.find(key);
  if (peer == nullptr) return;
  clock_.on_block(key, block.header, context_.now);
  announcer_.on_new_block(*peer, std::move(block), total_difficulty, holding());
}

void Sync::Impl::on_new_hashes(PeerKey key, const std::vector<BlockId>& ids) {
  if (Peer* peer = context_.peers.find(key)) announcer_.on_new_hashes(*peer, ids, holding());
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

void Sync::Impl::stop(const Error& fault) {
  dead_ = true;
  cycle_.reset();
  log_error("Synchronisation stopped", {{"err", fault.what}, {"remedy", fault.remedy}});
}

/// Between the cycles of one sync nothing but its jobs may be under way. A fast sync that found nobody to go
/// on with is not over when half of the state is here. One whose peer has fallen silent is: the only peer is
/// asked again for ever.
void Sync::Impl::follow_first_sync() {
  if (first_sync_over_) return;
  const Peer* master = cycle_ ? context_.peers.find(cycle_->master()) : nullptr;
  const bool silent =
      master != nullptr && master->timeouts >= kMostTimeouts && !context_.state.record().has_value();
  const bool busy = cycle_ || fast_begun() || (first_sync_running_ && cycle_jobs() > 0);
  first_sync_over_ = dead_ || silent || (first_sync_running_ && !busy && !fast_pending_);
  first_sync_running_ = busy && !first_sync_over_;
}

void Sync::Impl::publish() {
  follow_first_sync();
  SyncProgress shown;
  if (cycle_) cycle_->show(shown);
  std::lock_guard lock(mutex_);
  progress_ = shown;
  published_fast_pending_ = fast_begun();
  published_needs_state_ = fast_pending_;
  published_first_sync_ = first_sync_running_;
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

Actions Sync::on_headers(PeerKey peer, std::vector<SealedHeader> headers, Now now) {
  return impl_->event(now, [&] { impl_->on_headers(peer, std::move(headers)); });
}

Actions Sync::on_bodies(PeerKey peer, std::vector<PackedBody> bodies, Now now) {
  return impl_->event(now, [&] { impl_->on_bodies(peer, std::move(bodies)); });
}

Actions Sync::on_receipts(PeerKey peer, std::vector<PackedReceipts> receipts, Now now) {
  return impl_->event(now, [&] { impl_->on_receipts(peer, std::move(receipts)); });
}

Actions Sync::on_arrival(PeerKey peer, AnswerKind kind, Now now) {
  return impl_->event(now, [&] { impl_->on_arrival(peer, kind); });
}

Actions Sync::on_nodes(PeerKey peer, std::vector<Bytes> nodes, Now now) {
  return impl_->event(now, [&] { impl_->on_nodes(peer, std::move(nodes)); });
}

Actions Sync::on_new_block(PeerKey peer, Block block, TotalDifficulty total_difficulty, Now now) {
  return impl_->event(now, [&] { impl_->on_new_block(peer, std::move(block), total_difficulty); });
}

Actions Sync::on_new_hashes(PeerKey peer, std::vector<BlockId> ids, Now now) {
  return impl_->event(now, [&] { impl_->on_new_hashes(peer, ids); });
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
bool Sync::first_sync_running() const {
  return impl_->first_sync_running();
}
bool Sync::fast_sync_pending() const {
  return impl_->fast_sync_pending();
}
std::optional<PeerHead> Sync::peer_head(PeerKey peer) const {
  return impl_->peer_head(peer);
}

}  // namespace quarry::sync
