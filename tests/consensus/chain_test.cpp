// The chain over a real database: imports, branches, restarts.
#include "consensus/chain.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "chain_support.hpp"
#include "consensus/header_rules.hpp"
#include "storage/chain_store.hpp"
#include "storage/state_store.hpp"

using namespace quarry;
using test::BlockMaker;
using test::TestChain;

namespace {
void expect_bad(const ImportResult& result, BlockRule rule, std::size_t index) {
  ASSERT_TRUE(result.bad.has_value());
  EXPECT_EQ(to_string(result.bad->error.rule), to_string(rule)) << result.bad->error.detail;
  EXPECT_EQ(result.bad->index, index);
}

std::vector<SealedHeader> replace(std::vector<SealedHeader> headers, std::size_t at, Header header) {
  headers[at] = seal_header(std::move(header), HeaderIdentity::keccak_rlp);
  return headers;
}

struct Made : ::testing::Test {
  TestChain chain{test::geth_genesis()};
  BlockMaker make{chain.genesis.spec, chain.genesis_header};
  const SealedHeader& genesis() const { return chain.genesis_header; }
};

std::vector<Block> joined(std::vector<Block> a, const std::vector<Block>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
}  // namespace

TEST(RealChains, ImportGethsEmptyBlocksToItsStateRoots) {
  const auto path = test::fixtures_dir() / "geth-1.7.3" / "empty-12.rlp";
  QUARRY_NEEDS_FIXTURE(path);
  const auto blocks = test::read_blocks(path);
  ASSERT_EQ(blocks.size(), 13u);
  ethash::Caches caches;
  EthashEngine engine(caches);
  TestChain chain(test::geth_genesis(), &engine);
  EXPECT_EQ(chain.genesis_header.hash().hex(),
            "0x5e1fc79cb4ffa4739177b5408045cd5d51c6cf766133f23f7cd72ee1f8d790e0");
  const ImportResult result = chain->insert_blocks(blocks);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.inserted, 12u);
  EXPECT_EQ(result.ignored, 1u);  // the genesis
  chain.reopen();
  EXPECT_EQ(chain->head().header.hash(), blocks.back().header.hash());
  EXPECT_EQ(chain->head().total_difficulty, U256{1'707'456});
  // Five ether a block, whoever got them.
  const auto state = StateStore(*chain.database).at_head();
  ASSERT_TRUE(state);
  EXPECT_EQ(state->account(blocks.back().header->beneficiary)->balance, *U256::parse("60000000000000000000"));
  EXPECT_EQ(StateStore(*chain.database).at(7)->account(blocks.back().header->beneficiary)->balance,
            *U256::parse("35000000000000000000"));
}

/// 513 transactions, among them a contract that creates, destructs, logs and fails; every root is checked.
TEST(RealChains, Geth173WithTransactionsAndContracts) {
  const auto path = test::fixtures_dir() / "geth-1.7.3" / "full-360.rlp";
  QUARRY_NEEDS_FIXTURE(path);
  const auto blocks = test::read_blocks(path);
  ASSERT_EQ(blocks.size(), 361u);
  ethash::Caches caches;
  EthashEngine engine(caches);
  TestChain chain(test::geth_genesis(), &engine);
  const ImportResult result = chain->insert_blocks(blocks);
  EXPECT_TRUE(result.ok()) << (result.bad ? result.bad->error.detail : "");
  EXPECT_EQ(result.inserted, 360u);
  chain.reopen();
  EXPECT_EQ(chain->head().header.hash().hex(),
            "0x74e542762c20f24db9941d1d8c9f8456edfcccdff9aef1e2e4d2a2451ba4a019");
  // Receipts are kept as they were checked.
  const ChainStore store(*chain.database);
  for (const Block& block : blocks) {
    const auto receipts = store.receipts({block.header->number, block.header.hash()});
    ASSERT_TRUE(receipts);
    EXPECT_EQ(receipts->empty() ? kEmptyRoot : receipts_root(*receipts), block.header->receipts_root);
  }
}

