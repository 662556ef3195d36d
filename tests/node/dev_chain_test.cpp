// The keys and the clock of development chains.
#include "node/dev/dev_chain.hpp"

#include <gtest/gtest.h>

#include <ctime>

#include "core/hex.hpp"
#include "node/dev/dev_changes.hpp"
#include "node/dev/mnemonic.hpp"
#include "node/genesis_json.hpp"
#include "node/options.hpp"

using namespace quarry;

TEST(Mnemonic, GivesTheKeysThatTestToolsPrint) {
  const auto keys = derive_keys(kTestMnemonic, 10);
  EXPECT_EQ(to_hex(keys[0]), "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
  EXPECT_EQ(to_hex(keys[1]), "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d");
  EXPECT_EQ(to_hex(keys[9]), "2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6");
  EXPECT_EQ(address_of(public_key(keys[0])).hex(), "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
}

TEST(DevChain, ItsGenesisIsOneThatAFileCanHold) {
  NodeOptions options;
  options.dev.accounts = 2;
  options.dev.balance = "7";
  const auto genesis = dev_genesis(options, dev_keys(options), 1000);
  ASSERT_TRUE(genesis) << genesis.error().what;
  const auto read = parse_genesis(genesis_to_json(*genesis));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->genesis.spec, genesis->spec);
  EXPECT_EQ(read->genesis.alloc.size(), 2U);
  EXPECT_EQ(read->genesis.alloc[0].balance.to_decimal(), "7000000000000000000");
  EXPECT_TRUE(genesis->spec.forks.rules(0, 1000).has(Fork::osaka));
  options.dev.balance = "much";
  EXPECT_FALSE(dev_genesis(options, dev_keys(options), 1000));
}

TEST(DevChanges, AreReadAsTheyWereWritten) {
  rpc::DevChange change;
  change.account.bytes[3] = 7;
  change.field = rpc::DevChange::Field::slot;
  change.key = U256{5};
  change.value = U256::max();
  change.code = {1, 2, 3};
  const Bytes record = encode_change(change);
  const auto read = decode_change(record);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->account, change.account);
  EXPECT_EQ(read->field, change.field);
  EXPECT_EQ(read->key, change.key);
  EXPECT_EQ(read->value, change.value);
  EXPECT_EQ(read->code, change.code);
  EXPECT_FALSE(decode_change(ByteView(record).first(84)));
  Bytes other = record;
  other[0] = 4;
  EXPECT_FALSE(decode_change(other));
}

TEST(DevClock, StandsStillAndGoesOn) {
  DevClock clock;
  clock.set_next(5000);
  const auto kept = clock.stop_at(70);
  EXPECT_EQ(clock.now(), 70U);
  clock.block_made();
  clock.go_on(kept);
  EXPECT_EQ(clock.now(), 5000U);
}

TEST(DevClock, GoesOnFromWhereItWasSet) {
  DevClock clock;
  const auto system = static_cast<Timestamp>(std::time(nullptr));
  EXPECT_EQ(clock.advance(1000), 1000);
  EXPECT_EQ(clock.advance(500), 1500);
  EXPECT_GE(clock.now(), system + 1500);
  clock.set_next(system + 100'000);
  EXPECT_EQ(clock.now(), system + 100'000);
  clock.block_made();
  EXPECT_GE(clock.now(), system + 100'000 - 1);
  EXPECT_LE(clock.now(), system + 100'000 + 60);
  clock.set_offset(0);
  EXPECT_LE(clock.now(), system + 60);
}
