// Ommers: whose line, how far back, how often; and what they pay.
#include "consensus/body_rules.hpp"

#include "chain_support.hpp"
#include "consensus/rewards.hpp"

using namespace quarry;
using test::BlockMaker;

namespace {
struct Blocks final : Ancestry {
  std::map<BlockHash, Block> known;
  void add(const Block& block) { known[block.header.hash()] = block; }
  std::optional<Ancestor> ancestor(const BlockId& id) const override {
    const auto found = known.find(id.hash);
    if (found == known.end()) return std::nullopt;
    return Ancestor{found->second.header, found->second.body.ommers};
  }
};

struct Ommers : ::testing::Test {
  Genesis genesis = test::geth_genesis();
  SealedHeader first = genesis_block(genesis);
  BlockMaker make{genesis.spec, first};
  test::UnsealedEngine engine;
  Blocks chain;
  std::vector<Block> main = make.line(first, 9);

  void SetUp() override {
    chain.add(Block{first, {}});
    for (const Block& block : main) chain.add(block);
  }
  const SealedHeader& at(BlockNum number) { return number == 0 ? first : main[number - 1].header; }
  /// A sibling of main block `number`.
  SealedHeader side(BlockNum number, std::uint8_t author = 9) {
    return make.child(at(number - 1), {.author = author}).header;
  }
  /// What is said of a child of main block `parent` with these ommers.
  Verdict with(BlockNum parent, std::vector<SealedHeader> ommers) {
    return check_ommers(genesis.spec, engine, make.child(at(parent), {.ommers = std::move(ommers)}), chain);
  }
  void expect(BlockRule rule, const Verdict& verdict) {
    ASSERT_TRUE(verdict.has_value());
    EXPECT_EQ(to_string(verdict->rule), to_string(rule)) << verdict->detail;
  }
};
}  // namespace

TEST_F(Ommers, OfSixGenerations) {
  EXPECT_FALSE(with(9, {side(9)}));
  EXPECT_FALSE(with(9, {side(4)}));  // block 10, its parent is 3: seven back
  expect(BlockRule::ommer_parent, with(9, {side(3)}));
  expect(BlockRule::ommer_parent,
         with(9, {make.child(at(9), {.author = 9}).header}));  // a sibling of the block
  EXPECT_FALSE(with(1, {side(1)}));                            // near the genesis
}

TEST_F(Ommers, TwoAtMost) {
  EXPECT_FALSE(with(9, {side(9, 7), side(9, 8)}));
  expect(BlockRule::ommer_count, with(9, {side(9, 7), side(9, 8), side(9, 6)}));
}

TEST_F(Ommers, EachOnce) {
  expect(BlockRule::ommer_repeated, with(9, {side(9), side(9)}));
  const SealedHeader ommer = side(8);
  const Block nephew = make.child(at(8), {.ommers = {ommer}});
  chain.add(nephew);
  expect(BlockRule::ommer_repeated,
         check_ommers(genesis.spec, engine, make.child(nephew.header, {.ommers = {ommer}}), chain));
}

TEST_F(Ommers, NoAncestors) {
  expect(BlockRule::ommer_is_ancestor, with(9, {at(9)}));
  expect(BlockRule::ommer_is_ancestor, with(9, {at(6)}));
}

TEST_F(Ommers, ParentOnTheChain) {
  const SealedHeader uncle = side(7);
  const Block cousin = make.child(uncle);
  expect(BlockRule::ommer_parent, with(9, {cousin.header}));
}

TEST_F(Ommers, HeadersAndSealsAreChecked) {
  Header bad = *side(9);
  bad.difficulty += 1;
  expect(BlockRule::ommer_header, with(9, {seal_header(bad, HeaderIdentity::keccak_rlp)}));
  expect(BlockRule::ommer_header,
         with(9, {make.child(at(8), {.author = 9, .nonce = test::UnsealedEngine::kBadNonce}).header}));
}

TEST_F(Ommers, BodyMustBeTheHeaders) {
  Block block = make.child(at(9), {.ommers = {side(9)}});
  EXPECT_FALSE(check_body_roots(*block.header, block.body));
  block.body.ommers.clear();
  expect(BlockRule::ommers_hash, check_body_roots(*block.header, block.body));
  block = make.child(at(9));
  block.body.transactions.emplace_back();
  expect(BlockRule::transactions_root, check_body_roots(*block.header, block.body));
  block.body.transactions.clear();
  block.body.withdrawals.emplace();
  expect(BlockRule::withdrawals, check_body_roots(*block.header, block.body));
}

TEST_F(Ommers, Rewards) {
  struct Era {
    std::initializer_list<Fork> forks;
    std::uint64_t ether;
  };
  for (const auto& [forks, ether] :
       {Era{{}, 5}, Era{{Fork::byzantium}, 3}, Era{{Fork::byzantium, Fork::constantinople}, 2}}) {
    Rules rules;
    for (const Fork fork : forks) rules.set(fork);
    const Block block = make.child(at(9), {.author = 1, .ommers = {side(9, 2), side(4, 3)}});
    const auto paid = ethash_rewards(*block.header, block.body.ommers, rules);
    std::map<Address, Wei> balances;
    for (const Reward& reward : paid) balances[reward.to] += reward.amount;
    const auto balance = [&](std::uint8_t author) {
      Address address;
      address.bytes[0] = author;
      return balances.at(address);
    };
    const std::uint64_t finney = ether * 1'000'000'000'000'000;  // a thousandth of the reward
    EXPECT_EQ(balance(1), U256{finney * 1000 + 2 * (finney * 1000 / 32)});
    EXPECT_EQ(balance(2), U256{finney * 875});
    EXPECT_EQ(balance(3), U256{finney * 250});
    EXPECT_EQ(paid.size(), 3u);
  }
}

/// EIP-7934: 10 MiB less a margin of 2 MiB.
TEST_F(Ommers, ABlockHasEightMebibytesOfRlpAtMost) {
  Block block = make.child(at(9));
  Transaction& txn = block.body.transactions.emplace_back();
  txn.to = Address{};
  constexpr std::size_t kMost = 8'388'608;
  txn.data.resize(kMost - 2000, 0xff);
  txn.data.resize(txn.data.size() + kMost - encode_block(block).size(), 0xff);
  ASSERT_EQ(encode_block(block).size(), kMost);
  EXPECT_FALSE(check_block_size(block));
  txn.data.push_back(0xff);
  expect(BlockRule::block_size, check_block_size(block));
}