/// The same with each block alone, and its transactions spoiled in one way each.
TEST(RealChains, InvalidTransactionsAreNamed) {
  const auto path = test::fixtures_dir() / "geth-1.7.3" / "full-360.rlp";
  QUARRY_NEEDS_FIXTURE(path);
  const auto blocks = test::read_blocks(path);
  std::size_t at = 0;
  while (blocks[at].body.transactions.empty()) ++at;
  const auto refuse = [&](auto change, std::string_view why) {
    Block block = blocks[at];
    change(block.body.transactions.front());
    Header header = *block.header;
    header.transactions_root = transactions_root(block.body.transactions);
    block.header = seal_header(header, HeaderIdentity::keccak_rlp);
    TestChain chain(test::geth_genesis());
    ASSERT_TRUE(chain->insert_blocks(std::span(blocks).first(at)).ok());
    const ImportResult result = chain->insert_blocks({&block, 1});
    expect_bad(result, BlockRule::transaction, 0);
    const std::string start =
        "invalid transaction 0 (" + hash_of(block.body.transactions.front()).hex() + "): ";
    EXPECT_EQ(result.bad->error.detail.substr(0, start.size() + why.size()), start + std::string(why));
    EXPECT_EQ(chain->head().header.hash(), blocks[at - 1].header.hash());
  };
  refuse([](Transaction& txn) { txn.r = 0; }, "invalid transaction v, r, s values");
  refuse([](Transaction& txn) { txn.gas_limit = 20999; }, "intrinsic gas too low");
  refuse([](Transaction& txn) { txn.v += 2; }, "invalid");
}

TEST(RealChains, HeadersOfAnotherClientAndEachRuleBroken) {
  const auto path = test::unpacked("ethtest/chain.rlp.xz");
  QUARRY_NEEDS_FIXTURE(path);
  const auto headers = test::headers_of(test::read_blocks(path));
  ASSERT_EQ(headers.size(), 3000u);
  ethash::Caches caches;
  EthashEngine engine(caches);
  TestChain chain(test::ethtest_genesis(), &engine);
  ASSERT_EQ(headers.front()->parent_hash, chain.genesis_header.hash());

  const std::size_t at = 20;
  const auto broken = [&](auto change, BlockRule rule) {
    Header header = *headers[at];
    change(header);
    const auto span = replace(std::vector(headers.begin(), headers.begin() + 40), at, header);
    TestChain fresh(test::ethtest_genesis(), &engine);
    const ImportResult result = fresh->insert_headers(span);
    expect_bad(result, rule, at);
    EXPECT_EQ(result.inserted, at);
    EXPECT_EQ(fresh->header_head().header.hash(), headers[at - 1].hash());
    // It is remembered: its child is refused at once.
    expect_bad(fresh->insert_headers(std::span(span).subspan(at, 1)), BlockRule::known_bad, 0);
  };
  broken([](Header& h) { h.difficulty += 1; }, BlockRule::difficulty);
  broken([](Header& h) { h.mix_hash.bytes[5] ^= 1; }, BlockRule::seal_mix);
  broken([](Header& h) { h.nonce.bytes[7] ^= 1; }, BlockRule::seal_mix);
  broken([](Header& h) { h.state_root.bytes[0] ^= 1; },
         BlockRule::seal_mix);  // anything at all spoils the seal

  const ImportResult result = chain->insert_headers(headers);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.inserted, 3000u);
  EXPECT_EQ(chain->header_head().header.hash(), headers.back().hash());
  EXPECT_EQ(chain->head().header.hash(), chain.genesis_header.hash());
  chain.reopen();
  EXPECT_EQ(chain->header_head().header.hash(), headers.back().hash());
  EXPECT_EQ(chain->insert_headers(headers).ignored, 3000u);
}

