#include <fmt/format.h>

#include <algorithm>

#include "consensus/sync_impl.hpp"
#include "core/log.hpp"

namespace quarry::sync {

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

}  // namespace quarry::sync
