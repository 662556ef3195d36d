// The eth namespace: blocks that might be (eth_simulateV1).

#include "rpc/call.hpp"
#include "rpc/simulate/simulator.hpp"

namespace quarry::rpc {
namespace {

void write_failure(JsonText& out, const evm::TxnOutcome& outcome, const Rules& rules) {
  const bool reverted = outcome.status == evm::Status::revert;
  const auto error = failure_of(outcome, rules);
  out.key("error").begin_object();
  out.key("message").raw(text_of(error.message));
  out.key("code").raw(std::to_string(static_cast<int>(reverted ? RpcCode::reverted : RpcCode::vm_error)));
  if (reverted) out.key("data").hex(outcome.output);
  out.end_object();
}

void write_call(JsonText& out, const SimulatedResult& block, std::size_t index, const BlockPlace& place) {
  const auto& call = block.calls[index];
  const bool success = call.outcome.status == evm::Status::success;
  const auto hash = hash_of(block.block.body.transactions[index]);
  out.begin_object();
  out.key("returnData").hex(success ? ByteView(call.outcome.output) : ByteView{});
  out.key("logs").begin_array();
  for (const auto& entry : call.logs) write_log(out, entry.log, {place, hash, index, entry.index});
  out.end_array();
  out.key("gasUsed").quantity(call.outcome.gas_used);
  out.key("maxUsedGas").quantity(call.outcome.most_gas_used);
  out.key("status").quantity(std::uint64_t{success ? 1U : 0U});
  if (!success) write_failure(out, call.outcome, block.rules);
  out.end_object();
}

Answer simulate_v1(const Context& context, Params& params) {
  auto request = read_simulation(params, 0);
  const bool full = request.full_transactions;
  const auto base = block_at(context, params, 1);
  if (!base) return tl::unexpected(base.error());
  const auto blocks = simulate(context, *base, std::move(request));
  if (!blocks) return tl::unexpected(blocks.error());
  JsonText out;
  out.begin_array();
  for (const auto& block : *blocks) {
    const auto place = place_of(block.block.header);
    out.begin_object();
    write_block_fields(out, block.block, std::nullopt, full, &block.senders);
    out.key("calls").begin_array();
    for (std::size_t i = 0; i < block.calls.size(); ++i) write_call(out, block, i, place);
    out.end_array().end_object();
  }
  return out.end_array().take();
}

constexpr Method kMethods[] = {
    {"eth_simulateV1", Where::worker, simulate_v1, "simulation, block?",
     "runs calls in blocks that might follow, with accounts and blocks as the caller wants them",
     "[SimulatedBlock]"},
};

}  // namespace

std::span<const Method> eth_simulate_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