TEST_F(Made, EachRuleBrokenInABlock) {
  const auto good = make.line(genesis(), 5);
  const auto broken = [&](auto change, BlockRule rule) {
    TestChain fresh(test::geth_genesis());
    auto blocks = good;
    Header header = *blocks[3].header;
    change(header, blocks[3].body);
    blocks[3].header = seal_header(header, HeaderIdentity::keccak_rlp);
    const ImportResult result = fresh->insert_blocks(std::span(blocks).first(4));
    expect_bad(result, rule, 3);
    EXPECT_EQ(result.inserted, 3u);
    EXPECT_EQ(fresh->head().header.hash(), good[2].header.hash());
    // The chain goes on from there.
    EXPECT_TRUE(fresh->insert_blocks(good).ok());
    EXPECT_EQ(fresh->head().header.hash(), good[4].header.hash());
  };
  broken([](Header& h, Body&) { h.number += 1; }, BlockRule::number);
  broken([](Header& h, Body&) { h.extra_data = Bytes(33); }, BlockRule::extra_data);
  broken([](Header& h, Body&) { h.timestamp = 1; }, BlockRule::timestamp);
  broken([](Header& h, Body&) { h.difficulty += 1; }, BlockRule::difficulty);
  broken([](Header& h, Body&) { h.gas_limit *= 2; }, BlockRule::gas_limit);
  broken([](Header& h, Body&) { h.gas_used = h.gas_limit + 1; }, BlockRule::gas_used_above_limit);
  broken([](Header& h, Body&) { h.base_fee_per_gas = U256{1}; }, BlockRule::base_fee);
  broken([](Header& h, Body&) { h.nonce.bytes[0] = test::UnsealedEngine::kBadNonce; }, BlockRule::seal_mix);
  broken([](Header& h, Body&) { h.ommers_hash.bytes[0] ^= 1; }, BlockRule::ommers_hash);
  broken([](Header& h, Body&) { h.transactions_root.bytes[0] ^= 1; }, BlockRule::transactions_root);
  broken([](Header& h, Body&) { h.gas_used = 21000; }, BlockRule::gas_used);
  broken([](Header& h, Body&) { h.logs_bloom.bytes[9] = 1; }, BlockRule::logs_bloom);
  broken([](Header& h, Body&) { h.receipts_root.bytes[0] ^= 1; }, BlockRule::receipts_root);
  broken([](Header& h, Body&) { h.state_root.bytes[0] ^= 1; }, BlockRule::state_root);
  broken([](Header& h, Body&) { h.parent_hash.bytes[0] ^= 1; }, BlockRule::not_linked);
}

TEST_F(Made, ARightHeaderWithAWrongBodyIsNotHeldAgainstTheBlock) {
  const auto blocks = make.line(genesis(), 2);
  Block wrong = blocks[0];
  wrong.body.transactions.emplace_back();
  expect_bad(chain->insert_blocks({&wrong, 1}), BlockRule::transactions_root, 0);
  EXPECT_TRUE(chain->insert_blocks(blocks).ok());
  EXPECT_EQ(chain->head().header.hash(), blocks[1].header.hash());
}

TEST_F(Made, UnknownParentIsNotImported) {
  const auto blocks = make.line(genesis(), 3);
  expect_bad(chain->insert_blocks(std::span(blocks).subspan(1)), BlockRule::unknown_parent, 0);
  EXPECT_EQ(chain->head().header.hash(), genesis().hash());
  EXPECT_TRUE(chain->insert_blocks(blocks).ok());
}

TEST_F(Made, FutureBlocksAreNeitherBadNorImported) {
  auto blocks = make.line(genesis(), 2);
  chain.clock = blocks[1].header->timestamp - kMostSecondsAhead - 1;
  ImportResult result = chain->insert_blocks(blocks);
  ASSERT_TRUE(result.future.has_value());
  EXPECT_EQ(result.future->index, 1u);
  EXPECT_FALSE(result.bad);
  EXPECT_EQ(chain->head().header.hash(), blocks[0].header.hash());
  chain.clock += 1;
  EXPECT_TRUE(chain->insert_blocks(blocks).ok());
  EXPECT_EQ(chain->head().header.hash(), blocks[1].header.hash());
}

