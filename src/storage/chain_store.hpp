#pragma once
/// \file
/// Reads headers, bodies, receipts and the indexes over them.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/block.hpp"
#include "core/block_id.hpp"
#include "core/receipt.hpp"
#include "storage/database.hpp"

namespace quarry {

/// Where the chain stands: the highest header; the last executed block; the last block with body and
/// receipts. Until a genesis is written all are zero.
struct Heads {
  BlockId header, block, fast_block;
  friend bool operator==(const Heads&, const Heads&) = default;
};

/// Where a transaction stands: a block of the canonical chain, and the place in it.
struct TxnPlace {
  BlockNum number = 0;
  std::uint32_t index = 0;
  friend bool operator==(const TxnPlace&, const TxnPlace&) = default;
};

/// Thread-safe; holds no data. Over a Database each call sees the newest commit; for calls that must agree
/// with each other, use one over a Snapshot.
class ChainStore {
 public:
  /// `reader` outlives this.
  explicit ChainStore(const DatabaseReader& reader) : reader_(&reader) {}

  /// Nothing until a genesis is written.
  std::optional<Heads> stored_heads() const;
  /// The same, zero where there is nothing.
  Heads heads() const { return stored_heads().value_or(Heads{}); }

  std::optional<BlockHash> canonical_hash(BlockNum number) const;
  std::optional<BlockId> canonical_id(BlockNum number) const;
  std::optional<BlockNum> number_of(const BlockHash& hash) const;
  std::optional<BlockId> id_of(const BlockHash& hash) const;

  std::optional<SealedHeader> header(const BlockId& id) const;
  std::optional<SealedHeader> header(const BlockHash& hash) const;
  std::optional<SealedHeader> canonical_header(BlockNum number) const;
  bool has_header(const BlockId& id) const;
  std::optional<TotalDifficulty> total_difficulty(const BlockId& id) const;

  bool has_body(const BlockId& id) const;
  std::optional<Body> body(const BlockId& id) const;
  bool has_receipts(const BlockId& id) const;
  std::optional<std::vector<Receipt>> receipts(const BlockId& id) const;
  std::optional<Block> block(const BlockId& id) const;

  /// Of a transaction in a canonical block. While a header sync switches branches the block may be another
  /// one by the time it is read: compare the hash.
  std::optional<TxnPlace> txn_place(const TxnHash& hash) const;

  /// As eth messages carry them, without decoding.
  std::optional<Bytes> header_rlp(const BlockId& id) const;
  std::optional<Bytes> body_rlp(const BlockId& id) const;
  /// The headers of canonical blocks first, first + 1, … as RLP, at most `count`: one sweep of the disk.
  std::vector<Bytes> canonical_headers_rlp(BlockNum first, std::size_t count) const;

  /// A record of the meta table; names are in storage/meta.hpp.
  std::optional<Bytes> meta(std::string_view name) const;
  std::optional<std::string> meta_text(std::string_view name) const;

 private:
  const DatabaseReader* reader_;
};

/// Puts chain data into a batch. Nothing is seen before the batch is committed.
class ChainWriter {
 public:
  /// `batch` outlives this.
  explicit ChainWriter(Batch& batch) : batch_(&batch) {}

  /// The header with its total difficulty, and the index from its hash to its height.
  void put_header(const SealedHeader& header, const TotalDifficulty& total_difficulty);
  void put_body(const BlockId& id, const Body& body);
  void put_body_rlp(const BlockId& id, ByteView rlp);
  void put_receipts(const BlockId& id, const std::vector<Receipt>& receipts);
  /// As encode_stored_receipts() gives them.
  void put_receipts_rlp(const BlockId& id, ByteView rlp);
  void put_txn(const TxnHash& hash, const TxnPlace& place);
  void erase_txn(const TxnHash& hash);
  void set_canonical(const BlockId& id);
  void erase_canonical(BlockNum number);
  void set_heads(const Heads& heads);
  void put_meta(std::string_view name, ByteView value);

 private:
  Batch* batch_;
};

}  // namespace quarry
