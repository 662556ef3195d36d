#include "node/txn_gossip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/log.hpp"
#include "net/message_table.hpp"

namespace quarry {
namespace {
TxnFetcher::Time now() {
  return std::chrono::duration_cast<TxnFetcher::Time>(std::chrono::steady_clock::now().time_since_epoch());
}

/// Refused for what it is, not for how the state or the pool stands.
bool is_final(PoolRule rule) {
  return rule == PoolRule::invalid || rule == PoolRule::invalid_sender || rule == PoolRule::type_not_pooled ||
         rule == PoolRule::oversized || rule == PoolRule::underpriced;
}
}  // namespace

void TxnGossip::start(net::PeerSet& peers) {
  peers_ = &peers;
  ticker_ = std::make_unique<net::Timer>(parts_.loop, [this] {
    const std::lock_guard lock(mutex_);
    if (fetcher_.idle()) return;
    fetch_due_ = true;
    wake();
  });
  ticker_->start_repeating(kFetchTick);
}

void TxnGossip::stop() {
  peers_ = nullptr;
  ticker_.reset();
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

void TxnGossip::on_peer_up(net::PeerId peer, unsigned eth_version) {
  const std::lock_guard lock(mutex_);
  known_[peer].version = eth_version;
  if (eth_version >= net::kAnnouncedTxnsVersion)
    fetcher_.add_peer(peer, eth_version >= net::info(net::EthCode::pooled_transactions).request_id_since);
  greetings_.push_back(peer);
  wake();
}

void TxnGossip::on_peer_down(net::PeerId peer) {
  const std::lock_guard lock(mutex_);
  known_.erase(peer);
  fetcher_.remove_peer(peer);
}

void TxnGossip::on_message(net::PeerId peer, net::EthMessage message) {
  if (!parts_.accepting()) return;
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  incoming_.push_back({peer, std::move(message)});
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

rlp::Decoded<Bytes> TxnGossip::answer(ByteView request) const {
  const auto hashes = net::decode_hashes<TxnHash>(request);
  if (!hashes) return rlp::fail(hashes.error());
  std::vector<Bytes> out;
  std::size_t bytes = 0;
  for (const TxnHash& hash : *hashes) {
    if (out.size() == kMostServed || bytes >= net::kSoftAnswerBytes) break;
    rlp::Writer item;
    if (const TxnRef txn = parts_.pool.get(hash)) {
      write_transaction(item, txn->txn);
    } else if (const auto whole = parts_.blobs != nullptr ? parts_.blobs->network_form(hash) : std::nullopt) {
      item.write(ByteView{*whole});
    } else {
      continue;
    }
    out.push_back(item.take());
    bytes += out.back().size();
  }
  return net::encode_raw_list(out);
}

// ---- on a worker

void TxnGossip::run() {
  std::unique_lock lock(mutex_);
  while (!stopped_ && !(incoming_.empty() && greetings_.empty() && outgoing_.empty() && !fetch_due_)) {
    const std::vector<TxnRef> news = std::exchange(outgoing_, {});
    const std::vector<net::PeerId> greetings = std::exchange(greetings_, {});
    const bool fetch_now = std::exchange(fetch_due_, false);
    std::optional<Message> message;
    if (!incoming_.empty()) {
      message = std::move(incoming_.front());
      incoming_.pop_front();
    }
    lock.unlock();
    if (!news.empty()) send_out(news);
    for (const net::PeerId peer : greetings) greet(peer);
    if (message) take_in(*message);
    if (fetch_now) fetch();
    lock.lock();
  }
  running_ = false;
}

void TxnGossip::take_in(const Message& message) {
  if (message.eth.code == net::EthCode::transactions) return take_whole(message);
  if (message.eth.code == net::EthCode::pooled_transactions) return take_fetched(message);
  take_announced(message);
}

void TxnGossip::take_whole(const Message& message) {
  auto txns = net::decode_transactions(message.eth.payload);
  if (!txns)
    return drop(message.peer, fmt::format("malformed Transactions: {}", rlp::to_string(txns.error())));
  add(message.peer, std::move(*txns));
}

unsigned TxnGossip::version_of(net::PeerId peer) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(peer);
  return found == known_.end() ? 0 : found->second.version;
}

bool TxnGossip::is_here(const TxnHash& hash) const {
  return parts_.pool.get(hash) != nullptr || (parts_.blobs != nullptr && parts_.blobs->get(hash) != nullptr);
}

/// What no pool takes, or is too long for it, need not be fetched.
bool TxnGossip::is_wanted(const net::AnnouncedTxn& txn) const {
  if (txn.form) {
    const bool blob = txn.form->type == static_cast<std::uint8_t>(TxnType::blob);
    if (blob && parts_.blobs == nullptr) return false;
    const std::size_t most = blob ? BlobPool::kMostTxnBytes : TxPool::kMostTxnBytes;
    if (txn.form->bytes > most + TxnFetcher::kSizeSlack) return false;
  }
  return !is_here(txn.hash);
}

void TxnGossip::take_announced(const Message& message) {
  auto txns = version_of(message.peer) >= net::kTypedTxnsVersion
                  ? net::decode_announced_txns(message.eth.payload)
                  : net::decode_announced_hashes(message.eth.payload);
  if (!txns)
    return drop(message.peer,
                fmt::format("malformed NewPooledTransactionHashes: {}", rlp::to_string(txns.error())));
  std::vector<net::AnnouncedTxn> wanted;
  std::copy_if(txns->begin(), txns->end(), std::back_inserter(wanted),
               [&](const net::AnnouncedTxn& txn) { return is_wanted(txn); });
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(message.peer);
  if (found == known_.end()) return;
  for (const net::AnnouncedTxn& txn : *txns) found->second.known.add(txn.hash);
  std::erase_if(wanted, [&](const net::AnnouncedTxn& txn) { return refused_.has(txn.hash); });
  fetcher_.announced(message.peer, wanted, now());
}

/// Says what does not fit between what was announced and what came.
static std::optional<std::string> contradiction(const TxnHash& hash, const TxnFetcher::Form& announced,
                                                const net::PooledItem& item) {
  const auto& txn = item.txn;
  const auto type = static_cast<unsigned>(txn.type);
  if (announced.type != type)
    return fmt::format("announced transaction {} as of type {} and delivered one of type {}", hash.hex(),
                       announced.type, type);
  const std::uint64_t bytes =
      item.sidecar ? encode_carried({txn, *item.sidecar}).size() : encode_transaction(txn).size();
  const std::uint64_t off = bytes > announced.bytes ? bytes - announced.bytes : announced.bytes - bytes;
  if (off <= TxnFetcher::kSizeSlack) return std::nullopt;
  return fmt::format("announced transaction {} with {} bytes and delivered {}", hash.hex(), announced.bytes,
                     bytes);
}

void TxnGossip::take_fetched(const Message& message) {
  auto txns = net::decode_pooled_transactions(message.eth.payload);
  if (!txns)
    return drop(message.peer, fmt::format("malformed PooledTransactions: {}", rlp::to_string(txns.error())));
  std::optional<TxnFetcher::Asked> asked;
  std::vector<Transaction> came;
  std::vector<CarriedTransaction> came_with_blobs;
  std::optional<std::string> lie;
  {
    const std::lock_guard lock(mutex_);
    asked = fetcher_.answered(message.peer, message.eth.request_id);
    if (!asked) return;
    for (auto& item : *txns) {
      const TxnHash hash = hash_of(item.txn);
      const auto wanted = asked->find(hash);
      if (wanted == asked->end()) continue;
      // EIP-5793: who announces one thing and delivers another is disconnected.
      if (wanted->second && !lie) lie = contradiction(hash, *wanted->second, item);
      fetcher_.arrived(hash);
      if (item.sidecar) {
        came_with_blobs.push_back({std::move(item.txn), std::move(*item.sidecar)});
      } else {
        came.push_back(std::move(item.txn));
      }
    }
    fetch_due_ = true;
  }
  if (lie) drop(message.peer, *lie);
  add(message.peer, std::move(came));
  for (const auto& carried : came_with_blobs) add_with_blobs(message.peer, carried);
}

/// A hash says nothing of the blobs: it is not remembered as refused, another peer may have the right ones.
void TxnGossip::add_with_blobs(net::PeerId peer, const CarriedTransaction& carried) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(peer);
    if (found == known_.end()) return;
    found->second.known.add(hash_of(carried.txn));
  }
  if (parts_.blobs == nullptr) return;
  const auto added = parts_.blobs->add(carried, false);
  if (added) return;
  const auto& error = added.error();
  log_trace("Discarding transaction", {{"peer", peer}, {"err", error.error.what}});
  if (error.is_forged)
    drop(peer, fmt::format("sent blobs that are not transaction {}'s: {}", hash_of(carried.txn).hex(),
                           error.error.what));
}

