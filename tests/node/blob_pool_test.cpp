// Blob transactions in their pool, over a real database.
#include "node/blob_pool.hpp"

#include <gtest/gtest.h>

#include "blob_txn.hpp"
#include "chain_support.hpp"
#include "consensus/chain.hpp"
#include "core/keccak.hpp"
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
  BlobPoolOptions options{.folder = folder.path() / "blobs"};
  TxPool others;
  std::unique_ptr<BlobPool> own;
  std::unique_ptr<PoolBackend> own_backend;

  explicit Pools(Genesis g = test::blob_genesis(), std::size_t most_blobs = 1024)
      : genesis(std::move(g)), made(init_genesis(*database, genesis)), others(*database, genesis.spec) {
    EXPECT_TRUE(made);
    options.most_blobs = most_blobs;
    open();
  }
  /// As after a restart.
  void open() {
    own_backend.reset();
    own.reset();
    own = std::make_unique<BlobPool>(*database, genesis.spec, engine, others, options);
    own_backend = std::make_unique<PoolBackend>(others, Wei{1}, own.get());
  }
  BlobPool& blobs() { return *own; }
  PoolBackend& backend() { return *own_backend; }
  /// The account's nonce at the head.
  void set_nonce(std::uint64_t key, std::uint64_t nonce) {
    const auto sender = test::address_of(test::key_of(key));
    auto account = *StateStore(*database).at_head()->account(sender);
    account.nonce = nonce;
    StateDiff diff;
    diff.accounts[sender].after = account;
    StateWriter writer(*database);
    writer.apply(++changes_, diff);
    Batch batch;
    writer.flush(batch);
    ASSERT_TRUE(database->commit(std::move(batch)));
  }
  /// What the chain tells when its head is this block; `removed`: so many were taken back.
  void tell_head(BlockNum number, std::size_t removed = 0) {
    Header header = *made->operator->();
    header.number = number;
    HeadEvent event;
    event.after.header = SealedHeader::trusted(header, made->hash());
    event.removed_count = removed;
    blobs().on_head(event);
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(options.folder), {}));
  }
  std::vector<std::uint64_t> nonces(std::uint64_t key = 1) {
    std::vector<std::uint64_t> out;
    for (const auto& txn : blobs().pending())
      if (txn->sender == test::address_of(test::key_of(key))) out.push_back(txn->txn.nonce);
    return out;
  }
  /// Why it is not taken; empty when it is.
  std::string refusal(const CarriedTransaction& carried) {
    const auto added = own->add(carried, true);
    return added ? "" : added.error().error.what;
  }
  bool refused_with(const CarriedTransaction& carried, std::string_view words) {
    const auto why = refusal(carried);
    EXPECT_TRUE(why.starts_with(words)) << why;
    return why.starts_with(words);
  }

 private:
  BlockNum changes_ = 0;
};

Transaction payment(std::uint64_t key, std::uint64_t nonce) {
  return test::payment(test::key_of(key), nonce, 100, test::kBlobChainId);
}

}  // namespace

TEST(BlobPool, KeepsATransactionWithItsBlobs) {
  Pools pools;
  std::vector<TxnHash> heard;
  pools.blobs().on_new([&](const std::vector<TxnRef>& txns) {
    for (const auto& txn : txns) heard.push_back(txn->hash);
  });
  const auto carried = blob_txn(1, 0, 2);
  const auto hash = hash_of(carried.txn);
  EXPECT_EQ(pools.refusal(carried), "");
  EXPECT_EQ(heard, std::vector{hash});
  EXPECT_EQ(pools.refusal(carried), "already known");
  EXPECT_EQ(pools.refusal(blob_txn(1, 1)), "");
  ASSERT_NE(pools.blobs().get(hash), nullptr);
  EXPECT_EQ(pools.blobs().get(hash)->txn, carried.txn);
  EXPECT_EQ(pools.blobs().pending().size(), 2U);
  const auto network = pools.blobs().network_form(hash);
  ASSERT_TRUE(network);
  EXPECT_EQ(network->size(), pools.blobs().get(hash)->bytes);
  const auto decoded = decode_carried(*network);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->txn, carried.txn);
  EXPECT_EQ(decoded->sidecar.blobs, carried.sidecar.blobs);
  EXPECT_EQ(decoded->sidecar.proofs, carried.sidecar.proofs);
  // As JSON-RPC sees it.
  const auto sender = test::address_of(test::key_of(1));
  EXPECT_EQ(pools.backend().next_nonce(sender), 2U);
  EXPECT_EQ(pools.backend().find(hash), carried.txn);
  EXPECT_EQ(pools.backend().pending().size(), 2U);
}

