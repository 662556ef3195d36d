// Blocks below the pivot of a fast sync: taken on the word of their headers.
#include <fmt/format.h>

#include "consensus/chain_impl.hpp"
#include "core/log.hpp"
#include "storage/state_sync_store.hpp"

namespace quarry {

ImportResult ChainImpl::insert_fast_blocks(std::span<const FastBlock> blocks) {
  const auto began = SteadyClock::now();
  ImportResult result;
  committed_ = 0;
  std::size_t bytes = 0, count = 0;
  for (std::size_t i = 0; i < blocks.size() && !result.bad && !result.disk; ++i) {
    const BlockId& id = blocks[i].id;
    if (store_.has_body(id) && store_.has_receipts(id)) {
      ++result.ignored;
      if (is_canonical(id) && id.number > fast_tip_.number) {
        index_fast_block(blocks[i]);
        ++pending_.count, ++count;
      }
      continue;
    }
    if (Verdict error = blocks[i].matched ? Verdict{} : check_fast_block(blocks[i])) {
      result.bad = {id, i, std::move(*error)};
      break;
    }
    bytes += put_fast_block(blocks[i]);
    index_fast_block(blocks[i]);
    if (batch_.size_bytes() >= options_.most_batch_bytes) result.disk = commit(false, Durability::sync);
  }
  if (auto error = commit(false, Durability::sync)) result.disk = std::move(error);
  result.inserted = committed_ - std::min(committed_, count);
  if (result.inserted > 0)
    log_info("Imported new block receipts",
             {{"count", result.inserted},
              {"elapsed", std::chrono::nanoseconds(SteadyClock::now() - began)},
              {"number", fast_tip_.number},
              {"hash", fast_tip_.hash},
              {"bytes", bytes},
              {"ignored", result.ignored}});
  if (result.bad) report_bad(*result.bad);
  return result;
}

Verdict ChainImpl::check_fast_block(const FastBlock& block) const {
  const auto header = store_.header(block.id);
  if (!header) return BlockError{BlockRule::unknown_parent, "its header is not here"};
  return check_packed_roots(**header, block.body, block.receipts);
}

/// How many bytes it took.
std::size_t ChainImpl::put_fast_block(const FastBlock& block) {
  if (pending_.count == 0) pending_.since = SteadyClock::now();
  ChainWriter writer(batch_);
  const std::size_t before = batch_.size_bytes();
  writer.put_body_rlp(block.id, block.body.rlp);
  writer.put_receipts_rlp(block.id, block.receipts.bare);
  ++pending_.count;
  return batch_.size_bytes() - before;
}

/// Transactions and logs are looked up in canonical blocks only.
void ChainImpl::index_fast_block(const FastBlock& block) {
  if (!is_canonical(block.id)) return;
  index_txns(block.id.number, block.body.txn_hashes);
  logs_.add_bare(block.id.number, block.receipts.bare);
  if (block.id.number > fast_tip_.number) fast_tip_ = block.id;
}
Result<> ChainImpl::finish_fast_sync(const BlockId& pivot) {
  const auto header = store_.header(pivot);
  const auto total = store_.total_difficulty(pivot);
  if (!header || !total || !is_canonical(pivot) || !store_.has_body(pivot))
    return fail(
        fmt::format("the pivot, block {} ({}), is not on the stored chain", pivot.number, pivot.hash.hex()),
        "the fast sync begins again with another pivot");
  const StateSyncStore downloaded(database_);
  const Hash256 root = downloaded.node_hash({}).value_or(Hash256(kEmptyRoot));
  if (RootHash(root) != (*header)->state_root)
    return fail(fmt::format("the downloaded state's root is {}, the pivot's {}", root.hex(),
                            (*header)->state_root.hex()),
                "the fast sync goes on until the state is complete");
  Batch batch;
  end_state_sync(batch);
  put_state_head(batch, {pivot.number, RootHash(root)}, pivot.number);
  const auto higher = [&](const BlockId& id) { return id.number < pivot.number ? pivot : id; };
  ChainWriter(batch).set_heads({higher(header_tip_.id()), pivot, higher(fast_tip_)});
  if (auto done = database_.commit(std::move(batch), Durability::sync); !done) return done;
  cache_.clear();
  state_.discard();  // what it knew was the state before the download
  tip_ = {*header, *total};
  if (header_tip_.header->number < pivot.number) header_tip_ = tip_;
  fast_tip_ = higher(fast_tip_);
  HeadEvent event{head_, tip_, {}, pivot.number, {}, 0, {}, false};
  publish();
  log_info("Committed new head block", {{"number", pivot.number}, {"hash", pivot.hash}});
  announce(std::move(event));
  return {};
}

}  // namespace quarry
