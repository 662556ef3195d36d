#include "consensus/fast_state.hpp"

#include <fmt/format.h>

#include "core/log.hpp"

namespace quarry::sync {

FastState::FastState(Context& context, std::uint64_t cycle, const BlockId& pivot, const RootHash& root)
    : context_(context),
      cycle_(cycle),
      pivot_(pivot),
      root_(root),
      last_write_(context.now.steady),
      started_(context.now.steady) {
  begin();
}

/// The database must say that a download is under way before anything in it changes.
void FastState::begin() {
  const auto found = context_.state.record();
  if (found && found->root == root_ && found->pivot == pivot_) {
    record_ = *found;
    sync_.emplace(context_.state, pivot_, root_);
    log_info("Resuming state download", {{"pivot", pivot_.number}, {"written", record_.written}});
    return;
  }
  StateWrites writes;
  writes.wipe = !found;
  record_ = found.value_or(StateSyncRecord{});
  record_.moved = found.has_value();
  record_.pivot = pivot_;
  record_.root = root_;
  if (found) log_info("Pivot became stale, moving", {{"old", found->pivot.number}, {"new", pivot_.number}});
  write(std::move(writes));
}

void FastState::write(StateWrites writes) {
  const std::size_t count = writes.nodes.size() + writes.codes.size();
  record_.written += count;
  writes.record = record_;
  const JobId job = context_.new_job();
  jobs_[job] = count;
  last_write_ = context_.now.steady;
  context_.out.push_back(WriteState{job, std::move(writes)});
}

void FastState::on_job(const JobResult& result) {
  const auto it = jobs_.find(result.job);
  const std::size_t count = it->second;
  jobs_.erase(it);
  if (!sync_) {
    sync_.emplace(context_.state, pivot_, root_, !record_.moved);  // all was wiped
    if (sync_->done()) tell(0);
  } else {
    tell(count);
  }
}

/// geth's line, after each commit.
void FastState::tell(std::size_t count) const {
  const StateSyncStats& stats = sync_->stats();
  log_info("Imported new state entries",
           {{"count", count},
            {"elapsed", std::chrono::nanoseconds{context_.now.steady - started_}},
            {"processed", record_.written},
            {"pending", stats.pending},
            {"retry", stats.retry},
            {"duplicate", stats.duplicate},
            {"unexpected", stats.unexpected}});
}

Judgement FastState::on_nodes(Peer& peer, const Request& request, std::vector<Bytes> nodes) {
  if (!sync_) return {};
  return sync_->on_nodes(peer.key, request, std::move(nodes));
}

void FastState::on_lapsed(PeerKey peer, const Request& request) {
  if (sync_) sync_->give_back(peer, request);
}

void FastState::on_peer_gone(PeerKey peer) {
  if (sync_) sync_->forget(peer);
}

bool FastState::asking() const {
  for (const auto& [key, peer] : context_.peers.all()) {
    const auto& slot = peer.slots[static_cast<std::size_t>(Ask::nodes)];
    if (slot.request && slot.request->owner == cycle_) return true;
  }
  return false;
}

void FastState::pump() {
  if (!sync_) return;
  for (auto& [key, peer] : context_.peers.all()) {
    if (!Peers::idle(peer, Ask::nodes, context_.now)) continue;
    if (auto request = sync_->next(key)) {
      request->owner = cycle_;
      context_.ask(peer, Ask::nodes, std::move(*request));
    }
  }
  const bool all = !asking() || context_.now.steady - last_write_ >= kStateWriteEvery;
  while (jobs_.size() < 2) {
    auto writes = sync_->take(all);
    if (!writes) break;
    write(std::move(*writes));
  }
}

void FastState::flush() {
  if (!sync_) return;
  if (auto writes = sync_->take(true)) write(std::move(*writes));
}

/// When every peer lacks a node, its place may only be forgotten: from the root down it is found again. When
/// even that brings nothing new, the state is gone.
std::optional<std::string> FastState::stuck() {
  if (!sync_ || sync_->done() || asking() || !jobs_.empty()) return std::nullopt;
  const auto peers = context_.live_peers();
  if (peers.empty()) return std::nullopt;
  const auto missing = sync_->nobody_has(peers);
  if (!missing || sync_->unwritten() > 0) return std::nullopt;
  vain_walks_ = record_.written > written_at_walk_ ? 0 : vain_walks_ + 1;
  if (vain_walks_ > kMostVainWalks)
    return fmt::format("no peer serves the state of block {}: node {} is asked for in vain", pivot_.number,
                       missing->hex());
  written_at_walk_ = record_.written;
  sync_->walk_again();
  return std::nullopt;
}

}  // namespace quarry::sync