TEST(BlobPool, RefusesWhatIsWrong) {
  Pools pools;
  auto forged = blob_txn(1, 0);
  forged.sidecar.blobs[0][100] = 1;
  const auto added = pools.blobs().add(forged, false);
  ASSERT_FALSE(added);
  EXPECT_TRUE(added.error().is_forged);
  auto poor = blob_txn(3, 0);
  const auto refused = pools.blobs().add(poor, false);
  ASSERT_FALSE(refused);
  EXPECT_FALSE(refused.error().is_forged);
  EXPECT_TRUE(pools.refused_with(poor, "insufficient funds for gas * price + value"));
  EXPECT_TRUE(pools.refused_with(blob_txn(1, 1), "nonce too high: tx nonce 1, gapped nonce 0"));
  EXPECT_TRUE(pools.refused_with(blob_txn(1, 0, 0), "blob transaction with a wrong number of blobs"));
  EXPECT_TRUE(pools.refused_with(blob_txn(1, 0, 7), "blob transaction with a wrong number of blobs"));
  auto version = blob_txn(1, 0);
  version.sidecar.cell_proofs = true;
  EXPECT_TRUE(pools.refused_with(version, "unexpected sidecar version, want: 0, got: 1"));
  auto bare = pools.backend().add(blob_txn(1, 0).txn);
  ASSERT_FALSE(bare);
  EXPECT_EQ(bare.error().what, "missing sidecar in blob transaction");
  EXPECT_TRUE(pools.blobs().pending().empty());
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
  ASSERT_EQ(pools.blobs().pending().size(), 1U);
  EXPECT_EQ(pools.blobs().pending()[0]->txn, better.txn);
}

TEST(BlobPool, AnAccountHasAFewAndOnePoolAtATime) {
  Pools pools;
  for (std::size_t i = 0; i < BlobPool::kMostAccountTxns; ++i) ASSERT_EQ(pools.refusal(blob_txn(1, i)), "");
  EXPECT_TRUE(pools.refused_with(blob_txn(1, BlobPool::kMostAccountTxns), "account limit exceeded"));
  const auto plain = pools.backend().add(payment(1, BlobPool::kMostAccountTxns));
  ASSERT_FALSE(plain);
  EXPECT_TRUE(plain.error().what.starts_with("address already reserved"));
  ASSERT_TRUE(pools.backend().add(payment(2, 0)));
  EXPECT_TRUE(pools.refused_with(blob_txn(2, 1), "address already reserved"));
}

TEST(BlobPool, WhatABlockHasGoes) {
  Pools pools;
  for (const std::uint64_t nonce : {0, 1, 2}) ASSERT_EQ(pools.refusal(blob_txn(1, nonce)), "");
  pools.set_nonce(1, 2);
  EXPECT_EQ(pools.blobs().get(hash_of(blob_txn(1, 0).txn)), nullptr);
  ASSERT_EQ(pools.blobs().pending().size(), 1U);
  EXPECT_EQ(pools.blobs().pending()[0]->txn.nonce, 2U);
  EXPECT_TRUE(pools.refused_with(blob_txn(1, 1), "nonce too low: next nonce 2, tx nonce 1"));
  EXPECT_EQ(pools.refusal(blob_txn(1, 3)), "");
}

using Nonces = std::vector<std::uint64_t>;

