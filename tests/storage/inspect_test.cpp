// Keys as text and back, and that every row of a real chain's tables decodes.
#include "storage/inspect.hpp"

#include <gtest/gtest.h>

#include "state_model.hpp"
#include "storage/chain_store.hpp"
#include "storage/state_writer.hpp"

using namespace quarry;
using namespace quarry::test;

namespace {

const std::string kHash = "0x5e1fc79cb4ffa4739177b5408045cd5d51c6cf766133f23f7cd72ee1f8d790e0";

}  // namespace

TEST(Inspect, KeysAreReadAsTheyAreWritten) {
  const std::pair<Table, std::string> cases[] = {
      {Table::header, "7/" + kHash},
      {Table::canonical, "18446744073709551615"},
      {Table::number, kHash},
      {Table::slot, kHash + "/" + kHash},
      {Table::node, "a/"},
      {Table::node, "a/f"},
      {Table::node, "s/" + kHash + "/0123"},
      {Table::change, "a/" + kHash + "/12"},
      {Table::change, "s/" + kHash + "/" + kHash + "/12"},
      {Table::undo, "0"},
      {Table::meta, "state head"},
      {Table::meta, "with/a/slash"},
  };
  for (const auto& [table, text] : cases) {
    const auto key = parse_key(table, text);
    ASSERT_TRUE(key) << text << ": " << key.error().what;
    EXPECT_TRUE(key->whole) << text;
    EXPECT_EQ(key_text(table, key->bytes), text);
    EXPECT_TRUE(is_key(table, key->bytes));
  }
}

TEST(Inspect, KeysAreTheTablesOwn) {
  const Address address = numbered<Address>(0x77);
  const auto account = parse_key(Table::account, address.hex());
  ASSERT_TRUE(account);
  EXPECT_EQ(account->bytes, to_bytes(hash_of(address)));
  const auto slot = parse_key(Table::slot, address.hex() + "/0x2a");
  ASSERT_TRUE(slot);
  const auto wanted = slot_key(hash_of(address), hash_of(numbered<SlotKey>(42)));
  EXPECT_TRUE(equal(slot->bytes, wanted));
  const Bytes nibbles = {1, 2, 15};
  EXPECT_EQ(parse_key(Table::node, "a/12f")->bytes, node_key(std::nullopt, nibbles));
}

TEST(Inspect, FirstPartsOfAKeyAreThePrefix) {
  const auto header = parse_key(Table::header, "5");
  ASSERT_TRUE(header);
  EXPECT_FALSE(header->whole);
  EXPECT_EQ(header->bytes, to_bytes(number_key(5)));
  const auto storage = parse_key(Table::node, "s/" + kHash);
  ASSERT_TRUE(storage);
  EXPECT_FALSE(storage->whole);
  EXPECT_EQ(storage->bytes, storage_trie_prefix(*AddressHash::from_hex(kHash)));
  const auto all = parse_key(Table::node, "a");
  ASSERT_TRUE(all);
  EXPECT_FALSE(all->whole);
}

TEST(Inspect, WhatIsNoKeyIsNamed) {
  const std::pair<Table, std::string> cases[] = {
      {Table::header, "five"},
      {Table::header, "5/0x12"},
      {Table::node, "b/12"},
      {Table::node, "a/xyz"},
      {Table::canonical, "5/6"},
      {Table::number, kHash + "/1"},
      {Table::canonical, "0x1" + std::string(20, '0')},
      {Table::account, ""},
      {Table::node, "a/" + std::string(65, '1')},
  };
  for (const auto& [table, text] : cases) {
    const auto key = parse_key(table, text);
    ASSERT_FALSE(key) << text;
    EXPECT_NE(key.error().remedy.find(key_usage(table)), std::string::npos) << key.error().remedy;
  }
  EXPECT_EQ(key_usage(Table::change), "a/ACCOUNT/NUMBER or s/ACCOUNT/SLOT/NUMBER");
  const Bytes odd = {'a', 0x1f, 1};  // an odd path whose last half byte is not zero
  EXPECT_FALSE(is_key(Table::node, odd));
  EXPECT_EQ(key_text(Table::node, odd), "0x611f01");
}

TEST(Inspect, EveryTableHasAName) {
  for (const TableRow& row : kTables) {
    EXPECT_EQ(table_named(table_name(row.table)), row.table);
    EXPECT_FALSE(key_usage(row.table).empty()) << row.family;
  }
  EXPECT_EQ(table_named("default"), Table::meta);
  EXPECT_EQ(table_named("witness"), std::nullopt);
}

TEST(Inspect, RowsOfARandomStateDecode) {
  TempDir folder;
  const auto database = open_database(folder.path());
  Batch genesis;
  write_genesis_state(genesis, {});
  ASSERT_TRUE(database->commit(std::move(genesis)));
  StateWriter writer(*database);
  RandomBlocks random(3);
  Model model;
  Batch batch;
  for (BlockNum number = 1; number <= 40; ++number) {
    const StateDiff diff = random.next(model, 20);
    test::apply(model, diff);
    writer.apply(number, diff);
  }
  writer.flush(batch);
  ASSERT_TRUE(database->commit(std::move(batch)));
  std::size_t rows = 0;
  for (const TableRow& row : kTables) {
    Cursor cursor = database->cursor(row.table);
    for (cursor.seek_to_first(); cursor.valid(); cursor.next(), ++rows) {
      ASSERT_TRUE(is_key(row.table, cursor.key())) << row.family << " " << to_hex(cursor.key());
      ASSERT_TRUE(shown_value(row.table, cursor.key(), cursor.value())) << row.family;
      const auto key = parse_key(row.table, key_text(row.table, cursor.key()));
      ASSERT_TRUE(key && equal(key->bytes, cursor.key())) << key_text(row.table, cursor.key());
    }
  }
  EXPECT_GT(rows, 1000U);
}

TEST(Inspect, BlocksOfAnotherClientDecode) {
  const auto path = fixtures_dir() / "geth-1.7.3" / "full-360.rlp";
  QUARRY_NEEDS_FIXTURE(path);
  const Bytes file = read_file(path);
  std::size_t transactions = 0;
  for (rlp::Reader reader(file); !reader.at_end();) {
    const auto block = *read_block(reader, HeaderIdentity::keccak_rlp);
    const auto body = shown_value(Table::body, {}, encode_body(block.body));
    ASSERT_TRUE(body);
    for (const auto& [name, txn] : body->members[0].second.members) {
      ++transactions;
      EXPECT_EQ(txn.members[2].first, "from");
      EXPECT_EQ(txn.members[2].second.text.size(), 42U);
    }
    const auto receipts = shown_value(Table::receipt, {}, encode_stored_receipts({}));
    ASSERT_TRUE(receipts);
    EXPECT_EQ(receipts->kind, Shown::Kind::list);
  }
  EXPECT_EQ(transactions, 513U);
  EXPECT_FALSE(shown_value(Table::body, {}, as_bytes("rubbish")));
}
