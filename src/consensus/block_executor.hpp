#pragma once
/// \file
/// Executes a block: a pure function of the state before it, the block and the rules in force.

#include "consensus/engine.hpp"
#include "core/receipt.hpp"

namespace quarry {

/// What executing a block gives.
struct Execution {
  StateDiff diff;
  std::vector<Receipt> receipts;
  Gas gas_used = 0;
  Bloom logs_bloom;
};

/// Runs the block's transactions on `state`, then pays the rewards. This version runs blocks without
/// transactions only; others it refuses with BlockRule::transactions_unsupported.
[[nodiscard]] Expected<Execution, BlockError> execute_block(const StateView& state, const Header& header,
                                                            const Body& body, const Rules& rules,
                                                            const Engine& engine);

}  // namespace quarry
