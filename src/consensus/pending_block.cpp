#include "consensus/pending_block.hpp"

#include "consensus/branch_hashes.hpp"
#include "consensus/stored_headers.hpp"
#include "core/trie_root.hpp"
#include "storage/chain_store.hpp"
#include "storage/state_preview.hpp"

namespace quarry {

Result<BuiltBlock> build_pending_block(const Database& database, const ChainSpec& spec, const Engine& engine,
                                       const CandidateRequest& request, Timestamp now) {
  const auto state = StatePreview::at_head(database);
  if (!state)
    return fail("there is no pending block: the state is still being downloaded",
                "wait for the fast sync to end");
  const ChainStore store(state->reader());
  const auto id = store.heads().block;
  const auto parent = store.header(id);
  if (!parent || (*parent)->state_root != state->head().root)
    return fail("there is no pending block: the head is between two blocks");
  const auto& terminal = spec.terminal_total_difficulty;
  if (terminal && store.total_difficulty(id).value_or(TotalDifficulty{}) >= *terminal)
    return fail("there is no pending block: the chain's blocks come from a beacon chain");
  Header header = candidate_header(spec, engine, *parent, StoredHeaders(state->reader()), request, now);
  const BranchHashes hashes(store, id);
  const auto root = [&](const StateDiff& diff) { return state->root_after(diff); };
  BlockBuilder builder(state->view(), header, {spec, engine, &hashes, root, request.beneficiary});
  Body body;
  if (request.pool) body.transactions = take_txns(builder, *request.pool);
  auto execution = builder.finish(body.ommers);
  if (!execution) return fail(execution.error().detail);
  complete_header(header, body, *execution, root(execution->diff));
  return BuiltBlock{*parent,
                    {seal_header(std::move(header), spec.header_identity()), std::move(body)},
                    std::move(execution->receipts),
                    std::move(execution->diff)};
}

}  // namespace quarry
