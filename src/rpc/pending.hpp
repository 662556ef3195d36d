#pragma once
/// \file
/// The pending block, where a request names it.

#include "rpc/lookup.hpp"

namespace quarry::rpc {

/// The block that waits, when `ref` is "pending" and one can be made here; else nullptr: pending is the head
/// then.
std::shared_ptr<const PendingBlock> pending_for(const Context& context, const BlockRef& ref);
/// The same for a parameter.
std::shared_ptr<const PendingBlock> pending_for(const Context& context, Params& params, std::size_t index);

/// As block_view; what only sealing gives is null, and its transactions have no place.
std::string pending_block_view(const Block& block, bool full);

/// A state, and the header of the block whose transactions run on it or made it.
struct StatePlace {
  std::unique_ptr<StateView> state;
  Header header;
};
/// For the block that parameter `index` names. Pending is the pending block, or the block after the head on
/// the head's state.
Expected<StatePlace, RpcError> state_place(const Context& context, Params& params, std::size_t index);

}  // namespace quarry::rpc
