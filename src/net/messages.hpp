#pragma once
/// \file
/// The messages of eth/62 to eth/68 (devp2p caps/eth.md): one record a message, one encode and decode each;
/// message_table.hpp lists them. Decoders bound every count and never throw. Any thread.

#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "core/blob_sidecar.hpp"
#include "core/block.hpp"
#include "core/block_id.hpp"
#include "core/fork_id.hpp"
#include "core/receipt.hpp"
#include "net/limits.hpp"

namespace quarry::net {

/// Counted from the capability's first message id.
enum class EthCode : std::uint8_t {
  status = 0x00,
  new_block_hashes = 0x01,
  transactions = 0x02,
  get_block_headers = 0x03,
  block_headers = 0x04,
  get_block_bodies = 0x05,
  block_bodies = 0x06,
  new_block = 0x07,
  new_pooled_transaction_hashes = 0x08,
  get_pooled_transactions = 0x09,
  pooled_transactions = 0x0a,
  get_node_data = 0x0d,
  node_data = 0x0e,
  get_receipts = 0x0f,
  receipts = 0x10,
};

/// From this version on a Status has a fork id (EIP-2124).
inline constexpr unsigned kForkIdVersion = 64;
/// From this version on transactions may be announced by hash and asked for (EIP-2464).
inline constexpr unsigned kAnnouncedTxnsVersion = 65;
/// From this version on such an announcement has types and sizes (EIP-5793).
inline constexpr unsigned kTypedTxnsVersion = 68;

struct Status {
  std::uint64_t protocol_version = 63;  ///< the negotiated version of eth
  std::uint64_t network_id = 0;
  TotalDifficulty total_difficulty;
  BlockHash head;
  BlockHash genesis;
  std::optional<ForkId> fork_id;  ///< from kForkIdVersion on
  friend bool operator==(const Status&, const Status&) = default;
};

/// `amount` headers from `from`, leaving out `skip` between two, upwards or downwards: four forms.
struct GetBlockHeaders {
  std::variant<BlockHash, BlockNum> from;
  std::uint64_t amount = 0;
  std::uint64_t skip = 0;
  bool reverse = false;
  friend bool operator==(const GetBlockHeaders&, const GetBlockHeaders&) = default;
};

/// What a NewPooledTransactionHashes says of a transaction, from kTypedTxnsVersion on.
struct AnnouncedForm {
  std::uint8_t type = 0;
  std::uint64_t bytes = 0;  ///< of its network form
  friend bool operator==(const AnnouncedForm&, const AnnouncedForm&) = default;
};
/// One transaction of a NewPooledTransactionHashes.
struct AnnouncedTxn {
  using Form = AnnouncedForm;
  TxnHash hash;
  std::optional<Form> form;  ///< from kTypedTxnsVersion on
  friend bool operator==(const AnnouncedTxn&, const AnnouncedTxn&) = default;
};

struct NewBlock {
  Block block;
  TotalDifficulty total_difficulty;
};

Bytes encode(const Status& status);
Bytes encode(const GetBlockHeaders& query);
Bytes encode_new_block_hashes(std::span<const BlockId> ids);
Bytes encode_new_block(const Block& block, const TotalDifficulty& total_difficulty);
Bytes encode_block_headers(std::span<const SealedHeader> headers);
Bytes encode_block_bodies(std::span<const Body> bodies);
Bytes encode_receipts(std::span<const std::vector<Receipt>> of_blocks);
/// For Transactions, and for PooledTransactions without blobs.
Bytes encode_transactions(std::span<const Transaction> transactions);
/// NewPooledTransactionHashes of eth/65 to 67, and of eth/68, where each has its `form`.
Bytes encode_announced_hashes(std::span<const AnnouncedTxn> txns);
Bytes encode_announced_txns(std::span<const AnnouncedTxn> txns);
/// For GetBlockBodies, GetReceipts, GetNodeData and GetPooledTransactions: a list of hashes.
template <class Hash>
Bytes encode_hashes(std::span<const Hash> hashes) {
  rlp::Writer to;
  const auto mark = to.begin_list();
  for (const Hash& hash : hashes) to.write(hash);
  to.end_list(mark);
  return to.take();
}
/// For BlockHeaders, BlockBodies and Receipts: a list of items that are encoded already, as stored.
Bytes encode_raw_list(std::span<const Bytes> items);
/// For NodeData: a list of strings.
Bytes encode_node_data(std::span<const Bytes> nodes);

[[nodiscard]] rlp::Decoded<Status> decode_status(ByteView payload);
[[nodiscard]] rlp::Decoded<GetBlockHeaders> decode_get_block_headers(ByteView payload);
/// At most kMaxHashesRead of them.
template <class Hash>
[[nodiscard]] rlp::Decoded<std::vector<Hash>> decode_hashes(ByteView payload) {
  auto list = rlp::decode_list(payload);
  if (!list) return rlp::fail(list.error());
  std::vector<Hash> out;
  while (!list->at_end()) {
    if (out.size() == kMaxHashesRead) return rlp::fail(rlp::DecodeError::too_many);
    if (auto ok = list->read(out.emplace_back()); !ok) return rlp::fail(ok.error());
  }
  return out;
}
[[nodiscard]] rlp::Decoded<std::vector<BlockId>> decode_new_block_hashes(ByteView payload);
[[nodiscard]] rlp::Decoded<NewBlock> decode_new_block(ByteView payload, HeaderIdentity identity);
[[nodiscard]] rlp::Decoded<std::vector<SealedHeader>> decode_headers(ByteView payload,
                                                                     HeaderIdentity identity);
[[nodiscard]] rlp::Decoded<std::vector<Body>> decode_bodies(ByteView payload, HeaderIdentity identity);
[[nodiscard]] rlp::Decoded<std::vector<std::vector<Receipt>>> decode_receipts(ByteView payload);
[[nodiscard]] rlp::Decoded<std::vector<Bytes>> decode_node_data(ByteView payload);
[[nodiscard]] rlp::Decoded<std::vector<AnnouncedTxn>> decode_announced_hashes(ByteView payload);
[[nodiscard]] rlp::Decoded<std::vector<AnnouncedTxn>> decode_announced_txns(ByteView payload);
/// Transactions that arrive are checked for form only.
[[nodiscard]] rlp::Decoded<std::vector<Transaction>> decode_transactions(ByteView payload);
/// What PooledTransactions has: blob transactions come with their blobs (EIP-4844, "Networking").
struct PooledItem {
  Transaction txn;
  std::optional<BlobSidecar> sidecar;
};
[[nodiscard]] rlp::Decoded<std::vector<PooledItem>> decode_pooled_transactions(ByteView payload);

/// eth/66 (EIP-2481): a request or an answer with the number that says which belongs to which.
Bytes with_request_id(std::uint64_t id, ByteView payload);
struct Numbered {
  std::uint64_t id = 0;
  ByteView payload;  ///< lies inside what it was split from
};
[[nodiscard]] rlp::Decoded<Numbered> split_request_id(ByteView payload);
/// What an id adds to a message at most, bytes: nine of its own, and a longer prefix.
inline constexpr std::size_t kMostIdBytes = 16;

}  // namespace quarry::net
