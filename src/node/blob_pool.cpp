#include "node/blob_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "consensus/base_fee.hpp"
#include "consensus/blob_gas.hpp"
#include "consensus/block_executor.hpp"
#include "core/sender.hpp"
#include "evm/blob_proofs.hpp"
#include "evm/transition.hpp"
#include "storage/chain_store.hpp"
#include "storage/state_store.hpp"

namespace quarry {
namespace {

/// The block that a transaction which comes now could be in.
evm::BlockEnv next_block(const ChainSpec& spec, const Engine& engine, const Header& head) {
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  Header next;
  next.number = head.number + 1;
  next.timestamp = std::max<Timestamp>(head.timestamp + 1, static_cast<Timestamp>(now.count()));
  next.gas_limit = head.gas_limit;
  next.base_fee_per_gas = next_base_fee(spec, head);
  const auto rules = spec.forks.rules(next.number, next.timestamp);
  if (const auto blobs = blob_params(spec, rules))
    next.excess_blob_gas = next_excess_blob_gas(head, *blobs, rules);
  return block_env({spec, engine}, next);
}

std::optional<U256> product(const U256& a, const U256& b) {
  if (!a.is_zero() && b > U256::max() / a) return std::nullopt;
  return a * b;
}

/// What the transaction may cost in all; nothing when that passes 2^256 - 1.
std::optional<U256> most_cost(const Transaction& txn) {
  const auto gas = product(U256{txn.gas_limit}, txn.max_fee_per_gas);
  const auto blobs = product(U256{blob_gas_of(txn)}, txn.max_fee_per_blob_gas);
  const auto fees = gas && blobs ? checked_add(*gas, *blobs) : std::nullopt;
  return fees ? checked_add(*fees, txn.value) : std::nullopt;
}

/// EIP-7594: from Osaka on blobs come with proofs of their cells, before with one proof each.
std::optional<std::string> wrong_version(const BlobSidecar& sidecar, const Rules& rules) {
  const bool wanted = rules.has(Fork::osaka);
  if (sidecar.cell_proofs == wanted) return std::nullopt;
  return fmt::format("unexpected sidecar version, want: {}, got: {}", wanted ? 1 : 0,
                     sidecar.cell_proofs ? 1 : 0);
}

/// Why it does not replace the one in its place.
std::optional<std::string> underpriced(const Transaction& txn, const Transaction& old) {
  constexpr U256 Transaction::*kPrices[] = {&Transaction::max_fee_per_gas,
                                            &Transaction::max_priority_fee_per_gas,
                                            &Transaction::max_fee_per_blob_gas};
  constexpr const char* kNames[] = {"gas fee cap", "gas tip cap", "blob gas fee cap"};
  for (std::size_t i = 0; i < std::size(kPrices); ++i) {
    const U256 &have = old.*kPrices[i], &offered = txn.*kPrices[i];
    const auto least = product(have, U256{100 + BlobPool::kPriceBumpPercent});
    if (least && offered >= *least / U256{100}) continue;
    return fmt::format(
        "replacement transaction underpriced: new tx {} {} < {} queued + {}% replacement penalty", kNames[i],
        offered.to_decimal(), have.to_decimal(), BlobPool::kPriceBumpPercent);
  }
  return std::nullopt;
}

auto refuse(std::string what, std::string remedy = {}) {
  return tl::unexpected(BlobError{false, Error{std::move(what), std::move(remedy)}});
}
auto refuse(Error error) {
  return tl::unexpected(BlobError{false, std::move(error)});
}

}  // namespace

/// What does not hang on the pool, the cheap before the dear.
Expected<BlobPool::Held, BlobError> BlobPool::examine(const CarriedTransaction& carried, bool local) const {
  const auto& txn = carried.txn;
  const ChainStore chain(database_);
  const auto head = chain.header(chain.heads().block);
  if (!head) return refuse("the state is not here yet: it is being downloaded");
  if (!is_merged(spec_, **head)) {
    return refuse(
        "transaction type not supported: blobs are kept by a beacon chain, and none stands above this one",
        "Transactions of the other types are taken.");
  }
  const auto env = next_block(spec_, engine_, **head);
  if (auto broken = evm::check_transaction(txn, env)) return refuse(std::move(broken->detail));
  if (auto wrong = wrong_version(carried.sidecar, env.rules)) return refuse(std::move(*wrong));
  Held out;
  out.network = encode_carried(carried);
  if (out.network.size() > kMostTxnBytes) {
    return refuse(
        fmt::format("oversized data: transaction size {}, limit {}", out.network.size(), kMostTxnBytes));
  }
  const auto sender = sender_of(txn);
  if (!sender) return refuse("invalid sender: the signature belongs to no key");
  const auto cost = most_cost(txn);
  if (!cost) return refuse("insufficient funds for gas * price + value: it may cost more than 2^256 - 1");
  out.cost = *cost;
  auto pooled = std::make_shared<PooledTxn>();
  *pooled = {txn, hash_of(txn), *sender, local, out.network.size(), 0, std::chrono::steady_clock::now()};
  out.txn = std::move(pooled);
  return out;
}

/// What hangs on the account and on what it has here. Under the lock.
std::optional<Error> BlobPool::check_place(const Held& held, const Wei& balance, std::uint64_t next) const {
  const auto& txn = held.txn->txn;
  const auto error = [](std::string what) { return Error{std::move(what), {}}; };
  if (places_.contains(held.txn->hash)) return error("already known");
  if (txn.nonce < next)
    return error(fmt::format("nonce too low: next nonce {}, tx nonce {}", next, txn.nonce));
  const auto found = accounts_.find(held.txn->sender);
  static const Account kNone;
  const Account& account = found == accounts_.end() ? kNone : found->second;
  if (account.empty() && others_.pending_nonce(held.txn->sender) > next)
    return Error{"address already reserved: the account has transactions of other types in the pool",
                 "Send it when a block has them."};
  const std::uint64_t after = account.empty() ? next : account.rbegin()->first + 1;
  if (txn.nonce > after)
    return error(fmt::format("nonce too high: tx nonce {}, gapped nonce {}", txn.nonce, after));
  const auto old = account.find(txn.nonce);
  U256 spent;  // each was found payable together with those before it
  for (const auto& [nonce, other] : account)
    if (nonce != txn.nonce) spent = spent + other.cost;
  const auto all = checked_add(spent, held.cost);
  if (!all || *all > balance)
    return error(
        fmt::format("insufficient funds for gas * price + value: balance {}, queued cost {}, tx cost {}",
                    balance.to_decimal(), spent.to_decimal(), held.cost.to_decimal()));
  if (old != account.end()) {
    auto wrong = underpriced(txn, old->second.txn->txn);
    return wrong ? std::optional(error(std::move(*wrong))) : std::nullopt;
  }
  if (account.size() >= kMostAccountTxns)
    return error(fmt::format("account limit exceeded: pooled {} txs", account.size()));
  if (blobs_ + txn.blob_hashes.size() > kMostBlobsHeld)
    return error(fmt::format("txpool is full: {} blobs wait, the limit is {}", blobs_, kMostBlobsHeld));
  return std::nullopt;
}

Expected<TxnHash, BlobError> BlobPool::add(const CarriedTransaction& carried, bool local) {
  auto held = examine(carried, local);
  if (!held) return tl::unexpected(held.error());
  const TxnRef txn = held->txn;
  // Before the proofs, which are the dear part, and after them: others may have come in between.
  for (const bool proved : {false, true}) {
    const auto state = StateStore(database_).at_head();
    if (!state) return refuse("the state is not here yet: it is being downloaded");
    const auto account = state->account(txn->sender).value_or(quarry::Account{});
    {
      const std::lock_guard lock(mutex_);
      drop_mined();
      if (auto error = check_place(*held, account.balance, account.nonce)) return refuse(std::move(*error));
      if (proved) keep(std::move(*held));
    }
    if (proved) break;
    if (auto wrong = evm::check_sidecar(carried.txn, carried.sidecar))
      return tl::unexpected(BlobError{true, Error{std::move(*wrong), {}}});
  }
  if (on_new_) on_new_({txn});
  return txn->hash;
}

void BlobPool::keep(Held held) {
  const auto sender = held.txn->sender;
  const auto nonce = held.txn->txn.nonce;
  auto& account = accounts_[sender];
  if (const auto old = account.find(nonce); old != account.end()) {
    blobs_ -= old->second.txn->txn.blob_hashes.size();
    places_.erase(old->second.txn->hash);
    account.erase(old);
  }
  blobs_ += held.txn->txn.blob_hashes.size();
  places_.emplace(held.txn->hash, std::pair(sender, nonce));
  account.emplace(nonce, std::move(held));
}

void BlobPool::drop_mined() {
  if (accounts_.empty()) return;
  const auto state = StateStore(database_).at_head();
  if (!state) return;
  for (auto at = accounts_.begin(); at != accounts_.end();) {
    auto& [address, account] = *at;
    const auto next = state->account(address).value_or(quarry::Account{}).nonce;
    while (!account.empty() && account.begin()->first < next) {
      const Held& mined = account.begin()->second;
      blobs_ -= mined.txn->txn.blob_hashes.size();
      places_.erase(mined.txn->hash);
      account.erase(account.begin());
    }
    at = account.empty() ? accounts_.erase(at) : std::next(at);
  }
}

TxnRef BlobPool::get(const TxnHash& hash) {
  const std::lock_guard lock(mutex_);
  if (!places_.contains(hash)) return nullptr;
  drop_mined();
  const auto place = places_.find(hash);
  return place == places_.end() ? nullptr : accounts_[place->second.first].at(place->second.second).txn;
}

std::optional<Bytes> BlobPool::network_form(const TxnHash& hash) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(hash);
  if (place == places_.end()) return std::nullopt;
  return accounts_[place->second.first].at(place->second.second).network;
}

std::vector<TxnRef> BlobPool::pending() {
  const std::lock_guard lock(mutex_);
  drop_mined();
  std::vector<TxnRef> out;
  for (const auto& [address, account] : accounts_)
    for (const auto& [nonce, held] : account) out.push_back(held.txn);
  return out;
}

std::optional<std::uint64_t> BlobPool::next_nonce(const Address& sender) {
  const std::lock_guard lock(mutex_);
  if (!accounts_.contains(sender)) return std::nullopt;
  drop_mined();
  const auto found = accounts_.find(sender);
  if (found == accounts_.end()) return std::nullopt;
  return found->second.rbegin()->first + 1;
}

}  // namespace quarry
