#include "node/pool_backend.hpp"

namespace quarry {
namespace {

std::vector<Transaction> copies(const std::vector<TxnRef>& txns) {
  std::vector<Transaction> out;
  out.reserve(txns.size());
  for (const auto& txn : txns) out.push_back(txn->txn);
  return out;
}

}  // namespace

Result<> PoolBackend::add(const Transaction& txn) {
  if (const auto added = pool_.add(txn, true); !added) return fail(added.error().detail);
  return {};
}

std::optional<Transaction> PoolBackend::find(const TxnHash& hash) {
  const auto txn = pool_.get(hash);
  return txn ? std::optional(txn->txn) : std::nullopt;
}

std::vector<Transaction> PoolBackend::pending() {
  return copies(pool_.pending());
}
std::vector<Transaction> PoolBackend::queued() {
  return copies(pool_.queued());
}

}  // namespace quarry
