#include "consensus/block_executor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/blob_gas.hpp"
#include "consensus/requests.hpp"
#include "consensus/system_contracts.hpp"
#include "core/sender.hpp"

namespace quarry {
namespace {
Rules rules_of(const ExecutionContext& context, const Header& header) {
  return context.spec.forks.rules(header.number, header.timestamp);
}

bool is_dao_fork_block(const ChainSpec& spec, const Header& header) {
  return spec.dao_fork_support && spec.forks[Fork::dao] &&
         spec.forks[Fork::dao] == Activation{Activation::By::block, header.number};
}

BlockError bad_transaction(std::size_t index, const Transaction& txn, std::string_view why) {
  return {BlockRule::transaction,
          fmt::format("invalid transaction {} ({}): {}", index, hash_of(txn).hex(), why)};
}
}  // namespace

evm::BlockEnv block_env(const ExecutionContext& context, const Header& header) {
  evm::BlockEnv env;
  env.rules = rules_of(context, header);
  env.number = header.number;
  env.timestamp = header.timestamp;
  env.beneficiary = context.author ? *context.author : context.engine.author(header);
  env.gas_limit = header.gas_limit;
  env.difficulty = header.difficulty;
  env.base_fee = header.base_fee_per_gas.value_or(U256{});
  env.chain_id = context.spec.chain_id;
  env.hashes = context.hashes;
  const bool merged = is_merged(context.spec, header);
  if (merged) env.difficulty = U256::from_be(header.mix_hash);
  const auto blobs = blob_params(context.spec, env.rules);
  if (!blobs) return env;
  env.blob_base_fee = 1;
  if (!merged) return env;
  env.blob_base_fee = blob_base_fee(header.excess_blob_gas.value_or(0), *blobs);
  env.most_blobs = most_blobs_a_txn(*blobs, env.rules);
  return env;
}

void begin_block(evm::Journal& journal, const ChainSpec& spec, const evm::BlockEnv& env,
                 const Header& header) {
  if (is_dao_fork_block(spec, header)) move_dao_balances(journal);
  if (is_merged(spec, header)) call_before_transactions(journal, env, header);
}

BlockBuilder::BlockBuilder(const StateView& state, const Header& header, ExecutionContext context)
    : header_(header),
      context_(std::move(context)),
      env_(block_env(context_, header)),
      journal_(state, env_.rules) {
  begin_block(journal_, context_.spec, env_, header);
  context_.engine.begin_block(journal_, header);
}

std::optional<evm::TxnError> BlockBuilder::check_blob_gas(const Transaction& txn) const {
  if (txn.type != TxnType::blob || env_.most_blobs == 0) return {};
  const Gas most = blob_params(context_.spec, env_.rules)->max * kGasPerBlob;
  if (blob_gas_of(txn) <= most - blob_gas_used_) return {};
  return evm::TxnError{evm::TxnRule::blob_gas_limit,
                       fmt::format("{}: the block has {} left, the transaction's {} blobs take {}",
                                   to_string(evm::TxnRule::blob_gas_limit), most - blob_gas_used_,
                                   txn.blob_hashes.size(), blob_gas_of(txn))};
}

Receipt receipt_of(const Transaction& txn, const evm::TxnOutcome& outcome, Gas cumulative_gas_used,
                   const Rules& rules) {
  Receipt out;
  out.type = txn.type;
  if (rules.has(Fork::byzantium))
    out.outcome = outcome.status == evm::Status::success;
  else
    out.outcome = RootHash{};
  out.cumulative_gas_used = cumulative_gas_used;
  out.logs = outcome.logs;
  out.logs_bloom = bloom_of(out.logs);
  return out;
}

Expected<evm::TxnOutcome, evm::TxnError> BlockBuilder::add(const Transaction& txn, const Address& sender,
                                                           evm::Tracer* tracer) {
  if (auto error = check_blob_gas(txn)) return tl::unexpected(std::move(*error));
  auto outcome = evm::execute_transaction(journal_, env_, txn, sender, gas_left(), {}, tracer);
  if (!outcome) return outcome;
  gas_used_ += outcome->gas_used;
  blob_gas_used_ += blob_gas_of(txn);
  Receipt& receipt = receipts_.emplace_back(receipt_of(txn, *outcome, gas_used_, env_.rules));
  if (!env_.rules.has(Fork::byzantium) && context_.root) receipt.outcome = context_.root(journal_.diff());
  return outcome;
}

/// What proof of work and authority pay, or what the beacon chain hands in.
Verdict BlockBuilder::settle(std::span<const SealedHeader> ommers, std::span<const Withdrawal> withdrawals,
                             Execution& out) {
  if (!is_merged(context_.spec, header_)) {
    for (const Reward& reward : context_.engine.rewards(header_, ommers, env_.rules))
      journal_.add_balance(journal_.account(reward.to), reward.amount);
    journal_.end_transaction();
    return {};
  }
  pay_withdrawals(journal_, withdrawals);
  if (!env_.rules.has(Fork::prague)) return {};
  const auto deposits = deposits_of(receipts_, context_.spec.deposit_contract);
  if (!deposits) return deposits.error();
  add_request(out.requests.emplace(), RequestType::deposit, *deposits);
  return take_queued_requests(journal_, env_, *out.requests);
}

Expected<Execution, BlockError> BlockBuilder::finish(
    std::span<const SealedHeader> ommers, const std::optional<std::vector<Withdrawal>>& withdrawals) {
  Execution out;
  if (auto error = settle(ommers, withdrawals ? *withdrawals : std::span<const Withdrawal>{}, out))
    return tl::unexpected(std::move(*error));
  out.diff = journal_.diff();
  out.gas_used = gas_used_;
  out.blob_gas_used = blob_gas_used_;
  for (const Receipt& receipt : receipts_)
    for (std::size_t i = 0; i < Bloom::kSize; ++i) out.logs_bloom.bytes[i] |= receipt.logs_bloom.bytes[i];
  out.receipts = std::move(receipts_);
  return out;
}

Expected<Execution, BlockError> execute_block(const StateView& state, const Header& header, const Body& body,
                                              const ExecutionContext& context,
                                              std::span<const std::optional<Address>> senders) {
  BlockBuilder builder(state, header, context);
  for (std::size_t i = 0; i < body.transactions.size(); ++i) {
    const Transaction& txn = body.transactions[i];
    const auto sender = senders.empty() ? sender_of(txn) : senders[i];
    if (!sender) return tl::unexpected(bad_transaction(i, txn, to_string(evm::TxnRule::signature)));
    if (auto outcome = builder.add(txn, *sender); !outcome)
      return tl::unexpected(bad_transaction(i, txn, outcome.error().detail));
  }
  return builder.finish(body.ommers, body.withdrawals);
}

}  // namespace quarry
