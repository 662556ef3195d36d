#pragma once
/// \file
/// The transaction pool as JSON-RPC sees it, and as the options want it.

#include "consensus/txpool.hpp"
#include "node/blob_pool.hpp"
#include "rpc/backend.hpp"

namespace quarry {

struct DataDirPaths;
struct NodeOptions;

/// What --txpool.* and --miner.gasprice say.
TxPoolOptions pool_options(const NodeOptions& options, const DataDirPaths& paths);
/// Blob transactions are kept over restarts where the others are.
BlobPoolOptions blob_pool_options(const NodeOptions& options, const DataDirPaths& paths);
/// What eth_gasPrice says before transactions tell it: --miner.gasprice where given, nothing on a chain
/// without base fees, a gwei elsewhere.
Wei usual_price(const NodeOptions& options, const ChainSpec& spec);

/// Thread-safe.
class PoolBackend final : public rpc::TxnPool {
 public:
  /// `blobs` may be nullptr: then blob transactions are refused.
  explicit PoolBackend(TxPool& pool, const Wei& usual_price = Wei{1'000'000'000}, BlobPool* blobs = nullptr)
      : pool_(pool), usual_price_(usual_price), blobs_(blobs) {}
  Result<> add(const Transaction& txn) override;
  Result<> add_carried(const CarriedTransaction& carried) override;
  std::optional<Transaction> find(const TxnHash& hash) override;
  std::uint64_t next_nonce(const Address& sender) override;
  std::vector<Transaction> pending() override;
  std::vector<Transaction> queued() override;
  Wei least_price() override { return pool_.price_floor(); }
  void set_least_price(const Wei& price) override { pool_.set_price_floor(price); }
  Wei usual_price() override { return usual_price_; }
  /// Called after each transaction that was taken, on the thread that brought it. Before the first one.
  void after_add(std::function<void()> task) { after_add_ = std::move(task); }

 private:
  TxPool& pool_;
  const Wei usual_price_;
  BlobPool* const blobs_;
  std::function<void()> after_add_;
};

}  // namespace quarry
