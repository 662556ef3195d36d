// The debug namespace: blocks, receipts and transactions as they are encoded.

#include <algorithm>

#include "rpc/lookup.hpp"

namespace quarry::rpc {
namespace {

template <Bytes (*encode)(const Block&)>
Answer get_raw(const Context& context, Params& params) {
  const auto id = block_at(context, params, 0);
  if (!id) return tl::unexpected(id.error());
  const auto block = context.backend.reader.block(*id);
  if (!block) return rpc_fail(RpcCode::failed, "block not found");
  return hex_answer(encode(*block));
}
Bytes header_of(const Block& block) {
  return encode_header(*block.header);
}

Answer get_raw_receipts(const Context& context, Params& params) {
  const auto id = block_at(context, params, 0);
  if (!id) return tl::unexpected(id.error());
  const auto receipts = context.backend.reader.receipts(*id);
  if (!receipts) return rpc_fail(RpcCode::failed, "receipts not found");
  JsonText out;
  out.begin_array();
  for (const auto& receipt : *receipts) out.hex(encode_receipt(receipt));
  return out.end_array().take();
}

constexpr Method kMethods[] = {
    {"debug_getRawBlock", Where::worker, get_raw<encode_block>, "block", "a block's RLP", "Bytes|null"},
    {"debug_getRawHeader", Where::worker, get_raw<header_of>, "block", "a header's RLP", "Bytes|null"},
    {"debug_getRawReceipts", Where::worker, get_raw_receipts, "block", "a block's receipts, encoded",
     "[Bytes]|null"},
    {"debug_getRawTransaction", Where::worker, get_raw_transaction, "hash", "a transaction's bytes",
     "Bytes|null"},
};

}  // namespace

std::span<const Method> debug_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
