#pragma once
/// \file
/// What eth_simulateV1 is asked for (ethereum/execution-apis).

#include "rpc/call_args.hpp"
#include "rpc/call_overrides.hpp"

namespace quarry::rpc {

/// Blocks above the base that one request may have, with those that fill gaps: geth's bound.
inline constexpr BlockNum kMostSimulatedBlocks = 256;
/// Between blocks whose time is not given: geth's.
inline constexpr Timestamp kSimulatedBlockTime = 12;

struct SimulatedBlock {
  BlockOverrides block;
  StateOverrides state;
  std::vector<CallArgs> calls;
};

struct SimulationRequest {
  std::vector<SimulatedBlock> blocks;
  /// Ether that moves is told as logs.
  bool trace_transfers = false;
  /// Nonces, balances and fees count as in a block; otherwise only what must.
  bool validation = false;
  bool full_transactions = false;
};

/// Reads parameter `index`; errors are left in `params`.
SimulationRequest read_simulation(Params& params, std::size_t index);

/// Numbers and times go up from `base`; what was not given is filled in, and gaps with empty blocks.
Expected<std::vector<SimulatedBlock>, RpcError> in_sequence(const Header& base,
                                                            std::vector<SimulatedBlock> blocks);

}  // namespace quarry::rpc
