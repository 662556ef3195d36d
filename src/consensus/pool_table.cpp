#include "consensus/pool_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "core/check.hpp"

namespace quarry {
namespace {

PoolError error(PoolRule rule, const std::string& values) {
  return {rule, fmt::format("{}: {}", to_string(rule), values)};
}

/// `price` and so many percent, rounded up; the highest price stays what it is.
U256 bumped(const U256& price, unsigned percent) {
  const auto [hundreds, rest] = divide(price, U256{100});
  const U256 more = hundreds * U256{percent} + (rest * U256{percent} + U256{99}) / U256{100};
  return checked_add(price, more).value_or(U256::max());
}

bool pays_less(const Transaction& a, const Transaction& b) {
  return std::tie(a.max_fee_per_gas, a.max_priority_fee_per_gas) <
         std::tie(b.max_fee_per_gas, b.max_priority_fee_per_gas);
}

}  // namespace

std::optional<Wei> most_cost(const Transaction& txn) {
  if (txn.max_fee_per_gas.bit_length() > 192) return std::nullopt;
  return checked_add(txn.max_fee_per_gas * U256{txn.gas_limit}, txn.value);
}

bool PoolTable::Cheaper::operator()(const TxnRef& a, const TxnRef& b) const {
  if (pays_less(a->txn, b->txn)) return true;
  if (pays_less(b->txn, a->txn)) return false;
  return a->order > b->order;
}

TxnRef PoolTable::find(const TxnHash& hash) const {
  const auto found = by_hash_.find(hash);
  return found == by_hash_.end() ? nullptr : found->second;
}

std::optional<std::uint64_t> PoolTable::next_nonce(const Address& address) const {
  const auto found = accounts_.find(address);
  if (found == accounts_.end()) return std::nullopt;
  return found->second.next_nonce();
}

bool PoolTable::holds(const Address& address, std::uint64_t nonce) const {
  const auto found = accounts_.find(address);
  return found != accounts_.end() && found->second.txns.lower_bound(nonce) != found->second.txns.end();
}

std::vector<Address> PoolTable::senders() const {
  std::vector<Address> out;
  for (const auto& [address, account] : accounts_) out.push_back(address);
  return out;
}

template <class Pick>
std::vector<std::vector<TxnRef>> PoolTable::lines(Pick pick) const {
  std::vector<std::vector<TxnRef>> out;
  for (const auto& [address, account] : accounts_) {
    std::vector<TxnRef> line;
    std::size_t at = 0;
    for (const auto& [nonce, txn] : account.txns)
      if (pick(account, at++)) line.push_back(txn);
    if (!line.empty()) out.push_back(std::move(line));
  }
  return out;
}

std::vector<std::vector<TxnRef>> PoolTable::ready_lines() const {
  return lines([](const Account& account, std::size_t at) { return at < account.ready; });
}
std::vector<std::vector<TxnRef>> PoolTable::queued_lines() const {
  return lines([](const Account& account, std::size_t at) { return at >= account.ready; });
}

// ---- taking in

std::optional<PoolError> PoolTable::check(const PooledTxn& txn, const Standing& standing) const {
  if (by_hash_.contains(txn.hash))
    return PoolError{
        PoolRule::already_known,
        fmt::format("{} (known transaction: {})", to_string(PoolRule::already_known), to_hex(txn.hash))};
  if (txn.txn.gas_limit > standing.block_gas_limit)
    return error(PoolRule::block_gas_limit, fmt::format("the transaction's gas limit is {}, the block's {}",
                                                        txn.txn.gas_limit, standing.block_gas_limit));
  if (txn.txn.nonce < standing.nonce)
    return error(PoolRule::nonce_too_low,
                 fmt::format("next nonce {}, tx nonce {}", standing.nonce, txn.txn.nonce));
  const auto cost = most_cost(txn.txn);
  if (!cost || *cost > standing.balance)
    return error(PoolRule::insufficient_funds,
                 fmt::format("address {} has {} wei, the transaction can cost {}", txn.sender.hex(),
                             standing.balance.to_decimal(), cost ? cost->to_decimal() : "over 2^256"));
  return std::nullopt;
}

std::optional<PoolError> PoolTable::check_replacement(const PooledTxn& old, const PooledTxn& txn) const {
  const auto enough = [&](const U256& before, const U256& now) {
    return now > before && now >= bumped(before, options_.price_bump_percent);
  };
  if (enough(old.txn.max_fee_per_gas, txn.txn.max_fee_per_gas) &&
      enough(old.txn.max_priority_fee_per_gas, txn.txn.max_priority_fee_per_gas))
    return std::nullopt;
  return error(
      PoolRule::replacement_underpriced,
      fmt::format("nonce {} is taken by {}: fee cap {} and tip {} must both be {} % higher, not {} and {}",
                  old.txn.nonce, old.hash.hex(), old.txn.max_fee_per_gas.to_decimal(),
                  old.txn.max_priority_fee_per_gas.to_decimal(), options_.price_bump_percent,
                  txn.txn.max_fee_per_gas.to_decimal(), txn.txn.max_priority_fee_per_gas.to_decimal()));
}

std::optional<PoolError> PoolTable::place(const TxnRef& txn, const Standing& standing,
                                          std::vector<TxnRef>& ready) {
  update(txn->sender, standing, ready);
  if (auto refusal = check(*txn, standing)) return refusal;
  if (const auto found = accounts_.find(txn->sender); found != accounts_.end()) {
    Account& account = found->second;
    if (const auto old = account.txns.find(txn->txn.nonce); old != account.txns.end()) {
      if (auto refusal = check_replacement(*old->second, *txn)) return refusal;
      const bool could_run = txn->txn.nonce < account.next_nonce();
      const TxnRef replaced = old->second;
      unlink(account, replaced);
      insert(account, txn);
      if (could_run) ready.push_back(txn);
      return std::nullopt;
    }
  }
  const std::uint64_t next = next_nonce(txn->sender).value_or(standing.nonce);
  if (auto refusal = make_queue_room(*txn, next)) return refusal;
  if (auto refusal = make_room(*txn)) return refusal;
  Account& account = accounts_[txn->sender];
  account.nonce = standing.nonce;
  insert(account, txn);
  settle(account, &ready);
  return std::nullopt;
}

/// A transaction that has to wait for an earlier nonce has less room.
std::optional<PoolError> PoolTable::make_queue_room(const PooledTxn& txn, std::uint64_t next_nonce) {
  if (txn.local || txn.txn.nonce == next_nonce) return std::nullopt;
  const auto found = accounts_.find(txn.sender);
  if (found != accounts_.end() && found->second.queued() >= options_.most_account_queued) {
    const TxnRef last = found->second.txns.rbegin()->second;
    if (last->txn.nonce < txn.txn.nonce || last->local)
      return error(PoolRule::account_full, fmt::format("{} transactions of {} wait for nonce {} already",
                                                       found->second.queued(), txn.sender.hex(), next_nonce));
    remove(last);
  }
  if (counts().queued < options_.most_queued) return std::nullopt;
  const auto cheapest = std::find_if(remote_.begin(), remote_.end(), [&](const TxnRef& other) {
    return other->txn.nonce >= accounts_.at(other->sender).next_nonce();
  });
  if (cheapest == remote_.end() || !pays_less((*cheapest)->txn, txn.txn))
    return error(PoolRule::pool_full,
                 fmt::format("{} transactions wait for an earlier nonce, as this one would "
                             "for nonce {} of {}, and none pays less",
                             counts().queued, next_nonce, txn.sender.hex()));
  remove(*cheapest);
  return std::nullopt;
}

/// Whoever pays least goes, or the last one of whoever has most; one who has a fair share keeps it against
/// those who pay no more.
std::optional<PoolError> PoolTable::make_room(const PooledTxn& txn) {
  while (by_hash_.size() >= options_.most_txns || bytes_ + txn.bytes > options_.most_bytes) {
    TxnRef victim = remote_.empty() ? nullptr : *remote_.begin();
    if (victim && !txn.local && !pays_less(victim->txn, txn.txn)) {
      const bool pays_least = pays_less(txn.txn, victim->txn);
      victim = crowded_out(txn);
      if (!victim && pays_least)
        return error(PoolRule::underpriced,
                     fmt::format("the pool is full, and its cheapest transaction pays more than {} a gas",
                                 txn.txn.max_fee_per_gas.to_decimal()));
    }
    if (!victim)
      return error(PoolRule::pool_full, fmt::format("{} transactions wait, and none pays less than {} a gas",
                                                    by_hash_.size(), txn.txn.max_fee_per_gas.to_decimal()));
    remove(victim);
  }
  return std::nullopt;
}

/// The last transaction of the account that has most, when that is more than its share and than what the
/// sender of `txn` has.
TxnRef PoolTable::crowded_out(const PooledTxn& txn) const {
  const Account* most = nullptr;
  for (const auto& [address, account] : accounts_)
    if (!most || account.txns.size() > most->txns.size()) most = &account;
  if (!most || most->txns.size() <= options_.fair_share) return nullptr;
  const auto own = accounts_.find(txn.sender);
  if (own != accounts_.end() && own->second.txns.size() + 1 >= most->txns.size()) return nullptr;
  const TxnRef& last = most->txns.rbegin()->second;
  return last->local || pays_less(txn.txn, last->txn) ? nullptr : last;
}

// ---- keeping

void PoolTable::insert(Account& account, const TxnRef& txn) {
  account.txns[txn->txn.nonce] = txn;
  by_hash_[txn->hash] = txn;
  if (!txn->local) remote_.insert(txn);
  bytes_ += txn->bytes;
}

void PoolTable::unlink(Account& account, const TxnRef& txn) {
  const TxnRef kept = txn;  // what was handed in may lie in the map
  account.txns.erase(kept->txn.nonce);
  by_hash_.erase(kept->hash);
  remote_.erase(kept);
  bytes_ -= kept->bytes;
}

void PoolTable::remove(const TxnRef& txn) {
  const auto found = accounts_.find(txn->sender);
  QUARRY_CHECK(found != accounts_.end());
  unlink(found->second, txn);
  settle(found->second, nullptr);
  if (found->second.txns.empty()) accounts_.erase(found);
}

void PoolTable::settle(Account& account, std::vector<TxnRef>* ready) {
  const std::uint64_t before = account.next_nonce();
  ready_ -= account.ready;
  account.ready = 0;
  for (const auto& [nonce, txn] : account.txns) {
    if (nonce != account.next_nonce()) break;
    ++account.ready;
    if (ready && nonce >= before) ready->push_back(txn);
  }
  ready_ += account.ready;
}

void PoolTable::update(const Address& address, const Standing& standing, std::vector<TxnRef>& ready) {
  const auto found = accounts_.find(address);
  if (found == accounts_.end()) return;
  Account& account = found->second;
  std::vector<TxnRef> out;
  for (const auto& [nonce, txn] : account.txns) {
    const auto cost = most_cost(txn->txn);
    if (nonce < standing.nonce || !cost || *cost > standing.balance ||
        txn->txn.gas_limit > standing.block_gas_limit)
      out.push_back(txn);
  }
  if (out.empty() && account.nonce == standing.nonce) return;
  // What could run before and still can is no news, though its place among them changed.
  const std::uint64_t known_to = account.next_nonce();
  for (const TxnRef& txn : out) unlink(account, txn);
  ready_ -= account.ready;
  account.ready = 0;
  account.nonce = standing.nonce;
  std::vector<TxnRef> fresh;
  settle(account, &fresh);
  std::copy_if(fresh.begin(), fresh.end(), std::back_inserter(ready),
               [&](const TxnRef& txn) { return txn->txn.nonce >= known_to; });
  if (account.txns.empty()) accounts_.erase(found);
}

void PoolTable::erase(const TxnHash& hash) {
  if (const TxnRef txn = find(hash)) remove(txn);
}

void PoolTable::make_local(const Address& address) {
  const auto found = accounts_.find(address);
  if (found == accounts_.end()) return;
  for (auto& [nonce, txn] : found->second.txns) {
    if (txn->local) continue;
    remote_.erase(txn);
    auto favoured = std::make_shared<PooledTxn>(*txn);
    favoured->local = true;
    txn = by_hash_[favoured->hash] = std::move(favoured);
  }
}

template <class Drop>
void PoolTable::erase_remote_if(Drop drop) {
  std::vector<TxnRef> out;
  for (const TxnRef& txn : remote_)
    if (drop(*txn)) out.push_back(txn);
  for (const TxnRef& txn : out) remove(txn);
}

void PoolTable::erase_below(const U256& price_floor) {
  erase_remote_if([&](const PooledTxn& txn) { return txn.txn.max_priority_fee_per_gas < price_floor; });
}

void PoolTable::erase_stale(std::chrono::steady_clock::time_point time) {
  erase_remote_if([&](const PooledTxn& txn) {
    return txn.since < time && txn.txn.nonce >= accounts_.at(txn.sender).next_nonce();
  });
}

}  // namespace quarry
