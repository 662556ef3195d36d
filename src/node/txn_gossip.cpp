#include "node/txn_gossip.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/log.hpp"
#include "net/messages.hpp"

namespace quarry {

void TxnGossip::stop() {
  peers_ = nullptr;
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  incoming_.clear();
  outgoing_.clear();
}

void TxnGossip::wake() {
  if (running_ || stopped_) return;
  running_ = true;
  parts_.workers.submit([this] { run(); });
}

void TxnGossip::on_peer_up(net::PeerId peer) {
  const std::lock_guard lock(mutex_);
  known_.try_emplace(peer);
  greetings_.push_back(peer);
  wake();
}

void TxnGossip::on_peer_down(net::PeerId peer) {
  const std::lock_guard lock(mutex_);
  known_.erase(peer);
}

void TxnGossip::on_message(net::PeerId peer, Bytes payload, net::Hold hold) {
  if (!parts_.accepting()) return;
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  incoming_.push_back({peer, std::move(payload), std::move(hold)});
  wake();
}

void TxnGossip::on_new(const std::vector<TxnRef>& txns) {
  const std::lock_guard lock(mutex_);
  if (known_.empty()) return;
  const std::size_t room = kMostOutgoing - std::min(kMostOutgoing, outgoing_.size());
  outgoing_.insert(outgoing_.end(), txns.begin(),
                   txns.begin() + static_cast<std::ptrdiff_t>(std::min(room, txns.size())));
  wake();
}

// ---- on a worker

void TxnGossip::run() {
  std::unique_lock lock(mutex_);
  while (!stopped_ && !(incoming_.empty() && greetings_.empty() && outgoing_.empty())) {
    const std::vector<TxnRef> news = std::exchange(outgoing_, {});
    const std::vector<net::PeerId> greetings = std::exchange(greetings_, {});
    std::optional<Message> message;
    if (!incoming_.empty()) {
      message = std::move(incoming_.front());
      incoming_.pop_front();
    }
    lock.unlock();
    if (!news.empty()) send_out(news);
    for (const net::PeerId peer : greetings) send(peer, parts_.pool.pending(), kGreetingBytes);
    if (message) take_in(*message);
    lock.lock();
  }
  running_ = false;
}

void TxnGossip::take_in(const Message& message) {
  auto txns = net::decode_transactions(message.payload);
  if (!txns)
    return drop(message.peer, fmt::format("malformed Transactions: {}", rlp::to_string(txns.error())));
  std::vector<Transaction> fresh = select(message.peer, std::move(*txns));
  if (!fresh.empty()) judge(message.peer, parts_.pool.add_all(std::move(fresh), false));
}

std::vector<Transaction> TxnGossip::select(net::PeerId peer, std::vector<Transaction> txns) {
  std::vector<TxnHash> hashes;
  std::vector<bool> is_here;
  for (const Transaction& txn : txns) {
    hashes.push_back(hash_of(txn));
    is_here.push_back(parts_.pool.get(hashes.back()) != nullptr);
  }
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(peer);
  if (found == known_.end()) return {};
  Peer& from = found->second;
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::duration<double> passed = now - from.counted;
  from.recoveries = std::min(kRecoveryBurst, from.recoveries + passed.count() * kRecoveriesPerSecond);
  from.counted = now;
  std::vector<Transaction> out;
  for (std::size_t i = 0; i < txns.size(); ++i) {
    from.known.add(hashes[i]);
    if (is_here[i]) continue;
    if (from.recoveries < 1) {
      log_debug("Peer sends transactions too quickly",
                {{"peer", peer}, {"left", txns.size() - i}, {"persecond", kRecoveriesPerSecond}});
      break;
    }
    from.recoveries -= 1;
    out.push_back(std::move(txns[i]));
  }
  return out;
}

/// What is refused for its price or for the state may be right elsewhere; what nobody signed is not.
void TxnGossip::judge(net::PeerId peer, const std::vector<TxPool::Added>& added) {
  unsigned forged = 0;
  const PoolError* last = nullptr;
  for (const TxPool::Added& one : added) {
    if (one) continue;
    if (one.error().rule == PoolRule::invalid_sender) ++forged, last = &one.error();
    log_trace("Discarding transaction", {{"peer", peer}, {"err", one.error().detail}});
  }
  if (forged == 0) return;
  std::unique_lock lock(mutex_);
  const auto found = known_.find(peer);
  if (found == known_.end() || (found->second.forged += forged) < kMostForged) return;
  const unsigned count = found->second.forged;
  lock.unlock();
  drop(peer, fmt::format("sent {} transactions that nobody can have signed for this chain, the last: {}",
                         count, last->detail));
}

void TxnGossip::send_out(const std::vector<TxnRef>& txns) {
  std::vector<net::PeerId> peers;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [peer, known] : known_) peers.push_back(peer);
  }
  for (const net::PeerId peer : peers) send(peer, txns, kGreetingBytes);
}

void TxnGossip::send(net::PeerId peer, const std::vector<TxnRef>& txns, std::size_t most_bytes) {
  std::vector<TxnRef> unknown;
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(peer);
    if (found == known_.end()) return;
    for (const TxnRef& txn : txns) {
      if (txn->bytes > most_bytes) break;
      if (!found->second.known.add(txn->hash)) continue;
      most_bytes -= txn->bytes;
      unknown.push_back(txn);
    }
  }
  for (std::size_t i = 0; i < unknown.size();) {
    std::vector<Transaction> pack;
    for (std::size_t bytes = 0; i < unknown.size() && bytes < kPackBytes; ++i) {
      bytes += unknown[i]->bytes;
      pack.push_back(unknown[i]->txn);
    }
    parts_.loop.post([this, peer, payload = net::encode_transactions(pack)] {
      if (peers_) peers_->send(peer, net::EthCode::transactions, payload);
    });
  }
}

void TxnGossip::drop(net::PeerId peer, std::string why) {
  log_warn("Dropping peer", {{"peer", peer}, {"err", why}});
  parts_.loop.post([this, peer, why = std::move(why)] {
    if (peers_) peers_->disconnect(peer, net::DisconnectReason::useless_peer, why);
  });
}

}  // namespace quarry
