// Searches through change sets, held against the states themselves.
#include "storage/history.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "storage/state_store.hpp"
#include "stored_chain.hpp"

using namespace quarry;
using namespace quarry::test;

namespace {

constexpr BlockNum kBlocks = 60;

using Slots = std::vector<std::pair<SlotHash, SlotValue>>;

/// A chain of random blocks, with what its accounts and slots were after each.
struct History {
  TempDir folder;
  std::unique_ptr<Database> database = open_database(folder.path());
  StoredChain chain;
  std::vector<Model> models;  ///< by block

  History() {
    extend(*database, chain, 0);
    models.push_back(chain.model);
    for (BlockNum n = 1; n <= kBlocks; ++n) {
      extend(*database, chain, 1);
      models.push_back(chain.model);
    }
  }
  Slots slots(BlockNum number, const Address& address) const {
    Slots out;
    const auto found = models[number].find(address);
    if (found != models[number].end())
      for (const auto& [key, value] : found->second.slots) out.emplace_back(hash_of(key), value);
    std::sort(out.begin(), out.end());
    return out;
  }
  bool changed(BlockNum number, const Address& address) const {
    const auto &before = models[number - 1], &after = models[number];
    const auto was = before.find(address), is = after.find(address);
    if (was == before.end() || is == after.end()) return (was == before.end()) != (is == after.end());
    const auto &a = was->second.account, &b = is->second.account;
    return a.nonce != b.nonce || a.balance != b.balance || a.code_hash != b.code_hash ||
           was->second.slots != is->second.slots;
  }
  std::set<Address> addresses() const {
    std::set<Address> out;
    for (const auto& model : models)
      for (const auto& [address, account] : model) out.insert(address);
    return out;
  }
};

}  // namespace

TEST(History, SlotsOfEveryBlockAreFound) {
  const History history;
  std::size_t found = 0;
  for (const auto& address : history.addresses()) {
    for (const BlockNum number : {BlockNum{0}, BlockNum{1}, kBlocks / 2, kBlocks - 1, kBlocks}) {
      const auto want = history.slots(number, address);
      found += want.size();
      ASSERT_EQ(slots_after(*history.database, number, hash_of(address), {}, 10'000), want)
          << address.hex() << " at " << number;
      if (want.size() < 3) continue;
      // A page of two from the second one on.
      const Slots page(want.begin() + 1, want.begin() + 3);
      EXPECT_EQ(slots_after(*history.database, number, hash_of(address), want[1].first, 2), page);
    }
  }
  EXPECT_GT(found, 100U);
}

TEST(History, AccountsOfEveryBlockAreFound) {
  const History history;
  int pages = 0;
  for (const BlockNum number : {BlockNum{0}, BlockNum{1}, kBlocks / 2, kBlocks - 1, kBlocks}) {
    std::map<AddressHash, Account> want;
    for (const auto& [address, one] : history.models[number]) want.emplace(hash_of(address), one.account);
    const auto all = accounts_after(*history.database, number, {}, 10'000);
    ASSERT_EQ(all.size(), want.size()) << number;
    for (const auto& [key, account] : all) {
      ASSERT_TRUE(want.contains(key)) << number;
      EXPECT_EQ(account.nonce, want[key].nonce);
      EXPECT_EQ(account.balance, want[key].balance);
      EXPECT_EQ(account.code_hash, want[key].code_hash);
    }
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end(),
                               [](const auto& a, const auto& b) { return a.first < b.first; }));
    if (all.size() < 3) continue;
    ++pages;
    const auto page = accounts_after(*history.database, number, all[1].first, 2);
    ASSERT_EQ(page.size(), 2U);
    EXPECT_EQ(page[0].first, all[1].first);
    EXPECT_EQ(page[1].first, all[2].first);
  }
  EXPECT_GE(pages, 3);
}

TEST(History, BlocksThatChangedAnAccountAreFoundBothWays) {
  const History history;
  for (const auto& address : history.addresses()) {
    std::vector<BlockNum> want;
    for (BlockNum n = 1; n <= kBlocks; ++n)
      if (history.changed(n, address)) want.push_back(n);
    const auto key = hash_of(address);
    ASSERT_EQ(blocks_changing(*history.database, key, 0, true, 1000), want) << address.hex();
    std::reverse(want.begin(), want.end());
    ASSERT_EQ(blocks_changing(*history.database, key, kBlocks, false, 1000), want);
    if (want.size() < 3) continue;
    EXPECT_EQ(blocks_changing(*history.database, key, want[0] - 1, false, 1), std::vector<BlockNum>{want[1]});
    EXPECT_EQ(blocks_changing(*history.database, key, want[2] + 1, true, 1), std::vector<BlockNum>{want[1]});
  }
}
