// The transaction pool on a real database: what it takes, refuses, orders and lets go.
#include "consensus/txpool.hpp"

#include <fstream>

#include "chain_support.hpp"
#include "fixtures.hpp"
#include "signed_txn.hpp"

using namespace quarry;
using test::address_of;
using test::key_of;
using test::payment;

namespace {
constexpr std::uint64_t kChainId = 1999;
const Wei kEther{1'000'000'000'000'000'000};

/// Accounts 1 to 40 have an ether each.
Genesis funded_genesis() {
  Genesis genesis = test::geth_genesis();
  for (std::uint64_t i = 1; i <= 40; ++i) genesis.alloc.push_back({address_of(key_of(i)), kEther, 0, {}, {}});
  return genesis;
}

struct PoolTest : testing::Test {
  test::TestChain chain{funded_genesis()};
  TxPoolOptions options;
  std::unique_ptr<TxPool> pool;
  std::vector<TxnHash> news;

  void SetUp() override { open(); }
  void open() {
    pool = std::make_unique<TxPool>(*chain.database, chain.genesis.spec, options);
    pool->on_new([this](const std::vector<TxnRef>& txns) {
      for (const TxnRef& txn : txns) news.push_back(txn->hash);
    });
  }
  TxPool::Added add(std::uint64_t key, std::uint64_t nonce, std::uint64_t price, bool local = false) {
    return pool->add(payment(key_of(key), nonce, price, kChainId), local);
  }
  void expect_counts(std::size_t pending, std::size_t queued) const {
    EXPECT_EQ(pool->counts().pending, pending);
    EXPECT_EQ(pool->counts().queued, queued);
    EXPECT_EQ(pool->pending().size(), pending);
    EXPECT_EQ(pool->queued().size(), queued);
  }
  static void expect_refused(const TxPool::Added& added, PoolRule rule, std::string_view words) {
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().rule, rule);
    EXPECT_EQ(added.error().detail.substr(0, words.size()), words);
  }
};
}  // namespace

TEST_F(PoolTest, KeepsWhatCanRunAndWhatWaitsForAnEarlierNonce) {
  const auto first = add(1, 0, 10);
  ASSERT_TRUE(first) << first.error().detail;
  ASSERT_TRUE(add(1, 2, 10));
  ASSERT_TRUE(add(1, 3, 10));
  expect_counts(1, 2);
  EXPECT_EQ(pool->pending_nonce(address_of(key_of(1))), 1u);
  EXPECT_EQ(news, std::vector{*first});

  const auto gap = add(1, 1, 10);
  ASSERT_TRUE(gap);
  expect_counts(4, 0);
  EXPECT_EQ(pool->pending_nonce(address_of(key_of(1))), 4u);
  ASSERT_EQ(news.size(), 4u);
  EXPECT_EQ(news[1], *gap);

  const TxnRef kept = pool->get(*first);
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->sender, address_of(key_of(1)));
  EXPECT_EQ(pool->known_sender(*first), kept->sender);
  EXPECT_EQ(pool->get(TxnHash{}), nullptr);
  EXPECT_EQ(pool->pending_nonce(address_of(key_of(2))), 0u);
}

TEST_F(PoolTest, RefusesWithGethsWords) {
  ASSERT_TRUE(add(1, 0, 100));
  expect_refused(add(1, 0, 100), PoolRule::already_known, "already known");
  expect_refused(add(1, 0, 109), PoolRule::replacement_underpriced, "replacement transaction underpriced");
  expect_refused(add(41, 0, 1), PoolRule::insufficient_funds, "insufficient funds for gas * price + value");

  Transaction txn = payment(key_of(2), 0, 1, kChainId);
  txn.gas_limit = 20999;
  expect_refused(pool->add(test::signed_by(key_of(2), txn, kChainId), true), PoolRule::invalid,
                 "intrinsic gas too low");
  txn.gas_limit = chain.genesis.header.gas_limit + 1;
  expect_refused(pool->add(test::signed_by(key_of(2), txn, kChainId), true), PoolRule::block_gas_limit,
                 "exceeds block gas limit");
  txn.gas_limit = 21000;
  expect_refused(pool->add(test::signed_by(key_of(2), txn, kChainId + 1), true), PoolRule::invalid_sender,
                 "invalid sender: invalid chain id for signer: have 2000 want 1999");
  txn = test::signed_by(key_of(2), txn, kChainId);
  txn.r = 0;
  expect_refused(pool->add(txn, true), PoolRule::invalid_sender, "invalid sender");
  txn.data = Bytes(TxPool::kMostTxnBytes, 0);
  expect_refused(pool->add(txn, true), PoolRule::oversized, "oversized data");
  expect_counts(1, 0);
}

