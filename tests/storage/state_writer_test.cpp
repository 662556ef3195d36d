// The head state, held against maps and roots built from scratch.
#include "storage/state_writer.hpp"

#include <gtest/gtest.h>

#include "state_model.hpp"
#include "storage/state_store.hpp"

using namespace quarry;
using namespace quarry::test;

namespace {

void commit(Database& database, StateWriter& writer) {
  Batch batch;
  writer.flush(batch);
  const auto done = database.commit(std::move(batch));
  ASSERT_TRUE(done) << done.error().what;
}

void init_empty(Database& database) {
  Batch batch;
  ASSERT_EQ(write_genesis_state(batch, {}), kEmptyRoot);
  ASSERT_TRUE(database.commit(std::move(batch)));
}

void expect_same(const StateView& view, const Model& model, unsigned addresses) {
  for (unsigned i = 0; i < addresses; ++i) {
    const auto address = numbered<Address>(i);
    const auto account = view.account(address);
    const auto known = model.find(address);
    ASSERT_EQ(account.has_value(), known != model.end()) << i;
    for (unsigned slot = 0; slot < 40; slot += account ? 1 : 13) {
      const auto key = numbered<SlotKey>(slot);
      SlotValue wanted;
      if (account && known->second.slots.contains(key)) wanted = known->second.slots.at(key);
      ASSERT_EQ(view.slot(address, key), wanted) << i << " " << slot;
    }
    if (!account) continue;
    Account wanted = known->second.account;
    wanted.storage_root = storage_root(known->second.slots);
    ASSERT_EQ(*account, wanted) << i;
    ASSERT_EQ(keccak256(view.code(account->code_hash)), Hash256{account->code_hash});
  }
}

class RandomState : public testing::TestWithParam<int> {};

}  // namespace

/// Blocks in random batches, with reverts and previews between; few cached nodes, so that they are read back.
TEST_P(RandomState, FlatTrieAndHistoryAgree) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  TempDir folder;
  const auto database = open_database(folder.path());
  init_empty(*database);
  StateWriter writer(*database, {.most_cached_nodes = 64});
  RandomBlocks blocks(seed);
  std::vector<Model> models(1);
  std::vector<RootHash> roots{kEmptyRoot};
  for (int step = 0; step < 150; ++step) {
    const StateDiff diff = blocks.next(models.back(), static_cast<unsigned>(blocks.below(20)));
    Model next = models.back();
    test::apply(next, diff);
    const RootHash wanted = model_root(next);
    if (blocks.below(4) == 0) {
      ASSERT_EQ(writer.preview(diff), wanted);
      ASSERT_EQ(writer.root(), roots.back());
    }
    ASSERT_EQ(writer.apply(models.size(), diff), wanted) << "block " << models.size();
    models.push_back(std::move(next));
    roots.push_back(wanted);
    if (blocks.below(12) == 0) {
      for (auto back = std::min<std::uint64_t>(blocks.below(25), models.size() - 1); back > 0; --back) {
        models.pop_back();
        roots.pop_back();
        ASSERT_TRUE(writer.revert(models.size()));
        ASSERT_EQ(writer.root(), roots.back()) << "back at block " << models.size() - 1;
      }
    }
    if (blocks.below(30) == 0) expect_same(writer.view(), models.back(), 200);
    if (blocks.below(5) != 0) continue;
    commit(*database, writer);
    ASSERT_EQ(checked_root(*database), roots.back());
    if (blocks.below(10) == 0) writer.discard();
  }
  commit(*database, writer);
  const StateStore store(*database);
  for (std::size_t number = 0; number < models.size(); number += 7)
    expect_same(*store.at(number), models[number], 200);
  expect_same(*store.at_head(), models.back(), 200);
  EXPECT_EQ(store.at(models.size()), nullptr);
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomState, testing::Range(1, 7));

TEST(StateWriter, ManyBlocksAtOnceLeaveWhatOneByOneLeaves) {
  TempDir one_folder, many_folder;
  const auto one = open_database(one_folder.path()), many = open_database(many_folder.path());
  init_empty(*one);
  init_empty(*many);
  StateWriter each(*one), all(*many);
  RandomBlocks blocks(99);
  Model model;
  for (BlockNum number = 1; number <= 80; ++number) {
    const StateDiff diff = blocks.next(model, 10);
    test::apply(model, diff);
    ASSERT_EQ(each.apply(number, diff), all.apply(number, diff));
    commit(*one, each);
  }
  EXPECT_EQ(all.pending_blocks(), 80u);
  EXPECT_GT(all.pending_bytes(), 0u);
  commit(*many, all);
  EXPECT_EQ(dump(*one, kStateTables), dump(*many, kStateTables));
  EXPECT_EQ(checked_root(*many), model_root(model));
}