TEST_F(Made, TheHeavierBranchWinsAndOnATieTheFirst) {
  std::vector<HeadEvent> events;
  chain->on_head([&](const HeadEvent& event) { events.push_back(event); });
  const auto a = make.line(genesis(), 3, {.author = 1});
  const auto b = make.line(genesis(), 4, {.author = 2});
  ASSERT_TRUE(chain->insert_blocks(a).ok());
  ASSERT_TRUE(chain->insert_blocks(std::span(b).first(3)).ok());
  EXPECT_EQ(chain->head().header.hash(), a[2].header.hash());  // a tie
  ASSERT_EQ(events.size(), 1u);
  ASSERT_TRUE(chain->insert_blocks(std::span(b).subspan(3)).ok());
  EXPECT_EQ(chain->head().header.hash(), b[3].header.hash());
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].removed_count, 3u);
  EXPECT_EQ(events[1].added_count, 4u);
  EXPECT_EQ(events[1].added.front()->header.hash(), b[0].header.hash());
  EXPECT_EQ(events[1].before.header.hash(), a[2].header.hash());
  for (const Block& block : b) EXPECT_TRUE(chain->is_canonical({block.header->number, block.header.hash()}));
  EXPECT_FALSE(chain->is_canonical({1, a[0].header.hash()}));
  // And back again, after a restart.
  chain.reopen();
  EXPECT_EQ(chain->head().header.hash(), b[3].header.hash());
  ASSERT_TRUE(chain->insert_blocks(make.line(a[2].header, 2, {.author = 1})).ok());
  EXPECT_EQ(chain->head().header->number, 5u);
  EXPECT_TRUE(chain->is_canonical({1, a[0].header.hash()}));
}

TEST_F(Made, AShorterButHeavierBranchLeavesNothingAboveItCanonical) {
  // Slow blocks lower the difficulty, quick ones raise it: with enough difficulty to lose, nine slow blocks
  // weigh less than eight quick ones.
  Genesis heavy = test::geth_genesis();
  heavy.header.difficulty = U256{1} << 30;
  TestChain fresh(heavy);
  BlockMaker maker(heavy.spec, fresh.genesis_header);
  const auto slow = maker.line(fresh.genesis_header, 9, {.seconds = 900});
  const auto quick = maker.line(fresh.genesis_header, 8, {.author = 2, .seconds = 1});
  ASSERT_TRUE(fresh->insert_blocks(slow).ok());
  // The slow branch is nine blocks long, yet some prefix of the quick one outweighs it only at its end.
  ASSERT_TRUE(
      fresh->insert_blocks(joined(quick, maker.line(quick.back().header, 1, {.author = 2, .seconds = 1})))
          .ok());
  EXPECT_EQ(fresh->head().header->beneficiary.bytes[0], 2);
  const auto top = fresh->head().header->number;
  EXPECT_FALSE(ChainStore(*fresh.database).canonical_hash(top + 1));
  EXPECT_EQ(fresh->header_head().header.hash(), fresh->head().header.hash());
}

