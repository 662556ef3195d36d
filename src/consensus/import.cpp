// Whole blocks: validated, executed, committed many at once.
#include <fmt/format.h>

#include "consensus/chain_impl.hpp"
#include "core/log.hpp"

namespace quarry {
namespace {
double seconds(SteadyClock::duration elapsed) {
  return std::chrono::duration<double>(elapsed).count();
}

std::vector<const Header*> headers_of(std::span<const Block> blocks) {
  std::vector<const Header*> headers;
  headers.reserve(blocks.size());
  for (const Block& block : blocks) headers.push_back(&*block.header);
  return headers;
}

}  // namespace

/// Executed or judged lighter before: not only a header from header sync.
bool ChainImpl::is_known(const BlockId& id) const {
  if (!store_.has_body(id)) return false;
  if (id.number <= tip_.header->number && is_canonical(id)) return true;
  const auto total = store_.total_difficulty(id);
  return total && *total <= tip_.total_difficulty && !is_canonical(id);
}

std::size_t ChainImpl::skip_known(std::span<const Block> blocks, ImportResult& result) const {
  std::size_t at = 0;
  while (at < blocks.size() && is_known(id_of(blocks[at].header))) ++at;
  result.ignored = at;
  return at;
}

ImportResult ChainImpl::insert_blocks(std::span<const Block> blocks, bool sealed_here, TxnRecovery* ahead) {
  const auto began = SteadyClock::now();
  ImportResult result;
  if (!state_is_head()) {
    result.disk = Error{"no block can be executed: the state is still being downloaded",
                        "wait for the fast sync to end"};
    return result;
  }
  const std::size_t first = skip_known(blocks, result);
  const std::size_t end = check_headers(
      first, blocks.size(), [&](std::size_t i) -> const SealedHeader& { return blocks[i].header; }, result);
  if (end > first) insert_checked(blocks.subspan(0, end), first, sealed_here, ahead, result);
  if (!sealed_here && result.inserted > 0) report_import(result, blocks, SteadyClock::now() - began);
  if (result.bad) {
    report_bad(*result.bad);
    keep_bad(blocks[result.bad->index], result.bad->error);
  }
  return result;
}

/// Blocks from `first` on, whose header phase is passed.
void ChainImpl::insert_checked(std::span<const Block> blocks, std::size_t first, bool sealed_here,
                               TxnRecovery* ahead, ImportResult& result) {
  const BlockId parent{blocks[first].header->number - 1, blocks[first].header->parent_hash};
  auto total = store_.total_difficulty(parent);
  if (!total || !store_.has_body(parent)) {
    result.future.reset();
    result.bad = {id_of(blocks[first].header),
                  first,
                  {BlockRule::unknown_parent,
                   "unknown ancestor: the body of the parent " + parent.hash.hex() + " is not here"}};
    return;
  }
  committed_ = 0;
  SealCheck seals(validator_.engine(), workers_, headers_of(blocks.subspan(first)));
  std::shared_ptr<TxnRecovery> own;
  if (ahead == nullptr) own = recover_ahead(blocks.subspan(first));
  const std::size_t recovered_from = ahead == nullptr ? first : 0;
  TxnRecovery& recovery = ahead != nullptr ? *ahead : *own;
  for (std::size_t i = first; i < blocks.size() && !result.disk; ++i) {
    Added failure;
    if (Verdict seal = check_author(seals, i - first, blocks[i].header)) {
      failure = Failure{id_of(blocks[i].header), std::move(seal), {}};
    } else {
      *total = add_difficulty(*total, *blocks[i].header);
      failure = add_block(blocks[i], recovery.wait(i - recovered_from), *total);
    }
    if (failure) {
      note_failure(std::move(*failure), blocks[i].header, i, result);
      break;
    }
    if (batch_is_full()) result.disk = commit(sealed_here);
  }
  if (auto error = commit(sealed_here)) result.disk = std::move(error);
  result.inserted = committed_;
}

void ChainImpl::note_failure(Failure failure, const SealedHeader& at, std::size_t index,
                             ImportResult& result) {
  result.future.reset();
  result.bad.reset();
  result.disk = std::move(failure.disk);
  if (!failure.rule) return;
  remember_bad(failure.id.hash, failure.rule->rule);
  remember_bad(at.hash(), failure.rule->rule);
  result.bad = {failure.id, index, std::move(*failure.rule)};
}

ChainImpl::Added ChainImpl::add_block(const Block& block, const RecoveredTxns& txns,
                                      const TotalDifficulty& total) {
  if (auto error = validator_.body(block, *this)) return Failure{id_of(block.header), std::move(error), {}};
  if (block.header->parent_hash == tip_.header.hash()) return extend(block, txns, total);
  if (is_better(block.header, total, tip_)) return switch_to(block, txns, total);
  put_block(block, total);
  remember_side(block.header);
  log_debug("Inserted forked block", {{"number", block.header->number}, {"hash", block.header.hash()}});
  return {};
}

ChainImpl::Added ChainImpl::extend(const Block& block, const RecoveredTxns& txns,
                                   const TotalDifficulty& total) {
  if (auto failure = run(block, txns)) return failure;
  put_block(block, total);
  make_canonical(id_of(block.header));
  index_txns(block.header->number, txns.hashes);
  note_added(block);
  move_tip(block.header, total);
  return {};
}

ExecutionContext ChainImpl::execution_context(const evm::BlockHashes& hashes) {
  return {spec(), validator_.engine(), &hashes,
          [this](const StateDiff& diff) { return state_.preview(diff); }};
}

/// Executes on the pending state and checks what came out; on failure the pending state is as before.
ChainImpl::Added ChainImpl::run(const Block& block, const RecoveredTxns& txns) {
  const Header& header = *block.header;
  const BlockId id = id_of(block.header);
  const BranchHashes hashes(store_, {header.number - 1, header.parent_hash}, &pending_.blocks);
  auto execution = execute_block(cache_, header, block.body, execution_context(hashes), txns.senders);
  if (!execution) return Failure{id, std::move(execution.error()), {}};
  const RootHash root = state_.apply(header.number, execution->diff);
  if (auto error = validator_.execution(header, *execution, root)) {
    cache_.clear();
    if (auto reverted = state_.revert(header.number); !reverted) return Failure{id, {}, reverted.error()};
    return Failure{id, std::move(error), {}};
  }
  cache_.apply(execution->diff);
  ChainWriter(batch_).put_receipts(id, execution->receipts);
  // Whatever was executed becomes canonical in this batch, or is dropped with it.
  if (!has_logs_indexed(id)) logs_.add(id.number, execution->receipts);
  return {};
}

void ChainImpl::put_block(const Block& block, const TotalDifficulty& total) {
  if (pending_.count == 0) pending_.since = SteadyClock::now();
  ChainWriter writer(batch_);
  writer.put_header(block.header, total);
  writer.put_body(id_of(block.header), block.body);
  pending_.blocks[block.header.hash()] = &block;
  ++pending_.count;
}

bool ChainImpl::batch_is_full() const {
  return pending_.count >= options_.most_batch_blocks ||
         batch_.size_bytes() + state_.pending_bytes() >= options_.most_batch_bytes ||
         (pending_.count > 0 && SteadyClock::now() - pending_.since >= options_.most_batch_time);
}

void ChainImpl::report_import(const ImportResult& result, std::span<const Block> blocks,
                              SteadyClock::duration elapsed) const {
  const auto done = blocks.subspan(result.ignored, result.inserted);
  std::size_t transactions = 0;
  Gas gas = 0;
  for (const Block& block : done)
    transactions += block.body.transactions.size(), gas += block.header->gas_used;
  const double mgas = static_cast<double>(gas) / 1e6;
  const double took = seconds(elapsed);
  const SealedHeader& last = done.back().header;
  const std::chrono::nanoseconds nanos = elapsed;
  if (result.ignored == 0)
    return log_info("Imported new chain segment", {{"blocks", done.size()},
                                                   {"txs", transactions},
                                                   {"mgas", mgas},
                                                   {"elapsed", nanos},
                                                   {"mgasps", took > 0 ? mgas / took : 0.0},
                                                   {"number", last->number},
                                                   {"hash", last.hash()}});
  log_info("Imported new chain segment", {{"blocks", done.size()},
                                          {"txs", transactions},
                                          {"mgas", mgas},
                                          {"elapsed", nanos},
                                          {"mgasps", took > 0 ? mgas / took : 0.0},
                                          {"number", last->number},
                                          {"hash", last.hash()},
                                          {"ignored", result.ignored}});
}

}  // namespace quarry
