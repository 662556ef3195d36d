// A chain taken back is the chain it was.
#include "storage/rewind.hpp"

#include <gtest/gtest.h>

#include "storage/state_store.hpp"
#include "stored_chain.hpp"

using namespace quarry;
using namespace quarry::test;

namespace {

constexpr std::initializer_list<Table> kAllButCode = {
    Table::header, Table::body,    Table::receipt,  Table::canonical, Table::number,
    Table::txn,    Table::account, Table::slot,     Table::node,      Table::change,
    Table::undo,   Table::meta,    Table::log_index};

std::unique_ptr<Database> chain_of(const std::filesystem::path& path, BlockNum blocks) {
  auto database = open_database(path);
  StoredChain chain;
  extend(*database, chain, blocks);
  return database;
}

}  // namespace

TEST(Rewind, EveryRowIsAsItWasThen) {
  TempDir one, two, three;
  const auto database = chain_of(one.path(), 300);
  const auto report = rewind_chain(*database, 97);
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->from.number, 300U);
  EXPECT_EQ(report->to.number, 97U);
  EXPECT_EQ(dump(*database, kAllButCode), dump(*chain_of(two.path(), 97), kAllButCode));
  ASSERT_TRUE(rewind_chain(*database, 0));
  EXPECT_EQ(dump(*database, kAllButCode), dump(*chain_of(three.path(), 0), kAllButCode));
  EXPECT_EQ(checked_root(*database), kEmptyRoot);
}

TEST(Rewind, TheHeadItselfDropsOnlyWhatIsAbove) {
  TempDir folder;
  const auto database = chain_of(folder.path(), 12);
  const Heads heads = ChainStore(*database).heads();
  const auto before = dump(*database, kAllButCode);
  // Headers of a sync that did not come further.
  Batch batch;
  ChainWriter to(batch);
  const auto header = make_header(heads.block, 13, kEmptyRoot, 5);
  to.put_header(header, U256{1'000'000});
  to.set_canonical({13, header.hash()});
  to.set_heads({{13, header.hash()}, heads.block, heads.fast_block});
  ASSERT_TRUE(database->commit(std::move(batch)));
  ASSERT_TRUE(rewind_chain(*database, 12));
  EXPECT_EQ(dump(*database, kAllButCode), before);
}

TEST(Rewind, WhatCannotBeReachedIsRefusedAndNothingChanges) {
  TempDir folder;
  const auto database = chain_of(folder.path(), 20);
  Batch batch;
  put_state_head(batch, *StateStore(*database).head(), 8);
  ASSERT_TRUE(database->commit(std::move(batch)));
  const auto before = dump(*database, kAllButCode);
  for (const BlockNum to : {BlockNum{0}, BlockNum{7}, BlockNum{21}}) {
    const auto refused = rewind_chain(*database, to);
    ASSERT_FALSE(refused) << to;
    EXPECT_NE(refused.error().remedy.find("from 8 to 20"), std::string::npos) << refused.error().remedy;
  }
  EXPECT_EQ(dump(*database, kAllButCode), before);
  EXPECT_TRUE(rewind_chain(*database, 8));
}

TEST(Rewind, ADamagedChangeSetStopsItAtTheBlockBefore) {
  TempDir folder;
  const auto database = chain_of(folder.path(), 20);
  Cursor cursor = database->cursor(Table::change);
  for (cursor.seek_to_first(); cursor.valid(); cursor.next())
    if (read_number(cursor.key().last(8)) == 10U && !cursor.value().empty()) break;
  ASSERT_TRUE(cursor.valid());
  Account wrong = *decode_flat_account(cursor.value());
  wrong.balance += U256{1};
  Batch batch;
  batch.put(Table::change, cursor.key(), encode_flat_account(wrong));
  ASSERT_TRUE(database->commit(std::move(batch)));
  const auto before = dump(*database, kAllButCode);
  ASSERT_FALSE(rewind_chain(*database, 9));
  EXPECT_EQ(dump(*database, kAllButCode), before);
  EXPECT_TRUE(rewind_chain(*database, 10));
}
