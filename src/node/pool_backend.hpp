#pragma once
/// \file
/// The transaction pool as JSON-RPC sees it.

#include "consensus/txpool.hpp"
#include "rpc/backend.hpp"

namespace quarry {

class PoolBackend final : public rpc::TxnPool {
 public:
  explicit PoolBackend(TxPool& pool) : pool_(pool) {}
  Result<> add(const Transaction& txn) override;
  std::optional<Transaction> find(const TxnHash& hash) override;
  std::uint64_t next_nonce(const Address& sender) override { return pool_.pending_nonce(sender); }
  std::vector<Transaction> pending() override;
  std::vector<Transaction> queued() override;
  Wei least_price() override { return pool_.price_floor(); }

 private:
  TxPool& pool_;
};

}  // namespace quarry