TEST_F(Made, ABadBlockOnAHeavierBranchLeavesTheOldHead) {
  const auto a = make.line(genesis(), 3, {.author = 1});
  auto b = make.line(genesis(), 5, {.author = 2});
  // Its wrong root shows only when the branch is executed.
  Header wrong = *b[1].header;
  wrong.state_root.bytes[3] ^= 1;
  b[1].header = seal_header(wrong, HeaderIdentity::keccak_rlp);
  for (std::size_t i = 2; i < b.size(); ++i) {
    Header next = *b[i].header;
    next.parent_hash = b[i - 1].header.hash();
    b[i].header = seal_header(next, HeaderIdentity::keccak_rlp);
  }
  ASSERT_TRUE(chain->insert_blocks(a).ok());
  const ImportResult result = chain->insert_blocks(b);
  expect_bad(result, BlockRule::state_root, 3);
  EXPECT_EQ(result.bad->id.hash, b[1].header.hash());
  EXPECT_EQ(chain->head().header.hash(), a[2].header.hash());
  expect_bad(chain->insert_blocks(std::span(b).subspan(4)), BlockRule::known_bad, 0);
  const auto more = make.line(a[2].header, 2);
  EXPECT_TRUE(chain->insert_blocks(more).ok());
  EXPECT_EQ(chain->head().header.hash(), more[1].header.hash());
}

TEST_F(Made, KnownBlocksAreIgnored) {
  const auto a = make.line(genesis(), 3, {.author = 1});
  const auto b = make.line(genesis(), 2, {.author = 2});
  ASSERT_TRUE(chain->insert_blocks(a).ok());
  ASSERT_TRUE(chain->insert_blocks(b).ok());
  for (const auto& span : {a, b}) {
    const ImportResult again = chain->insert_blocks(span);
    EXPECT_TRUE(again.ok());
    EXPECT_EQ(again.inserted, 0u);
    EXPECT_EQ(again.ignored, span.size());
  }
  EXPECT_TRUE(chain->insert_blocks({}).ok());
}

TEST_F(Made, ManyBlocksGoIntoOneBatchAndEachBatchHasItsHead) {
  TestChain small(test::geth_genesis(), nullptr, 16);
  std::vector<BlockNum> heads;
  small->on_head([&](const HeadEvent& event) {
    heads.push_back(event.after.header->number);
    // What is committed agrees with itself at every head.
    const auto stored = ChainStore(*small.database).heads();
    EXPECT_EQ(stored.block, event.after.id());
    EXPECT_EQ(StateStore(*small.database).head(),
              (StateHead{event.after.header->number, event.after.header->state_root}));
  });
  const auto blocks = make.line(genesis(), 40);
  ASSERT_TRUE(small->insert_blocks(blocks).ok());
  EXPECT_EQ(heads, (std::vector<BlockNum>{16, 32, 40}));
}

TEST_F(Made, OmmersArePaidAndPicked) {
  const auto a = make.line(genesis(), 3, {.author = 1});
  const Block side = make.child(a[1].header, {.author = 2});
  ASSERT_TRUE(chain->insert_blocks(a).ok());
  ASSERT_TRUE(chain->insert_blocks({&side, 1}).ok());
  CandidateRequest request;
  request.beneficiary.bytes[0] = 3;
  request.target_gas_limit = 4'712'388;
  auto candidate = chain->prepare(request);
  ASSERT_TRUE(candidate);
  ASSERT_EQ(candidate->body.ommers.size(), 1u);
  EXPECT_EQ(candidate->body.ommers[0].hash(), side.header.hash());
  ASSERT_TRUE(chain->insert_sealed(*candidate).ok());
  const auto state = StateStore(*chain.database).at_head();
  const auto balance = [&](std::uint8_t author) {
    Address address;
    address.bytes[0] = author;
    return state->account(address)->balance;
  };
  EXPECT_EQ(balance(2), *U256::parse("4375000000000000000"));  // 7/8 of 5 ether
  EXPECT_EQ(balance(3), *U256::parse("5156250000000000000"));  // 33/32
  candidate = chain->prepare(request);
  ASSERT_TRUE(candidate);
  EXPECT_TRUE(candidate->body.ommers.empty());               // it has been named
  EXPECT_EQ(candidate->header->timestamp, chain.clock + 1);  // after its parent's
}

