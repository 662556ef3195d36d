#include "node/pool_backend.hpp"

#include <algorithm>

#include "node/datadir.hpp"
#include "node/options.hpp"

namespace quarry {
namespace {

std::vector<Transaction> copies(const std::vector<TxnRef>& txns) {
  std::vector<Transaction> out;
  out.reserve(txns.size());
  for (const auto& txn : txns) out.push_back(txn->txn);
  return out;
}

}  // namespace

TxPoolOptions pool_options(const NodeOptions& options, const DataDirPaths& paths) {
  const NodeOptions::Pool& given = options.pool;
  TxPoolOptions out;
  const std::string& floor = options.gas_price.empty() ? given.price_limit : options.gas_price;
  if (!floor.empty()) out.price_floor = U256::parse(floor).value_or(U256{});
  out.price_bump_percent = given.price_bump;
  out.most_txns = given.global_slots + given.global_queue;
  out.most_queued = given.global_queue;
  out.most_account_queued = given.account_queue;
  out.fair_share = given.account_slots;
  out.queued_lifetime = std::chrono::seconds(given.lifetime_seconds);
  for (const auto& account : given.locals)
    if (const auto address = Address::from_hex(account)) out.locals.push_back(*address);
  out.no_locals = given.no_locals;
  if (!given.journal.empty()) out.journal = paths.quarry / given.journal;
  out.rejournal = std::chrono::seconds(given.rejournal_seconds);
  return out;
}

BlobPoolOptions blob_pool_options(const NodeOptions& options, const DataDirPaths& paths) {
  BlobPoolOptions out;
  if (!options.pool.journal.empty()) out.folder = paths.quarry / "blobs";
  return out;
}

Wei usual_price(const NodeOptions& options, const ChainSpec& spec) {
  constexpr std::uint64_t kGwei = 1'000'000'000;
  if (!options.gas_price.empty()) return U256::parse(options.gas_price).value_or(U256{});
  return spec.zero_base_fee ? Wei{} : Wei{kGwei};
}

Result<> PoolBackend::add(const Transaction& txn) {
  if (txn.type == TxnType::blob && blobs_ != nullptr)
    return fail("missing sidecar in blob transaction",
                "Hand it in with its blobs, commitments and proofs: its network form (EIP-4844).");
  if (const auto added = pool_.add(txn, true); !added) return fail(added.error().detail);
  if (after_add_) after_add_();
  return {};
}

Result<> PoolBackend::add_carried(const CarriedTransaction& carried) {
  if (blobs_ == nullptr) {
    return fail(
        "transaction type not supported: blob transactions need a beacon chain, which this chain has not",
        "Transactions of the other types are taken.");
  }
  if (auto added = blobs_->add(carried, true); !added) return tl::unexpected(added.error().error);
  return {};
}

std::optional<Transaction> PoolBackend::find(const TxnHash& hash) {
  auto txn = pool_.get(hash);
  if (!txn && blobs_ != nullptr) txn = blobs_->get(hash);
  return txn ? std::optional(txn->txn) : std::nullopt;
}

std::uint64_t PoolBackend::next_nonce(const Address& sender) {
  const auto next = pool_.pending_nonce(sender);
  const auto of_blobs = blobs_ != nullptr ? blobs_->next_nonce(sender) : std::nullopt;
  return std::max(next, of_blobs.value_or(0));
}

std::vector<Transaction> PoolBackend::pending() {
  auto out = copies(pool_.pending());
  if (blobs_ == nullptr) return out;
  for (const auto& txn : blobs_->pending()) out.push_back(txn->txn);
  return out;
}
std::vector<Transaction> PoolBackend::queued() {
  return copies(pool_.queued());
}

}  // namespace quarry