TEST_F(PoolTest, AReplacementPaysTenPercentMore) {
  const auto old = add(1, 0, 100);
  const auto better = add(1, 0, 110);
  ASSERT_TRUE(better) << better.error().detail;
  EXPECT_EQ(pool->get(*old), nullptr);
  expect_counts(1, 0);
  EXPECT_EQ(news, (std::vector{*old, *better}));
  // Where nothing is paid, a replacement pays something.
  ASSERT_TRUE(add(2, 0, 0));
  Transaction same = payment(key_of(2), 0, 0, kChainId);
  same.value = 2;
  expect_refused(pool->add(test::signed_by(key_of(2), same, kChainId), true),
                 PoolRule::replacement_underpriced, "replacement transaction underpriced");
  EXPECT_TRUE(add(2, 0, 1));
}

TEST_F(PoolTest, OrdersByTipAndNonce) {
  ASSERT_TRUE(add(1, 0, 10));
  ASSERT_TRUE(add(1, 1, 90));
  ASSERT_TRUE(add(2, 0, 50));
  ASSERT_TRUE(add(3, 0, 50));
  ASSERT_TRUE(add(4, 0, 5));
  ASSERT_TRUE(add(4, 1, 99));
  const auto order = [&](std::uint64_t base_fee) {
    std::vector<std::pair<Address, std::uint64_t>> out;
    TxnsByPrice txns = pool->by_price(U256{base_fee});
    for (; const PooledTxn* txn = txns.best(); txns.take()) out.emplace_back(txn->sender, txn->txn.nonce);
    return out;
  };
  const auto of = [](std::uint64_t key) { return address_of(key_of(key)); };
  using Order = std::vector<std::pair<Address, std::uint64_t>>;
  EXPECT_EQ(order(0), (Order{{of(2), 0}, {of(3), 0}, {of(1), 0}, {of(1), 1}, {of(4), 0}, {of(4), 1}}));
  EXPECT_EQ(order(10), (Order{{of(2), 0}, {of(3), 0}, {of(1), 0}, {of(1), 1}}));

  TxnsByPrice txns = pool->by_price(U256{});
  txns.skip_account();
  EXPECT_EQ(txns.best()->sender, of(3));
}

TEST_F(PoolTest, TheFloorIsForOthers) {
  options.price_floor = 50;
  open();
  expect_refused(add(1, 0, 49), PoolRule::underpriced, "transaction underpriced");
  EXPECT_TRUE(add(1, 0, 49, true));
  EXPECT_TRUE(add(2, 0, 50));
  EXPECT_TRUE(add(2, 1, 70));
  pool->set_price_floor(60);
  expect_counts(1, 1);  // account 2's first one is gone
  EXPECT_NE(pool->pending().front()->sender, address_of(key_of(2)));
}

TEST_F(PoolTest, TheCheapestMakesRoom) {
  options.most_txns = 4;
  open();
  for (std::uint64_t key = 1; key <= 4; ++key) ASSERT_TRUE(add(key, 0, 10 * key));
  expect_refused(add(5, 0, 9), PoolRule::underpriced, "transaction underpriced");
  expect_refused(add(5, 0, 10), PoolRule::pool_full, "txpool is full");
  ASSERT_TRUE(add(5, 0, 11));
  expect_counts(4, 0);
  EXPECT_EQ(pool->pending_nonce(address_of(key_of(1))), 0u);
  ASSERT_TRUE(add(6, 0, 0, true));
  expect_counts(4, 0);
  EXPECT_EQ(pool->pending_nonce(address_of(key_of(5))), 0u);
}

TEST_F(PoolTest, WhereAllPayNothingNobodyTakesAllPlaces) {
  options.most_txns = 32;
  options.fair_share = 16;
  open();
  for (std::uint64_t nonce = 0; nonce < 32; ++nonce) ASSERT_TRUE(add(1, nonce, 0));
  for (std::uint64_t nonce = 0; nonce < 16; ++nonce) ASSERT_TRUE(add(2, nonce, 0)) << nonce;
  expect_refused(add(2, 16, 0), PoolRule::pool_full, "txpool is full");
  expect_refused(add(3, 0, 0), PoolRule::pool_full, "txpool is full");
  expect_counts(32, 0);
}

TEST_F(PoolTest, WhatWaitsForNoncesIsBounded) {
  options.most_queued = 4;
  options.most_account_queued = 2;
  open();
  ASSERT_TRUE(add(1, 5, 1));
  ASSERT_TRUE(add(1, 6, 1));
  expect_refused(add(1, 7, 1), PoolRule::account_full, "account limit exceeded");
  ASSERT_TRUE(add(1, 2, 1));  // an earlier one takes the last one's place
  expect_counts(0, 2);
  EXPECT_EQ(pool->queued().back()->txn.nonce, 5u);
  ASSERT_TRUE(add(2, 5, 1));
  ASSERT_TRUE(add(2, 6, 1));
  expect_refused(add(3, 5, 1), PoolRule::pool_full, "txpool is full");
  ASSERT_TRUE(add(3, 5, 2));
  expect_counts(0, 4);
  ASSERT_TRUE(add(4, 0, 0));  // what can run has its own room
  expect_counts(1, 4);
}