void TxnGossip::add(net::PeerId peer, std::vector<Transaction> txns) {
  std::vector<Transaction> fresh = select(peer, std::move(txns));
  if (fresh.empty()) return;
  std::vector<TxnHash> hashes;
  for (const Transaction& txn : fresh) hashes.push_back(hash_of(txn));
  const auto added = parts_.pool.add_all(std::move(fresh), false);
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < added.size(); ++i) {
      fetcher_.arrived(hashes[i]);
      if (!added[i] && is_final(added[i].error().rule)) refused_.add(hashes[i]);
    }
  }
  judge(peer, added);
}

void TxnGossip::fetch() {
  std::vector<TxnFetcher::Request> requests;
  {
    const std::lock_guard lock(mutex_);
    requests = fetcher_.due(now());
  }
  for (const auto& request : requests)
    send(request.peer, net::EthCode::get_pooled_transactions, net::encode_hashes<TxnHash>(request.hashes),
         request.id);
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

/// As geth does: whole to the square root of those who lack it, by hash to the others. Peers before eth/65
/// know no announcements.
void TxnGossip::send_out(const std::vector<TxnRef>& txns) {
  Outbox whole, by_hash;
  {
    const std::lock_guard lock(mutex_);
    for (const TxnRef& txn : txns) {
      std::vector<net::PeerId> lacking;
      std::size_t old = 0;
      for (auto& [peer, state] : known_) {
        if (!state.known.add(txn->hash)) continue;
        lacking.push_back(peer);
        if (state.version >= net::kAnnouncedTxnsVersion) continue;
        std::swap(lacking[old++], lacking.back());
      }
      const bool only_announced = txn->txn.type == TxnType::blob || txn->bytes > kMostWholeBytes;
      const auto direct = static_cast<std::size_t>(std::sqrt(static_cast<double>(lacking.size())));
      std::shuffle(lacking.begin() + static_cast<std::ptrdiff_t>(old), lacking.end(), random_);
      for (std::size_t i = 0; i < lacking.size(); ++i) {
        const bool is_old = i < old;
        if (is_old && txn->txn.type == TxnType::blob) continue;
        const bool goes_whole = is_old || (!only_announced && i < old + direct);
        (goes_whole ? whole : by_hash)[lacking[i]].push_back(txn);
      }
    }
  }
  for (const auto& [peer, of_peer] : whole) send_whole(peer, of_peer);
  for (const auto& [peer, of_peer] : by_hash) announce(peer, of_peer);
}

/// A new peer hears of all that is pending; one that knows no announcements gets some megabytes of it.
void TxnGossip::greet(net::PeerId peer) {
  std::vector<TxnRef> unknown;
  unsigned version = 0;
  std::vector<TxnRef> pending = parts_.pool.pending();
  if (parts_.blobs != nullptr) {
    const auto blobs = parts_.blobs->pending();
    pending.insert(pending.end(), blobs.begin(), blobs.end());
  }
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(peer);
    if (found == known_.end()) return;
    version = found->second.version;
    std::size_t room = kGreetingBytes;
    for (const TxnRef& txn : pending) {
      const bool whole = version < net::kAnnouncedTxnsVersion;
      if (whole && (txn->bytes > room || txn->txn.type == TxnType::blob)) continue;
      if (!found->second.known.add(txn->hash)) continue;
      if (whole) room -= txn->bytes;
      unknown.push_back(txn);
    }
  }
  if (version < net::kAnnouncedTxnsVersion) return send_whole(peer, unknown);
  announce(peer, unknown);
}

