// The next block, to be sealed.
#include "consensus/candidate.hpp"

#include <algorithm>

#include "consensus/base_fee.hpp"
#include "consensus/chain_impl.hpp"
#include "consensus/gas_limit.hpp"
#include "consensus/txpool.hpp"
#include "core/check.hpp"
#include "core/trie_root.hpp"

namespace quarry {
namespace {
/// No transaction costs less (Yellow Paper, G_transaction).
constexpr Gas kLeastTxnGas = 21000;

/// In the blocks that EIP-779 marks, what we write must be the marker, or must not be.
Bytes extra_data_for(const ChainSpec& spec, BlockNum number, Bytes wanted) {
  const auto& fork = spec.forks[Fork::dao];
  if (!fork || number < fork->at || number - fork->at >= kDaoMarkedBlocks) return wanted;
  if (spec.dao_fork_support) return to_bytes(as_bytes(kDaoMarker));
  return equal(wanted, as_bytes(kDaoMarker)) ? Bytes{} : wanted;
}
}  // namespace

/// Side blocks that the head's child may name.
std::vector<SealedHeader> ChainImpl::pick_ommers() const {
  std::vector<SealedHeader> picked;
  if (side_.empty()) return picked;
  const auto recent = recent_ancestors(*this, tip_.id());
  for (auto side = side_.rbegin(); side != side_.rend() && picked.size() < validator_.engine().most_ommers();
       ++side)
    if (!check_ommer_place(recent, *side) && std::find(picked.begin(), picked.end(), *side) == picked.end())
      picked.push_back(*side);
  return picked;
}

Header candidate_header(const ChainSpec& spec, const Engine& engine, const SealedHeader& on,
                        const HeaderSource& headers, const CandidateRequest& request, Timestamp now) {
  const Header& parent = *on;
  Header header;
  header.parent_hash = on.hash();
  header.number = parent.number + 1;
  header.timestamp = std::max(parent.timestamp + 1, now);
  header.beneficiary = request.beneficiary;
  header.extra_data = extra_data_for(spec, header.number, request.extra_data);
  const Rules rules = spec.forks.rules(header.number, header.timestamp);
  header.difficulty = engine.next_difficulty(parent, header.timestamp, rules);
  header.gas_limit =
      next_gas_limit(parent_gas_limit(parent, rules), parent.gas_used, request.target_gas_limit);
  if (rules.has(Fork::london)) header.base_fee_per_gas = next_base_fee(spec, parent);
  engine.shape_candidate(parent, now, headers, header);
  return header;
}

std::vector<Transaction> take_txns(BlockBuilder& builder, const TxPool& pool) {
  std::vector<Transaction> taken;
  TxnsByPrice txns = pool.by_price(builder.env().base_fee);
  while (const PooledTxn* next = txns.best()) {
    if (builder.gas_left() < kLeastTxnGas) break;
    if (next->txn.gas_limit > builder.gas_left()) {
      txns.skip_account();
      continue;
    }
    const auto outcome = builder.add(next->txn, next->sender);
    if (outcome) taken.push_back(next->txn);
    // After a nonce that is used the account's next one may be right; after another fault it is not.
    if (outcome || outcome.error().rule == evm::TxnRule::nonce_too_low)
      txns.take();
    else
      txns.skip_account();
  }
  return taken;
}

void complete_header(Header& header, const Body& body, const Execution& execution,
                     const RootHash& state_root) {
  header.ommers_hash = ommers_hash(body.ommers);
  header.transactions_root = transactions_root(body.transactions);
  header.receipts_root = receipts_root(execution.receipts);
  header.logs_bloom = execution.logs_bloom;
  header.gas_used = execution.gas_used;
  header.state_root = state_root;
}

Result<Block> ChainImpl::prepare(const CandidateRequest& request) {
  QUARRY_CHECK(pending_.count == 0);
  if (!state_is_head())
    return fail("no block can be made: the state is still being downloaded", "wait for the fast sync to end");
  const auto& terminal = spec().terminal_total_difficulty;
  if (terminal && tip_.total_difficulty >= *terminal)
    return fail(
        "no block can be made: the chain has reached its terminal total difficulty " + terminal->to_decimal(),
        "its blocks come from a beacon chain now; stop the miner");
  Header header = candidate_header(spec(), validator_.engine(), tip_.header, *this, request, now());
  Body body;
  if (request.with_ommers) body.ommers = pick_ommers();
  const BranchHashes hashes(store_, tip_.id());
  ExecutionContext context = execution_context(hashes);
  context.author = request.beneficiary;
  BlockBuilder builder(cache_, header, std::move(context));
  if (request.pool) body.transactions = take_txns(builder, *request.pool);
  auto execution = builder.finish(body.ommers);
  if (!execution) return fail(execution.error().detail);
  complete_header(header, body, *execution, state_.preview(execution->diff));
  return Block{seal_header(std::move(header), spec().header_identity()), std::move(body)};
}

}  // namespace quarry
