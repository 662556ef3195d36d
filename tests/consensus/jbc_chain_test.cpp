// The JSON-file chain on the chain that serves all engines: validity, fork choice, mining.
#include <algorithm>
#include <atomic>

#include "consensus/jbc/engine.hpp"
#include "consensus/jbc/miner.hpp"
#include "consensus/jbc/search.hpp"
#include "sealing_chain.hpp"
#include "storage/chain_store.hpp"

using namespace quarry;

namespace {
constexpr unsigned kZeros = 2;

jbc::Block first_block() {
  jbc::Block block{.timestamp = "1508895381", .data = "First block data", .nonce = "631412"};
  block.hash = "no hash";  // taken as it is
  return block;
}
Genesis jbc_genesis() {
  Genesis genesis;
  genesis.spec.engine = EngineKind::jbc;
  genesis.spec.jbc.zeros = kZeros;
  genesis.header = jbc::to_header(first_block(), kZeros);
  return genesis;
}
jbc::Block mined(jbc::Block block) {
  block.nonce = std::to_string(jbc::Search(block, kZeros).run(0, 1'000'000).value());
  block.hash = jbc::compute_hash(block);
  return block;
}
jbc::Block child(const jbc::Block& parent, std::string data) {
  return mined({.index = parent.index + 1,
                .timestamp = "1508895390",
                .prev_hash = parent.hash,
                .data = std::move(data)});
}
Block whole(const jbc::Block& block) {
  return {seal_header(jbc::to_header(block, kZeros), HeaderIdentity::jbc_sha256), {}};
}
std::vector<Block> line(jbc::Block from, std::size_t count, const std::string& data) {
  std::vector<Block> out;
  for (; count > 0; --count) out.push_back(whole(from = child(from, data)));
  return out;
}
jbc::Block last_of(const std::vector<Block>& blocks) {
  return *jbc::from_header(blocks.back().header);
}

struct JbcChain : ::testing::Test {
  JbcEngine engine{JbcParams{kZeros}};
  test::TestChain chain{jbc_genesis(), &engine};

  BlockRule refusal(const Block& block) {
    const auto result = chain->insert_blocks({&block, 1});
    EXPECT_TRUE(result.bad);
    return result.bad ? result.bad->error.rule : BlockRule::known_bad;
  }
};

Header changed(const Block& block, auto&& change) {
  Header header = *block.header;
  change(header);
  return header;
}
Block sealed(Header header) {
  return {seal_header(std::move(header), HeaderIdentity::jbc_sha256), {}};
}
}  // namespace

