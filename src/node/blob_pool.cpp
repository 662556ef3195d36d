#include "node/blob_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "consensus/base_fee.hpp"
#include "consensus/blob_gas.hpp"
#include "consensus/block_executor.hpp"
#include "core/log.hpp"
#include "core/sender.hpp"
#include "evm/blob_proofs.hpp"
#include "evm/transition.hpp"
#include "storage/chain_store.hpp"
#include "storage/state_store.hpp"

namespace quarry {
namespace {

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

BlobPool::BlobPool(const Database& database, const ChainSpec& spec, const Engine& engine, TxPool& others,
                   BlobPoolOptions options)
    : database_(database), spec_(spec), engine_(engine), others_(others), options_(std::move(options)) {
  if (!options_.folder.empty()) store_.emplace(options_.folder);
  head_ = ChainStore(database_).heads().block.number;
  others_.set_reserved(
      [this](const Address& sender, std::uint64_t nonce) { return is_reserved(sender, nonce); });
  load();
}

BlobPool::~BlobPool() {
  others_.set_reserved(nullptr);
}

/// The block that a transaction which comes now could be in.
Result<evm::BlockEnv> BlobPool::next_block() const {
  const ChainStore chain(database_);
  const auto stored = chain.header(chain.heads().block);
  if (!stored || !StateStore(database_).at_head())
    return fail("the state is not here yet: it is being downloaded");
  const Header& head = **stored;
  if (!is_merged(spec_, head)) {
    return fail(
        "transaction type not supported: blobs are kept by a beacon chain, and none stands above this one",
        "Transactions of the other types are taken.");
  }
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  Header next;
  next.number = head.number + 1;
  next.timestamp = std::max<Timestamp>(head.timestamp + 1, static_cast<Timestamp>(now.count()));
  next.gas_limit = head.gas_limit;
  next.base_fee_per_gas = next_base_fee(spec_, head);
  const auto rules = spec_.forks.rules(next.number, next.timestamp);
  if (const auto blobs = blob_params(spec_, rules))
    next.excess_blob_gas = next_excess_blob_gas(head, *blobs, rules);
  return block_env({spec_, engine_}, next);
}

/// What does not hang on the pool, the cheap before the dear.
Expected<BlobPool::Held, BlobError> BlobPool::examine(const CarriedTransaction& carried, bool local,
                                                      const evm::BlockEnv& env) const {
  const auto& txn = carried.txn;
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

/// What hangs on the account and on what it has here. Those that go to make room for it, where it may come.
Expected<BlobPool::Hashes, Error> BlobPool::check_place(const Held& held, const Standing& standing,
                                                        const evm::BlockEnv& env) const {
  const auto& txn = held.txn->txn;
  const auto error = [](std::string what) { return tl::unexpected(Error{std::move(what), {}}); };
  if (places_.contains(held.txn->hash)) return error("already known");
  if (txn.nonce < standing.nonce)
    return error(fmt::format("nonce too low: next nonce {}, tx nonce {}", standing.nonce, txn.nonce));
  const auto found = accounts_.find(held.txn->sender);
  static const Account kNone;
  const Account& account = found == accounts_.end() ? kNone : found->second;
  const std::uint64_t after = account.empty() ? standing.nonce : account.rbegin()->first + 1;
  if (txn.nonce > after)
    return error(fmt::format("nonce too high: tx nonce {}, gapped nonce {}", txn.nonce, after));
  const auto old = account.find(txn.nonce);
  U256 spent;  // each was found payable together with those before it
  for (const auto& [nonce, other] : account)
    if (nonce != txn.nonce) spent = spent + other.cost;
  const auto all = checked_add(spent, held.cost);
  if (!all || *all > standing.balance)
    return error(
        fmt::format("insufficient funds for gas * price + value: balance {}, queued cost {}, tx cost {}",
                    standing.balance.to_decimal(), spent.to_decimal(), held.cost.to_decimal()));
  if (old != account.end()) {
    if (auto wrong = underpriced(txn, old->second.txn->txn)) return error(std::move(*wrong));
  } else if (account.size() >= kMostAccountTxns) {
    return error(fmt::format("account limit exceeded: pooled {} txs", account.size()));
  }
  return room_for(held, env);
}

/// Why it is not taken; otherwise, with `keep_it`, it is here from now on.
std::optional<Error> BlobPool::place(Held& held, const evm::BlockEnv& env, bool keep_it) {
  const auto state = StateStore(database_).at_head();
  if (!state) return Error{"the state is not here yet: it is being downloaded", {}};
  const Address sender = held.txn->sender;
  const auto account = state->account(sender).value_or(quarry::Account{});
  const std::lock_guard lock(mutex_);
  drop_mined();
  // Reserved before it looks into the other pool, which looks here before it takes one: one of them sees.
  if (keep_it) {
    const std::lock_guard reserved_lock(reserved_mutex_);
    reserved_.try_emplace(sender, held.txn->txn.nonce);
  }
  std::optional<Error> refusal;
  if (!accounts_.contains(sender) && others_.holds(sender, account.nonce)) {
    refusal = Error{"address already reserved: the account has transactions of other types in the pool",
                    "Send it when a block has them."};
  } else if (auto crowded_out = check_place(held, {account.nonce, account.balance}, env); !crowded_out) {
    refusal = std::move(crowded_out.error());
  } else if (keep_it) {
    if (store_)
      if (const auto put = store_->put(held.txn->hash, held.network); !put)
        log_warn("Failed to journal blob transaction", {{"err", put.error().what}});
    keep(std::move(held), *crowded_out);
  }
  note_reserved(sender);
  return refusal;
}

Expected<TxnHash, BlobError> BlobPool::add(const CarriedTransaction& carried, bool local) {
  const auto env = next_block();
  if (!env) return refuse(env.error());
  auto held = examine(carried, local, *env);
  if (!held) return tl::unexpected(held.error());
  const TxnRef txn = held->txn;
  // Before the proofs, which are the dear part, and after them: others may have come in between.
  if (auto error = place(*held, *env, false)) return refuse(std::move(*error));
  if (auto wrong = evm::check_sidecar(carried.txn, carried.sidecar))
    return tl::unexpected(BlobError{true, Error{std::move(*wrong), {}}});
  if (auto error = place(*held, *env, true)) return refuse(std::move(*error));
  if (on_new_) on_new_({txn});
  return txn->hash;
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