TEST_F(Made, HeadersAheadOfBlocks) {
  const auto blocks = make.line(genesis(), 30);
  const auto headers = test::headers_of(blocks);
  ASSERT_TRUE(chain->insert_headers(headers).ok());
  EXPECT_EQ(chain->header_head().header->number, 30u);
  EXPECT_EQ(chain->head().header->number, 0u);
  // A heavier branch of headers takes over above the head block.
  const auto other = test::headers_of(make.line(headers[9], 25, {.author = 2}));
  ASSERT_TRUE(chain->insert_headers(other).ok());
  EXPECT_EQ(chain->header_head().header.hash(), other.back().hash());
  EXPECT_TRUE(chain->is_canonical({11, other[0].hash()}));
  // Blocks of the first branch are executed all the same, and then the index is theirs.
  ASSERT_TRUE(chain->insert_blocks(blocks).ok());
  EXPECT_EQ(chain->head().header.hash(), blocks.back().header.hash());
  EXPECT_TRUE(chain->is_canonical({11, blocks[10].header.hash()}));
  EXPECT_EQ(chain->header_head().header.hash(), blocks.back().header.hash());
  EXPECT_FALSE(ChainStore(*chain.database).canonical_hash(31));
  // Headers that leave the chain below the head block wait for their bodies.
  const auto low = test::headers_of(make.line(headers[4], 40, {.author = 3}));
  ASSERT_TRUE(chain->insert_headers(low).ok());
  EXPECT_EQ(chain->header_head().header.hash(), blocks.back().header.hash());
  EXPECT_TRUE(chain->is_canonical({6, blocks[5].header.hash()}));
}

TEST_F(Made, FastBlocksAreCheckedAgainstTheirHeaders) {
  const auto blocks = make.line(genesis(), 5);
  ASSERT_TRUE(chain->insert_headers(test::headers_of(blocks)).ok());
  std::vector<FastBlock> fast;
  for (const Block& block : blocks)
    fast.push_back({{block.header->number, block.header.hash()}, block.body, {}});
  auto wrong = fast;
  wrong[3].body = Body{.transactions = {}, .ommers = {blocks[0].header}, .withdrawals = {}};
  const ImportResult refused = chain->insert_fast_blocks(wrong);
  expect_bad(refused, BlockRule::ommers_hash, 3);
  EXPECT_EQ(refused.inserted, 3u);
  wrong = fast;
  wrong[4].receipts = std::vector<Receipt>{{}};
  expect_bad(chain->insert_fast_blocks(wrong), BlockRule::receipts_root, 4);
  const ImportResult result = chain->insert_fast_blocks(fast);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.inserted, 1u);
  EXPECT_EQ(result.ignored, 4u);
  EXPECT_EQ(ChainStore(*chain.database).heads().fast_block.number, 5u);
  EXPECT_EQ(chain->head().header->number, 0u);
  // The state is not the pivot's: it does not become the head.
  EXPECT_FALSE(chain->finish_fast_sync(fast[4].id));
  EXPECT_EQ(chain->head().header->number, 0u);
}

TEST_F(Made, OpenNeedsAGenesis) {
  test::TempDir empty;
  DatabaseOptions options;
  options.path = (empty.path() / "db").string();
  auto database = Database::open(options);
  ASSERT_TRUE(database);
  EXPECT_FALSE(Chain::open(**database, chain.genesis.spec, chain.engine, chain.workers));
}

