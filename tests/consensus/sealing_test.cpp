// Mining through the chain, with ethash in its test size: real seals, small tables.
#include "consensus/sealing.hpp"

#include "consensus/gas_limit.hpp"
#include "sealing_chain.hpp"

using namespace quarry;

namespace {
struct MiningNode : test::EthashParts, test::SealingChain {
  MiningNode()
      : SealingChain(test::geth_genesis(), engine, *seal_miner, test::hasty_sealing(), test::wall_clock()) {}
};
}  // namespace

TEST(Sealer, NeedsAnEtherbase) {
  MiningNode node;
  const auto started = node.sealer.start(1);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().what, "etherbase missing: etherbase address must be explicitly specified");
  EXPECT_NE(started.error().remedy.find("personal.newAccount()"), std::string::npos);
  EXPECT_FALSE(node.sealer.mining());
}

TEST(Sealer, MinesBlocksThatOthersAccept) {
  MiningNode node;
  Address etherbase;
  etherbase.bytes[0] = 7;
  node.sealer.set_etherbase(etherbase);
  ASSERT_TRUE(node.sealer.start(2));
  EXPECT_TRUE(node.sealer.mining());
  ASSERT_TRUE(node.wait_for(4));
  node.sealer.stop();
  EXPECT_FALSE(node.sealer.mining());
  EXPECT_EQ(node.sealer.pending(), nullptr);

  std::vector<Block> mined;
  {
    const std::lock_guard lock(node.mutex);
    for (const HeadEvent& event : node.events) {
      EXPECT_TRUE(event.sealed_here);
      ASSERT_EQ(event.added.size(), 1u);
      mined.push_back(*event.added[0]);
      EXPECT_EQ(mined.back().header->beneficiary, etherbase);
      EXPECT_EQ(mined.back().header->extra_data, default_extra_data());
    }
  }
  test::TestChain other(test::geth_genesis(), &node.engine);
  const ImportResult result = other->insert_blocks(mined);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(other->head().header.hash(), mined.back().header.hash());
}

TEST(Sealer, GoesOnWhereAnotherMinersBlockLeads) {
  MiningNode miner_node, quiet;
  Address etherbase;
  etherbase.bytes[0] = 7;
  miner_node.sealer.set_etherbase(etherbase);
  ASSERT_TRUE(miner_node.sealer.start(1));
  ASSERT_TRUE(miner_node.wait_for(2));
  miner_node.sealer.stop();
  std::vector<Block> mined;
  {
    const std::lock_guard lock(miner_node.mutex);
    for (const HeadEvent& event : miner_node.events) mined.push_back(*event.added[0]);
  }
  // A sealer that has no threads waits on the head; what comes from outside moves its candidate.
  quiet.sealer.set_etherbase(etherbase);
  ASSERT_TRUE(quiet.sealer.start(0));
  EXPECT_TRUE(quiet.sealer.mining());
  quiet.strand.submit([&] { EXPECT_TRUE(quiet.chain->insert_blocks(mined).ok()); });
  ASSERT_TRUE(quiet.wait_for(1));
  quiet.wait_for_strand();
  ASSERT_NE(quiet.sealer.pending(), nullptr);
  EXPECT_EQ(quiet.sealer.pending()->header->parent_hash, mined.back().header.hash());
}

TEST(Sealer, MakesNoBlockWhileItIsPaused) {
  MiningNode node;
  Address etherbase;
  etherbase.bytes[0] = 7;
  node.sealer.set_etherbase(etherbase);
  node.sealer.set_paused(true);
  ASSERT_TRUE(node.sealer.start(2));
  EXPECT_TRUE(node.sealer.mining());
  node.wait_for_strand();
  EXPECT_EQ(node.sealer.pending(), nullptr);
  // Nor is one taken that was found elsewhere meanwhile.
  test::TestChain other(test::geth_genesis(), &node.engine);
  auto found = other->prepare(node.sealer.next_request());
  ASSERT_TRUE(found);
  node.sealer.submit(*found);
  node.wait_for_strand();
  EXPECT_EQ(node.chain->head().header->number, 0u);
  node.sealer.set_paused(false);
  ASSERT_TRUE(node.wait_for(2));
}

TEST(Sealer, ExtraDataHasABound) {
  MiningNode node;
  EXPECT_LE(default_extra_data().size(), kEthashExtraDataBytes);
  EXPECT_TRUE(node.sealer.set_extra_data(Bytes(32)));
  EXPECT_FALSE(node.sealer.set_extra_data(Bytes(33)));
}

TEST(GasLimit, MovesAsGeths) {
  // geth 1.7.3's first blocks over a genesis of 0x2fefd8, as the golden chain has them.
  EXPECT_EQ(next_gas_limit(0x2fefd8, 0, 4'712'388), 3'141'592u + 3'141'592u / 1024 - 1);
  EXPECT_EQ(next_gas_limit(4'712'388, 0, 4'712'388), 4'712'388u);
  EXPECT_EQ(next_gas_limit(4'712'000, 0, 4'712'388), 4'712'388u);
  EXPECT_EQ(next_gas_limit(8'000'000, 0, 4'712'388), 8'000'000u - 8'000'000u / 1024 + 1);
  EXPECT_EQ(next_gas_limit(5000, 0, 0), 5000u);
  EXPECT_EQ(next_gas_limit(10'240'000, 10'240'000, 4'712'388), 10'240'000u - 9'999u + 15'000u);
}
