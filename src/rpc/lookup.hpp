#pragma once
/// \file
/// From a request's parameters to blocks, states and transactions: what several methods begin with.

#include "rpc/methods.hpp"
#include "rpc/views.hpp"

namespace quarry::rpc {

/// The block that `ref` names; pending is the head.
std::optional<BlockId> resolve(const ChainReader& reader, const BlockRef& ref);
/// The same for a parameter; an error when there is no such block.
Expected<BlockId, RpcError> block_at(const Context& context, Params& params, std::size_t index);
/// A block that some clients (Otterscan, geth's debug_) name by a JSON number, others by a quantity or a tag;
/// none when there is no such block, or the parameter is wrong.
std::optional<BlockId> numbered_block(const Context& context, Params& params, std::size_t index);
/// The state after the block that parameter `index` names.
Expected<std::unique_ptr<StateView>, RpcError> state_of(const Context& context, Params& params,
                                                        std::size_t index);

inline std::optional<Block> load(const ChainReader& reader, const std::optional<BlockId>& id) {
  return id ? reader.block(*id) : std::nullopt;
}

/// Every by-number method and its by-hash twin differ in their first parameter only.
using FirstParam = std::optional<BlockId> (*)(const ChainReader&, Params&);
std::optional<BlockId> by_number(const ChainReader& reader, Params& params);
std::optional<BlockId> by_hash(const ChainReader& reader, Params& params);

/// A block's place, with its blob base fee where it has one.
BlockPlace place_in_chain(const Context& context, const SealedHeader& header);

/// What a transaction of the chain gave; null where it is in no block.
Answer get_receipt(const Context& context, Params& params);
/// A transaction's bytes, of the chain or of the pool.
Answer get_raw_transaction(const Context& context, Params& params);

/// The rules of the block after the head, where a transaction that is sent now may stand.
Rules next_rules(const Context& context);

}  // namespace quarry::rpc
