// Blob transactions in their pool, over a real database.
#include "node/blob_pool.hpp"

#include <gtest/gtest.h>

#include "blob_txn.hpp"
#include "chain_support.hpp"
#include "node/pool_backend.hpp"
#include "storage/state_writer.hpp"

using namespace quarry;
using quarry::test::blob_txn;

namespace {

struct Pools {
  test::TempDir folder;
  Genesis genesis;
  std::unique_ptr<Database> database = *Database::open({.path = (folder.path() / "db").string()});
  Result<SealedHeader> made;
  test::UnsealedEngine engine;
  TxPool others;
  BlobPool blobs;
  PoolBackend backend{others, Wei{1}, &blobs};

  explicit Pools(Genesis g = test::blob_genesis())
      : genesis(std::move(g)),
        made(init_genesis(*database, genesis)),
        others(*database, genesis.spec),
        blobs(*database, genesis.spec, engine, others) {
    EXPECT_TRUE(made);
  }
  /// Why it is not taken; empty when it is.
  std::string refusal(const CarriedTransaction& carried) {
    const auto added = blobs.add(carried, true);
    return added ? "" : added.error().error.what;
  }
  bool refused_with(const CarriedTransaction& carried, std::string_view words) {
    const auto why = refusal(carried);
    EXPECT_TRUE(why.starts_with(words)) << why;
    return why.starts_with(words);
  }
};

Transaction payment(std::uint64_t key, std::uint64_t nonce) {
  return test::payment(test::key_of(key), nonce, 100, test::kBlobChainId);
}

}  // namespace

TEST(BlobPool, KeepsATransactionWithItsBlobs) {
  Pools pools;
  std::vector<TxnHash> heard;
  pools.blobs.on_new([&](const std::vector<TxnRef>& txns) {
    for (const auto& txn : txns) heard.push_back(txn->hash);
  });
  const auto carried = blob_txn(1, 0, 2);
  const auto hash = hash_of(carried.txn);
  EXPECT_EQ(pools.refusal(carried), "");
  EXPECT_EQ(heard, std::vector{hash});
  EXPECT_EQ(pools.refusal(carried), "already known");
  EXPECT_EQ(pools.refusal(blob_txn(1, 1)), "");
  ASSERT_NE(pools.blobs.get(hash), nullptr);
  EXPECT_EQ(pools.blobs.get(hash)->txn, carried.txn);
  EXPECT_EQ(pools.blobs.pending().size(), 2U);
  const auto network = pools.blobs.network_form(hash);
  ASSERT_TRUE(network);
  EXPECT_EQ(network->size(), pools.blobs.get(hash)->bytes);
  const auto decoded = decode_carried(*network);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->txn, carried.txn);
  EXPECT_EQ(decoded->sidecar.blobs, carried.sidecar.blobs);
  EXPECT_EQ(decoded->sidecar.proofs, carried.sidecar.proofs);
  // As JSON-RPC sees it.
  const auto sender = test::address_of(test::key_of(1));
  EXPECT_EQ(pools.backend.next_nonce(sender), 2U);
  EXPECT_EQ(pools.backend.find(hash), carried.txn);
  EXPECT_EQ(pools.backend.pending().size(), 2U);
}

TEST(BlobPool, RefusesWhatIsWrong) {
  Pools pools;
  auto forged = blob_txn(1, 0);
  forged.sidecar.blobs[0][100] = 1;
  const auto added = pools.blobs.add(forged, false);
  ASSERT_FALSE(added);
  EXPECT_TRUE(added.error().is_forged);
  auto poor = blob_txn(3, 0);
  const auto refused = pools.blobs.add(poor, false);
  ASSERT_FALSE(refused);
  EXPECT_FALSE(refused.error().is_forged);
  EXPECT_TRUE(pools.refused_with(poor, "insufficient funds for gas * price + value"));
  EXPECT_TRUE(pools.refused_with(blob_txn(1, 1), "nonce too high: tx nonce 1, gapped nonce 0"));
  EXPECT_TRUE(pools.refused_with(blob_txn(1, 0, 0), "blob transaction with a wrong number of blobs"));
  EXPECT_TRUE(pools.refused_with(blob_txn(1, 0, 7), "blob transaction with a wrong number of blobs"));
  auto version = blob_txn(1, 0);
  version.sidecar.cell_proofs = true;
  EXPECT_TRUE(pools.refused_with(version, "unexpected sidecar version, want: 0, got: 1"));
  auto bare = pools.backend.add(blob_txn(1, 0).txn);
  ASSERT_FALSE(bare);
  EXPECT_EQ(bare.error().what, "missing sidecar in blob transaction");
  EXPECT_TRUE(pools.blobs.pending().empty());
}

