// Each header rule, broken one at a time.
#include "consensus/header_rules.hpp"

#include "chain_support.hpp"
#include "consensus/base_fee.hpp"

using namespace quarry;

namespace {
struct HeaderRules : ::testing::Test {
  test::UnsealedEngine engine;
  ChainSpec spec = test::spec_with({Fork::homestead, Fork::byzantium});
  Header parent, header;
  Timestamp now = 10'000;

  void SetUp() override {
    parent.number = 7;
    parent.timestamp = 1000;
    parent.difficulty = 1'000'000;
    parent.gas_limit = 4'000'000;
    parent.ommers_hash = kEmptyOmmersHash;
    header.number = 8;
    header.timestamp = 1010;
    header.gas_limit = parent.gas_limit;
    fix_difficulty();
  }
  Rules rules() const { return spec.forks.rules(header.number, header.timestamp); }
  void fix_difficulty() { header.difficulty = engine.next_difficulty(parent, header.timestamp, rules()); }
  Verdict check() const { return check_header_rules({spec, engine, header, parent, rules(), now}); }
  void expect(BlockRule rule) const {
    const Verdict verdict = check();
    ASSERT_TRUE(verdict.has_value());
    EXPECT_EQ(to_string(verdict->rule), to_string(rule)) << verdict->detail;
  }
};
}  // namespace

TEST_F(HeaderRules, PassWhenAllIsRight) {
  const Verdict verdict = check();
  EXPECT_FALSE(verdict) << verdict->detail;
}

TEST_F(HeaderRules, Number) {
  header.number = 9;
  expect(BlockRule::number);
  header.number = 7;
  expect(BlockRule::number);
  parent.number = ~BlockNum{0};
  header.number = 0;
  expect(BlockRule::number);
}

TEST_F(HeaderRules, ExtraData) {
  header.extra_data = Bytes(32);
  EXPECT_FALSE(check());
  header.extra_data = Bytes(33);
  expect(BlockRule::extra_data);
}

TEST_F(HeaderRules, Timestamp) {
  header.timestamp = parent.timestamp;
  expect(BlockRule::timestamp);
  header.timestamp = parent.timestamp - 1;
  expect(BlockRule::timestamp);
}

TEST_F(HeaderRules, TheFutureIsAnOutcomeOfItsOwn) {
  header.timestamp = now + kMostSecondsAhead;
  fix_difficulty();
  EXPECT_FALSE(check());
  header.timestamp = now + kMostSecondsAhead + 5;
  fix_difficulty();
  expect(BlockRule::future_time);
  EXPECT_EQ(check()->detail,
            "block in the future: its time is 10020, ours 10000 (+20 s); check the clock of this machine or "
            "of the peer");
  header.timestamp = ~Timestamp{0};
  fix_difficulty();
  expect(BlockRule::future_time);
  // What is wrong anyhow is not held for later.
  header.difficulty += 1;
  expect(BlockRule::difficulty);
}

TEST_F(HeaderRules, Difficulty) {
  header.difficulty += 1;
  expect(BlockRule::difficulty);
}

TEST_F(HeaderRules, GasLimit) {
  const Gas bound = parent.gas_limit / 1024;
  header.gas_limit = parent.gas_limit + bound - 1;
  EXPECT_FALSE(check());
  header.gas_limit = parent.gas_limit + bound;
  expect(BlockRule::gas_limit);
  header.gas_limit = parent.gas_limit - bound + 1;
  EXPECT_FALSE(check());
  header.gas_limit = parent.gas_limit - bound;
  expect(BlockRule::gas_limit);
  parent.gas_limit = 5000;
  header.gas_limit = 5000;
  EXPECT_FALSE(check());
  header.gas_limit = 4999;
  expect(BlockRule::gas_limit);
  parent.gas_limit = header.gas_limit = kMaximumGasLimit;
  EXPECT_FALSE(check());
  header.gas_limit = kMaximumGasLimit + 1;
  expect(BlockRule::gas_limit);
}

TEST_F(HeaderRules, GasUsed) {
  header.gas_used = header.gas_limit;
  EXPECT_FALSE(check());
  header.gas_used = header.gas_limit + 1;
  expect(BlockRule::gas_used_above_limit);
}

TEST_F(HeaderRules, BaseFeeExactlyFromLondonOn) {
  header.base_fee_per_gas = U256{kInitialBaseFee};
  expect(BlockRule::base_fee);
  spec.forks[Fork::london] = Activation{Activation::By::block, 8};
  header.gas_limit = parent.gas_limit * 2;
  fix_difficulty();
  EXPECT_FALSE(check());
  header.base_fee_per_gas = U256{kInitialBaseFee + 1};
  expect(BlockRule::base_fee);
  header.base_fee_per_gas.reset();
  expect(BlockRule::base_fee);
  header.base_fee_per_gas = U256{kInitialBaseFee};
  header.gas_limit = parent.gas_limit;  // London's first block is measured against twice the limit
  expect(BlockRule::gas_limit);
}

TEST_F(HeaderRules, NoFieldsOfForksThatProofOfWorkNeverSaw) {
  header.withdrawals_root = kEmptyRoot;
  expect(BlockRule::fork_fields);
}

TEST_F(HeaderRules, DaoMarker) {
  spec.forks[Fork::dao] = Activation{Activation::By::block, 8};
  spec.dao_fork_support = true;
  expect(BlockRule::dao_extra_data);
  header.extra_data = to_bytes(as_bytes(kDaoMarker));
  EXPECT_FALSE(check());
  spec.dao_fork_support = false;
  expect(BlockRule::dao_extra_data);
  header.extra_data.clear();
  EXPECT_FALSE(check());
  spec.dao_fork_support = true;
  parent.number = 17;
  header.number = 18;  // ten blocks carry it
  EXPECT_FALSE(check());
  parent.number = 16;
  header.number = 17;
  expect(BlockRule::dao_extra_data);
}
