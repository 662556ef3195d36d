#pragma once
/// \file
/// BlockBodies and Receipts read without making values of them, for a download.

#include "core/packed_block.hpp"

namespace quarry::net {

/// Fail where decode_bodies() and decode_receipts() do.
[[nodiscard]] rlp::Decoded<std::vector<PackedBody>> unpack_bodies(ByteView payload, HeaderIdentity identity);
[[nodiscard]] rlp::Decoded<std::vector<PackedReceipts>> unpack_receipts(ByteView payload);

}  // namespace quarry::net
