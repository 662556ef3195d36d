// The testing namespace: blocks made to order, kept nowhere (ethereum/execution-apis).

#include <fmt/format.h>

#include "consensus/base_fee.hpp"
#include "consensus/blob_gas.hpp"
#include "consensus/block_executor.hpp"
#include "consensus/gas_limit.hpp"
#include "consensus/requests.hpp"
#include "core/sender.hpp"
#include "core/trie_root.hpp"
#include "rpc/call_overrides.hpp"
#include "rpc/chain_hashes.hpp"
#include "rpc/lookup.hpp"

namespace quarry::rpc {
namespace {

/// What the gas limit moves towards: geth's.
constexpr Gas kGasLimitGoal = 60'000'000;

struct Attributes {
  Timestamp timestamp = 0;
  Hash256 prev_randao;
  Address fee_recipient;
  std::vector<Withdrawal> withdrawals;
  Hash256 beacon_root;
};

Attributes read_attributes(Params& params, std::size_t index) {
  FieldReader fields(params, index, "engine.PayloadAttributes");
  Attributes out;
  out.timestamp = fields.quantity("timestamp").value_or(0);
  out.prev_randao = fields.hash("prevRandao").value_or(Hash256{});
  out.fee_recipient = fields.address("suggestedFeeRecipient").value_or(Address{});
  out.beacon_root = fields.hash("parentBeaconBlockRoot").value_or(Hash256{});
  out.withdrawals = read_withdrawals(fields);
  return out;
}

Expected<std::vector<Transaction>, RpcError> read_transactions(const Context& context, Params& params,
                                                               std::size_t index) {
  const auto* list = params.array(index);
  if (list == nullptr) {
    auto waiting = context.backend.pool.pending();
    std::erase_if(waiting, [](const Transaction& txn) { return txn.type == TxnType::blob; });
    return waiting;
  }
  std::vector<Transaction> out;
  for (const auto& item : *list) {
    const auto bytes = item.is_string() ? from_hex(item.get_ref<const std::string&>()) : std::nullopt;
    if (!bytes) return rpc_fail(RpcCode::invalid_params, "transactions are bytes in hex");
    auto txn = decode_transaction(*bytes);
    if (!txn) {
      return rpc_fail(RpcCode::invalid_params, fmt::format("rlp: the bytes are no signed transaction: {}",
                                                           rlp::to_string(txn.error())));
    }
    out.push_back(std::move(*txn));
  }
  return out;
}

Expected<Header, RpcError> header_of(const Context& context, const SealedHeader& parent,
                                     const Attributes& attributes, Bytes extra_data) {
  const auto& spec = context.backend.chain.spec();
  if (!spec.terminal_total_difficulty) {
    return rpc_fail(RpcCode::failed, "no beacon chain stands above this chain: its blocks are sealed");
  }
  if (attributes.timestamp <= parent->timestamp) {
    return rpc_fail(RpcCode::failed, fmt::format("invalid timestamp, parent {} given {}", parent->timestamp,
                                                 attributes.timestamp));
  }
  Header out;
  out.parent_hash = parent.hash();
  out.number = parent->number + 1;
  out.timestamp = attributes.timestamp;
  out.ommers_hash = kEmptyOmmersHash;
  out.beneficiary = attributes.fee_recipient;
  out.mix_hash = MixHash(attributes.prev_randao);
  out.extra_data = std::move(extra_data);
  const Gas step = parent->gas_limit / 1024 - 1;
  out.gas_limit = parent->gas_limit < kGasLimitGoal ? std::min(parent->gas_limit + step, kGasLimitGoal)
                                                    : std::max(parent->gas_limit - step, kGasLimitGoal);
  const auto rules = spec.forks.rules(out.number, out.timestamp);
  if (rules.has(Fork::london)) out.base_fee_per_gas = next_base_fee(spec, *parent);
  if (rules.has(Fork::shanghai)) out.withdrawals_root = withdrawals_root(attributes.withdrawals);
  if (const auto blobs = blob_params(spec, rules); blobs && rules.has(Fork::cancun)) {
    out.blob_gas_used = 0;
    out.excess_blob_gas = next_excess_blob_gas(*parent, *blobs, rules);
    out.parent_beacon_block_root = attributes.beacon_root;
  }
  return out;
}

/// A block with what the beacon chain would be told of it.
struct Built {
  Block block;
  U256 value;  ///< the tips
  std::vector<Bytes> requests;
};

std::string built_view(const Built& built) {
  const auto& header = built.block.header;
  JsonText out;
  out.begin_object().key("executionPayload").begin_object();
  out.key("parentHash").hex(header->parent_hash);
  out.key("feeRecipient").hex(header->beneficiary);
  out.key("stateRoot").hex(header->state_root);
  out.key("receiptsRoot").hex(header->receipts_root);
  out.key("logsBloom").hex(header->logs_bloom);
  out.key("prevRandao").hex(header->mix_hash);
  out.key("blockNumber").quantity(header->number);
  out.key("gasLimit").quantity(header->gas_limit);
  out.key("gasUsed").quantity(header->gas_used);
  out.key("timestamp").quantity(header->timestamp);
  out.key("extraData").hex(header->extra_data);
  out.key("baseFeePerGas").quantity(header->base_fee_per_gas.value_or(U256{}));
  out.key("blockHash").hex(header.hash());
  out.key("transactions").begin_array();
  for (const auto& txn : built.block.body.transactions) out.hex(encode_transaction(txn));
  out.end_array();
  if (built.block.body.withdrawals) write_withdrawals(out.key("withdrawals"), *built.block.body.withdrawals);
  if (header->blob_gas_used) out.key("blobGasUsed").quantity(*header->blob_gas_used);
  if (header->excess_blob_gas) out.key("excessBlobGas").quantity(*header->excess_blob_gas);
  out.end_object();
  out.key("blockValue").quantity(built.value);
  out.key("blobsBundle").begin_object();
  for (const auto* name : {"commitments", "proofs", "blobs"}) out.key(name).begin_array().end_array();
  out.end_object();
  out.key("executionRequests").begin_array();
  for (const auto& request : built.requests) out.hex(request);
  out.end_array();
  out.key("shouldOverrideBuilder").boolean(false);
  return out.end_object().take();
}

/// With transactions that were given all must run; of the pool's, those that do.
Expected<Built, RpcError> build(const Context& context, const BlockId& parent, Header header,
                                const Attributes& attributes, std::vector<Transaction> txns, bool strict) {
  const auto& reader = context.backend.reader;
  const auto state = reader.state_at(parent);
  if (!state) return rpc_fail(state.error());
  const auto tries = reader.tries_at(parent, {.most_time = context.backend.call_limits.most_time});
  if (!tries) return rpc_fail(tries.error());
  const auto* engine = context.backend.chain.engine();
  if (engine == nullptr) return rpc_fail(RpcCode::internal, "there is no engine to build blocks with");
  const ChainHashes hashes(reader);
  const ExecutionContext execution{context.backend.chain.spec(), *engine, &hashes};
  Built out;
  BlockBuilder builder(**state, header, execution);
  for (auto& txn : txns) {
    const auto sender = sender_of(txn);
    const auto outcome = sender ? builder.add(txn, *sender)
                                : tl::unexpected(evm::TxnError{evm::TxnRule::signature, "invalid sender"});
    if (!outcome && strict) return rpc_fail(RpcCode::failed, outcome.error().detail);
    if (!outcome) continue;
    const auto base_fee = header.base_fee_per_gas.value_or(U256{});
    out.value += U256{outcome->gas_used} * (evm::effective_gas_price(txn, base_fee) - base_fee);
    out.block.body.transactions.push_back(std::move(txn));
  }
  if (header.withdrawals_root) out.block.body.withdrawals = attributes.withdrawals;
  auto execution_result = builder.finish({}, out.block.body.withdrawals);
  if (!execution_result) return rpc_fail(RpcCode::failed, execution_result.error().detail);
  header.state_root = (*tries)->apply(execution_result->diff);
  header.transactions_root = transactions_root(out.block.body.transactions);
  header.receipts_root = receipts_root(execution_result->receipts);
  header.logs_bloom = execution_result->logs_bloom;
  header.gas_used = execution_result->gas_used;
  if (header.blob_gas_used) header.blob_gas_used = execution_result->blob_gas_used;
  if (execution_result->requests) {
    header.requests_hash = requests_hash(*execution_result->requests);
    out.requests = std::move(*execution_result->requests);
  }
  out.block.header = seal_header(std::move(header), context.backend.chain.spec().header_identity());
  return out;
}

Answer build_block(const Context& context, Params& params) {
  const auto parent_hash = params.block_hash(0);
  const auto attributes = read_attributes(params, 1);
  auto txns = read_transactions(context, params, 2);
  auto extra_data = params.has(3) ? params.data(3) : Bytes{};
  if (params.error()) return tl::unexpected(*params.error());
  if (!txns) return tl::unexpected(txns.error());
  const auto& reader = context.backend.reader;
  const auto parent = reader.find(parent_hash);
  const auto header = parent ? reader.header(*parent) : std::nullopt;
  if (!header) return rpc_fail(RpcCode::failed, "unknown parent");
  const auto child = header_of(context, *header, attributes, std::move(extra_data));
  if (!child) return tl::unexpected(child.error());
  const auto built = build(context, *parent, *child, attributes, std::move(*txns), params.has(2));
  if (!built) return tl::unexpected(built.error());
  return built_view(*built);
}

constexpr Method kMethods[] = {
    {"testing_buildBlockV1", Where::worker, build_block, "parent, attributes, transactions?, extraData?",
     "a block on a parent as a beacon chain would ask for it; it is not kept", "BuiltBlock"},
};

}  // namespace

std::span<const Method> testing_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
