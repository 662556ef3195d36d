// The index of logs says what the receipts of the canonical chain say, whatever way the chain went.
#include <random>

#include "chain_support.hpp"
#include "consensus/txpool.hpp"
#include "log_index_check.hpp"
#include "signed_txn.hpp"
#include "storage/meta.hpp"
#include "storage/rewind.hpp"
#include "storage/state_store.hpp"
#include "storage/verify.hpp"

using namespace quarry;
using test::address_of;
using test::expect_logs_indexed;
using test::indexed_logs;
using test::key_of;
using test::TestChain;

namespace {

constexpr std::uint64_t kChainId = 1999;
constexpr std::uint64_t kSenders = 5;
const Wei kEther{1'000'000'000'000'000'000};

Address contract(std::uint8_t i) {
  Address out;
  out.bytes[18] = 0xcc;
  out.bytes[19] = i;
  return out;
}

/// Two contracts that log 0x77, the caller and the first word of the data.
Genesis logging_genesis() {
  Genesis genesis = test::geth_genesis();
  for (const Fork fork : {Fork::eip150, Fork::byzantium}) genesis.spec.forks[fork] = Activation{};
  genesis.header.gas_limit = 5'000'000;
  for (std::uint64_t i = 1; i <= kSenders; ++i)
    genesis.alloc.push_back({address_of(key_of(i)), kEther, 0, {}, {}});
  for (std::uint8_t i = 0; i < 2; ++i)
    genesis.alloc.push_back({contract(i), {}, 1, *from_hex("60003533607760006000a300"), {}});
  return genesis;
}

struct LoggingChain : TestChain {
  TxPool pool;
  std::mt19937_64 random;

  explicit LoggingChain(std::uint64_t seed)
      : TestChain(logging_genesis()), pool(*database, genesis.spec), random(seed) {
    chain->on_head([this](const HeadEvent& event) { pool.on_head(event); });
  }

  Block mine(std::uint8_t author) {
    const auto state = StateStore(*database).at_head();
    for (std::uint64_t sender = 1; sender <= kSenders; ++sender) {
      if (random() % 2 == 0) continue;
      Transaction txn;
      txn.nonce = state->account(address_of(key_of(sender)))->nonce;
      txn.max_fee_per_gas = txn.max_priority_fee_per_gas = 10;
      txn.gas_limit = 100'000;
      txn.to = contract(random() % 2);
      txn.data = Bytes(32, static_cast<std::uint8_t>(random() % 3));
      // What an abandoned block had may be in the pool again.
      (void)pool.add(test::signed_by(key_of(sender), std::move(txn), kChainId), true);
    }
    CandidateRequest request;
    request.beneficiary.bytes[0] = author;
    request.target_gas_limit = 5'000'000;
    request.pool = &pool;
    clock = chain->head().header->timestamp + 10;
    const auto block = chain->prepare(request);
    EXPECT_TRUE(block);
    EXPECT_TRUE(chain->insert_sealed(*block).ok());
    return *block;
  }
  std::vector<Block> mine(std::uint8_t author, std::size_t count) {
    std::vector<Block> out;
    while (out.size() < count) out.push_back(mine(author));
    return out;
  }
};

void expect_verified(const TestChain& chain) {
  VerifyOptions how{.depth = VerifyDepth::deep};
  how.identity = [](std::string_view) -> Result<HeaderIdentity> { return HeaderIdentity::keccak_rlp; };
  const auto report = verify_database((chain.dir.path() / "db").string(), how);
  ASSERT_TRUE(report) << report.error().what;
  for (const Finding& one : report->findings) ADD_FAILURE() << one.where << ": " << one.what;
}

std::vector<FastBlock> fast_blocks(const TestChain& source, const std::vector<Block>& blocks) {
  std::vector<FastBlock> out;
  for (const Block& block : blocks) {
    const BlockId id{block.header->number, block.header.hash()};
    out.push_back({id, block.body, ChainStore(*source.database).receipts(id).value()});
  }
  return out;
}

}  // namespace

