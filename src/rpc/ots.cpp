// The ots namespace: what Otterscan asks of a node (its API level 8), and erigon's probe.

#include <fmt/format.h>

#include <algorithm>

#include "consensus/rewards.hpp"
#include "core/sender.hpp"
#include "rpc/lookup.hpp"
#include "rpc/ots_search.hpp"

namespace quarry::rpc {
namespace {

using namespace trace;

constexpr std::uint64_t kApiLevel = 8;
/// Transactions of a page: what Otterscan shows at most is 100.
constexpr std::uint64_t kMostPage = 1000;
/// What of its input says which function a transaction calls, as text: "0x" and four bytes.
constexpr std::size_t kSelectorText = 10;

Answer get_api_level(const Context&, Params&) {
  return std::to_string(kApiLevel);
}

Answer has_code(const Context& context, Params& params) {
  const auto address = params.address(0);
  const auto id = numbered_block(context, params, 1);
  if (params.error()) return tl::unexpected(*params.error());
  if (!id) return rpc_fail(RpcCode::failed, "header not found");
  const auto state = context.backend.reader.state_at(*id);
  if (!state) return rpc_fail(state.error());
  const auto account = (*state)->account(address);
  return bool_answer(account && account->code_hash != kEmptyCodeHash);
}

Json fees_of(const Block& block, const std::vector<Receipt>& receipts) {
  U256 total;
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    const auto before = i == 0 ? 0 : receipts[i - 1].cumulative_gas_used;
    const auto price =
        evm::effective_gas_price(block.body.transactions[i], block.header->base_fee_per_gas.value_or(U256{}));
    total += U256{receipts[i].cumulative_gas_used - before} * price;
  }
  return quantity(total);
}

/// What the block brought into the world: nothing after the merge and under an authority.
Json issuance_of(const Context& context, const Block& block) {
  const auto& spec = context.backend.chain.spec();
  const auto& header = *block.header;
  Wei author, ommers;
  if (spec.engine == EngineKind::ethash && !is_merged(spec, header) && header.number != 0) {
    const auto rewards =
        ethash_rewards(header, block.body.ommers, spec.forks.rules(header.number, header.timestamp));
    author = rewards.back().amount;
    for (std::size_t i = 0; i + 1 < rewards.size(); ++i) ommers += rewards[i].amount;
  }
  return {{"blockReward", quantity(author)},
          {"uncleReward", quantity(ommers)},
          {"issuance", quantity(author + ommers)}};
}

Json slim_block(const Context& context, const Block& block) {
  const BlockId id{block.header->number, block.header.hash()};
  auto out = Json::parse(block_view(block, context.backend.reader.total_difficulty(id), false));
  out["transactionCount"] = block.body.transactions.size();
  out["transactions"] = Json::array();
  return out;
}

Answer block_details(const Context& context, const std::optional<BlockId>& id) {
  const auto block = load(context.backend.reader, id);
  if (!block) return null_answer();
  const auto receipts = context.backend.reader.receipts(*id);
  if (!receipts) return rpc_fail(RpcCode::failed, "receipts not found");
  return json_answer({{"block", slim_block(context, *block)},
                      {"issuance", issuance_of(context, *block)},
                      {"totalFees", fees_of(*block, *receipts)}});
}

Answer get_block_details(const Context& context, Params& params) {
  const auto id = numbered_block(context, params, 0);
  if (params.error()) return tl::unexpected(*params.error());
  return block_details(context, id);
}

Answer get_block_details_by_hash(const Context& context, Params& params) {
  const auto hash = params.block_hash(0);
  if (params.error()) return tl::unexpected(*params.error());
  return block_details(context, context.backend.reader.find(hash));
}

/// Without what a list does not show.
Json slim_receipt(const Json& receipt) {
  auto out = receipt;
  out["logs"] = nullptr;
  out["logsBloom"] = nullptr;
  return out;
}

Answer get_block_transactions(const Context& context, Params& params) {
  const auto id = numbered_block(context, params, 0);
  const auto page = params.quantity(1);
  const auto size = std::min(params.quantity(2), kMostPage);
  if (params.error()) return tl::unexpected(*params.error());
  const auto block = load(context.backend.reader, id);
  if (!block) return null_answer();
  const auto receipts = context.backend.reader.receipts(*id);
  if (!receipts) return rpc_fail(RpcCode::failed, "receipts not found");
  const auto place = place_in_chain(context, block->header);
  const auto views = Json::parse(ReceiptsView(*block, *receipts, place).all());
  auto full = slim_block(context, *block);
  auto shown = Json::array();
  // Pages count from the block's end.
  const auto count = block->body.transactions.size();
  const auto end = page <= count ? count - std::min<std::uint64_t>(count, page * size) : 0;
  for (auto i = end - std::min<std::uint64_t>(end, size); i < end; ++i) {
    auto txn = Json::parse(transaction_view(block->body.transactions[i], place, i));
    txn["input"] = txn["input"].get<std::string>().substr(0, kSelectorText);
    full["transactions"].push_back(std::move(txn));
    shown.push_back(slim_receipt(views[i]));
  }
  return json_answer({{"fullblock", std::move(full)}, {"receipts", std::move(shown)}});
}

Json page_json(const Context& context, const TxnPage& page) {
  Json txns = Json::array(), receipts = Json::array();
  for (const auto& entry : page.entries) {
    const auto& block = *entry.block;
    const auto place = place_in_chain(context, block.header);
    txns.push_back(Json::parse(transaction_view(block.body.transactions[entry.index], place, entry.index)));
    const auto kept = context.backend.reader.receipts(place.id);
    if (!kept) continue;
    auto receipt = Json::parse(ReceiptsView(block, *kept, place).one(entry.index));
    receipt["timestamp"] = block.header->timestamp;
    receipts.push_back(std::move(receipt));
  }
  return {{"txs", std::move(txns)}, {"receipts", std::move(receipts)}};
}

Answer search(const Context& context, Params& params, Direction direction) {
  const auto address = params.address(0);
  const auto number = params.quantity(1);
  const auto size = std::clamp<std::uint64_t>(params.quantity(2), 1, kMostPage);
  if (params.error()) return tl::unexpected(*params.error());
  const bool up = direction == Direction::up;
  // Zero: from the end of the chain that the search begins at.
  const auto from = number == 0 ? (up ? 0 : context.backend.reader.head().number)
                    : up        ? number + 1
                                : number - 1;
  const auto page = search_transactions(context, address, from, direction, size);
  if (!page) return tl::unexpected(page.error());
  auto out = page_json(context, *page);
  out["firstPage"] = up ? !page->more : number == 0;
  out["lastPage"] = up ? number == 0 : !page->more;
  return json_answer(out);
}

/// A transaction's calls, and how it ended.
struct Traced {
  std::unique_ptr<Budget> budget;
  std::unique_ptr<CallRecorder> calls;
  evm::TxnOutcome outcome;
};
Expected<Traced, RpcError> trace_of(const Context& context, Params& params) {
  const auto hash = params.fixed<TxnHash>(0, "common.Hash");
  if (params.error()) return tl::unexpected(*params.error());
  const auto found = find_txn(context, hash);
  if (!found) return tl::unexpected(found.error());
  Traced out;
  out.budget = std::make_unique<Budget>();
  out.calls = std::make_unique<CallRecorder>(CallTracerOptions{}, *out.budget);
  auto outcome = trace_txn(context, *found, *out.calls, *out.budget);
  if (!outcome) return tl::unexpected(outcome.error());
  out.outcome = std::move(*outcome);
  return out;
}

/// Otterscan's numbers; nothing for calls that move nothing.
std::optional<int> operation_of(const CallFrame& frame) {
  const auto type = type_of(frame);
  if (type == "SELFDESTRUCT") return 1;
  if (type == "CREATE") return 2;
  if (type == "CREATE2") return 3;
  if (type == "CALL" && frame.value && !frame.value->is_zero()) return 0;
  return std::nullopt;
}

Answer get_internal_operations(const Context& context, Params& params) {
  const auto traced = trace_of(context, params);
  if (!traced) return tl::unexpected(traced.error());
  auto out = Json::array();
  const auto& frames = traced->calls->frames();
  for (std::size_t i = 0; i < frames.size();) {
    const auto& frame = frames[i];
    // What a failed frame and those below it moved was moved back.
    i = frame.failed() ? frame.next : i + 1;
    const auto type = operation_of(frame);
    if (frame.failed() || frame.depth == 0 || !type) continue;
    out.push_back({{"type", *type},
                   {"from", frame.from.hex()},
                   {"to", frame.to.hex()},
                   {"value", quantity(frame.value.value_or(Wei{}))}});
  }
  return json_answer(out);
}

Answer trace_transaction(const Context& context, Params& params) {
  const auto traced = trace_of(context, params);
  if (!traced) return tl::unexpected(traced.error());
  JsonText out;
  out.begin_array();
  for (const auto& frame : traced->calls->frames()) {
    if (frame.precompile && frame.depth > 0) continue;
    const auto type = type_of(frame);
    out.begin_object();
    out.key("type").plain(type);
    out.key("depth").number(frame.depth);
    out.key("from").hex(frame.from);
    out.key("to").hex(frame.to);
    out.key("value");
    type == "DELEGATECALL" || !frame.value ? out.null() : out.quantity(*frame.value);
    out.key("input").hex(frame.input);
    out.key("output").hex(frame.output);
    out.end_object();
  }
  return out.end_array().take();
}

Answer get_transaction_error(const Context& context, Params& params) {
  const auto traced = trace_of(context, params);
  if (!traced) return tl::unexpected(traced.error());
  const auto& outcome = traced->outcome;
  return hex_answer(outcome.status == evm::Status::revert ? outcome.output : Bytes{});
}

Answer get_by_sender_and_nonce(const Context& context, Params& params) {
  const auto sender = params.address(0);
  const auto nonce = params.quantity(1);
  if (params.error()) return tl::unexpected(*params.error());
  const auto found = find_by_nonce(context, sender, nonce);
  if (!found) return tl::unexpected(found.error());
  const auto block = *found ? context.backend.reader.block((*found)->block) : std::nullopt;
  if (!block) return null_answer();
  return hex_answer(hash_of(block->body.transactions[(*found)->index]));
}

Answer get_contract_creator(const Context& context, Params& params) {
  const auto address = params.address(0);
  if (params.error()) return tl::unexpected(*params.error());
  const auto found = find_creation(context, address);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return null_answer();
  return json_answer({{"hash", (*found)->txn.hex()}, {"creator", (*found)->creator.hex()}});
}

Answer search_before(const Context& context, Params& params) {
  return search(context, params, Direction::down);
}
Answer search_after(const Context& context, Params& params) {
  return search(context, params, Direction::up);
}

/// How Otterscan asks whether this is a node that it knows.
Answer get_header_by_number(const Context& context, Params& params) {
  const auto id = numbered_block(context, params, 0);
  if (params.error()) return tl::unexpected(*params.error());
  const auto header = id ? context.backend.reader.header(*id) : std::nullopt;
  if (!header) return null_answer();
  auto out = Json::parse(ommer_view(*header));
  out.erase("size");
  out.erase("uncles");
  return json_answer(out);
}

constexpr Method kMethods[] = {
    {"erigon_getHeaderByNumber", Where::worker, get_header_by_number, "number", "a block's header",
     "{number: Quantity, ...}|null"},
    {"ots_getApiLevel", Where::loop, get_api_level, "", "8", "Integer"},
    {"ots_getBlockDetails", Where::worker, get_block_details, "number", "a block with its rewards and fees",
     "OtsBlock|null"},
    {"ots_getBlockDetailsByHash", Where::worker, get_block_details_by_hash, "hash",
     "a block with its rewards and fees", "OtsBlock|null"},
    {"ots_getBlockTransactions", Where::worker, get_block_transactions, "number, pageNumber, pageSize",
     "a page of a block's transactions, from its end", "{fullblock: Any, receipts: [OtsReceipt]}|null"},
    {"ots_getContractCreator", Where::slow, get_contract_creator, "address",
     "who made a contract, in which transaction", "{hash: Hash, creator: Address}|null"},
    {"ots_getInternalOperations", Where::slow, get_internal_operations, "hash",
     "what moved within a transaction", "[OtsOperation]"},
    {"ots_getTransactionBySenderAndNonce", Where::worker, get_by_sender_and_nonce, "address, nonce",
     "the hash of an account's transaction", "Hash|null"},
    {"ots_getTransactionError", Where::slow, get_transaction_error, "hash",
     "what a reverted transaction gave", "Bytes"},
    {"ots_hasCode", Where::worker, has_code, "address, number", "is there a contract?", "Boolean"},
    {"ots_searchTransactionsAfter", Where::slow, search_after, "address, after, pageSize",
     "an account's transactions in later blocks", "OtsPage"},
    {"ots_searchTransactionsBefore", Where::slow, search_before, "address, before, pageSize",
     "an account's transactions in earlier blocks", "OtsPage"},
    {"ots_traceTransaction", Where::slow, trace_transaction, "hash", "a transaction's calls", "[OtsCall]"},
};

}  // namespace

std::span<const Method> ots_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