/// A process is killed without warning in the middle of an import; what it had told of is there.
TEST(Killed, TheChainOpensAtTheLastCommittedHead) {
  const Genesis genesis = test::geth_genesis();
  const SealedHeader first = genesis_block(genesis);
  BlockMaker make(genesis.spec, first);
  const auto blocks = make.line(first, 200);
  test::TempDir dir;
  const std::string path = (dir.path() / "db").string();
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    test::UnsealedEngine engine;
    WorkerPool workers("workers", 1, 64);
    auto database = Database::open({.path = path}).value();
    if (!init_genesis(*database, genesis)) _exit(1);
    auto chain = Chain::open(*database, genesis.spec, engine, workers,
                             {.now = [] { return Timestamp{2'000'000'000}; }, .most_batch_blocks = 7})
                     .value();
    chain->on_head([&](const HeadEvent& event) {
      const std::uint64_t number = event.after.header->number;
      if (write(told[1], &number, sizeof number) != sizeof number || number >= 98) kill(getpid(), SIGKILL);
    });
    chain->insert_blocks(blocks);
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  close(told[1]);
  std::uint64_t last = 0;
  for (std::uint64_t number; read(told[0], &number, sizeof number) == sizeof number;) last = number;
  close(told[0]);
  ASSERT_EQ(last, 98u);

  test::UnsealedEngine engine;
  WorkerPool workers("workers", 1, 64);
  auto database = Database::open({.path = path}).value();
  auto chain = Chain::open(*database, genesis.spec, engine, workers, {.now = [] {
                 return Timestamp{2'000'000'000};
               }}).value();
  EXPECT_EQ(chain->head().header.hash(), blocks[97].header.hash());
  const ImportResult rest = chain->insert_blocks(blocks);
  EXPECT_TRUE(rest.ok());
  EXPECT_EQ(rest.ignored, 98u);
  EXPECT_EQ(chain->head().header.hash(), blocks.back().header.hash());
}

/// Random trees, inserted in random orders that keep parents before children: whatever the order, the head is
/// a heaviest tip, the state is that head's, and a restart changes nothing.
TEST(Property, AnyOrderOfInsertionGivesAHeaviestHeadAndItsState) {
  for (const unsigned seed : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u}) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto pick = [&](std::size_t below) {
      return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
    };
    Genesis genesis = test::geth_genesis();
    genesis.header.difficulty = 10'000'000;
    BlockMaker make(genesis.spec, genesis_block(genesis));
    struct Node {
      Block block;
      TotalDifficulty total;
      std::size_t parent;
    };
    std::vector<Node> tree{{Block{genesis_block(genesis), {}}, genesis.header.difficulty, 0}};
    while (tree.size() < 40) {
      // Mostly near the tips, so that branches grow long enough to take over.
      const std::size_t parent = tree.size() - 1 - pick(std::min<std::size_t>(tree.size(), 6));
      const Block block =
          make.child(tree[parent].block.header,
                     {.author = static_cast<std::uint8_t>(1 + pick(200)), .seconds = 1 + 10 * pick(5)});
      tree.push_back({block, tree[parent].total + block.header->difficulty, parent});
    }
    TotalDifficulty best;
    for (const Node& node : tree) best = std::max(best, node.total);

    for (int order = 0; order < 3; ++order) {
      TestChain chain(genesis);
      std::vector<bool> in(tree.size());
      in[0] = true;
      for (std::size_t count = 1; count < tree.size();) {
        const std::size_t i = pick(tree.size());
        if (in[i] || !in[tree[i].parent]) continue;
        ASSERT_TRUE(chain->insert_blocks({&tree[i].block, 1}).ok());
        in[i] = true;
        if (++count == 20) chain.reopen();
      }
      EXPECT_EQ(chain->head().total_difficulty, best);
      chain.reopen();
      const ChainHead head = chain->head();
      EXPECT_EQ(head.total_difficulty, best);
      EXPECT_EQ(StateStore(*chain.database).head(),
                (StateHead{head.header->number, head.header->state_root}));
      const ChainStore store(*chain.database);
      BlockId at = head.id();
      for (; at.number > 0; at = {at.number - 1, store.header(at)->value().parent_hash})
        EXPECT_EQ(store.canonical_hash(at.number), at.hash);
      EXPECT_EQ(at.hash, chain.genesis_header.hash());
      EXPECT_FALSE(store.canonical_hash(head.header->number + 1));
    }
  }
}
