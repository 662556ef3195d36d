#include "node/txn_fetcher.hpp"

#include <algorithm>
#include <unordered_set>

namespace quarry {

void TxnFetcher::add_peer(net::PeerId peer, bool numbered) {
  peers_[peer].numbered = numbered;
}

void TxnFetcher::remove_peer(net::PeerId peer) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  Peer gone = std::move(found->second);
  peers_.erase(found);
  if (gone.open && !gone.open->given_up) give_up(peer, *gone.open);
  for (const auto& [hash, form] : gone.announced) withdraw(peer, hash);
}

void TxnFetcher::announced(net::PeerId peer, const std::vector<net::AnnouncedTxn>& txns, Time now) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  Peer& from = found->second;
  tidy(from);
  for (const net::AnnouncedTxn& txn : txns) {
    if (from.announced.size() >= kMostAnnounced) return;
    // Under way from this very peer: it is not news.
    if (from.open && from.open->hashes.contains(txn.hash)) continue;
    if (!from.announced.emplace(txn.hash, txn.form).second) continue;
    from.order.push_back(txn.hash);
    const auto [known, fresh] = txns_.try_emplace(txn.hash);
    if (fresh) known->second.since = now;
    known->second.announcers.push_back(peer);
  }
}

void TxnFetcher::tidy(Peer& peer) {
  if (peer.order.size() <= 2 * kMostAnnounced) return;
  std::deque<TxnHash> kept;
  std::unordered_set<TxnHash> seen;
  for (const TxnHash& hash : peer.order) {
    if (peer.announced.contains(hash) && seen.insert(hash).second) kept.push_back(hash);
  }
  peer.order = std::move(kept);
}

void TxnFetcher::arrived(const TxnHash& hash) {
  const auto found = txns_.find(hash);
  if (found == txns_.end()) return;
  for (const net::PeerId peer : found->second.announcers) {
    if (const auto from = peers_.find(peer); from != peers_.end()) from->second.announced.erase(hash);
  }
  txns_.erase(found);
}

void TxnFetcher::withdraw(net::PeerId peer, const TxnHash& hash) {
  if (const auto from = peers_.find(peer); from != peers_.end()) from->second.announced.erase(hash);
  const auto found = txns_.find(hash);
  if (found == txns_.end()) return;
  std::erase(found->second.announcers, peer);
  if (found->second.announcers.empty()) txns_.erase(found);
}

void TxnFetcher::give_up(net::PeerId peer, Open& open) {
  open.given_up = true;
  for (const auto& [hash, form] : open.hashes) {
    if (const auto found = txns_.find(hash); found != txns_.end()) found->second.asked = false;
    withdraw(peer, hash);
  }
}

std::optional<TxnFetcher::Asked> TxnFetcher::answered(net::PeerId peer, std::uint64_t id) {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || !found->second.open) return std::nullopt;
  Peer& from = found->second;
  if (from.numbered && from.open->id != id) return std::nullopt;
  Open open = std::move(*from.open);
  from.open.reset();
  if (!open.given_up) give_up(peer, open);
  return std::move(open.hashes);
}

std::optional<TxnFetcher::Request> TxnFetcher::next_request(net::PeerId key, Peer& peer, Time now) {
  Open open{.id = 0, .deadline = now + kAnswerWait, .given_up = false, .hashes = {}};
  Request out{.peer = key, .id = 0, .hashes = {}};
  std::uint64_t bytes = 0;
  // What is gone from the front need not be looked at again.
  while (!peer.order.empty() && !peer.announced.contains(peer.order.front())) peer.order.pop_front();
  for (const TxnHash& hash : peer.order) {
    const auto announced = peer.announced.find(hash);
    if (announced == peer.announced.end()) continue;
    Txn& txn = txns_.at(hash);
    if (txn.asked || now - txn.since < kArrivalWait || open.hashes.contains(hash)) continue;
    const auto& form = announced->second;
    const std::uint64_t size = form ? std::min(form->bytes, kMostAskedBytes) : 0;
    if (out.hashes.size() == kMostAsked || (!out.hashes.empty() && bytes + size > kMostAskedBytes)) break;
    bytes += size;
    txn.asked = true;
    open.hashes.emplace(hash, form);
    out.hashes.push_back(hash);
  }
  if (out.hashes.empty()) return std::nullopt;
  out.id = open.id = ++last_id_;
  peer.open = std::move(open);
  return out;
}

std::vector<TxnFetcher::Request> TxnFetcher::due(Time now) {
  for (auto& [key, peer] : peers_) {
    if (peer.open && !peer.open->given_up && peer.open->deadline <= now) give_up(key, *peer.open);
  }
  std::vector<Request> out;
  for (auto& [key, peer] : peers_) {
    if (peer.open) continue;
    if (auto request = next_request(key, peer, now)) out.push_back(std::move(*request));
  }
  return out;
}

}  // namespace quarry
