#pragma once
/// \file
/// What BLOCKHASH answers on any branch.

#include <unordered_map>
#include <vector>

#include "core/block.hpp"
#include "core/block_id.hpp"
#include "evm/env.hpp"

namespace quarry {

class ChainStore;

/// The hashes of a block's ancestors: follows parents until the canonical chain is met, whose index knows the
/// rest. One thread.
class BranchHashes final : public evm::BlockHashes {
 public:
  using Pending = std::unordered_map<BlockHash, const Block*>;
  /// `parent`: of the block that runs. `pending`: blocks that are not stored yet. All outlive this.
  BranchHashes(const ChainStore& store, const BlockId& parent, const Pending* pending = nullptr)
      : store_(store), pending_(pending), parent_(parent.number), walked_{parent.hash} {}

  Hash256 block_hash(BlockNum number) const override;

 private:
  /// The parent of `id`; nothing when `id` is canonical, or not known.
  std::optional<BlockHash> step(const BlockId& id) const;

  const ChainStore& store_;
  const Pending* pending_;
  const BlockNum parent_;
  mutable std::vector<BlockHash> walked_;  ///< of the parent and what is before it
  mutable bool met_ = false;               ///< the last of walked_ is canonical
};

}  // namespace quarry
