/// A chain that begins with proof of work, merges, and goes through every fork to Osaka.
#include <gtest/gtest.h>

#include "consensus/validate.hpp"
#include "fixtures.hpp"
#include "node/chain_file.hpp"
#include "node/genesis_json.hpp"
#include "node/local_chain.hpp"
#include "node/options.hpp"
#include "node/stored_genesis.hpp"
#include "storage/state_store.hpp"

using namespace quarry;

namespace {
class MergedChain : public testing::Test {
 protected:
  void SetUp() override {
    const auto folder = test::unpacked("rpc-compat.tar.xz") / "rpc-compat";
    QUARRY_NEEDS_FIXTURE(folder);
    auto file = read_genesis_file(folder / "genesis.json");
    ASSERT_TRUE(file) << file.error().what;
    EXPECT_TRUE(file->warnings.empty()) << file->warnings.front();
    genesis = file->genesis;
    const Bytes bytes = test::read_file(folder / "chain.rlp");
    rlp::Reader reader(bytes);
    while (!reader.at_end()) blocks.push_back(read_block(reader, HeaderIdentity::keccak_rlp).value());
    options.cache_mb = 16;
    std::filesystem::create_directories(paths.quarry);
    {
      auto database = Database::open({.path = paths.chaindata.string()});
      ASSERT_TRUE(setup_genesis(**database, genesis));
    }
    auto opened = open_local_chain(paths, options, workers, SealPolicy::none_if_merging);
    ASSERT_TRUE(opened) << opened.error().what;
    local.emplace(std::move(*opened));
  }
  void TearDown() override { local.reset(); }

  /// Block `number` with one thing changed; its parent is the head.
  void refuse(BlockNum number, BlockRule rule, const std::function<void(Header&, Body&)>& change) {
    Block block = at(number);
    Header header = *block.header;
    change(header, block.body);
    block.header = seal_header(header, HeaderIdentity::keccak_rlp);
    const ImportResult result = local->chain->insert_blocks({&block, 1});
    ASSERT_TRUE(result.bad) << "block " << number << " passes";
    EXPECT_EQ(to_string(result.bad->error.rule), to_string(rule)) << result.bad->error.detail;
    EXPECT_EQ(local->chain->head().header->number, number - 1);
  }
  const Block& at(BlockNum number) const { return blocks[number - blocks.front().header->number]; }
  void import_below(BlockNum number) {
    const std::size_t count = number - blocks.front().header->number;
    const ImportResult result = local->chain->insert_blocks(std::span(blocks).first(count));
    ASSERT_TRUE(result.ok()) << (result.bad ? result.bad->error.detail : "");
  }

  test::TempDir folder_;
  DataDirPaths paths{folder_.path()};
  NodeOptions options;
  WorkerPool workers{"test", 2, 1024};
  Genesis genesis;
  std::vector<Block> blocks;
  std::optional<LocalChain> local;
};

constexpr BlockNum kMerge = 36;
}  // namespace

TEST_F(MergedChain, ImportsToItsHead) {
  const ImportResult result = local->chain->insert_blocks(blocks);
  ASSERT_TRUE(result.ok()) << (result.bad ? result.bad->error.detail : "");
  EXPECT_EQ(local->chain->head().header.hash().hex(),
            "0xd226371d0b1551adb03fb52b71f08e3e11247fe9b1af994768af8cdaa8e7dcd7");
  // From the merge on total difficulty stands still.
  EXPECT_EQ(local->chain->head().total_difficulty, *genesis.spec.terminal_total_difficulty);
  EXPECT_TRUE(at(kMerge).header->difficulty.is_zero());
  EXPECT_FALSE(at(kMerge - 1).header->difficulty.is_zero());
  const auto candidate = local->chain->prepare({.beneficiary = {}, .extra_data = {}});
  ASSERT_FALSE(candidate);
  EXPECT_NE(candidate.error().what.find("terminal total difficulty"), std::string::npos);
}

/// From the network blocks of proof of work need their seals, also on a chain that merges.
TEST_F(MergedChain, SealsAreCheckedButForImports) {
  local.reset();
  local.emplace(open_local_chain(paths, options, workers).value());
  const ImportResult result = local->chain->insert_blocks(blocks);
  ASSERT_TRUE(result.bad);
  EXPECT_EQ(result.bad->error.rule, BlockRule::seal_mix);
  EXPECT_EQ(result.bad->index, 0u);
}

TEST_F(MergedChain, RefusesWhatBelongsToTheOtherSide) {
  import_below(kMerge);
  refuse(kMerge, BlockRule::difficulty, [](Header& header, Body&) { header.difficulty = 0x20000; });
  refuse(kMerge, BlockRule::proof_of_work_fields, [](Header& h, Body&) { h.nonce.bytes[7] = 1; });
  refuse(kMerge, BlockRule::proof_of_work_fields, [&](Header& header, Body& body) {
    body.ommers.push_back(at(kMerge - 2).header);
    header.ommers_hash = ommers_hash(body.ommers);
  });
  refuse(kMerge, BlockRule::fork_fields, [](Header& h, Body&) { h.withdrawals_root = kEmptyRoot; });
  ASSERT_TRUE(local->chain->insert_blocks({&at(kMerge), 1}).ok());
}

TEST_F(MergedChain, NoBlockAfterTheMergeComesBeforeIt) {
  import_below(kMerge - 1);
  refuse(kMerge - 1, BlockRule::difficulty, [](Header& header, Body&) { header.difficulty = 0; });
}

TEST_F(MergedChain, FieldsOfLaterForksAreChecked) {
  const BlockNum last = blocks.back().header->number;
  import_below(last);
  refuse(last, BlockRule::fork_fields, [](Header& h, Body&) { h.requests_hash.reset(); });
  refuse(last, BlockRule::excess_blob_gas, [](Header& h, Body&) { *h.excess_blob_gas += 1; });
  refuse(last, BlockRule::blob_gas_used, [](Header& h, Body&) { *h.blob_gas_used += 1 << 17; });
  refuse(last, BlockRule::blob_gas_used, [](Header& h, Body&) { *h.blob_gas_used = 22 << 17; });
  refuse(last, BlockRule::requests_hash, [](Header& h, Body&) { h.requests_hash->bytes[0] ^= 1; });
  // The beacon root goes into the state.
  refuse(last, BlockRule::state_root, [](Header& h, Body&) { h.parent_beacon_block_root->bytes[0] ^= 1; });
  refuse(last, BlockRule::withdrawals, [](Header&, Body& body) {
    body.withdrawals->push_back({1, 1, {}, 1});
  });
  ASSERT_TRUE(local->chain->insert_blocks({&at(last), 1}).ok());
}