TEST(JbcSearch, FindsWhatTrialFinds) {
  // Texts whose ends lie all over the 64-byte blocks, nonces that grow longer on the way.
  for (std::size_t length = 0; length < 130; length += 7) {
    jbc::Block block{.index = 12,
                     .timestamp = "1508895390",
                     .prev_hash = std::string(64, 'a'),
                     .data = std::string(length, 'x')};
    for (const std::uint64_t first :
         {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{9'990}, std::uint64_t{99'999'999'999'999}}) {
      std::uint64_t wanted = first;
      for (;; ++wanted) {
        block.nonce = std::to_string(wanted);
        if (jbc::leading_zeros(jbc::compute_hash(block)) >= 2) break;
      }
      for (const auto* kernel : sha256_parts::kernels()) {
        const jbc::Search search(block, 2, *kernel);
        EXPECT_EQ(search.run(first, 100'000), wanted) << kernel->name << " " << length;
        EXPECT_EQ(search.run(first, wanted - first), std::nullopt) << kernel->name << " " << length;
      }
    }
  }
}

TEST(JbcSearch, EndsWhereNumbersEnd) {
  const jbc::Block block{.index = 1, .timestamp = "1", .prev_hash = "", .data = ""};
  const std::uint64_t most = ~std::uint64_t{0};
  EXPECT_EQ(jbc::Search(block, 64).run(most - 1000, 5000), std::nullopt);
  EXPECT_EQ(jbc::Search(block, 0).run(5, 1), 5u);
}

TEST_F(JbcChain, LongestValidChainWins) {
  const auto one = line(first_block(), 3, "one"), two = line(first_block(), 4, "two");
  EXPECT_TRUE(chain->insert_blocks(one).ok());
  EXPECT_EQ(chain->head().header, one.back().header);
  // As long is not longer: the first seen stays, and the other is kept.
  EXPECT_TRUE(chain->insert_blocks(std::span(two).first(3)).ok());
  EXPECT_EQ(chain->head().header, one.back().header);
  EXPECT_TRUE(chain->insert_blocks(two).ok());
  EXPECT_EQ(chain->head().header, two.back().header);
  EXPECT_EQ(chain->head().total_difficulty, U256{5} * jbc::difficulty_of(kZeros));
  chain.reopen();
  EXPECT_EQ(chain->head().header, two.back().header);
  EXPECT_EQ(jbc::from_header(chain->head().header)->data, "two");
}

TEST_F(JbcChain, EveryRuleIsChecked) {
  const auto good = line(first_block(), 2, "good");
  EXPECT_TRUE(chain->insert_blocks(good).ok());
  const jbc::Block parent = last_of(good);

  jbc::Block block = child(parent, "next");
  block.nonce = "0";
  while (jbc::leading_zeros(jbc::compute_hash(block)) >= kZeros) block.nonce += "0";
  EXPECT_EQ(refusal(whole(block)), BlockRule::seal_result);

  block = child(parent, "next");
  block.index = 4;
  EXPECT_EQ(refusal(whole(mined(block))), BlockRule::unknown_parent);
  block.index = 3;
  block.prev_hash = std::string(64, '0');
  EXPECT_EQ(refusal(whole(mined(block))), BlockRule::unknown_parent);
  block = child(parent, "\xff");
  EXPECT_EQ(refusal(whole(block)), BlockRule::jbc_form);
  block = child(parent, "next");
  block.layout = "not a layout";
  EXPECT_EQ(refusal(whole(block)), BlockRule::jbc_form);
  block.layout.clear();
  // The hash is not to blame: it does not bind the layout.
  EXPECT_TRUE(chain->insert_blocks(std::vector{whole(block)}).ok());
}

TEST_F(JbcChain, FieldsThatAJbcHeaderHasNotAreRefused) {
  const Block good = whole(child(first_block(), "good"));
  const auto refused = [&](auto&& change) {
    test::TestChain fresh{jbc_genesis(), &engine};
    const Block bad = sealed(changed(good, change));
    const auto result = fresh->insert_blocks({&bad, 1});
    EXPECT_TRUE(result.bad);
    return result.bad ? result.bad->error.rule : BlockRule::known_bad;
  };
  EXPECT_EQ(refused([](Header& h) { h.difficulty += U256{1}; }), BlockRule::difficulty);
  EXPECT_EQ(refused([](Header& h) { h.gas_limit += 1; }), BlockRule::jbc_form);
  EXPECT_EQ(refused([](Header& h) { h.gas_used = 1; }), BlockRule::jbc_form);
  EXPECT_EQ(refused([](Header& h) { h.beneficiary.bytes[0] = 1; }), BlockRule::jbc_form);
  EXPECT_EQ(refused([](Header& h) { h.mix_hash.bytes[0] = 1; }), BlockRule::jbc_form);
  EXPECT_EQ(refused([](Header& h) { h.logs_bloom.bytes[0] = 1; }), BlockRule::jbc_form);
  EXPECT_EQ(refused([](Header& h) { h.base_fee_per_gas = U256{1}; }), BlockRule::jbc_form);
  EXPECT_EQ(refused([](Header& h) { h.state_root.bytes[0] ^= 1; }), BlockRule::jbc_form);
}

TEST_F(JbcChain, BlockOneNamesBlockZeroByItsText) {
  jbc::Block block = child(first_block(), "next");
  EXPECT_TRUE(chain->insert_blocks(std::vector{whole(block)}).ok());
  test::TestChain other{jbc_genesis(), &engine};
  // The same 32 bytes name block 0, but its text is another.
  block.prev_hash = to_hex(jbc::name_of("no hash"));
  const auto result = other->insert_blocks(std::vector{whole(mined(block))});
  ASSERT_TRUE(result.bad);
  EXPECT_EQ(result.bad->error.rule, BlockRule::not_linked);
}

namespace {
struct MiningJbc {
  JbcEngine engine{JbcParams{kZeros}};
  jbc::Miner miner;
  test::SealingChain mining{jbc_genesis(), engine, miner, options(), 1'700'000'000};

  static SealerOptions options() {
    SealerOptions out;
    out.extra_data_for = [](BlockNum number) { return to_bytes(as_bytes(number == 2 ? "second" : "")); };
    return out;
  }
  jbc::Block block_at(BlockNum number) {
    return *jbc::from_header(*ChainStore(*mining.chain.database).canonical_header(number));
  }
};
}  // namespace

TEST(JbcMiner, MinesOnItsHeadWithTheDataAsked) {
  MiningJbc node;
  ASSERT_TRUE(node.mining.sealer.start(2));  // no account is needed
  ASSERT_TRUE(node.mining.wait_for(4));
  node.mining.sealer.stop();
  EXPECT_EQ(node.block_at(1).data, "I block #1");
  EXPECT_EQ(node.block_at(1).prev_hash, "no hash");
  EXPECT_EQ(node.block_at(2).data, "second");
  EXPECT_EQ(node.block_at(3).timestamp, "1700000000");
  EXPECT_EQ(node.block_at(3).hash, jbc::compute_hash(node.block_at(3)));
}

TEST(JbcMiner, GoesOnWhereAnotherMinersBlockLeads) {
  MiningJbc node;
  ASSERT_TRUE(node.mining.sealer.start(0));  // work is handed out, nobody searches here
  const auto theirs = line(first_block(), 5, "theirs");
  node.mining.strand.submit([&] { node.mining.chain->insert_blocks(theirs); });
  ASSERT_TRUE(node.mining.wait_for(5));
  ASSERT_TRUE(node.mining.sealer.start(1));
  ASSERT_TRUE(node.mining.wait_for(6));
  node.mining.sealer.stop();
  EXPECT_EQ(node.block_at(6).prev_hash, last_of(theirs).hash);
}