TEST(BlobPool, IsNotForChainsWithoutABeaconChain) {
  EXPECT_FALSE(BlobPool::is_for(test::geth_genesis().spec));
  EXPECT_TRUE(BlobPool::is_for(test::blob_genesis().spec));
  // Merged one day, but not yet.
  auto genesis = test::blob_genesis();
  genesis.spec.terminal_total_difficulty = TotalDifficulty{1'000'000'000};
  genesis.header.difficulty = 0x20000;
  Pools pools(genesis);
  EXPECT_TRUE(pools.refused_with(blob_txn(1, 0), "transaction type not supported"));
  PoolBackend without(pools.others, Wei{1});
  const auto refused = without.add_carried(blob_txn(1, 0));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().what.starts_with("transaction type not supported"));
}

TEST(BlobPool, AReplacementPaysTwiceAsMuchInAllPrices) {
  Pools pools;
  EXPECT_EQ(pools.refusal(blob_txn(1, 0, 1, 100)), "");
  EXPECT_TRUE(
      pools.refused_with(blob_txn(1, 0, 1, 199), "replacement transaction underpriced: new tx gas fee cap"));
  auto cheap_blobs = blob_txn(1, 0, 1, 200);
  cheap_blobs.txn.max_fee_per_blob_gas = 199;
  cheap_blobs.txn = test::signed_by(test::key_of(1), cheap_blobs.txn, test::kBlobChainId);
  EXPECT_TRUE(
      pools.refused_with(cheap_blobs, "replacement transaction underpriced: new tx blob gas fee cap"));
  const auto better = blob_txn(1, 0, 3, 200);
  EXPECT_EQ(pools.refusal(better), "");
  ASSERT_EQ(pools.blobs.pending().size(), 1U);
  EXPECT_EQ(pools.blobs.pending()[0]->txn, better.txn);
}

TEST(BlobPool, AnAccountHasAFewAndOnePoolAtATime) {
  Pools pools;
  for (std::size_t i = 0; i < BlobPool::kMostAccountTxns; ++i) ASSERT_EQ(pools.refusal(blob_txn(1, i)), "");
  EXPECT_TRUE(pools.refused_with(blob_txn(1, BlobPool::kMostAccountTxns), "account limit exceeded"));
  const auto plain = pools.backend.add(payment(1, BlobPool::kMostAccountTxns));
  ASSERT_FALSE(plain);
  EXPECT_TRUE(plain.error().what.starts_with("address already reserved"));
  ASSERT_TRUE(pools.backend.add(payment(2, 0)));
  EXPECT_TRUE(pools.refused_with(blob_txn(2, 1), "address already reserved"));
}

TEST(BlobPool, WhatABlockHasGoes) {
  Pools pools;
  for (const std::uint64_t nonce : {0, 1, 2}) ASSERT_EQ(pools.refusal(blob_txn(1, nonce)), "");
  const auto sender = test::address_of(test::key_of(1));
  auto account = *StateStore(*pools.database).at_head()->account(sender);
  account.nonce = 2;
  StateDiff diff;
  diff.accounts[sender].after = account;
  StateWriter writer(*pools.database);
  writer.apply(1, diff);
  Batch batch;
  writer.flush(batch);
  ASSERT_TRUE(pools.database->commit(std::move(batch)));
  EXPECT_EQ(pools.blobs.get(hash_of(blob_txn(1, 0).txn)), nullptr);
  ASSERT_EQ(pools.blobs.pending().size(), 1U);
  EXPECT_EQ(pools.blobs.pending()[0]->txn.nonce, 2U);
  EXPECT_TRUE(pools.refused_with(blob_txn(1, 1), "nonce too low: next nonce 2, tx nonce 1"));
  EXPECT_EQ(pools.refusal(blob_txn(1, 3)), "");
}
