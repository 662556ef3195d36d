#include "consensus/branch_hashes.hpp"

#include "storage/chain_store.hpp"

namespace quarry {

std::optional<BlockHash> BranchHashes::step(const BlockId& id) const {
  if (pending_ != nullptr)
    if (const auto found = pending_->find(id.hash); found != pending_->end())
      return found->second->header->parent_hash;
  if (store_.canonical_hash(id.number) == id.hash) return std::nullopt;
  const auto header = store_.header(id);
  return header ? std::optional((*header)->parent_hash) : std::nullopt;
}

Hash256 BranchHashes::block_hash(BlockNum number) const {
  if (number > parent_) return {};
  while (!met_ && parent_ - number >= walked_.size()) {
    const auto before = step({parent_ - (walked_.size() - 1), walked_.back()});
    if (before)
      walked_.push_back(*before);
    else
      met_ = true;
  }
  if (parent_ - number < walked_.size()) return Hash256(walked_[parent_ - number]);
  return Hash256(store_.canonical_hash(number).value_or(BlockHash{}));
}

}  // namespace quarry
