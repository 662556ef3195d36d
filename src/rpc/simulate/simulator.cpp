#include "rpc/simulate/simulator.hpp"

#include <fmt/format.h>

#include "consensus/base_fee.hpp"
#include "consensus/blob_gas.hpp"
#include "consensus/block_executor.hpp"
#include "consensus/engine.hpp"
#include "consensus/requests.hpp"
#include "consensus/system_contracts.hpp"
#include "core/keccak.hpp"
#include "core/trie_root.hpp"
#include "evm/precompiles.hpp"
#include "rpc/bounded_state.hpp"
#include "rpc/call.hpp"
#include "rpc/simulate/layered_state.hpp"

namespace quarry::rpc {
namespace {

struct RuleCode {
  evm::TxnRule rule;
  RpcCode code;
};
constexpr RuleCode kCodes[] = {
    {evm::TxnRule::nonce_too_low, RpcCode::nonce_too_low},
    {evm::TxnRule::nonce_too_high, RpcCode::nonce_too_high},
    {evm::TxnRule::sender_not_eoa, RpcCode::sender_not_eoa},
    {evm::TxnRule::tip_above_fee_cap, RpcCode::invalid_params},
    {evm::TxnRule::fee_cap_below_base_fee, RpcCode::fee_cap_too_low},
    {evm::TxnRule::insufficient_funds, RpcCode::insufficient_funds},
    {evm::TxnRule::intrinsic_gas, RpcCode::intrinsic_gas},
    {evm::TxnRule::floor_data_gas, RpcCode::intrinsic_gas},
    {evm::TxnRule::initcode_too_large, RpcCode::initcode_too_large},
};

RpcError refusal(const evm::TxnError& error, Gas gas) {
  RpcCode code = RpcCode::internal;
  for (const auto& row : kCodes)
    if (row.rule == error.rule) code = row.code;
  return {code, fmt::format("err: {} (supplied gas {})", error.detail, gas)};
}

/// The chain's hashes up to the base, the simulated blocks' above.
class SimulatedHashes final : public evm::BlockHashes {
 public:
  SimulatedHashes(const ChainReader& reader, const BlockId& base) : reader_(reader), base_(base) {}
  Hash256 block_hash(BlockNum number) const override {
    if (number == base_.number) return Hash256(base_.hash);
    if (number > base_.number) {
      const auto index = number - base_.number - 1;
      return index < above_.size() ? Hash256(above_[index]) : Hash256{};
    }
    const auto id = reader_.canonical(number);
    return id ? Hash256(id->hash) : Hash256{};
  }
  void add(const BlockHash& hash) { above_.push_back(hash); }

 private:
  const ChainReader& reader_;
  const BlockId base_;
  std::vector<BlockHash> above_;
};

/// What the account overrides change, as a block's changes.
StateDiff diff_of(const StateOverrides& overrides, const StateView& state) {
  StateDiff out;
  for (const auto& [address, entry] : overrides) {
    const bool changes =
        entry.nonce || entry.balance || entry.code || entry.storage || !entry.changed.empty();
    if (!changes) continue;
    auto& change = out.accounts[address];
    change.after = state.account(address).value_or(Account{});
    if (entry.nonce) change.after->nonce = *entry.nonce;
    if (entry.balance) change.after->balance = *entry.balance;
    if (entry.code) {
      change.after->code_hash = CodeHash(keccak256(*entry.code));
      if (!entry.code->empty()) out.codes[change.after->code_hash] = *entry.code;
    }
    change.storage_cleared = entry.storage.has_value();
    change.slots = entry.storage ? *entry.storage : entry.changed;
  }
  return out;
}

class Simulator {
 public:
  Simulator(const Context& context, const BlockId& base, const SimulationRequest& request,
            SealedHeader parent, std::unique_ptr<StateView> state, std::unique_ptr<TrieView> tries)
      : chain_(context.backend.chain),
        spec_(chain_.spec()),
        request_(request),
        gas_left_(context.backend.call_limits.most_gas),
        limits_(context.backend.call_limits),
        parent_(std::move(parent)),
        base_state_(std::move(state), limits_.most_time),
        tries_(std::move(tries)),
        state_(base_state_, *tries_),
        hashes_(context.backend.reader, base) {}

  Expected<SimulatedResult, RpcError> run(const SimulatedBlock& block);

 private:
  Header header_of(const SimulatedBlock& block) const;
  evm::BlockEnv env_of(const SimulatedBlock& block, const Header& header) const;
  Expected<Transaction, RpcError> transaction_of(CallArgs args, const evm::BlockEnv& env, Gas used,
                                                 std::uint64_t nonce) const;
  std::optional<RpcError> run_calls(const SimulatedBlock& block, const evm::BlockEnv& env,
                                    evm::Journal& journal, SimulatedResult& out);
  std::optional<RpcError> finish(const SimulatedBlock& block, const evm::BlockEnv& env, Header& header,
                                 evm::Journal& journal, SimulatedResult& out);
  void seal(Header header, SimulatedResult& out);