TEST_F(PoolTest, FeeMarketTransactionsNeedLondon) {
  Transaction txn = payment(key_of(1), 0, 5, kChainId);
  txn.type = TxnType::fee_market;
  expect_refused(pool->add(test::signed_by(key_of(1), txn, kChainId), true), PoolRule::invalid,
                 "transaction type not supported");
  txn.type = TxnType::blob;
  expect_refused(pool->add(test::signed_by(key_of(1), txn, kChainId), true), PoolRule::type_not_pooled,
                 "transaction type not supported");
}

// ---- local accounts, and restarts

TEST_F(PoolTest, AnAccountIsFavouredOnceOneOfItsTransactionsCameFromHere) {
  options.price_floor = 10;
  open();
  expect_refused(add(1, 0, 9), PoolRule::underpriced, "transaction underpriced");
  ASSERT_TRUE(add(1, 1, 20));
  EXPECT_FALSE(pool->is_local(address_of(key_of(1))));
  ASSERT_TRUE(add(1, 0, 9, true));
  EXPECT_TRUE(pool->is_local(address_of(key_of(1))));
  ASSERT_TRUE(add(1, 2, 9));  // a peer may bring the next
  pool->set_price_floor(1000);
  expect_counts(3, 0);  // and what was here before is favoured too
}

TEST_F(PoolTest, NobodyIsFavouredWhereTheOptionsSaySo) {
  options.price_floor = 10;
  options.no_locals = true;
  options.locals = {address_of(key_of(2))};
  open();
  expect_refused(add(1, 0, 9, true), PoolRule::underpriced, "transaction underpriced");
  EXPECT_TRUE(add(2, 0, 9));  // but those who are named
}

struct JournalTest : PoolTest {
  std::filesystem::path file = chain.dir.path() / "transactions.rlp";
  void SetUp() override {
    options.journal = file;
    open();
  }
  void restart() {
    pool.reset();
    open();
  }
  /// Ends without the rewrite that an orderly end does: the file is put back as the adds left it.
  void kill() {
    const Bytes kept = test::read_file(file);
    pool.reset();
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(kept.data()), static_cast<std::streamsize>(kept.size()));
  }
};

TEST_F(JournalTest, LocalTransactionsAreThereAfterARestart) {
  const auto ours = add(1, 0, 10, true), waits = add(1, 2, 10, true);
  const auto theirs = add(2, 0, 10);
  ASSERT_TRUE(ours && waits && theirs);
  restart();
  expect_counts(1, 1);
  EXPECT_NE(pool->get(*ours), nullptr);
  EXPECT_EQ(pool->get(*theirs), nullptr);
  EXPECT_TRUE(pool->get(*waits)->local);
}

TEST_F(JournalTest, AKillLosesNothingThatWasTaken) {
  ASSERT_TRUE(add(1, 0, 10, true));
  const auto better = add(1, 0, 20, true);
  ASSERT_TRUE(better);
  kill();
  open();
  expect_counts(1, 0);
  EXPECT_NE(pool->get(*better), nullptr);
}

TEST_F(JournalTest, ATornEndIsLeftOut) {
  const auto first = add(1, 0, 10, true);
  ASSERT_TRUE(add(1, 1, 10, true));
  pool->rejournal();
  const auto size = std::filesystem::file_size(file);
  kill();
  std::filesystem::resize_file(file, size - 5);
  open();
  expect_counts(1, 0);
  EXPECT_NE(pool->get(*first), nullptr);
  ASSERT_TRUE(add(1, 1, 10, true));
  kill();
  open();
  expect_counts(2, 0);
}

TEST_F(JournalTest, RubbishPreventsNothing) {
  pool.reset();
  std::ofstream(file, std::ios::binary) << "\xc3\x01\x02\x03 this is no transaction\xff\xff";
  open();
  expect_counts(0, 0);
  ASSERT_TRUE(add(1, 0, 10, true));
  restart();
  expect_counts(1, 0);
  // Nor does a folder in its place.
  pool.reset();
  std::filesystem::remove(file);
  std::filesystem::create_directories(file / "sub");
  open();
  EXPECT_TRUE(add(1, 0, 10, true));
}

TEST_F(JournalTest, WithoutLocalsNothingIsKept) {
  pool.reset();
  std::filesystem::remove(file);
  options.no_locals = true;
  open();
  ASSERT_TRUE(add(1, 0, 10, true));
  pool.reset();
  EXPECT_FALSE(std::filesystem::exists(file));
}