TEST(ChainLogs, TheIndexFollowsImportsAndReorganisations) {
  TestChain target(logging_genesis(), nullptr, 7);
  target.clock += 1'000'000;
  std::vector<Block> shared = LoggingChain(1).mine(1, 20);
  ASSERT_TRUE(target->insert_blocks(shared).ok());
  expect_logs_indexed(*target.database);
  EXPECT_GT(indexed_logs(*target.database).size(), 5U);
  // Branches of other lengths off the first blocks, each longer than the one before.
  for (const std::size_t kept : {15U, 3U, 19U, 0U}) {
    LoggingChain other(100 + kept);
    other.clock = target.clock;
    const auto same = std::span(shared).first(kept);
    if (kept > 0) {
      ASSERT_TRUE(other->insert_blocks(same).ok());
    }
    auto branch = other.mine(2, shared.size() - kept + 5);
    const auto result = target->insert_blocks(branch);
    ASSERT_TRUE(result.ok()) << (result.bad ? result.bad->error.detail : "");
    ASSERT_EQ(target->head().header.hash(), branch.back().header.hash()) << kept;
    expect_logs_indexed(*target.database);
    shared.resize(kept);
    shared.insert(shared.end(), branch.begin(), branch.end());
  }
  target.chain.reset();
  ASSERT_TRUE(rewind_chain(*target.database, 11));
  expect_logs_indexed(*target.database);
  ASSERT_TRUE(rewind_chain(*target.database, 5, true));
  Batch batch;
  ChainWriter(batch).put_meta(meta::kGenesis, as_bytes("the genesis"));
  ASSERT_TRUE(target.database->commit(std::move(batch)));
  target.database.reset();
  expect_verified(target);
  target.reopen();
  // Blocks that stayed are executed again; then others take their place.
  ASSERT_TRUE(target->insert_blocks(shared).ok());
  ASSERT_EQ(target->head().header.hash(), shared.back().header.hash());
  expect_logs_indexed(*target.database);
}

TEST(ChainLogs, ABadBranchLeavesTheIndexAsItWas) {
  LoggingChain one(1), other(2);
  one.mine(1, 6);
  const auto before = indexed_logs(*one.database);
  auto branch = other.mine(2, 7);
  Header wrong = *branch.back().header;
  wrong.state_root.bytes[0] ^= 1;
  branch.back().header = seal_header(wrong, HeaderIdentity::keccak_rlp);
  // Only the last of the branch is heavier, so that all of it is executed at once and dropped.
  one.clock = other.clock + 100;
  const auto result = one->insert_blocks(branch);
  ASSERT_TRUE(result.bad);
  EXPECT_EQ(one->head().header->number, 6U);
  EXPECT_EQ(indexed_logs(*one.database), before);
  one.mine(1, 3);
  expect_logs_indexed(*one.database);
}

TEST(ChainLogs, DownloadedReceiptsAreIndexedWhileTheirBlocksAreCanonical) {
  LoggingChain source(1), other(2);
  const auto blocks = source.mine(1, 12);
  const auto branch = other.mine(2, 15);
  TestChain target(logging_genesis());
  target.clock = std::max(source.clock, other.clock) + 100;
  const auto fast = fast_blocks(source, blocks);
  ASSERT_TRUE(target->insert_headers(test::headers_of(blocks)).ok());
  ASSERT_TRUE(target->insert_fast_blocks(std::span(fast).first(8)).ok());
  expect_logs_indexed(*target.database);
  EXPECT_FALSE(indexed_logs(*target.database).empty());
  // The same blocks are executed, some of which are in the index already, and some not.
  ASSERT_TRUE(target->insert_blocks(std::span(blocks).first(3)).ok());
  expect_logs_indexed(*target.database);
  ASSERT_TRUE(target->insert_blocks(blocks).ok());
  expect_logs_indexed(*target.database);

  TestChain second(logging_genesis());
  second.clock = target.clock;
  ASSERT_TRUE(second->insert_headers(test::headers_of(blocks)).ok());
  ASSERT_TRUE(second->insert_fast_blocks(fast).ok());
  // Headers of a heavier branch take over, then its blocks.
  ASSERT_TRUE(second->insert_headers(test::headers_of(branch)).ok());
  expect_logs_indexed(*second.database);
  EXPECT_TRUE(indexed_logs(*second.database).empty());
  const auto others = fast_blocks(other, branch);
  ASSERT_TRUE(second->insert_fast_blocks(std::span(others).first(4)).ok());
  expect_logs_indexed(*second.database);
  ASSERT_TRUE(second->insert_blocks(branch).ok());
  ASSERT_EQ(second->head().header.hash(), branch.back().header.hash());
  expect_logs_indexed(*second.database);
}
