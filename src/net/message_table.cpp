#include "net/message_table.hpp"

#include <algorithm>
#include <array>

namespace quarry::net {
namespace {

using Code = EthCode;
using Kind = MessageKind;

template <auto decode>
rlp::Decoded<> check(ByteView payload, HeaderIdentity identity) {
  if constexpr (std::is_invocable_v<decltype(decode), ByteView, HeaderIdentity>) {
    auto value = decode(payload, identity);
    if (!value) return rlp::fail(value.error());
  } else {
    auto value = decode(payload);
    if (!value) return rlp::fail(value.error());
  }
  return {};
}

constexpr unsigned kLater = ~0U;  // no version that we know ends it
constexpr unsigned kIds = 66;     // EIP-2481
constexpr unsigned kNoIds = kLater;
constexpr Code kTxnHashes = Code::new_pooled_transaction_hashes;
constexpr std::size_t kBig = kMaxEthMessageBytes;
constexpr std::size_t kSmall = 1024;
/// kMaxHashesRead hashes of 33 bytes, or as many of them with numbers, and the list's prefix.
constexpr std::size_t kHashes = 160 * 1024;

constexpr auto kMessages = std::to_array<MessageInfo>({
    // clang-format off
    {Code::status, "Status", Kind::status, 62, 68, Code::status, kNoIds, kSmall, check<decode_status>},
    {Code::new_block_hashes, "NewBlockHashes", Kind::announcement, 62, 68, Code::new_block_hashes, kNoIds, kHashes, check<decode_new_block_hashes>},
    {Code::transactions, "Transactions", Kind::announcement, 62, kLater, Code::transactions, kNoIds, kBig, check<decode_transactions>},
    {Code::get_block_headers, "GetBlockHeaders", Kind::request, 62, kLater, Code::block_headers, kIds, kSmall, check<decode_get_block_headers>},
    {Code::block_headers, "BlockHeaders", Kind::answer, 62, kLater, Code::block_headers, kIds, kBig, check<decode_headers>},
    {Code::get_block_bodies, "GetBlockBodies", Kind::request, 62, kLater, Code::block_bodies, kIds, kHashes, check<decode_hashes<BlockHash>>},
    {Code::block_bodies, "BlockBodies", Kind::answer, 62, kLater, Code::block_bodies, kIds, kBig, check<decode_bodies>},
    {Code::new_block, "NewBlock", Kind::announcement, 62, 68, Code::new_block, kNoIds, kBig, check<decode_new_block>},
    {kTxnHashes, "NewPooledTransactionHashes", Kind::announcement, 65, 67, kTxnHashes, kNoIds, kHashes, check<decode_announced_hashes>},
    {kTxnHashes, "NewPooledTransactionHashes", Kind::announcement, 68, kLater, kTxnHashes, kNoIds, kHashes, check<decode_announced_txns>},
    {Code::get_pooled_transactions, "GetPooledTransactions", Kind::request, 65, kLater, Code::pooled_transactions, kIds, kHashes, check<decode_hashes<TxnHash>>},
    {Code::pooled_transactions, "PooledTransactions", Kind::answer, 65, kLater, Code::pooled_transactions, kIds, kBig, check<decode_pooled_transactions>},
    {Code::get_node_data, "GetNodeData", Kind::request, 63, 66, Code::node_data, kIds, kHashes, check<decode_hashes<Hash256>>},
    {Code::node_data, "NodeData", Kind::answer, 63, 66, Code::node_data, kIds, kBig, check<decode_node_data>},
    {Code::get_receipts, "GetReceipts", Kind::request, 63, kLater, Code::receipts, kIds, kHashes, check<decode_hashes<BlockHash>>},
    {Code::receipts, "Receipts", Kind::answer, 63, 68, Code::receipts, kIds, kBig, check<decode_receipts>},
    // clang-format on
});

struct EthVersionRow {
  unsigned version;
  std::uint64_t codes;  ///< message ids it takes
};
constexpr EthVersionRow kVersions[] = {{62, 8}, {63, 17}, {64, 17}, {65, 17}, {66, 17}, {67, 17}, {68, 17}};

/// Every version's messages fit into the ids it takes.
constexpr bool fits() {
  for (const auto& version : kVersions) {
    for (const auto& row : kMessages) {
      if (version.version < row.since || version.version > row.until) continue;
      if (static_cast<std::uint64_t>(row.code) >= version.codes) return false;
    }
  }
  return true;
}
static_assert(fits());

}  // namespace

std::span<const MessageInfo> eth_messages() {
  return kMessages;
}

const MessageInfo* find_message(unsigned version, std::uint64_t code) {
  const auto row = std::find_if(kMessages.begin(), kMessages.end(), [&](const MessageInfo& r) {
    return static_cast<std::uint64_t>(r.code) == code && r.since <= version && version <= r.until;
  });
  return row == kMessages.end() ? nullptr : &*row;
}

const MessageInfo* find_message(std::uint64_t code) {
  const auto row = std::find_if(kMessages.begin(), kMessages.end(), [&](const MessageInfo& r) {
    return static_cast<std::uint64_t>(r.code) == code;
  });
  return row == kMessages.end() ? nullptr : &*row;
}

std::vector<OwnCapability> own_capabilities(bool needs_node_data) {
  const unsigned last = needs_node_data ? info(Code::get_node_data).until : kLater;
  std::vector<OwnCapability> out;
  for (const auto& row : kVersions) {
    if (row.version <= last) out.push_back({{"eth", row.version}, row.codes});
  }
  return out;
}

}  // namespace quarry::net
