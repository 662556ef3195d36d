#include "node/clique_watch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/log.hpp"

namespace quarry {

void SignerPeers::on_peer_up(const net::PeerInfo& peer) {
  if (on_up_) on_up_(peer);
  const std::lock_guard lock(mutex_);
  connected_[peer.id] = {to_hex(peer.node_id.view().first(8)), peer.total_difficulty};
}

void SignerPeers::on_peer_down(net::PeerId peer) {
  const std::lock_guard lock(mutex_);
  connected_.erase(peer);
  for (auto& [signer, peers] : told_) peers.erase(peer);
}

void SignerPeers::on_announced(net::PeerId peer, const BlockHash& hash) {
  const std::lock_guard lock(mutex_);
  if (!announced_.emplace(hash, peer).second) return;
  announced_order_.push_back(hash);
  if (announced_order_.size() <= kMostAnnounced) return;
  announced_.erase(announced_order_.front());
  announced_order_.pop_front();
}

void SignerPeers::on_head(const HeadEvent& event) {
  for (const auto& block : event.added) {
    const auto signer = engine_.signer(*block->header);
    if (signer) on_block(*signer, block->header.hash());
  }
}

void SignerPeers::on_block(const Address& signer, const BlockHash& hash) {
  const std::lock_guard lock(mutex_);
  const auto from = announced_.find(hash);
  if (from == announced_.end()) return;
  auto& peers = told_[signer];
  if (connected_.contains(from->second)) ++peers[from->second];
}

std::uint64_t SignerPeers::most_of_one_signer(net::PeerId peer) const {
  std::uint64_t most = 0;
  for (const auto& [signer, peers] : told_)
    if (const auto found = peers.find(peer); found != peers.end()) most = std::max(most, found->second);
  return most;
}

std::string SignerPeers::whereabouts(const Address& signer) const {
  const std::lock_guard lock(mutex_);
  const auto peers = told_.find(signer);
  if (peers == told_.end()) return "unknown";
  std::optional<net::PeerId> node;
  std::uint64_t most = 0;
  for (const auto& [peer, blocks] : peers->second) {
    if (blocks <= most || blocks < most_of_one_signer(peer)) continue;
    node = peer;
    most = blocks;
  }
  return node ? fmt::format("connected, peer {}", connected_.at(*node).name) : "not connected";
}

std::size_t SignerPeers::peer_count() const {
  const std::lock_guard lock(mutex_);
  return connected_.size();
}

bool SignerPeers::is_any_ahead(const TotalDifficulty& own) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(connected_.begin(), connected_.end(),
                     [&](const auto& peer) { return own < peer.second.total_difficulty; });
}

std::optional<std::string> StartHold::reason(std::size_t signers, const TotalDifficulty& own,
                                             Clock::time_point now) {
  if (over_) return std::nullopt;
  if (!began_) began_ = moved_ = now;
  if (std::exchange(own_, own) != own) moved_ = now;
  const bool ahead = peers_.is_any_ahead(own);
  if (ahead && now - *moved_ < kCatchUp) return "just started: a peer's chain is ahead, taking it over first";
  // Without this node's signer nobody can have gone on; or so many are here that one of them has every block.
  const bool heard = signers == 1 || peers_.peer_count() >= std::max<std::size_t>(1, signers / 2);
  if (!ahead && !heard && now - *began_ < kHearPeers) return "just started: hearing what peers have first";
  over_ = true;
  return std::nullopt;
}

StallReport stall_report(const clique::Snapshot& at, const std::optional<Address>& last,
                         const StallFacts& facts,
                         const std::function<std::string(const Address&)>& whereabouts) {
  StallReport out;
  const BlockNum next = at.id.number + 1;
  std::size_t reachable = 0;
  bool ours = false;
  const auto add = [](std::string& to, const Address& who, std::string_view where) {
    to += fmt::format("{}{} ({})", to.empty() ? "" : "; ", who.hex(), where);
  };
  const auto place = [&](const Address& who) -> std::string {
    if (who != facts.own) return whereabouts(who);
    return !facts.sealing ? "this node, not mining" : !facts.unlocked ? "this node, locked" : "this node";
  };
  for (const Address& signer : at.signers) {
    const std::string where = place(signer);
    if (const auto block = at.signed_recently(next, signer)) {
      add(out.wait, signer, fmt::format("{}, signed block {}", where, *block));
      continue;
    }
    add(out.next, signer, where);
    reachable += where.starts_with("connected") || where == "this node";
    ours |= signer == facts.own;
  }
  out.last = last ? fmt::format("{} ({})", last->hex(), place(*last)) : "none: block 0";
  const std::size_t needed = at.window(), all = at.signers.size();
  if (ours && facts.own && !facts.sealing)
    out.what = "start this node's signer: miner.start()";
  else if (ours && !facts.unlocked)
    out.what = "unlock this node's signer: --unlock, or personal.unlockAccount()";
  else if (reachable == 0)
    out.what = fmt::format(
        "{} of the {} signers must be running and connected: start one of those that may sign", needed, all);
  else
    out.what =
        "those that may sign are here, but do not sign on this block: they may stand on another branch of "
        "the "
        "same weight. Compare eth.getBlock(\"latest\").hash on all nodes; `quarry clique recover` leads out";
  return out;
}

StallWatch::StallWatch(std::chrono::milliseconds patience, std::function<void(std::chrono::seconds)> tell)
    : patience_(patience), tell_(std::move(tell)) {}

void StallWatch::start() {
  note_life();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void StallWatch::stop() {
  thread_ = {};
}

void StallWatch::note_life() {
  const std::lock_guard lock(mutex_);
  last_ = Clock::now();
  told_ = false;
}

void StallWatch::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changed_.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
    const auto silent = Clock::now() - last_;
    if (stop.stop_requested() || told_ || silent < patience_) continue;
    told_ = true;
    lock.unlock();
    tell_(std::chrono::duration_cast<std::chrono::seconds>(silent));
    lock.lock();
  }
}

}  // namespace quarry
