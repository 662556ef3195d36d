// What the blob pool keeps: who makes room for whom, what blocks have taken, and what is on disk.
#include <fmt/format.h>

#include <algorithm>

#include "consensus/chain.hpp"
#include "core/log.hpp"
#include "node/blob_pool.hpp"
#include "storage/chain_store.hpp"
#include "storage/state_store.hpp"

namespace quarry {
namespace {

/// What those who make blocks have of a transaction, the least first.
struct Worth {
  unsigned halvings = 0;  ///< so often one of the fees has to halve before a block can take it
  U256 tip;

  bool operator<(const Worth& other) const {
    return halvings != other.halvings ? halvings > other.halvings : tip < other.tip;
  }
};

unsigned halvings(const U256& fee, const U256& cap) {
  return fee <= cap ? 0 : std::max(1U, fee.bit_length() - cap.bit_length());
}

Worth worth_of(const Transaction& txn, const evm::BlockEnv& env) {
  Worth out{std::max(halvings(env.base_fee, txn.max_fee_per_gas),
                     halvings(env.blob_base_fee, txn.max_fee_per_blob_gas)),
            txn.max_priority_fee_per_gas};
  if (txn.max_fee_per_gas >= env.base_fee) out.tip = std::min(out.tip, txn.max_fee_per_gas - env.base_fee);
  return out;
}

struct Candidate {
  Worth worth;
  std::uint64_t nonce = 0;
  std::size_t blobs = 0;
  TxnHash hash;
};

}  // namespace

/// The last transactions of the accounts that pay least. A transaction is worth what the worst of those
/// before it is, without which no block takes it: an account's last go first.
Expected<BlobPool::Hashes, Error> BlobPool::room_for(const Held& held, const evm::BlockEnv& env) const {
  const auto& txn = held.txn->txn;
  Worth own = worth_of(txn, env);
  std::size_t wanted = blobs_ + txn.blob_hashes.size();
  if (const auto found = accounts_.find(held.txn->sender); found != accounts_.end()) {
    for (const auto& [nonce, other] : found->second) {
      if (nonce < txn.nonce) own = std::min(own, worth_of(other.txn->txn, env));
      if (nonce == txn.nonce) wanted -= other.txn->txn.blob_hashes.size();
    }
  }
  Hashes out;
  if (wanted <= options_.most_blobs) return out;
  std::vector<Candidate> candidates;
  for (const auto& [address, account] : accounts_) {
    if (address == held.txn->sender) continue;
    std::optional<Worth> worst;
    for (const auto& [nonce, other] : account) {
      const Worth worth = worth_of(other.txn->txn, env);
      worst = worst ? std::min(*worst, worth) : worth;
      if (*worst < own)
        candidates.push_back({*worst, nonce, other.txn->txn.blob_hashes.size(), other.txn->hash});
    }
  }
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    if (a.worth < b.worth || b.worth < a.worth) return a.worth < b.worth;
    return a.nonce > b.nonce;
  });
  for (const Candidate& candidate : candidates) {
    out.push_back(candidate.hash);
    wanted -= candidate.blobs;
    if (wanted <= options_.most_blobs) return out;
  }
  return fail(fmt::format("txpool is full: {} blobs wait, the limit is {}, and not enough of them pay less",
                          blobs_, options_.most_blobs));
}

void BlobPool::keep(Held held, const Hashes& crowded_out) {
  for (const TxnHash& hash : crowded_out) {
    log_trace("Discarding blob transaction: another one pays more", {{"hash", hash}});
    erase(hash);
  }
  const TxnRef txn = held.txn;
  std::erase_if(limbo_, [&](const Mined& mined) {
    if (mined.held.txn->hash != txn->hash) return false;
    limbo_bytes_ -= mined.held.network.size();
    return true;
  });
  const auto nonce = txn->txn.nonce;
  if (const auto found = accounts_.find(txn->sender); found != accounts_.end())
    if (const auto old = found->second.find(nonce); old != found->second.end())
      erase(TxnHash{old->second.txn->hash});
  blobs_ += txn->txn.blob_hashes.size();
  places_.emplace(txn->hash, std::pair(txn->sender, nonce));
  accounts_[txn->sender].emplace(nonce, std::move(held));
  note_reserved(txn->sender);
}

/// It is here. Its file stays.
BlobPool::Held BlobPool::take_out(const TxnHash& hash) {
  const auto [sender, nonce] = places_.at(hash);
  auto& account = accounts_.at(sender);
  Held out = std::move(account.at(nonce));
  blobs_ -= out.txn->txn.blob_hashes.size();
  places_.erase(out.txn->hash);
  account.erase(nonce);
  if (account.empty()) accounts_.erase(sender);
  note_reserved(sender);
  return out;
}

void BlobPool::erase(const TxnHash& hash) {
  (void)take_out(hash);
  if (store_) store_->erase(hash);
}