TEST(BlobPool, AReservedAccountIsRefusedToWhatPeersSendToo) {
  Pools pools;
  ASSERT_EQ(pools.refusal(blob_txn(1, 0)), "");
  const auto gossiped = pools.others.add(payment(1, 1), false);
  ASSERT_FALSE(gossiped);
  EXPECT_EQ(gossiped.error().rule, PoolRule::reserved);
  EXPECT_TRUE(gossiped.error().detail.starts_with("address already reserved")) << gossiped.error().detail;
  // One that waits for an earlier nonce reserves as well.
  ASSERT_TRUE(pools.others.add(payment(2, 5), false));
  EXPECT_TRUE(pools.refused_with(blob_txn(2, 0), "address already reserved"));
  // A block has the account's blobs: it is free, before anybody asks the blob pool.
  pools.set_nonce(1, 1);
  EXPECT_TRUE(pools.others.add(payment(1, 1), false));
  pools.own_backend.reset();
  pools.own.reset();
  EXPECT_TRUE(pools.others.add(payment(1, 2), false));
}

TEST(BlobPool, ARestartKeepsWhatWaits) {
  Pools pools;
  const auto carried = blob_txn(1, 0, 2);
  for (const auto& txn : {carried, blob_txn(1, 1), blob_txn(1, 2, 1, 50)}) ASSERT_EQ(pools.refusal(txn), "");
  ASSERT_EQ(pools.refusal(blob_txn(1, 2, 1, 200)), "");  // its predecessor's file goes
  const auto network = pools.blobs().network_form(hash_of(carried.txn));
  EXPECT_EQ(pools.files(), 3U);
  pools.open();
  EXPECT_EQ(pools.nonces(), (Nonces{0, 1, 2}));
  EXPECT_EQ(pools.blobs().pending()[2]->txn.max_fee_per_gas, 200);
  EXPECT_EQ(pools.blobs().network_form(hash_of(carried.txn)), network);
  EXPECT_TRUE(pools.refused_with(carried, "already known"));
  EXPECT_FALSE(pools.others.add(payment(1, 3), false));
  // While it was stopped a block took the first, and with a smaller limit not all have room.
  pools.own_backend.reset();
  pools.own.reset();
  pools.set_nonce(1, 1);
  pools.options.most_blobs = 1;
  pools.open();
  EXPECT_EQ(pools.nonces(), Nonces{1});
  EXPECT_EQ(pools.files(), 2U);  // the one that waits, and the mined one for a while
}

TEST(BlobPool, DamagedFilesAreLeftOut) {
  Pools pools;
  for (const std::uint64_t nonce : {0, 1, 2}) ASSERT_EQ(pools.refusal(blob_txn(1, nonce)), "");
  const auto file = [&](std::uint64_t nonce) {
    return pools.options.folder / hash_of(blob_txn(1, nonce).txn).hex().substr(2);
  };
  std::filesystem::resize_file(file(2), 5000);
  std::filesystem::copy(file(1), file(1).string() + ".new");
  std::filesystem::copy(file(1), pools.options.folder / Hash256{}.hex().substr(2));
  std::filesystem::copy(file(1), pools.options.folder / "notes.txt");
  pools.open();
  EXPECT_EQ(pools.nonces(), (Nonces{0, 1}));
  EXPECT_EQ(pools.files(), 3U);
  EXPECT_TRUE(std::filesystem::exists(pools.options.folder / "notes.txt"));
  // Right bytes of one that is none, or that a fork has made invalid.
  Pools later;
  ASSERT_EQ(later.refusal(blob_txn(1, 0)), "");
  later.genesis.spec.forks[Fork::prague] = later.genesis.spec.forks[Fork::osaka] =
      Activation{Activation::By::time, 0};
  later.open();
  EXPECT_TRUE(later.blobs().pending().empty());
  EXPECT_EQ(later.files(), 0U);
}