TEST(StateWriter, RevertedBlocksLeaveNoTrace) {
  TempDir folder;
  const auto database = open_database(folder.path());
  init_empty(*database);
  StateWriter writer(*database);
  RandomBlocks blocks(5);
  Model model;
  for (BlockNum number = 1; number <= 10; ++number) {
    const StateDiff diff = blocks.next(model, 15);
    test::apply(model, diff);
    writer.apply(number, diff);
  }
  commit(*database, writer);
  const auto before = dump(*database, kStateTables);
  const RootHash root = writer.root();
  Model other = model;
  for (BlockNum number = 11; number <= 30; ++number) {
    const StateDiff diff = blocks.next(other, 15);
    test::apply(other, diff);
    writer.apply(number, diff);
    if (number % 3 == 0) commit(*database, writer);
  }
  for (BlockNum number = 30; number > 10; --number) ASSERT_TRUE(writer.revert(number));
  EXPECT_EQ(writer.root(), root);
  commit(*database, writer);
  EXPECT_EQ(dump(*database, kStateTables), before);
}

/// A reorg: other blocks at the same heights, in one batch with the ones taken back.
TEST(StateWriter, BranchIsSwitchedInOneBatch) {
  TempDir folder;
  const auto database = open_database(folder.path());
  init_empty(*database);
  StateWriter writer(*database);
  RandomBlocks blocks(17);
  std::vector<Model> models(1);
  const auto extend = [&](BlockNum to) {
    while (models.size() <= to) {
      const StateDiff diff = blocks.next(models.back(), 12);
      Model next = models.back();
      test::apply(next, diff);
      ASSERT_EQ(writer.apply(models.size(), diff), model_root(next));
      models.push_back(std::move(next));
    }
  };
  extend(20);
  commit(*database, writer);
  for (BlockNum number = 20; number > 14; --number) {
    ASSERT_TRUE(writer.revert(number));
    models.pop_back();
  }
  extend(22);
  commit(*database, writer);
  EXPECT_EQ(checked_root(*database), model_root(models.back()));
  for (BlockNum number = 0; number <= 22; ++number)
    expect_same(*StateStore(*database).at(number), models[number], 200);
}

TEST(StateWriter, DiscardGoesBackToWhatIsCommitted) {
  TempDir folder;
  const auto database = open_database(folder.path());
  init_empty(*database);
  StateWriter writer(*database);
  RandomBlocks blocks(3);
  Model model;
  StateDiff diff = blocks.next(model, 30);
  test::apply(model, diff);
  writer.apply(1, diff);
  commit(*database, writer);
  const RootHash root = writer.root();
  writer.apply(2, blocks.next(model, 30));
  Batch lost;
  writer.flush(lost);  // and not committed
  writer.discard();
  EXPECT_EQ(writer.root(), root);
  EXPECT_EQ(writer.number(), 1u);
  diff = blocks.next(model, 30);
  test::apply(model, diff);
  EXPECT_EQ(writer.apply(2, diff), model_root(model));
  commit(*database, writer);
  EXPECT_EQ(checked_root(*database), model_root(model));
}

TEST(StateWriter, WhatIsNotKeptIsNotReverted) {
  TempDir folder;
  const auto database = open_database(folder.path());
  Batch batch;
  put_state_head(batch, {1000, kEmptyRoot}, 1000);
  ASSERT_TRUE(database->commit(std::move(batch)));
  StateWriter writer(*database);
  EXPECT_EQ(writer.number(), 1000u);
  const auto refused = writer.revert(1000);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("1000"), std::string::npos);
  EXPECT_EQ(StateStore(*database).at(999), nullptr);
  EXPECT_NE(StateStore(*database).at(1000), nullptr);
}

TEST(GenesisState, IsWrittenWithCodeAndStorage) {
  std::vector<GenesisAccount> accounts;
  Model model;
  for (unsigned i = 0; i < 300; ++i) {
    GenesisAccount one{numbered<Address>(i), U256{i}, i % 3, {}, {}};
    if (i % 10 == 0) one.code = Bytes(i + 1, static_cast<std::uint8_t>(i));
    for (unsigned slot = 0; slot < i % 7; ++slot)
      one.storage.emplace_back(numbered<SlotKey>(slot), numbered<SlotValue>(slot % 3));
    accounts.push_back(one);
    ModelAccount& known = model[one.address];
    known.account = {one.nonce, one.balance};
    if (!one.code.empty()) known.account.code_hash = CodeHash{keccak256(one.code)};
    for (const auto& [key, value] : one.storage)
      if (!value.is_zero()) known.slots[key] = value;
  }
  TempDir folder;
  const auto database = open_database(folder.path());
  EXPECT_EQ(StateStore(*database).at_head(), nullptr);
  Batch batch;
  const RootHash root = write_genesis_state(batch, accounts);
  EXPECT_EQ(root, model_root(model));
  EXPECT_EQ(genesis_root(accounts), root);
  ASSERT_TRUE(database->commit(std::move(batch)));
  EXPECT_EQ(checked_root(*database), root);
  expect_same(*StateStore(*database).at_head(), model, 300);
}
