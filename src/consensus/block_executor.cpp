#include "consensus/block_executor.hpp"

#include <fmt/format.h>

namespace quarry {

Expected<Execution, BlockError> execute_block(const StateView& state, const Header& header, const Body& body,
                                              const Rules& rules, const Engine& engine) {
  if (!body.transactions.empty()) {
    return tl::unexpected(BlockError{
        BlockRule::transactions_unsupported,
        fmt::format("block {} has {} transaction{}: this version executes blocks without transactions only",
                    header.number, body.transactions.size(), body.transactions.size() == 1 ? "" : "s")});
  }
  Execution out;
  engine.add_rewards(state, header, body.ommers, rules, out.diff);
  return out;
}

}  // namespace quarry