TEST(BlobPool, WhatAReorganisationTakesBackIsHereAgainWithItsBlobs) {
  Pools pools;
  std::vector<TxnHash> heard;
  for (const std::uint64_t nonce : {0, 1, 2}) ASSERT_EQ(pools.refusal(blob_txn(1, nonce)), "");
  pools.blobs().on_new([&](const std::vector<TxnRef>& txns) {
    for (const auto& txn : txns) heard.push_back(txn->hash);
  });
  pools.set_nonce(1, 2);
  pools.tell_head(1);
  EXPECT_EQ(pools.nonces(), Nonces{2});
  EXPECT_EQ(pools.blobs().network_form(hash_of(blob_txn(1, 0).txn)), std::nullopt);
  // Another branch has the first only.
  pools.set_nonce(1, 1);
  pools.tell_head(2, 1);
  EXPECT_EQ(pools.nonces(), (Nonces{1, 2}));
  const auto second = blob_txn(1, 1);
  EXPECT_EQ(heard, std::vector{hash_of(second.txn)});
  EXPECT_EQ(pools.blobs().network_form(hash_of(second.txn)), encode_carried(second));
  // And over a restart: the first is still known.
  pools.open();
  EXPECT_EQ(pools.nonces(), (Nonces{1, 2}));
  pools.set_nonce(1, 0);
  pools.tell_head(2, 2);
  EXPECT_EQ(pools.nonces(), (Nonces{0, 1, 2}));
  EXPECT_EQ(pools.files(), 3U);
}

TEST(BlobPool, MinedBlobsAreKeptForSomeBlocksAndBytes) {
  Pools pools;
  pools.options.limbo_blocks = 2;
  pools.options.limbo_bytes = 3 * 132'000;  // of three with a blob each
  pools.open();
  for (std::uint64_t nonce = 0; nonce < 5; ++nonce) ASSERT_EQ(pools.refusal(blob_txn(1, nonce)), "");
  pools.set_nonce(1, 4);
  pools.tell_head(1);
  EXPECT_EQ(pools.files(), 4U);  // one that waits, and three of the four mined ones
  pools.tell_head(3);
  EXPECT_EQ(pools.files(), 4U);
  pools.tell_head(4);
  EXPECT_EQ(pools.files(), 1U);
  pools.set_nonce(1, 3);
  pools.tell_head(4, 1);
  EXPECT_EQ(pools.nonces(), Nonces{4});
}

TEST(BlobPool, WhenItIsFullTheWorstMakeRoom) {
  Pools pools(test::blob_genesis(), 4);
  ASSERT_EQ(pools.refusal(blob_txn(1, 0, 1, 100)), "");
  ASSERT_EQ(pools.refusal(blob_txn(1, 1, 1, 50)), "");
  ASSERT_EQ(pools.refusal(blob_txn(1, 2, 2, 300)), "");  // worth no more than the one before it
  EXPECT_TRUE(pools.refused_with(blob_txn(2, 0, 1, 50), "txpool is full: 4 blobs wait, the limit is 4"));
  EXPECT_TRUE(pools.refused_with(blob_txn(2, 0, 4, 60), "txpool is full"));
  // Of one's own nothing goes.
  EXPECT_TRUE(pools.refused_with(blob_txn(1, 3, 1, 1000), "txpool is full"));
  EXPECT_EQ(pools.nonces(), (Nonces{0, 1, 2}));
  // The last of an account goes first.
  const auto better = blob_txn(2, 0, 1, 60);
  EXPECT_EQ(pools.refusal(better), "");
  EXPECT_EQ(pools.nonces(1), (Nonces{0, 1}));
  EXPECT_EQ(pools.nonces(2), Nonces{0});
  EXPECT_EQ(pools.refusal(blob_txn(2, 1, 2, 200)), "");
  EXPECT_EQ(pools.nonces(1), Nonces{0});
  EXPECT_EQ(pools.nonces(2), (Nonces{0, 1}));
  // A fee that no block takes now is worth less than any that one takes.
  EXPECT_TRUE(pools.refused_with(blob_txn(1, 1, 1, 6), "txpool is full"));
  EXPECT_EQ(pools.files(), 3U);
}
