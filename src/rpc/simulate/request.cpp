#include "rpc/simulate/request.hpp"

#include <fmt/format.h>

namespace quarry::rpc {
namespace {

SimulatedBlock read_block(Params& params, std::size_t index, const Json& json) {
  SimulatedBlock out;
  FieldReader fields(params, index, json, "simBlock");
  if (const auto* overrides = fields.find("blockOverrides")) {
    FieldReader block(params, index, *overrides, "override.BlockOverrides");
    out.block = read_block_overrides(block);
  }
  if (const auto* overrides = fields.find("stateOverrides")) {
    FieldReader accounts(params, index, *overrides, "override.StateOverride");
    out.state = read_state_overrides(accounts);
  }
  const auto* calls = fields.array("calls");
  if (calls == nullptr || fields.failed()) return out;
  for (const auto& call : *calls) {
    FieldReader one(params, index, call, "TransactionArgs");
    out.calls.push_back(read_call_args(one));
    if (params.error()) break;
  }
  return out;
}

RpcError out_of_order(RpcCode code, std::string_view what, std::uint64_t value, std::uint64_t before) {
  return {code, fmt::format("block {} must be in order: {} <= {}", what, value, before)};
}

SimulatedBlock empty_block(BlockNum number, Timestamp time) {
  SimulatedBlock out;
  out.block.number = number;
  out.block.time = time;
  return out;
}

}  // namespace

SimulationRequest read_simulation(Params& params, std::size_t index) {
  SimulationRequest out;
  FieldReader fields(params, index, "simOpts");
  out.trace_transfers = fields.flag("traceTransfers");
  out.validation = fields.flag("validation");
  out.full_transactions = fields.flag("returnFullTransactions");
  const auto* blocks = fields.array("blockStateCalls");
  if (fields.failed()) return out;
  if (blocks == nullptr || blocks->empty()) {
    params.reject_plain("empty input");
    return out;
  }
  if (blocks->size() > kMostSimulatedBlocks) {
    params.fail({RpcCode::client_limit, "too many blocks"});
    return out;
  }
  for (const auto& block : *blocks) {
    out.blocks.push_back(read_block(params, index, block));
    if (params.error()) break;
  }
  return out;
}

Expected<std::vector<SimulatedBlock>, RpcError> in_sequence(const Header& base,
                                                            std::vector<SimulatedBlock> blocks) {
  std::vector<SimulatedBlock> out;
  BlockNum number = base.number;
  Timestamp time = base.timestamp;
  for (auto& block : blocks) {
    const BlockNum wanted = block.block.number.value_or(number + 1);
    if (wanted <= number)
      return tl::unexpected(out_of_order(RpcCode::block_number_order, "numbers", wanted, number));
    if (wanted - base.number > kMostSimulatedBlocks)
      return rpc_fail(RpcCode::client_limit, "too many blocks");
    while (number + 1 < wanted) out.push_back(empty_block(++number, time += kSimulatedBlockTime));
    number = wanted;
    const Timestamp at = block.block.time.value_or(time + kSimulatedBlockTime);
    if (at <= time) return tl::unexpected(out_of_order(RpcCode::block_time_order, "timestamps", at, time));
    time = at;
    block.block.number = number;
    block.block.time = time;
    out.push_back(std::move(block));
  }
  return out;
}

}  // namespace quarry::rpc
