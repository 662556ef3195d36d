// The jbc namespace: the JSON-file chain's blocks in its own form, and what its miner says.

#include <fmt/format.h>

#include "consensus/jbc/json.hpp"
#include "rpc/methods.hpp"

namespace quarry::rpc {
namespace {

/// Blocks of one answer, and its bytes.
constexpr std::uint64_t kMostBlocks = 1000;
constexpr std::size_t kMostAnswerBytes = 25'000'000;

/// Nothing on a chain of another engine; `params` then has the error.
Expected<JbcControl*, RpcError> control_of(const Context& context) {
  if (context.backend.jbc != nullptr) return context.backend.jbc;
  return rpc_fail(RpcCode::failed, "this chain is no jbc chain\nIts genesis names another engine.");
}

std::optional<jbc::Block> block_of(const Context& context, const std::optional<BlockId>& id) {
  const auto header = id ? context.backend.reader.header(*id) : std::nullopt;
  return header ? jbc::from_header(*header) : std::nullopt;
}
Answer block_answer(const Context& context, const std::optional<BlockId>& id) {
  const auto block = block_of(context, id);
  return block ? Answer(jbc::to_json(*block)) : null_answer();
}

Answer zeros(const Context& context, Params&) {
  const auto control = control_of(context);
  if (!control) return tl::unexpected(control.error());
  return std::to_string((*control)->zeros());
}

Answer submit_data(const Context& context, Params& params) {
  auto text = params.text(0);
  if (params.error()) return tl::unexpected(*params.error());
  const auto control = control_of(context);
  if (!control) return tl::unexpected(control.error());
  const auto place = (*control)->submit_data(std::move(text));
  if (!place) return rpc_fail(place.error());
  return std::to_string(*place);
}

Answer pending_data(const Context& context, Params&) {
  const auto control = control_of(context);
  if (!control) return tl::unexpected(control.error());
  return json_answer(Json((*control)->pending_data()));
}

Answer get_block_by_index(const Context& context, Params& params) {
  const auto index = params.quantity(0);
  if (params.error()) return tl::unexpected(*params.error());
  if (const auto control = control_of(context); !control) return tl::unexpected(control.error());
  if (index > context.backend.reader.head().number) return null_answer();
  return block_answer(context, context.backend.reader.canonical(index));
}

/// By the hash's text as the block has it; "0x" before it is taken as well.
Answer get_block_by_hash(const Context& context, Params& params) {
  const auto text = params.text(0);
  if (params.error()) return tl::unexpected(*params.error());
  if (const auto control = control_of(context); !control) return tl::unexpected(control.error());
  const std::string_view hash = text.starts_with("0x") ? std::string_view(text).substr(2) : text;
  return block_answer(context, context.backend.reader.find(jbc::name_of(hash)));
}

Answer blockchain(const Context& context, Params& params) {
  const auto first = params.has(0) ? params.quantity(0) : 0;
  const auto count = params.has(1) ? params.quantity(1) : kMostBlocks;
  if (!params.error() && count > kMostBlocks)
    params.reject(1, fmt::format("{} blocks at most; GET /blockchain.json has them all", kMostBlocks));
  if (params.error()) return tl::unexpected(*params.error());
  if (const auto control = control_of(context); !control) return tl::unexpected(control.error());
  const BlockNum head = context.backend.reader.head().number;
  std::string out = "[";
  for (std::uint64_t i = 0; i < count && first <= head && i <= head - first; ++i) {
    const auto block = block_of(context, context.backend.reader.canonical(first + i));
    if (!block) break;
    if (i != 0) out += ", ";
    jbc::append_json(out, *block);
    if (out.size() > kMostAnswerBytes) return rpc_fail(RpcCode::answer_too_large, "response too large");
  }
  return out + "]";
}

constexpr Method kMethods[] = {
    {"jbc_blockchain", Where::worker, blockchain, "first?, count?", "blocks as JSON, a thousand at most",
     "[JbcBlock]"},
    {"jbc_getBlockByHash", Where::worker, get_block_by_hash, "hash_text", "the block of that hash",
     "JbcBlock|null"},
    {"jbc_getBlockByIndex", Where::worker, get_block_by_index, "index", "the canonical block of that index",
     "JbcBlock|null"},
    {"jbc_pendingData", Where::worker, pending_data, "", "data that waits for a block of ours", "[String]"},
    {"jbc_submitData", Where::worker, submit_data, "text", "queues data for a block of ours", "Integer"},
    {"jbc_zeros", Where::worker, zeros, "", "the zeros that a hash must begin with", "Integer"},
};

}  // namespace

std::span<const Method> jbc_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
