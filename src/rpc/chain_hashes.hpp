#pragma once
/// \file
/// Who answers BLOCKHASH when a block of the canonical chain, or one on it, runs again.

#include <map>

#include "rpc/backend.hpp"

namespace quarry::rpc {

/// The canonical chain's hashes, each read once. One thread; `reader` outlives it.
class ChainHashes final : public evm::BlockHashes {
 public:
  explicit ChainHashes(const ChainReader& reader) : reader_(reader) {}
  Hash256 block_hash(BlockNum number) const override {
    const auto [at, added] = known_.try_emplace(number);
    if (added) {
      if (const auto id = reader_.canonical(number)) at->second = Hash256(id->hash);
    }
    return at->second;
  }

 private:
  const ChainReader& reader_;
  mutable std::map<BlockNum, Hash256> known_;
};

}  // namespace quarry::rpc