  ChainControl& chain_;
  const ChainSpec& spec_;
  const SimulationRequest& request_;
  Gas gas_left_;  ///< of what the request may use in all
  const CallLimits limits_;
  SealedHeader parent_;
  const BoundedState base_state_;
  const std::unique_ptr<TrieView> tries_;
  LayeredState state_;
  SimulatedHashes hashes_;
  std::vector<Receipt> receipts_;
  Gas gas_used_ = 0;
};

Header Simulator::header_of(const SimulatedBlock& block) const {
  const auto& given = block.block;
  Header out;
  out.parent_hash = parent_.hash();
  out.number = *given.number;
  out.timestamp = *given.time;
  out.ommers_hash = kEmptyOmmersHash;
  out.beneficiary = given.fee_recipient.value_or(parent_->beneficiary);
  out.gas_limit = given.gas_limit.value_or(parent_->gas_limit);
  if (given.prev_randao) out.mix_hash = MixHash(*given.prev_randao);
  const auto rules = spec_.forks.rules(out.number, out.timestamp);
  const bool merges = spec_.terminal_total_difficulty &&
                      (parent_->difficulty.is_zero() || rules.has(Fork::merge_netsplit) ||
                       rules.has(Fork::shanghai) || spec_.terminal_total_difficulty->is_zero());
  if (!merges) out.difficulty = given.difficulty.value_or(parent_->difficulty);
  if (rules.has(Fork::london)) {
    // Who pays no price must not fail on a base fee, so there is none unless it is asked for.
    out.base_fee_per_gas =
        given.base_fee ? *given.base_fee : (request_.validation ? next_base_fee(spec_, *parent_) : U256{});
  }
  if (!merges) return out;
  if (rules.has(Fork::shanghai)) out.withdrawals_root = kEmptyRoot;
  if (const auto blobs = blob_params(spec_, rules); blobs && rules.has(Fork::cancun)) {
    out.blob_gas_used = 0;
    out.excess_blob_gas = next_excess_blob_gas(*parent_, *blobs, rules);
    out.parent_beacon_block_root = given.beacon_root.value_or(Hash256{});
  }
  return out;
}

evm::BlockEnv Simulator::env_of(const SimulatedBlock& block, const Header& header) const {
  auto out = chain_.environment(header);
  out.beneficiary = header.beneficiary;
  out.blob_base_fee = block.block.blob_base_fee.value_or(out.blob_base_fee);
  out.hashes = &hashes_;
  out.deadline = &base_state_;
  return out;
}

/// What the call leaves out is filled in. A call without a price is of the fee market's type.
Expected<Transaction, RpcError> Simulator::transaction_of(CallArgs args, const evm::BlockEnv& env, Gas used,
                                                          std::uint64_t nonce) const {
  if (args.chain_id && *args.chain_id != spec_.chain_id) {
    return rpc_fail(RpcCode::failed, fmt::format("chainId does not match node's (have={}, want={})",
                                                 args.chain_id->to_decimal(), spec_.chain_id.to_decimal()));
  }
  const Gas left = env.gas_limit - used;
  const Gas gas = args.gas.value_or(left);
  if (gas > left) {
    return rpc_fail(RpcCode::block_gas_limit,
                    fmt::format("block gas limit reached: remaining: {}, required: {}", left, gas));
  }
  args.chain_id = spec_.chain_id;
  if (!args.nonce) args.nonce = nonce;
  args.gas = std::min(gas, gas_left_);
  const bool market = env.rules.has(Fork::london) && !args.gas_price;
  if (market && !args.max_fee) args.max_fee = U256{};
  if (market && !args.max_tip) args.max_tip = U256{};
  auto out = args.transaction();
  if (out.type == TxnType::legacy) out.chain_id = {};
  return out;
}

std::optional<RpcError> Simulator::run_calls(const SimulatedBlock& block, const evm::BlockEnv& env,
                                             evm::Journal& journal, SimulatedResult& out) {
  LogTracer tracer(request_.trace_transfers);
  for (const auto& call : block.calls) {
    const auto sender = call.from.value_or(Address{});
    const auto txn = transaction_of(call, env, gas_used_, journal.account(sender).nonce);
    if (!txn) return txn.error();
    evm::TxnOptions options;
    options.check_nonce = request_.validation;
    options.check_signature = options.check_sender_code = options.check_gas_cap = false;
    // Not validating, who names no price pays none, whatever the base fee.
    options.check_funds =
        request_.validation || !txn->max_fee_per_gas.is_zero() || !txn->max_priority_fee_per_gas.is_zero();
    auto outcome =
        evm::execute_transaction(journal, env, *txn, sender, env.gas_limit - gas_used_, options, &tracer);
    if (base_state_.passed()) return aborted(limits_);
    if (!outcome) return refusal(outcome.error(), txn->gas_limit);
    gas_used_ += outcome->gas_used;
    gas_left_ -= std::min(gas_left_, outcome->gas_used);
    receipts_.push_back(receipt_of(*txn, *outcome, gas_used_, env.rules));
    out.block.body.transactions.push_back(*txn);
    out.senders.push_back(sender);
    auto logs = tracer.take(outcome->logs);
    out.calls.push_back({std::move(*outcome), std::move(logs)});
  }
  return std::nullopt;
}

/// What a block does after its transactions.
std::optional<RpcError> Simulator::finish(const SimulatedBlock& block, const evm::BlockEnv& env,
                                          Header& header, evm::Journal& journal, SimulatedResult& out) {
  if (!is_merged(spec_, header)) {
    if (const auto* engine = chain_.engine()) {
      for (const Reward& reward : engine->rewards(header, {}, env.rules))
        journal.add_balance(journal.account(reward.to), reward.amount);
      journal.end_transaction();
    }
    return std::nullopt;
  }
  if (header.withdrawals_root) {
    out.block.body.withdrawals = block.block.withdrawals.value_or(std::vector<Withdrawal>{});
    header.withdrawals_root = withdrawals_root(*out.block.body.withdrawals);
    pay_withdrawals(journal, *out.block.body.withdrawals);
  }
  if (!env.rules.has(Fork::prague)) return std::nullopt;
  const auto deposits = deposits_of(receipts_, spec_.deposit_contract);
  if (!deposits) return RpcError{RpcCode::failed, deposits.error().detail};
  std::vector<Bytes> requests;
  add_request(requests, RequestType::deposit, *deposits);
  if (const auto error = take_queued_requests(journal, env, requests))
    return RpcError{RpcCode::failed, error->detail};
  header.requests_hash = requests_hash(requests);
  return std::nullopt;
}

void Simulator::seal(Header header, SimulatedResult& out) {
  header.gas_used = gas_used_;
  header.transactions_root = transactions_root(out.block.body.transactions);
  header.receipts_root = receipts_root(receipts_);
  for (const auto& receipt : receipts_)
    for (std::size_t i = 0; i < Bloom::kSize; ++i) header.logs_bloom.bytes[i] |= receipt.logs_bloom.bytes[i];
  if (header.blob_gas_used)
    for (const auto& txn : out.block.body.transactions) *header.blob_gas_used += blob_gas_of(txn);
  out.block.header = seal_header(std::move(header), spec_.header_identity());
  hashes_.add(out.block.header.hash());
  parent_ = out.block.header;
}

Expected<SimulatedResult, RpcError> Simulator::run(const SimulatedBlock& block) {
  SimulatedResult out;
  receipts_.clear();
  gas_used_ = 0;
  Header header = header_of(block);
  auto env = env_of(block, header);
  out.rules = env.rules;
  auto precompiles = evm::precompiles_of(env.rules);
  if (auto error = move_precompiles(block.state, precompiles)) return tl::unexpected(*error);
  env.precompiles = &precompiles;
  if (const auto diff = diff_of(block.state, state_); !diff.accounts.empty()) state_.apply(diff);
  evm::Journal journal(state_, env.rules);
  if (is_merged(spec_, header)) call_before_transactions(journal, env, header);
  if (auto error = run_calls(block, env, journal, out)) return tl::unexpected(*error);
  if (auto error = finish(block, env, header, journal, out)) return tl::unexpected(*error);
  header.state_root = state_.apply(journal.diff());
  seal(std::move(header), out);
  return out;
}

}  // namespace

Expected<std::vector<SimulatedResult>, RpcError> simulate(const Context& context, const BlockId& base,
                                                          SimulationRequest request) {
  const auto& reader = context.backend.reader;
  const auto header = reader.header(base);
  if (!header) return rpc_fail(RpcCode::failed, "header not found");
  auto state = reader.state_at(base);
  if (!state) return rpc_fail(state.error());
  auto tries = reader.tries_at(base, {.most_time = context.backend.call_limits.most_time});
  if (!tries) return rpc_fail(tries.error());
  auto blocks = in_sequence(**header, std::move(request.blocks));
  if (!blocks) return tl::unexpected(blocks.error());
  Simulator simulator(context, base, request, *header, std::move(*state), std::move(*tries));
  std::vector<SimulatedResult> out;
  for (const auto& block : *blocks) {
    auto result = simulator.run(block);
    if (!result) return tl::unexpected(result.error());
    out.push_back(std::move(*result));
  }
  return out;
}

}  // namespace quarry::rpc
