#include "net/packed_messages.hpp"

#include "net/limits.hpp"

namespace quarry::net {

rlp::Decoded<std::vector<PackedBody>> unpack_bodies(ByteView payload, HeaderIdentity identity) {
  auto list = rlp::decode_list(payload);
  if (!list) return rlp::fail(list.error());
  return pack_bodies(*list, identity, kMaxItemsRead);
}

rlp::Decoded<std::vector<PackedReceipts>> unpack_receipts(ByteView payload) {
  auto list = rlp::decode_list(payload);
  if (!list) return rlp::fail(list.error());
  return pack_receipts(*list, kMaxItemsRead, kMaxTransactions);
}

}  // namespace quarry::net
