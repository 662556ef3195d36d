#pragma once
/// \file
/// ChainReader over the database.

#include "rpc/backend.hpp"
#include "storage/chain_store.hpp"
#include "storage/state_store.hpp"

namespace quarry::rpc {

/// Thread-safe. `database` outlives this and the states it gives out; `authority` likewise where the chain
/// has signers.
class StoreReader final : public ChainReader {
 public:
  explicit StoreReader(const Database& database, const Authority* authority = nullptr);

  BlockId head() const override;
  std::optional<BlockId> canonical(BlockNum number) const override;
  std::optional<BlockId> find(const BlockHash& hash) const override;
  std::optional<SealedHeader> header(const BlockId& id) const override;
  std::vector<BlockNum> blocks_with_logs(const LogTerms& terms, BlockNum first, BlockNum last,
                                         std::size_t most) const override;
  std::optional<Block> block(const BlockId& id) const override;
  std::optional<TotalDifficulty> total_difficulty(const BlockId& id) const override;
  std::optional<std::vector<Receipt>> receipts(const BlockId& id) const override;
  std::optional<TxnLocation> find_transaction(const TxnHash& hash) const override;
  BlockNum oldest_state() const override;
  /// On an authority chain deeper than half of the signers, whatever was set.
  FinalityDepths finality() const override;
  /// Before anyone asks.
  void set_finality(FinalityDepths depths) { depths_ = depths; }
  Result<std::unique_ptr<StateView>> state_at(const BlockId& id) const override;
  Result<std::unique_ptr<TrieView>> tries_at(const BlockId& id,
                                             const TrieView::Bounds& bounds) const override;
  std::vector<BlockNum> blocks_changing(const Address& address, BlockNum from, Direction direction,
                                        std::size_t most) const override;
  Result<std::vector<StoredSlot>> slots_at(const BlockId& id, const Address& address, const SlotHash& first,
                                           std::size_t most) const override;
  std::vector<Address> genesis_accounts() const override;
  Result<std::vector<StoredAccount>> accounts_at(const BlockId& id, const AddressHash& first,
                                                 std::size_t most) const override;
  std::optional<std::string> database_property(const std::string& name) const override;

 private:
  Result<> check_canonical(const BlockId& id) const;

  const Database& database_;
  ChainStore chain_;
  StateStore state_;
  const Authority* const authority_;
  FinalityDepths depths_;
};

}  // namespace quarry::rpc
