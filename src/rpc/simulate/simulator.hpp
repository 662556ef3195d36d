#pragma once
/// \file
/// Runs simulated blocks on a block's state (eth_simulateV1). Nothing is kept.

#include "core/block.hpp"
#include "evm/transition.hpp"
#include "rpc/lookup.hpp"
#include "rpc/simulate/log_tracer.hpp"
#include "rpc/simulate/request.hpp"

namespace quarry::rpc {

struct SimulatedCall {
  evm::TxnOutcome outcome;
  std::vector<NumberedLog> logs;  ///< with transfers, if they were asked for
};

struct SimulatedResult {
  Block block;
  std::vector<Address> senders;  ///< of its transactions, which nobody signed
  std::vector<SimulatedCall> calls;
  Rules rules;
};

/// The blocks one after the other, on the state after `base`.
Expected<std::vector<SimulatedResult>, RpcError> simulate(const Context& context, const BlockId& base,
                                                          SimulationRequest request);

}  // namespace quarry::rpc
