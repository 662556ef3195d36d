#pragma once
/// \file
/// The chain as it stands in the database, for the sync machine.

#include "consensus/sync.hpp"

namespace quarry {
class Database;
}

namespace quarry::sync {

/// Thread-safe; holds no data. `database` outlives it.
class StoredChain final : public ChainReader {
 public:
  explicit StoredChain(const Database& database) : database_(database) {}

  Heads heads() const override;
  std::optional<BlockHash> canonical_hash(BlockNum number) const override;
  std::optional<SealedHeader> header(const BlockHash& hash) const override;
  std::optional<TotalDifficulty> total_difficulty(const BlockId& id) const override;
  bool has_body(const BlockId& id) const override;

 private:
  const Database& database_;
};

}  // namespace quarry::sync
