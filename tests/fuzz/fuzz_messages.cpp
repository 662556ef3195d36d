// The messages of p2p and eth, and enode URLs.
#include "core/check.hpp"
#include "net/enode.hpp"
#include "net/message_table.hpp"
#include "net/packed_messages.hpp"

using namespace quarry;
using namespace quarry::net;

namespace {

constexpr auto kIdentity = HeaderIdentity::keccak_rlp;

/// Whatever a decoder takes is canonical: encoding it gives the same bytes.
void check_canonical(EthCode code, ByteView payload) {
  switch (code) {
    case EthCode::status:
      if (auto value = decode_status(payload)) QUARRY_CHECK(equal(encode(*value), payload));
      break;
    case EthCode::new_block_hashes:
      if (auto value = decode_new_block_hashes(payload))
        QUARRY_CHECK(equal(encode_new_block_hashes(*value), payload));
      break;
    case EthCode::transactions:
    case EthCode::pooled_transactions:
      if (auto value = decode_transactions(payload))
        QUARRY_CHECK(equal(encode_transactions(*value), payload));
      break;
    case EthCode::get_block_headers:
      if (auto value = decode_get_block_headers(payload)) QUARRY_CHECK(equal(encode(*value), payload));
      break;
    case EthCode::block_headers:
      if (auto value = decode_headers(payload, kIdentity))
        QUARRY_CHECK(equal(encode_block_headers(*value), payload));
      break;
    case EthCode::block_bodies:
      QUARRY_CHECK(unpack_bodies(payload, kIdentity).has_value() ==
                   decode_bodies(payload, kIdentity).has_value());
      if (auto value = decode_bodies(payload, kIdentity))
        QUARRY_CHECK(equal(encode_block_bodies(*value), payload));
      break;
    case EthCode::new_block:
      if (auto value = decode_new_block(payload, kIdentity))
        QUARRY_CHECK(equal(encode_new_block(value->block, value->total_difficulty), payload));
      break;
    case EthCode::get_block_bodies:
    case EthCode::get_node_data:
    case EthCode::get_receipts:
    case EthCode::get_pooled_transactions:
      if (auto value = decode_hashes<Hash256>(payload))
        QUARRY_CHECK(equal(encode_hashes<Hash256>(*value), payload));
      break;
    case EthCode::node_data:
      if (auto value = decode_node_data(payload)) QUARRY_CHECK(equal(encode_node_data(*value), payload));
      break;
    case EthCode::new_pooled_transaction_hashes:
      if (auto value = decode_announced_hashes(payload))
        QUARRY_CHECK(equal(encode_announced_hashes(*value), payload));
      if (auto value = decode_announced_txns(payload))
        QUARRY_CHECK(equal(encode_announced_txns(*value), payload));
      break;
    case EthCode::receipts:
      QUARRY_CHECK(unpack_receipts(payload).has_value() == decode_receipts(payload).has_value());
      if (auto value = decode_receipts(payload)) QUARRY_CHECK(equal(encode_receipts(*value), payload));
      break;
  }
}

}  // namespace

namespace {
/// Whatever a Status or a number before a message says, it is read the same again.
void check_envelopes(ByteView payload) {
  if (const auto numbered = split_request_id(payload))
    QUARRY_CHECK(equal(with_request_id(numbered->id, numbered->payload), payload));
  const auto status = decode_status(payload);
  if (!status || !status->fork_id) return;
  ForkSchedule schedule;
  schedule[Fork::byzantium] = Activation{Activation::By::block, 5};
  schedule[Fork::shanghai] = Activation{Activation::By::time, 1'700'000'000};
  const ForkIds ids(schedule, status->genesis, 0);
  if (ids.check(*status->fork_id, 7, 8) != ForkIdVerdict::compatible)
    QUARRY_CHECK(!ids.explain(*status->fork_id, 7, 8).empty());
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const ByteView payload{data + 1, size - 1};
  const std::size_t which = data[0] % (eth_messages().size() + 4);
  if (which < eth_messages().size()) {
    const auto& row = eth_messages()[which];
    row.check(payload, kIdentity);
    check_canonical(row.code, payload);
  } else if (which == eth_messages().size()) {
    if (auto hello = decode_hello(payload)) QUARRY_CHECK(decode_hello(encode_hello(*hello)) == *hello);
  } else if (which == eth_messages().size() + 1) {
    if (auto reason = decode_disconnect(payload)) disconnect_reason(*reason);
  } else if (which == eth_messages().size() + 2) {
    check_envelopes(payload);
  } else if (auto enode = parse_enode(as_text(payload))) {
    const auto again = parse_enode(enode->to_string());
    QUARRY_CHECK(again && *again == *enode);
  }
  return 0;
}
