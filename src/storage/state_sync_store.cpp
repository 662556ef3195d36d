#include "storage/state_sync_store.hpp"

#include <fmt/format.h>

#include "core/account.hpp"
#include "core/hex.hpp"
#include "core/keccak.hpp"
#include "storage/codec.hpp"
#include "storage/corruption.hpp"
#include "storage/database.hpp"
#include "storage/meta.hpp"

namespace quarry {
namespace {
constexpr std::size_t kKeyNibbles = 64;

/// The keys k with first <= k < end, as the leading bytes of hashed keys; no end: to the last.
struct KeyRange {
  Bytes first;
  std::optional<Bytes> end;
};

/// All keys below a path.
KeyRange below(ByteView nibbles) {
  KeyRange out;
  for (std::size_t i = 0; i < nibbles.size(); i += 2)
    out.first.push_back(
        static_cast<std::uint8_t>(nibbles[i] << 4 | (i + 1 < nibbles.size() ? nibbles[i + 1] : 0)));
  Bytes next = out.first;
  if (nibbles.size() % 2 != 0) next.back() |= 15;  // an odd path ends in the middle of a byte
  next = after_prefix(next);
  if (!next.empty()) out.end = std::move(next);
  return out;
}

/// What a node, with the short nodes inside it, holds of the keys below its path, in order.
struct NodeContents {
  struct Leaf {
    Bytes key;  ///< 32 bytes
    Bytes value;
  };
  std::vector<Leaf> leaves;
  std::vector<KeyRange> kept;  ///< below its children, and its leaves' own

  bool read(const rlp::Item& node, const Bytes& path) {
    if (!node.is_list || path.size() > kKeyNibbles) return false;
    const auto count = rlp::count_items(node.payload, 17);
    if (!count || (*count != 17 && *count != 2)) return false;
    rlp::Reader reader(node.payload);
    if (*count == 2) return read_short(reader, path);
    for (std::uint8_t nibble = 0; nibble < 16; ++nibble) {
      Bytes child = path;
      child.push_back(nibble);
      if (!read_child(*reader.next(), child)) return false;
    }
    return true;
  }

 private:
  bool read_child(const rlp::Item& item, const Bytes& path) {
    if (item.is_list) return read(item, path);
    if (!item.payload.empty()) kept.push_back(below(path));
    return true;
  }

  bool read_short(rlp::Reader& reader, Bytes path) {
    const auto key = reader.string();
    if (!key || key->empty()) return false;
    const bool is_leaf = key->front() & 0x20;
    if (key->front() & 0x10) path.push_back(key->front() & 15);
    for (const std::uint8_t byte : key->subspan(1)) {
      path.push_back(byte >> 4);
      path.push_back(byte & 15);
    }
    const auto value = reader.next();
    if (!is_leaf) return path.size() < kKeyNibbles && read_child(*value, path);
    if (path.size() != kKeyNibbles || value->is_list) return false;
    KeyRange own = below(path);
    leaves.push_back({own.first, to_bytes(value->payload)});
    kept.push_back(std::move(own));
    return true;
  }
};

/// Where hashed keys of one trie lie in a table: behind `prefix`.
struct Place {
  Table table;
  Bytes prefix;
};

void erase_keys(Batch& batch, const Database& database, const Place& place, const KeyRange& keys) {
  Bytes first = place.prefix;
  append(first, keys.first);
  Bytes end = place.prefix;
  if (keys.end) {
    append(end, *keys.end);
  } else {
    end = place.prefix.empty() ? Bytes(65, 0xff) : after_prefix(place.prefix);
  }
  // A range that is empty, as nearly all are, needs no tombstone.
  Cursor cursor = database.cursor(place.table);
  cursor.seek(first);
  if (cursor.valid() && as_text(cursor.key()) < as_text(end)) batch.erase_range(place.table, first, end);
}

/// Where a trie's keys lie, flat and as nodes: for the account trie also what belongs to its accounts.
std::vector<Place> places_of(const std::optional<AddressHash>& account) {
  const Bytes nodes = node_key(account, {});
  const Bytes prefix(nodes.begin(), nodes.end() - 1);  // without the count of nibbles
  if (account) return {{Table::slot, to_bytes(*account)}, {Table::node, prefix}};
  const Bytes storage = storage_trie_prefix(AddressHash{});
  return {{Table::account, {}}, {Table::slot, {}}, {Table::node, prefix}, {Table::node, {storage.front()}}};
}

class StateStep {
 public:
  StateStep(const Database& database, bool clean) : database_(database), clean_(clean) {}

