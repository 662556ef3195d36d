#include "rpc/lookup.hpp"

#include <fmt/format.h>

#include <chrono>

#include "rpc/pending.hpp"

namespace quarry::rpc {
namespace {

/// A beacon chain's block is one that its owner vouched for: it does not give way to others. On chains with
/// seals it is the depth that counts.
std::optional<BlockId> at_depth(const ChainReader& reader, BlockNum depth) {
  const auto head = reader.head();
  const auto header = reader.header(head);
  if (header && (*header)->difficulty.is_zero() && (*header)->base_fee_per_gas) return head;
  return reader.canonical(head.number > depth ? head.number - depth : 0);
}

}  // namespace

std::optional<BlockId> resolve(const ChainReader& reader, const BlockRef& ref) {
  switch (ref.kind) {
    case BlockRef::Kind::latest:
    case BlockRef::Kind::pending:
      return reader.head();
    case BlockRef::Kind::earliest:
      return reader.canonical(0);
    case BlockRef::Kind::safe:
      return at_depth(reader, reader.finality().safe);
    case BlockRef::Kind::finalized:
      return at_depth(reader, reader.finality().final);
    case BlockRef::Kind::number:
      // Above the head there may be headers already; they are no blocks yet.
      return ref.number <= reader.head().number ? reader.canonical(ref.number) : std::nullopt;
    case BlockRef::Kind::hash:
      return reader.find(ref.hash);
  }
  return std::nullopt;
}

std::optional<BlockId> by_number(const ChainReader& reader, Params& params) {
  const auto ref = params.block(0);
  return params.error() ? std::nullopt : resolve(reader, ref);
}
std::optional<BlockId> by_hash(const ChainReader& reader, Params& params) {
  const auto hash = params.block_hash(0);
  return params.error() ? std::nullopt : reader.find(hash);
}

Expected<BlockId, RpcError> block_at(const Context& context, Params& params, std::size_t index) {
  const auto ref = params.block(index);
  if (params.error()) return tl::unexpected(*params.error());
  const auto& reader = context.backend.reader;
  if (const auto id = resolve(reader, ref)) return *id;
  return rpc_fail(RpcCode::failed, "header not found");
}

std::optional<BlockId> numbered_block(const Context& context, Params& params, std::size_t index) {
  const bool number = params.has(index) && params.raw(index).is_number();
  BlockRef ref;
  if (number) {
    ref.kind = BlockRef::Kind::number;
    ref.number = params.quantity(index);
  } else {
    ref = params.block(index);
  }
  return params.error() ? std::nullopt : resolve(context.backend.reader, ref);
}

Expected<std::unique_ptr<StateView>, RpcError> state_of(const Context& context, Params& params,
                                                        std::size_t index) {
  const auto ref = params.block(index);
  if (!params.error() && ref.kind == BlockRef::Kind::pending) {
    auto place = state_place(context, params, index);
    if (!place) return tl::unexpected(place.error());
    return std::move(place->state);
  }
  const auto id = block_at(context, params, index);
  if (!id) return tl::unexpected(id.error());
  auto state = context.backend.reader.state_at(*id);
  if (!state) return rpc_fail(state.error());
  return std::move(*state);
}

BlockPlace place_in_chain(const Context& context, const SealedHeader& header) {
  if (!header->blob_gas_used) return place_of(header);
  return place_of(header, context.backend.chain.environment(*header).blob_base_fee);
}

Rules next_rules(const Context& context) {
  const auto head = context.backend.reader.head();
  const auto header = context.backend.reader.header(head);
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  const auto timestamp =
      std::max<Timestamp>(header ? (*header)->timestamp + 1 : 0, static_cast<Timestamp>(now.count()));
  return context.backend.chain.spec().forks.rules(head.number + 1, timestamp);
}

}  // namespace quarry::rpc
