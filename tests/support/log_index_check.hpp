#pragma once
/// \file
/// The index of logs held against the receipts it is made from.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "storage/chain_store.hpp"
#include "storage/codec.hpp"
#include "storage/log_index.hpp"

namespace quarry::test {

using LogEntries = std::map<Bytes, std::set<BlockNum>>;  ///< blocks by term

/// What the table says. No block stands twice under a term.
inline LogEntries indexed_logs(const Database& database) {
  LogEntries out;
  Cursor cursor = database.cursor(Table::log_index);
  for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
    const auto blocks = decode_log_run(cursor.key(), cursor.value());
    EXPECT_TRUE(blocks) << to_hex(cursor.key());
    if (!blocks) continue;
    auto& of_term = out[to_bytes(cursor.key().first(cursor.key().size() - 8))];
    for (const BlockNum block : *blocks) {
      EXPECT_TRUE(of_term.empty() || block > *of_term.rbegin()) << "runs overlap at block " << block;
      of_term.insert(block);
    }
  }
  return out;
}

/// What the receipts of the canonical blocks up to `last` say.
inline LogEntries scanned_logs(const Database& database, BlockNum last) {
  LogEntries out;
  const ChainStore store(database);
  for (BlockNum number = 0; number <= last; ++number) {
    const auto id = store.canonical_id(number);
    const auto receipts = id ? store.receipts(*id) : std::nullopt;
    if (!receipts) continue;
    for (const Bytes& term : log_terms_of(*receipts)) out[term].insert(number);
  }
  return out;
}

inline void expect_logs_indexed(const Database& database) {
  const Heads heads = ChainStore(database).heads();
  EXPECT_EQ(indexed_logs(database),
            scanned_logs(database, std::max(heads.block.number, heads.fast_block.number)));
}

}  // namespace quarry::test