  bool put(const StateWrites::Node& node) {
    const auto item = rlp::decode(node.rlp);
    NodeContents contents;
    if (!item || !contents.read(*item, node.path.nibbles)) return false;
    if (clean_) erase_gaps(node.path, contents.kept);
    for (const auto& leaf : contents.leaves)
      if (!(node.path.account ? put_slot(*node.path.account, leaf) : put_account(leaf))) return false;
    batch_.put(Table::node, node_key(node.path.account, node.path.nibbles), node.rlp);
    return true;
  }

  Batch& batch() { return batch_; }

 private:
  /// What an older state left where the new one has nothing.
  void erase_gaps(const NodePath& path, const std::vector<KeyRange>& kept) {
    const KeyRange all = below(path.nibbles);
    const auto places = places_of(path.account);
    const auto erase = [&](const Bytes& first, const std::optional<Bytes>& end) {
      if (end && *end == first) return;
      for (const Place& place : places) erase_keys(batch_, database_, place, {first, end});
    };
    Bytes from = all.first;
    for (const KeyRange& one : kept) {
      erase(from, one.first);
      if (!one.end) return;
      from = *one.end;
    }
    erase(from, all.end);
  }

  bool put_account(const NodeContents::Leaf& leaf) {
    const auto account = decode_account(leaf.value);
    if (!account) return false;
    const AddressHash key = *AddressHash::from(leaf.key);
    if (clean_ && account->storage_root == kEmptyRoot)
      for (const Place& place : places_of(key)) erase_keys(batch_, database_, place, {});
    batch_.put(Table::account, key, encode_flat_account(*account));
    return true;
  }

  bool put_slot(const AddressHash& account, const NodeContents::Leaf& leaf) {
    const auto item = rlp::decode(leaf.value);
    if (!item || item->is_list || item->payload.size() > 32) return false;
    SlotValue value;
    std::copy(item->payload.begin(), item->payload.end(), value.bytes.end() - item->payload.size());
    batch_.put(Table::slot, slot_key(account, *SlotHash::from(leaf.key)), encode_flat_slot(value));
    return true;
  }

  const Database& database_;
  const bool clean_;
  Batch batch_;
};

void wipe(Batch& batch) {
  const Bytes end(65, 0xff);
  for (const Table table : {Table::node, Table::account, Table::slot, Table::change, Table::undo})
    batch.erase_range(table, {}, end);
}

Bytes encode_record(const StateSyncRecord& record) {
  rlp::Writer to;
  const auto mark = to.begin_list();
  to.write(record.pivot.number).write(record.pivot.hash).write(record.root);
  to.write(std::uint64_t{record.moved}).write(record.written).end_list(mark);
  return to.take();
}

}  // namespace

std::optional<StateSyncRecord> decode_state_sync_record(ByteView bytes) {
  auto from = rlp::decode_list(bytes);
  StateSyncRecord out;
  std::uint64_t moved = 0;
  if (!from || !from->read(out.pivot.number) || !from->read(out.pivot.hash) || !from->read(out.root) ||
      !from->read(moved) || !from->read(out.written) || !from->finish())
    return std::nullopt;
  out.moved = moved != 0;
  return out;
}

StateSyncStore::StateSyncStore(Database& database) : database_(database) {}
StateSyncStore::~StateSyncStore() = default;

std::optional<StateSyncRecord> StateSyncStore::record() const {
  const auto bytes = database_.get(Table::meta, as_bytes(meta::kStateSync));
  if (!bytes) return std::nullopt;
  return intact(database_, Table::meta, decode_state_sync_record(*bytes));
}

std::optional<Hash256> StateSyncStore::node_hash(const NodePath& path) const {
  const auto rlp = database_.get(Table::node, node_key(path.account, path.nibbles));
  if (!rlp) return std::nullopt;
  return keccak256(*rlp);
}

bool StateSyncStore::has_code(const CodeHash& hash) const {
  return database_.has(Table::code, hash);
}

Result<> StateSyncStore::write(const StateWrites& writes) {
  StateStep step(database_, writes.record && writes.record->moved);
  Batch& batch = step.batch();
  if (writes.wipe) wipe(batch);
  for (const NodePath& path : writes.erased) batch.erase(Table::node, node_key(path.account, path.nibbles));
  for (const auto& node : writes.nodes)
    if (!step.put(node))
      return fail(fmt::format("state node {} is no trie node", keccak256(node.rlp).hex()),
                  "The state that was followed is broken; start again with another peer.");
  for (const auto& code : writes.codes) batch.put(Table::code, code.hash, code.code);
  if (writes.record) batch.put(Table::meta, as_bytes(meta::kStateSync), encode_record(*writes.record));
  return database_.commit(std::move(batch));
}

void end_state_sync(Batch& batch) {
  batch.erase(Table::meta, as_bytes(meta::kStateSync));
}

}  // namespace quarry
