// Which branch is the chain: the one with the most total difficulty, and on a tie the one seen first, unless
// the engine knows better, or after the merge the longer one.
#include <fmt/format.h>

#include <algorithm>

#include "consensus/chain_impl.hpp"
#include "core/log.hpp"

namespace quarry {

/// Is a branch that ends so better than that head? After the merge total difficulty stands still and a beacon
/// chain would choose; without one the longer branch is taken.
bool ChainImpl::is_better(const SealedHeader& header, const TotalDifficulty& total,
                          const ChainHead& than) const {
  if (total != than.total_difficulty) return total > than.total_difficulty;
  if (is_merged(spec(), *header)) return header->number > than.header->number;
  return validator_.engine().wins_tie(header, than.header, *this);
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
ChainImpl::Added ChainImpl::switch_to(const Block& block, const RecoveredTxns& txns,
                                      const TotalDifficulty& total) {
  if (auto error = commit()) return Failure{id_of(block.header), {}, std::move(error)};
  const auto branch = branch_to(block.header);
  if (!branch) return Failure{id_of(block.header), {}, branch.error()};
  const BlockNum from = branch->ancestor.number;
  const std::size_t dropped = tip_.header->number - from;
  auto left = leave_branch(*branch);
  if (!left) return abandon(std::move(left.error()), {});
  if (auto failure = run_branch(*branch, block, txns, total)) return failure;

  ChainWriter writer(batch_);
  const BlockNum top = std::max(tip_.header->number, header_tip_.header->number);
  for (const BlockId& id : branch->blocks) writer.set_canonical(id);
  for (BlockNum number = block.header->number + 1; number <= top; ++number) writer.erase_canonical(number);
  header_tip_ = {block.header, total};
  fast_tip_ = id_of(block.header);
  pending_.removed_count += dropped;
  move_tip(block.header, total);
  for (const SealedHeader& header : *left) remember_side(header);
  log_info("Chain split detected", {{"number", from},
                                    {"hash", branch->ancestor.hash},
                                    {"drop", dropped},
                                    {"dropfrom", left->empty() ? branch->ancestor.hash : left->back().hash()},
                                    {"add", branch->blocks.size()},
                                    {"addfrom", branch->blocks.front().hash}});
  return {};
}

/// Takes back the blocks from the tip to the branch's ancestor; gives the headers of the highest ones, which
/// may become ommers.
Expected<std::vector<SealedHeader>, ChainImpl::Failure> ChainImpl::leave_branch(const Branch& branch) {
  std::vector<SealedHeader> left;
  unindex_fast_blocks(tip_.header->number);
  cache_.clear();
  for (BlockNum number = tip_.header->number; number > branch.ancestor.number; --number) {
    const BlockId id{number, *store_.canonical_hash(number)};
    if (auto done = state_.revert(number); !done) return tl::unexpected(Failure{id, {}, done.error()});
    auto block = store_.block(id);
    if (!block) continue;
    unindex_txns(block->body);
    unindex_logs(id);
    if (left.size() < Chain::kMostSideBlocks) left.push_back(block->header);
    if (pending_.removed.size() < Chain::kMostEventBlocks)
      pending_.removed.push_back(std::make_shared<const Block>(std::move(*block)));
  }
  if (fast_tip_.number > branch.ancestor.number) fast_tip_ = branch.ancestor;
  return left;
}

/// Executes stored blocks and then `tip`, which is put into the batch.
ChainImpl::Added ChainImpl::run_branch(const Branch& branch, const Block& tip, const RecoveredTxns& txns,
                                       const TotalDifficulty& total) {
  for (std::size_t i = 0; i + 1 < branch.blocks.size(); ++i)
    if (auto failure = run_stored(branch.blocks[i]))
      return abandon(std::move(*failure), std::span(branch.blocks).subspan(i));
  if (auto failure = run(tip, txns)) return abandon(std::move(*failure), {});
  index_txns(tip.header->number, txns.hashes);
  put_block(tip, total);
  note_added(tip);
  return {};
}

ChainImpl::Added ChainImpl::run_stored(const BlockId& id) {
  auto stored = store_.block(id);
  if (!stored)
    return Failure{
        id,
        {},
        Error{fmt::format("the body of block {} ({}) is not in the database", id.number, id.hash.hex()),
              "the data dir is damaged: restore it, or synchronise anew"}};
  const auto block = std::make_shared<const Block>(std::move(*stored));
  TxnRecovery recovery(workers_, {block.get(), 1}, known_senders_);
  const RecoveredTxns txns = recovery.wait(0);
  if (auto failure = run(*block, txns)) return failure;
  index_txns(id.number, txns.hashes);
  note_added(*block, block);
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
    unindex_fast_blocks(id.number - 1);
    for (BlockNum number = id.number + 1; number <= header_tip_.header->number; ++number)
      writer.erase_canonical(number);
    header_tip_ = tip_;
    if (fast_tip_.number > tip_.header->number) fast_tip_ = tip_.id();
  }
  writer.set_canonical(id);
}

void ChainImpl::index_txns(BlockNum number, std::span<const TxnHash> hashes) {
  ChainWriter writer(batch_);
  for (std::uint32_t i = 0; i < hashes.size(); ++i) writer.put_txn(hashes[i], {number, i});
}

void ChainImpl::unindex_txns(const Body& body) {
  ChainWriter writer(batch_);
  for (const Transaction& txn : body.transactions) writer.erase_txn(hash_of(txn));
}

/// Fast blocks above this height are not canonical any more.
void ChainImpl::unindex_fast_blocks(BlockNum above) {
  for (BlockNum number = above + 1; number <= fast_tip_.number; ++number) {
    const auto id = store_.canonical_id(number);
    const auto body = id ? store_.body(*id) : std::nullopt;
    if (!body) continue;
    unindex_txns(*body);
    unindex_logs(*id);
  }
}

/// As a block of a fast sync, before it is executed.
bool ChainImpl::has_logs_indexed(const BlockId& id) const {
  return id.number <= fast_tip_.number && is_canonical(id);
}

void ChainImpl::unindex_logs(const BlockId& id) {
  if (const auto receipts = store_.receipts(id)) logs_.remove(id.number, *receipts);
}

void ChainImpl::move_tip(const SealedHeader& header, const TotalDifficulty& total) {
  tip_ = {header, total};
  if (header_tip_.header->number < header->number) header_tip_ = tip_;
  if (fast_tip_.number < header->number) fast_tip_ = tip_.id();
}

}  // namespace quarry
