#include "storage/chain_store.hpp"

#include "core/packed_block.hpp"
#include "storage/codec.hpp"
#include "storage/corruption.hpp"
#include "storage/meta.hpp"

namespace quarry {
namespace {

template <class T, class E>
std::optional<T> optional_of(Expected<T, E> value) {
  if (!value) return std::nullopt;
  return std::move(*value);
}

/// A row of the header table: the total difficulty as one item, then the header's RLP.
struct HeaderRow {
  TotalDifficulty total_difficulty;
  ByteView header;
};

std::optional<HeaderRow> read_header_row(ByteView bytes) {
  rlp::Reader reader(bytes);
  const auto total = reader.u256();
  if (!total) return std::nullopt;
  return HeaderRow{*total, reader.rest()};
}

/// num (8), index (4).
std::optional<TxnPlace> decode_txn_place(ByteView bytes) {
  if (bytes.size() != 12) return std::nullopt;
  std::uint32_t index = 0;
  for (const std::uint8_t byte : bytes.subspan(8)) index = index << 8 | byte;
  return TxnPlace{*read_number(bytes), index};
}

/// The hash is the key's: how headers are hashed is the engine's matter, and was settled when it came.
std::optional<SealedHeader> decode_known_header(ByteView rlp, const BlockHash& hash) {
  auto header = decode_header(rlp, HeaderIdentity::keccak_rlp);
  if (!header) return std::nullopt;
  return SealedHeader::trusted(header->value(), hash);
}

}  // namespace

std::optional<Heads> ChainStore::stored_heads() const {
  const auto bytes = meta(meta::kHeads);
  if (!bytes) return std::nullopt;
  constexpr std::size_t kId = 40;
  if (bytes->size() != 3 * kId) reader_->corrupt(Table::meta);
  const ByteView view = *bytes;
  return Heads{*read_block_id(view.subspan(0, kId)), *read_block_id(view.subspan(kId, kId)),
               *read_block_id(view.subspan(2 * kId, kId))};
}

std::optional<BlockHash> ChainStore::canonical_hash(BlockNum number) const {
  const auto bytes = reader_->get(Table::canonical, number_key(number));
  if (!bytes) return std::nullopt;
  return intact(*reader_, Table::canonical, BlockHash::from(*bytes));
}

std::optional<BlockId> ChainStore::canonical_id(BlockNum number) const {
  const auto hash = canonical_hash(number);
  if (!hash) return std::nullopt;
  return BlockId{number, *hash};
}

std::optional<BlockNum> ChainStore::number_of(const BlockHash& hash) const {
  const auto bytes = reader_->get(Table::number, hash);
  if (!bytes) return std::nullopt;
  return intact(*reader_, Table::number, read_number(*bytes));
}

std::optional<BlockId> ChainStore::id_of(const BlockHash& hash) const {
  const auto number = number_of(hash);
  if (!number) return std::nullopt;
  return BlockId{*number, hash};
}

std::optional<SealedHeader> ChainStore::header(const BlockId& id) const {
  const auto bytes = reader_->get(Table::header, block_key(id));
  if (!bytes) return std::nullopt;
  const auto row = intact(*reader_, Table::header, read_header_row(*bytes));
  return intact(*reader_, Table::header, decode_known_header(row.header, id.hash));
}

std::optional<SealedHeader> ChainStore::header(const BlockHash& hash) const {
  const auto id = id_of(hash);
  return id ? header(*id) : std::nullopt;
}

std::optional<SealedHeader> ChainStore::canonical_header(BlockNum number) const {
  const auto id = canonical_id(number);
  return id ? header(*id) : std::nullopt;
}

bool ChainStore::has_header(const BlockId& id) const {
  return reader_->has(Table::header, block_key(id));
}

std::optional<TotalDifficulty> ChainStore::total_difficulty(const BlockId& id) const {
  const auto bytes = reader_->get(Table::header, block_key(id));
  if (!bytes) return std::nullopt;
  return intact(*reader_, Table::header, read_header_row(*bytes)).total_difficulty;
}

std::optional<Bytes> ChainStore::header_rlp(const BlockId& id) const {
  const auto bytes = reader_->get(Table::header, block_key(id));
  if (!bytes) return std::nullopt;
  return to_bytes(intact(*reader_, Table::header, read_header_row(*bytes)).header);
}

bool ChainStore::has_body(const BlockId& id) const {
  return reader_->has(Table::body, block_key(id));
}

std::optional<Bytes> ChainStore::body_rlp(const BlockId& id) const {
  return reader_->get(Table::body, block_key(id));
}

std::optional<Body> ChainStore::body(const BlockId& id) const {
  const auto bytes = body_rlp(id);
  if (!bytes) return std::nullopt;
  return intact(*reader_, Table::body, optional_of(decode_body(*bytes, HeaderIdentity::keccak_rlp)));
}

std::optional<Block> ChainStore::block(const BlockId& id) const {
  auto head = header(id);
  if (!head) return std::nullopt;
  auto rest = body(id);
  if (!rest) return std::nullopt;
  return Block{std::move(*head), std::move(*rest)};
}

bool ChainStore::has_receipts(const BlockId& id) const {
  return reader_->has(Table::receipt, block_key(id));
}

std::optional<std::vector<Receipt>> ChainStore::receipts(const BlockId& id) const {
  const auto bytes = reader_->get(Table::receipt, block_key(id));
  if (!bytes) return std::nullopt;
  return intact(*reader_, Table::receipt, decode_stored_receipts(*bytes));
}

std::optional<TxnPlace> ChainStore::txn_place(const TxnHash& hash) const {
  const auto bytes = reader_->get(Table::txn, hash);
  if (!bytes) return std::nullopt;
  return intact(*reader_, Table::txn, decode_txn_place(*bytes));
}

std::vector<Bytes> ChainStore::canonical_headers_rlp(BlockNum first, std::size_t count) const {
  std::vector<Bytes> out;
  if (count == 0) return out;
  // Both tables are in order of height: two cursors step along, and branches are stepped over.
  Cursor hashes = reader_->cursor(Table::canonical);
  Cursor headers = reader_->cursor(Table::header);
  hashes.seek(number_key(first));
  for (BlockNum number = first; out.size() < count && hashes.valid(); ++number, hashes.next()) {
    if (read_number(hashes.key()) != number) break;
    const auto key = block_key({number, intact(*reader_, Table::canonical, BlockHash::from(hashes.value()))});
    if (out.empty())
      headers.seek(key);
    else
      headers.next();
    if (!headers.valid() || !equal(headers.key(), key)) headers.seek(key);
    if (!headers.valid() || !equal(headers.key(), key)) break;
    out.push_back(to_bytes(intact(*reader_, Table::header, read_header_row(headers.value())).header));
  }
  return out;
}

std::optional<Bytes> ChainStore::meta(std::string_view name) const {
  return reader_->get(Table::meta, as_bytes(name));
}

std::optional<std::string> ChainStore::meta_text(std::string_view name) const {
  const auto bytes = meta(name);
  if (!bytes) return std::nullopt;
  return std::string{as_text(*bytes)};
}

void ChainWriter::put_header(const SealedHeader& header, const TotalDifficulty& total_difficulty) {
  rlp::Writer to;
  to.write(total_difficulty);
  write_header(to, *header);
  batch_->put(Table::header, block_key({header->number, header.hash()}), to.bytes());
  batch_->put(Table::number, header.hash(), number_key(header->number));
}

void ChainWriter::put_body(const BlockId& id, const Body& body) {
  put_body_rlp(id, encode_body(body));
}
void ChainWriter::put_body_rlp(const BlockId& id, ByteView rlp) {
  batch_->put(Table::body, block_key(id), rlp);
}

void ChainWriter::put_receipts(const BlockId& id, const std::vector<Receipt>& receipts) {
  put_receipts_rlp(id, encode_stored_receipts(receipts));
}
void ChainWriter::put_receipts_rlp(const BlockId& id, ByteView rlp) {
  batch_->put(Table::receipt, block_key(id), rlp);
}

void ChainWriter::put_txn(const TxnHash& hash, const TxnPlace& place) {
  const auto number = number_key(place.number);
  Bytes value(number.begin(), number.end());
  for (int shift = 24; shift >= 0; shift -= 8)
    value.push_back(static_cast<std::uint8_t>(place.index >> shift));
  batch_->put(Table::txn, hash, value);
}
void ChainWriter::erase_txn(const TxnHash& hash) {
  batch_->erase(Table::txn, hash);
}

void ChainWriter::set_canonical(const BlockId& id) {
  batch_->put(Table::canonical, number_key(id.number), id.hash);
}
void ChainWriter::erase_canonical(BlockNum number) {
  batch_->erase(Table::canonical, number_key(number));
}

void ChainWriter::set_heads(const Heads& heads) {
  Bytes value;
  for (const BlockId& id : {heads.header, heads.block, heads.fast_block}) append(value, block_key(id));
  put_meta(meta::kHeads, value);
}

void ChainWriter::put_meta(std::string_view name, ByteView value) {
  batch_->put(Table::meta, as_bytes(name), value);
}

}  // namespace quarry
