// The debug namespace: transactions run again, watched by a tracer.

#include <fmt/format.h>

#include "core/rlp.hpp"
#include "rpc/call.hpp"
#include "rpc/trace/options.hpp"

namespace quarry::rpc {
namespace {

using namespace trace;

Answer trace_transaction(const Context& context, Params& params) {
  const auto hash = params.fixed<TxnHash>(0, "common.Hash");
  const auto options = read_trace_options(params, 1);
  if (params.error()) return tl::unexpected(*params.error());
  const auto found = find_txn(context, hash);
  if (!found) return tl::unexpected(found.error());
  Budget budget;
  const auto tracer = make_tracer(options.tracer, budget);
  const auto outcome = trace_txn(context, *found, **tracer, budget, options.time);
  if (!outcome) return tl::unexpected(outcome.error());
  JsonText out;
  (*tracer)->write(out);
  return out.take();
}

Answer trace_all(const Context& context, const Block& block, const TraceOptions& options) {
  auto replay = BlockReplay::of(context, block);
  if (!replay) return tl::unexpected(replay.error());
  const Deadline deadline;
  Budget budget;
  JsonText out;
  out.begin_array();
  while (!replay->at_end()) {
    if (deadline.passed()) return rpc_fail(RpcCode::failed, "execution timeout\nTrace single transactions.");
    const auto hash = hash_of(block.body.transactions[replay->next()]);
    const auto tracer = make_tracer(options.tracer, budget);
    const auto outcome = replay->run(tracer->get(), budget, options.time);
    if (!outcome) return tl::unexpected(outcome.error());
    out.begin_object();
    out.key("txHash").hex(hash);
    (*tracer)->write(out.key("result"));
    out.end_object();
  }
  return out.end_array().take();
}

Answer trace_block_by_number(const Context& context, Params& params) {
  const auto ref = params.block(0);
  const auto options = read_trace_options(params, 1);
  if (params.error()) return tl::unexpected(*params.error());
  if (ref.kind == BlockRef::Kind::pending) {
    return rpc_fail(RpcCode::failed, "tracing on top of pending is not supported");
  }
  const auto id = resolve(context.backend.reader, ref);
  const auto block = load(context.backend.reader, id);
  if (!block) return rpc_fail(RpcCode::failed, fmt::format("block #{} not found", ref.number));
  return trace_all(context, *block, options);
}

Answer trace_block_by_hash(const Context& context, Params& params) {
  const auto hash = params.block_hash(0);
  const auto options = read_trace_options(params, 1);
  if (params.error()) return tl::unexpected(*params.error());
  const auto block = load(context.backend.reader, context.backend.reader.find(hash));
  if (!block) return rpc_fail(RpcCode::failed, fmt::format("block {} not found", hash.hex()));
  return trace_all(context, *block, options);
}

Answer trace_block_rlp(const Context& context, Params& params) {
  const auto rlp = params.data(0);
  const auto options = read_trace_options(params, 1);
  if (params.error()) return tl::unexpected(*params.error());
  rlp::Reader reader(rlp);
  const auto block = read_block(reader, context.backend.chain.spec().header_identity());
  if (!block || !reader.at_end())
    return rpc_fail(RpcCode::failed, "could not decode block: it is no block's RLP");
  return trace_all(context, *block, options);
}

struct AskedCall {
  CallArgs args;
  Gas gas;
  TraceOptions options;
};

Answer run_call(CallSite& site, evm::Journal& journal, const AskedCall& call) {
  auto txn = call.args.transaction();
  txn.gas_limit = call.gas;
  Budget budget;
  const auto tracer = make_tracer(call.options.tracer, budget);
  (*tracer)->begin({journal, site.env(), txn, call.args.from.value_or(Address{}), std::nullopt, 0});
  Guard guard(**tracer, budget, Clock::now() + call.options.time);
  const auto outcome = site.run_on(journal, call.args, call.gas, &guard);
  if (auto verdict = guard.verdict()) return tl::unexpected(std::move(*verdict));
  if (site.out_of_time()) return tl::unexpected(site.timeout());
  if (!outcome) return rpc_fail(RpcCode::failed, "tracing failed: " + outcome.error().detail);
  (*tracer)->end(*outcome);
  JsonText out;
  (*tracer)->write(out);
  return out.take();
}

/// In the middle of a block: before its transaction `index`.
Answer run_call_within(const Context& context, CallSite& site, const BlockId& id, std::uint64_t index,
                       const AskedCall& call) {
  const auto block = context.backend.reader.block(id);
  if (!block) return rpc_fail(RpcCode::failed, "block not found");
  if (index >= block->body.transactions.size()) {
    return rpc_fail(RpcCode::failed, fmt::format("transaction index {} out of range: the block has {}", index,
                                                 block->body.transactions.size()));
  }
  auto replay = BlockReplay::of(context, *block);
  if (!replay) return tl::unexpected(replay.error());
  if (auto error = replay->run_to(index, {})) return tl::unexpected(std::move(*error));
  return run_call(site, replay->journal(), call);
}

Answer trace_call(const Context& context, Params& params) {
  const auto most = context.backend.call_limits.most_gas;
  AskedCall call{read_call_args(params, 0), most, read_trace_options(params, 2)};
  call.gas = std::min(call.args.gas.value_or(most), most);
  const auto& options = call.options;
  if (options.txn_index && !options.state_overrides.is_null()) {
    params.reject(2, "stateOverrides hold for the state after a block: not together with txIndex");
  }
  // As the parameters of a call, where its overrides stand after the block.
  const Json as_call = {nullptr, params.has(1) ? params.raw(1) : Json(), options.state_overrides,
                        options.block_overrides};
  Params site_params(as_call);
  if (params.error()) return tl::unexpected(*params.error());
  Backend backend = context.backend;
  // The tracer looks at the clock: the state gives out later.
  backend.call_limits.most_time = options.time + std::chrono::seconds(1);
  const Context timed{backend, context.caller, context.stopping};
  auto site = CallSite::of(timed, site_params, 1);
  if (!site) return tl::unexpected(site.error());
  if (!options.txn_index) {
    evm::Journal journal(site->state(), site->env().rules);
    return run_call(*site, journal, call);
  }
  const auto id = block_at(context, site_params, 1);
  if (!id) return tl::unexpected(id.error());
  return run_call_within(context, *site, *id, *options.txn_index, call);
}

constexpr Method kMethods[] = {
    {"debug_traceBlock", Where::slow, trace_block_rlp, "bytes, config?", "traces a block given as RLP",
     "[{txHash: Hash, result: TraceResult}]"},
    {"debug_traceBlockByHash", Where::slow, trace_block_by_hash, "hash, config?",
     "traces a block's transactions", "[{txHash: Hash, result: TraceResult}]"},
    {"debug_traceBlockByNumber", Where::slow, trace_block_by_number, "block, config?",
     "traces a block's transactions", "[{txHash: Hash, result: TraceResult}]"},
    {"debug_traceCall", Where::slow, trace_call, "call, block?, config?", "traces a call that is not sent",
     "TraceResult"},
    {"debug_traceTransaction", Where::slow, trace_transaction, "hash, config?",
     "runs a transaction again and tells what it did", "TraceResult"},
};

}  // namespace

std::span<const Method> debug_trace_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
