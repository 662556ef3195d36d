// The trace namespace: calls that are not sent, and transactions that run again (OpenEthereum's results).

#include <fmt/format.h>

#include "core/sender.hpp"
#include "rpc/call.hpp"
#include "rpc/trace/parity_result.hpp"
#include "rpc/trace/replay.hpp"

namespace quarry::rpc {
namespace {

using namespace trace;

/// Calls of one trace_callMany: they run after each other on one worker.
constexpr std::size_t kMostCalls = 100;

struct AskedCall {
  CallArgs args;
  ParityParts parts;
};

/// The site of parameter `index`, which has no overrides behind it.
Expected<CallSite, RpcError> site_at(const Context& context, Params& params, std::size_t index) {
  Json as_call = Json::array();
  for (std::size_t i = 0; i <= index; ++i) as_call.push_back(params.has(i) ? params.raw(i) : Json());
  Params alone(as_call);
  return CallSite::of(context, alone, index);
}

/// Runs the calls one after the other, each on what those before it left.
Expected<std::vector<std::string>, RpcError> run_calls(const Context& context, CallSite& site,
                                                       const std::vector<AskedCall>& calls) {
  const auto most = context.backend.call_limits.most_gas;
  evm::Journal journal(site.state(), site.env().rules);
  Budget budget;
  std::vector<std::string> out;
  const auto until = Clock::now() + kTraceTime;
  for (const auto& call : calls) {
    auto txn = call.args.transaction();
    txn.gas_limit = std::min(call.args.gas.value_or(most), most);
    ParityRecorder recorder(call.parts, budget);
    recorder.begin({journal, site.env(), txn, call.args.from.value_or(Address{}), std::nullopt, 0});
    Guard guard(recorder, budget, until);
    const auto outcome = site.run_on(journal, call.args, txn.gas_limit, &guard);
    if (auto verdict = guard.verdict()) return tl::unexpected(std::move(*verdict));
    if (site.out_of_time()) return tl::unexpected(site.timeout());
    if (!outcome) return rpc_fail(RpcCode::failed, "tracing failed: " + outcome.error().detail);
    recorder.end(*outcome);
    JsonText text;
    recorder.write(text);
    out.push_back(text.take());
  }
  return out;
}

Answer run_one(const Context& context, Params& params, AskedCall call) {
  auto site = site_at(context, params, 2);
  if (!site) return tl::unexpected(site.error());
  auto results = run_calls(context, *site, {std::move(call)});
  if (!results) return tl::unexpected(results.error());
  return std::move(results->front());
}

Answer trace_call(const Context& context, Params& params) {
  AskedCall call{read_call_args(params, 0), read_parity_parts(params, 1)};
  (void)params.block(2);
  if (params.error()) return tl::unexpected(*params.error());
  return run_one(context, params, std::move(call));
}

/// [[call, parts], …]
std::vector<AskedCall> read_calls(Params& params, std::size_t index) {
  std::vector<AskedCall> out;
  const auto* list = params.array(index);
  if (list == nullptr) return out;
  if (list->size() > kMostCalls)
    params.reject(index, fmt::format("{} calls are the most at once", kMostCalls));
  for (const auto& entry : *list) {
    if (params.error()) break;
    if (!entry.is_array() || entry.size() != 2) {
      params.reject(index, "each call is an array of the call and of the parts of its trace");
      break;
    }
    Params one(entry);
    out.push_back({read_call_args(one, 0), read_parity_parts(one, 1)});
    if (one.error()) params.reject(index, one.error()->message);
  }
  return out;
}

Answer trace_call_many(const Context& context, Params& params) {
  const auto calls = read_calls(params, 0);
  (void)params.block(1);
  if (params.error()) return tl::unexpected(*params.error());
  auto site = site_at(context, params, 1);
  if (!site) return tl::unexpected(site.error());
  const auto results = run_calls(context, *site, calls);
  if (!results) return tl::unexpected(results.error());
  JsonText out;
  out.begin_array();
  for (const auto& result : *results) out.raw(result);
  return out.end_array().take();
}

CallArgs args_of(const Transaction& txn, const Address& sender) {
  CallArgs out;
  out.from = sender;
  out.to = txn.to;
  out.gas = txn.gas_limit;
  out.value = txn.value;
  out.nonce = txn.nonce;
  out.data = txn.data;
  const bool one_price = txn.type == TxnType::legacy || txn.type == TxnType::access_list;
  if (one_price) {
    out.gas_price = txn.max_fee_per_gas;
  } else {
    out.max_fee = txn.max_fee_per_gas;
    out.max_tip = txn.max_priority_fee_per_gas;
  }
  if (txn.type != TxnType::legacy) out.access_list = txn.access_list;
  if (txn.type == TxnType::blob) out.max_blob_fee = txn.max_fee_per_blob_gas;
  out.blob_hashes = txn.blob_hashes;
  out.authorizations = txn.authorizations;
  return out;
}

Answer trace_raw_transaction(const Context& context, Params& params) {
  const auto bytes = params.data(0);
  const auto parts = read_parity_parts(params, 1);
  (void)params.block(2);
  if (params.error()) return tl::unexpected(*params.error());
  const auto txn = decode_transaction(bytes);
  if (!txn) return rpc_fail(RpcCode::failed, "the bytes are no signed transaction");
  const auto sender = sender_of(*txn);
  if (!sender) return rpc_fail(RpcCode::failed, "invalid transaction signature");
  return run_one(context, params, {args_of(*txn, *sender), parts});
}

Answer replay_transaction(const Context& context, Params& params) {
  const auto hash = params.fixed<TxnHash>(0, "common.Hash");
  const auto parts = read_parity_parts(params, 1);
  if (params.error()) return tl::unexpected(*params.error());
  const auto found = find_txn(context, hash);
  if (!found) return tl::unexpected(found.error());
  Budget budget;
  ParityRecorder recorder(parts, budget);
  const auto outcome = trace_txn(context, *found, recorder, budget);
  if (!outcome) return tl::unexpected(outcome.error());
  JsonText out;
  recorder.write(out);
  return out.take();
}

Answer replay_block(const Context& context, Params& params) {
  const auto ref = params.block(0);
  const auto parts = read_parity_parts(params, 1);
  if (params.error()) return tl::unexpected(*params.error());
  const auto block = load(context.backend.reader, resolve(context.backend.reader, ref));
  if (!block) return null_answer();
  auto replay = BlockReplay::of(context, *block);
  if (!replay) return tl::unexpected(replay.error());
  Budget budget;
  JsonText out;
  out.begin_array();
  while (!replay->at_end()) {
    ParityRecorder recorder(parts, budget);
    recorder.hash = hash_of(block->body.transactions[replay->next()]);
    if (auto outcome = replay->run(&recorder, budget, kTraceTime); !outcome) {
      return tl::unexpected(outcome.error());
    }
    recorder.write(out);
  }
  return out.end_array().take();
}

constexpr Method kMethods[] = {
    {"trace_call", Where::slow, trace_call, "call, parts, block?", "a call that is not sent, as a trace",
     "FullTrace"},
    {"trace_callMany", Where::slow, trace_call_many, "calls, block?",
     "calls that follow each other, as traces", "[FullTrace]"},
    {"trace_rawTransaction", Where::slow, trace_raw_transaction, "bytes, parts, block?",
     "a signed transaction that is not sent, as a trace", "FullTrace"},
    {"trace_replayBlockTransactions", Where::slow, replay_block, "block, parts",
     "what a block's transactions did, as traces", "[FullTrace]|null"},
    {"trace_replayTransaction", Where::slow, replay_transaction, "hash, parts",
     "what a transaction did, as a trace", "FullTrace"},
};

}  // namespace

std::span<const Method> trace_call_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
