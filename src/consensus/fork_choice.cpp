// Which branch is the chain: the one with the most total difficulty, and on a tie the one seen first, or
// after the merge the longer one.
#include <fmt/format.h>

#include <algorithm>

#include "consensus/chain_impl.hpp"
#include "core/log.hpp"

namespace quarry {

/// Is a branch that ends so better than that head? After the merge total difficulty stands still and a beacon
/// chain would choose; without one the longer branch is taken.
bool ChainImpl::is_better(const Header& header, const TotalDifficulty& total, const ChainHead& than) const {
  if (total != than.total_difficulty) return total > than.total_difficulty;
  return is_merged(spec(), header) && header.number > than.header->number;
}

/// From a block that is not stored yet back to the canonical chain, which its branch left at or below the
/// tip.
Expected<ChainImpl::Branch, Error> ChainImpl::branch_to(const SealedHeader& tip) const {
  Branch branch;
  branch.blocks.push_back(id_of(tip));
  BlockId at{tip->number - 1, tip->parent_hash};
  while (at.number > tip_.header->number || !is_canonical(at)) {
    const auto header = store_.header(at);
    if (!header || at.number == 0)
      return fail(
          fmt::format("block {} ({}) of a stored branch is not in the database", at.number, at.hash.hex()),
          "the data dir is damaged: restore it, or remove it, run init again and synchronise");
    branch.blocks.push_back(at);
    at = {at.number - 1, (*header)->parent_hash};
  }
  std::reverse(branch.blocks.begin(), branch.blocks.end());
  branch.ancestor = at;
  return branch;
}

/// Takes the state back to the ancestor and executes the branch on it, all in one batch with `block`; when a
/// block of the branch is bad, everything stays as it was.
ChainImpl::Added ChainImpl::switch_to(const Block& block, const TotalDifficulty& total,
                                      const Senders& senders) {
  if (auto error = commit()) return Failure{id_of(block.header), {}, std::move(error)};
  const auto branch = branch_to(block.header);
  if (!branch) return Failure{id_of(block.header), {}, branch.error()};
  const BlockNum from = branch->ancestor.number;
  const std::size_t dropped = tip_.header->number - from;
  std::vector<SealedHeader> left;
  for (BlockNum number = tip_.header->number; number > from; --number) {
    if (auto done = state_.revert(number); !done)
      return abandon(Failure{id_of(block.header), {}, done.error()}, {});
    if (number + Chain::kMostSideBlocks <= tip_.header->number) continue;
    if (auto header = store_.header(BlockId{number, *store_.canonical_hash(number)}))
      left.push_back(std::move(*header));
  }
  if (auto failure = run_branch(*branch, block, total, senders)) return failure;

  ChainWriter writer(batch_);
  const BlockNum top = std::max(tip_.header->number, header_tip_.header->number);
  for (const BlockId& id : branch->blocks) writer.set_canonical(id);
  for (BlockNum number = block.header->number + 1; number <= top; ++number) writer.erase_canonical(number);
  header_tip_ = {block.header, total};
  fast_tip_ = id_of(block.header);
  pending_.removed_count += dropped;
  move_tip(block.header, total);
  for (const SealedHeader& header : left) remember_side(header);
  log_info("Chain split detected", {{"number", from},
                                    {"hash", branch->ancestor.hash},
                                    {"drop", dropped},
                                    {"dropfrom", left.empty() ? branch->ancestor.hash : left.back().hash()},
                                    {"add", branch->blocks.size()},
                                    {"addfrom", branch->blocks.front().hash}});
  return {};
}

/// Executes stored blocks and then `tip`, which is put into the batch.
ChainImpl::Added ChainImpl::run_branch(const Branch& branch, const Block& tip, const TotalDifficulty& total,
                                       const Senders& senders) {
  for (std::size_t i = 0; i + 1 < branch.blocks.size(); ++i) {
    const BlockId& id = branch.blocks[i];
    auto block = store_.block(id);
    if (!block)
      return abandon(
          {id,
           {},
           Error{fmt::format("the body of block {} ({}) is not in the database", id.number, id.hash.hex()),
                 "the data dir is damaged: restore it, or synchronise anew"}},
          {});
    auto stored = std::make_shared<const Block>(std::move(*block));
    SenderRecovery recovery(workers_, {stored.get(), 1});
    if (auto failure = run(stored->header, stored->body, [&] { return recovery.wait(0); }))
      return abandon(std::move(*failure), std::span(branch.blocks).subspan(i));
    note_added(std::move(stored));
  }
  if (auto failure = run(tip.header, tip.body, senders)) return abandon(std::move(*failure), {});
  put_block(tip, total);
  note_added(std::make_shared<const Block>(tip));
  return {};
}

/// Back to what is committed. `bad`: the blocks that can never be part of the chain.
ChainImpl::Added ChainImpl::abandon(Failure failure, std::span<const BlockId> bad) {
  forget_pending();
  if (failure.rule)
    for (const BlockId& id : bad) remember_bad(id.hash, failure.rule->rule);
  return failure;
}

/// Makes the tip's child canonical. Headers above that belong to another branch are not canonical any more.
void ChainImpl::make_canonical(const BlockId& id) {
  ChainWriter writer(batch_);
  if (header_tip_.header->number >= id.number && !is_canonical(id)) {
    for (BlockNum number = id.number + 1; number <= header_tip_.header->number; ++number)
      writer.erase_canonical(number);
    header_tip_ = tip_;
    if (fast_tip_.number > tip_.header->number) fast_tip_ = tip_.id();
  }
  writer.set_canonical(id);
}

void ChainImpl::move_tip(const SealedHeader& header, const TotalDifficulty& total) {
  tip_ = {header, total};
  if (header_tip_.header->number < header->number) header_tip_ = tip_;
  if (fast_tip_.number < header->number) fast_tip_ = tip_.id();
}

}  // namespace quarry