void BlobPool::drop_mined() {
  if (accounts_.empty()) return;
  const auto state = StateStore(database_).at_head();
  if (!state) return;
  Hashes mined;
  for (const auto& [address, account] : accounts_) {
    const auto next = state->account(address).value_or(quarry::Account{}).nonce;
    for (auto at = account.begin(); at != account.end() && at->first < next; ++at)
      mined.push_back(at->second.txn->hash);
  }
  for (const TxnHash& hash : mined) add_to_limbo(take_out(hash));
}

void BlobPool::add_to_limbo(Held held) {
  limbo_bytes_ += held.network.size();
  limbo_.push_back({std::move(held), head_});
  trim_limbo();
}

void BlobPool::trim_limbo() {
  while (!limbo_.empty() &&
         (limbo_bytes_ > options_.limbo_bytes || limbo_.front().since + options_.limbo_blocks < head_)) {
    const Mined& oldest = limbo_.front();
    limbo_bytes_ -= oldest.held.network.size();
    if (store_) store_->erase(oldest.held.txn->hash);
    limbo_.pop_front();
  }
}

/// What no block has any more. The other pool may have some of the account's too, which were mined beside
/// these: after a reorganisation nobody is asked to choose.
std::vector<TxnRef> BlobPool::bring_back(const StateView& state, const evm::BlockEnv& env) {
  std::vector<Held> back;
  std::erase_if(limbo_, [&](Mined& mined) {
    const auto account = state.account(mined.held.txn->sender).value_or(quarry::Account{});
    if (mined.held.txn->txn.nonce < account.nonce) return false;
    limbo_bytes_ -= mined.held.network.size();
    back.push_back(std::move(mined.held));
    return true;
  });
  std::ranges::sort(back, {}, [](const Held& held) { return held.txn->txn.nonce; });
  std::vector<TxnRef> out;
  for (Held& held : back) {
    const auto account = state.account(held.txn->sender).value_or(quarry::Account{});
    const auto crowded_out = check_place(held, {account.nonce, account.balance}, env);
    if (!crowded_out) {
      // A further reorganisation may have room for it.
      add_to_limbo(std::move(held));
      continue;
    }
    out.push_back(held.txn);
    keep(std::move(held), *crowded_out);
  }
  return out;
}

void BlobPool::on_head(const HeadEvent& event) {
  load();
  std::vector<TxnRef> back;
  {
    const auto env = next_block();
    const auto state = StateStore(database_).at_head();
    const std::lock_guard lock(mutex_);
    head_ = event.after.header->number;
    drop_mined();
    if (event.removed_count != 0 && env && state) back = bring_back(*state, *env);
    trim_limbo();
  }
  if (!back.empty() && on_new_) on_new_(back);
}

/// Where there is no state yet, or no beacon chain, the files stay and are looked at when the head moves.
void BlobPool::load() {
  if (!store_ || loaded_) return;
  const auto env = next_block();
  if (!env) return;
  loaded_ = true;
  auto files = store_->load();
  if (files.left_out != 0)
    log_warn("Blob transactions in the data dir are damaged; the others are used",
             {{"files", files.left_out}, {"err", files.why}});
  std::vector<Held> found;
  for (CarriedTransaction& carried : files.txns) {
    auto held = examine(carried, false, *env);
    if (held)
      found.push_back(std::move(*held));
    else
      store_->erase(hash_of(carried.txn));
    carried = {};
  }
  put_in(std::move(found), *env);
}

/// Their proofs were seen when they came, and the files have their hashes.
void BlobPool::put_in(std::vector<Held> found, const evm::BlockEnv& env) {
  const auto state = StateStore(database_).at_head();
  if (!state || found.empty()) return;
  std::ranges::sort(found, {}, [](const Held& held) { return held.txn->txn.nonce; });
  const std::lock_guard lock(mutex_);
  std::size_t dropped = 0;
  for (Held& held : found) {
    const auto account = state->account(held.txn->sender).value_or(quarry::Account{});
    if (held.txn->txn.nonce < account.nonce) {
      add_to_limbo(std::move(held));
      continue;
    }
    if (const auto crowded_out = check_place(held, {account.nonce, account.balance}, env)) {
      keep(std::move(held), *crowded_out);
      continue;
    }
    ++dropped;
    store_->erase(held.txn->hash);
  }
  log_info("Loaded blob transactions",
           {{"transactions", places_.size()}, {"mined", limbo_.size()}, {"dropped", dropped}});
}

void BlobPool::note_reserved(const Address& sender) {
  const auto found = accounts_.find(sender);
  const std::lock_guard lock(reserved_mutex_);
  if (found == accounts_.end())
    reserved_.erase(sender);
  else
    reserved_[sender] = found->second.rbegin()->first;
}

bool BlobPool::is_reserved(const Address& sender, std::uint64_t nonce) const {
  const std::lock_guard lock(reserved_mutex_);
  const auto found = reserved_.find(sender);
  return found != reserved_.end() && found->second >= nonce;
}

}  // namespace quarry