void TxnGossip::send_whole(net::PeerId peer, const std::vector<TxnRef>& txns) {
  for (std::size_t i = 0; i < txns.size();) {
    std::vector<Transaction> pack;
    for (std::size_t bytes = 0; i < txns.size() && bytes < kPackBytes; ++i) {
      bytes += txns[i]->bytes;
      pack.push_back(txns[i]->txn);
    }
    send(peer, net::EthCode::transactions, net::encode_transactions(pack));
  }
}

void TxnGossip::announce(net::PeerId peer, const std::vector<TxnRef>& txns) {
  const bool typed = version_of(peer) >= net::kTypedTxnsVersion;
  for (std::size_t i = 0; i < txns.size();) {
    std::vector<net::AnnouncedTxn> pack;
    for (; i < txns.size() && pack.size() < net::kMaxHashesRead; ++i) {
      const TxnFetcher::Form form{static_cast<std::uint8_t>(txns[i]->txn.type), txns[i]->bytes};
      pack.push_back({txns[i]->hash, form});
    }
    send(peer, net::EthCode::new_pooled_transaction_hashes,
         typed ? net::encode_announced_txns(pack) : net::encode_announced_hashes(pack));
  }
}

void TxnGossip::send(net::PeerId peer, net::EthCode code, Bytes payload, std::uint64_t request_id) {
  parts_.loop.post([this, peer, code, payload = std::move(payload), request_id] {
    if (peers_) peers_->send(peer, code, payload, request_id);
  });
}

void TxnGossip::drop(net::PeerId peer, std::string why) {
  log_warn("Dropping peer", {{"peer", peer}, {"err", why}});
  parts_.loop.post([this, peer, why = std::move(why)] {
    if (peers_) peers_->disconnect(peer, net::DisconnectReason::useless_peer, why);
  });
}

}  // namespace quarry
