#pragma once
/// \file
/// The schema as data. Column families, the options each is opened with, the inspector, the migrations and
/// docs/disk_format.md all come from this table; no other file lists what is stored.

#include <array>
#include <cstdint>
#include <string_view>

namespace quarry {

/// What the `meta` table's "schema" record holds. Raised when a reader of the old form would misread the
/// new one; a database with a higher number is refused.
inline constexpr std::uint64_t kSchemaVersion = 2;

enum class Table : std::uint8_t {
  header,
  body,
  receipt,
  canonical,
  number,
  txn,
  account,
  slot,
  node,
  change,
  undo,
  code,
  log_index,
  meta,
};
inline constexpr std::size_t kTableCount = static_cast<std::size_t>(Table::meta) + 1;

/// How a table is asked, which decides the options of its column family.
enum class Access : std::uint8_t {
  by_hash,   ///< point lookups of uniform keys: bloom filter
  by_order,  ///< keys that grow, read in order or looked up when they are there
};

struct TableRow {
  Table table;
  std::string_view family;  ///< the column family's name; `meta` lives in RocksDB's default one
  std::string_view key;
  std::string_view value;
  Access access;
  bool compress;  ///< LZ4: for values that are not hashes
};

/// In the order of `Table`. Integers are big-endian, so that keys sort by number.
inline constexpr std::array<TableRow, kTableCount> kTables{{
    {Table::header, "header", "num (8) + block hash", "RLP of total difficulty, header RLP", Access::by_order,
     true},
    {Table::body, "body", "num (8) + block hash", "RLP [transactions, ommers, withdrawals?]",
     Access::by_order, true},
    {Table::receipt, "receipt", "num (8) + block hash",
     "RLP list of [type, outcome, cumulative gas, logs]; the bloom is rebuilt", Access::by_order, true},
    {Table::canonical, "canonical", "num (8)", "block hash", Access::by_order, false},
    {Table::number, "number", "block hash", "num (8)", Access::by_hash, false},
    {Table::txn, "txn", "transaction hash", "num (8) + index (4)", Access::by_hash, false},
    {Table::account, "account", "hashed address",
     "RLP [nonce, balance, storage root or empty, code hash or empty]", Access::by_hash, false},
    {Table::slot, "slot", "hashed address + hashed slot key", "value without leading zero bytes",
     Access::by_hash, false},
    {Table::node, "node",
     "'a' + path (account trie) or 's' + hashed address + path (storage tries); a path is its nibbles, two a "
     "byte, the last padded with zero, then their number (1)",
     "RLP of the trie node of the head state", Access::by_hash, false},
    {Table::change, "change",
     "'a' + hashed address + num (8), or 's' + hashed address + hashed slot + num (8)",
     "the value before block num as in `account` or `slot`; empty: there was none", Access::by_order, true},
    {Table::undo, "undo", "num (8)",
     "the keys block num changed: per account hashed address, count of slots (4), hashed slots",
     Access::by_order, false},
    {Table::code, "code", "code hash", "bytes", Access::by_hash, true},
    {Table::log_index, "log_index",
     "'a' + address, 't' + place (1) + topic, or '*' for any log; then the last block of a run (8)",
     "the gaps between the run's blocks, from the last one down, seven bits a byte", Access::by_order, true},
    {Table::meta, "default", "name", "as the name says (storage/meta.hpp)", Access::by_order, false},
}};

constexpr const TableRow& row(Table table) {
  return kTables[static_cast<std::size_t>(table)];
}

static_assert(
    [] {
      for (std::size_t i = 0; i < kTableCount; ++i)
        if (kTables[i].table != static_cast<Table>(i)) return false;
      return true;
    }(),
    "kTables is in the order of Table");

}  // namespace quarry
