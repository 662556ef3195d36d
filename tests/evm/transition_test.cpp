// Whole transactions: what holds before, around and after the machine's run.
#include "evm/transition.hpp"

#include <gtest/gtest.h>

#include "machine.hpp"
#include "signed_txn.hpp"

namespace quarry::evm {
namespace {
using quarry::test::key_of;
using test::hex;
using test::MapState;

const PrivateKey kAlice = key_of(1), kBob = key_of(2);

Address who(const PrivateKey& key) {
  return quarry::test::address_of(key);
}

/// `key` asks to run the code at `address` (EIP-7702).
Authorization authorization(const PrivateKey& key, std::uint64_t nonce, const Address& address,
                            const U256& chain_id = U256{1337}) {
  Authorization out{chain_id, address, nonce, 0, {}, {}};
  rlp::Writer writer;
  const auto list = writer.begin_list();
  writer.write(out.chain_id).write(out.address).write(out.nonce).end_list(list);
  Bytes signed_part{0x05};
  append(signed_part, writer.bytes());
  const RecoverableSignature signature = sign(key, keccak256(signed_part));
  const ByteView bytes = signature.bytes;
  out.r = U256::from_be(bytes.first(32));
  out.s = U256::from_be(bytes.subspan(32, 32));
  out.y_parity = signature.bytes[64];
  return out;
}

Bytes designator(const Address& address) {
  Bytes out{0xef, 0x01, 0x00};
  append(out, address);
  return out;
}

/// Transactions of Alice's, one after the other in one block.
struct Block {
  MapState state;
  BlockEnv env;
  CodeCache codes;
  Journal journal;

  explicit Block(Fork last = Fork::osaka, MapState before = {})
      : state(std::move(before)), journal(state, test::rules_to(last), codes) {
    env.rules = test::rules_to(last);
    env.number = 300;
    env.gas_limit = 100'000'000;
    env.chain_id = 1337;
    env.beneficiary = test::address_of(9);
    env.most_blobs = 6;
  }
  static MapState rich_alice() {
    MapState state;
    state.accounts[who(kAlice)].balance = U256{1'000'000'000'000'000'000};
    return state;
  }

  Expected<TxnOutcome, TxnError> run(Transaction txn) {
    txn.nonce = journal.account(who(kAlice)).nonce;
    txn.max_fee_per_gas = txn.max_priority_fee_per_gas = 1;
    txn = quarry::test::signed_by(kAlice, std::move(txn), 1337);
    return execute_transaction(journal, env, txn, who(kAlice), env.gas_limit);
  }
  Expected<TxnOutcome, TxnError> delegate(std::vector<Authorization> list, const Address& to = {}) {
    Transaction txn;
    txn.type = TxnType::set_code;
    txn.to = to;
    txn.gas_limit = 1'000'000;
    txn.authorizations = std::move(list);
    return run(std::move(txn));
  }
  Bytes code(const PrivateKey& key) { return to_bytes(journal.code_bytes(journal.account(who(key)))); }
  std::uint64_t nonce(const PrivateKey& key) { return journal.account(who(key)).nonce; }
};

constexpr Gas kTxnGas = 21000, kAuthorizationGas = 25000, kRefund = 12500;

TEST(SetCode, WritesTheDesignatorAndTakesItAway) {
  Block block(Fork::osaka, Block::rich_alice());
  const Address target = test::address_of(7);
  ASSERT_TRUE(block.delegate({authorization(kBob, 0, target)}));
  EXPECT_EQ(block.code(kBob), designator(target));
  EXPECT_EQ(block.nonce(kBob), 1u);
  ASSERT_TRUE(block.delegate({authorization(kBob, 1, Address{})}));
  EXPECT_EQ(block.code(kBob), Bytes{});
  EXPECT_EQ(block.nonce(kBob), 2u);
  // A code that came and went within the block is none to be stored.
  const StateDiff diff = block.journal.diff();
  EXPECT_TRUE(diff.codes.empty());
  EXPECT_EQ(diff.accounts.at(who(kBob)).after->code_hash, kEmptyCodeHash);
}

TEST(SetCode, TakesTheLastOfSeveralInOneList) {
  Block block(Fork::osaka, Block::rich_alice());
  const Address first = test::address_of(7), last = test::address_of(8);
  ASSERT_TRUE(block.delegate({authorization(kBob, 0, first), authorization(kBob, 0, first),
                              authorization(kBob, 1, last), authorization(kBob, 3, first)}));
  EXPECT_EQ(block.code(kBob), designator(last));
  EXPECT_EQ(block.journal.diff().codes.size(), 1u);
}

TEST(SetCode, PaysBackWhereTheAccountIsThere) {
  const Address target = test::address_of(7);
  Block empty(Fork::osaka, Block::rich_alice());
  const auto made = empty.delegate({authorization(kBob, 0, target)});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->gas_used, kTxnGas + kAuthorizationGas);

  MapState state = Block::rich_alice();
  state.accounts[who(kBob)].balance = 1;
  Block there(Fork::osaka, state);
  const auto changed = there.delegate({authorization(kBob, 0, target)});
  ASSERT_TRUE(changed);
  // A fifth of 46000 at most (EIP-3529).
  EXPECT_EQ(changed->refunded, (kTxnGas + kAuthorizationGas) / 5);
  const auto two = there.delegate(
      {authorization(kBob, 1, target), authorization(kBob, 7, target), authorization(kBob, 7, target)});
  ASSERT_TRUE(two);
  EXPECT_EQ(two->refunded, kRefund);
}

TEST(SetCode, PassesOverWhatIsWrong) {
  const Address target = test::address_of(7);
  MapState state = Block::rich_alice();
  state.put_code(who(kBob), hex("00"));
  Block block(Fork::osaka, state);
  const PrivateKey carol = key_of(3);
  Authorization high_s = authorization(carol, 0, target), parity = high_s, zero_r = high_s;
  high_s.s = *U256::parse("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141") - high_s.s;
  high_s.y_parity ^= 1;
  parity.y_parity += 2;
  zero_r.r = 0;
  const auto outcome = block.delegate(
      {authorization(kBob, 0, target), authorization(carol, 0, target, 1), authorization(carol, 1, target),
       authorization(carol, std::numeric_limits<std::uint64_t>::max(), target), high_s, parity, zero_r});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->gas_used, kTxnGas + 7 * kAuthorizationGas);
  EXPECT_EQ(block.code(kBob), hex("00"));
  EXPECT_EQ(block.code(carol), Bytes{});
  ASSERT_TRUE(block.delegate({authorization(carol, 0, target, 0)}));  // chain id 0: any chain
  EXPECT_EQ(block.code(carol), designator(target));
}

TEST(SetCode, SponsorsItselfAfterItsNonceHasGrown) {
  // PUSH1 1 PUSH0 SSTORE
  const Address target = test::address_of(7);
  MapState state = Block::rich_alice();
  state.put_code(target, hex("60015f55"));
  Block block(Fork::osaka, state);
  ASSERT_TRUE(block.delegate({authorization(kAlice, 1, target)}, who(kAlice)));
  EXPECT_EQ(block.nonce(kAlice), 2u);
  EXPECT_EQ(block.code(kAlice), designator(target));
  EXPECT_EQ(block.journal.slot(block.journal.account(who(kAlice)), 0).current, U256{1});
  // With its designator it goes on sending (EIP-3607 as EIP-7702 changes it).
  ASSERT_TRUE(block.delegate({authorization(kBob, 0, target)}));
}

TEST(SetCode, StaysWhenTheRunFails) {
  const Address target = test::address_of(7);
  MapState state = Block::rich_alice();
  state.put_code(target, hex("fe"));
  Block block(Fork::osaka, state);
  const auto outcome = block.delegate({authorization(kBob, 0, target)}, who(kBob));
  ASSERT_TRUE(outcome);
  EXPECT_NE(outcome->status, Status::success);
  EXPECT_EQ(block.code(kBob), designator(target));
}

TEST(SetCode, RunsNothingWhereItLeadsToAPrecompileOrOnwards) {
  Address identity;
  identity.bytes[19] = 4;
  Block block(Fork::osaka, Block::rich_alice());
  const PrivateKey carol = key_of(3);
  ASSERT_TRUE(block.delegate({authorization(kBob, 0, identity), authorization(carol, 0, who(kBob))}));
  Transaction call;
  call.type = TxnType::fee_market;
  call.to = who(kBob);
  call.gas_limit = 100'000;
  call.data = hex("01");
  const auto empty = block.run(call);
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->status, Status::success);
  EXPECT_EQ(empty->output, Bytes{});
  // Carol's code would be Bob's designator, whose first byte is no instruction.
  call.to = who(carol);
  const auto onwards = block.run(call);
  ASSERT_TRUE(onwards);
  EXPECT_EQ(onwards->status, Status::undefined_opcode);
}

TEST(FloorPrice, IsPaidWhateverTheRefund) {
  Block block(Fork::prague, Block::rich_alice());
  Transaction txn;
  txn.type = TxnType::fee_market;
  txn.to = test::address_of(7);
  txn.data = Bytes(1000, 1);
  txn.gas_limit = 60999;
  const auto refused = block.run(txn);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().rule, TxnRule::floor_data_gas);
  txn.gas_limit = 61000;
  const auto outcome = block.run(txn);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->gas_used, 21000u + 10 * 4 * 1000);
}

TEST(GasCap, IsOsakas) {
  Transaction txn;
  txn.type = TxnType::fee_market;
  txn.to = test::address_of(7);
  txn.gas_limit = (1 << 24) + 1;
  EXPECT_TRUE(Block(Fork::prague, Block::rich_alice()).run(txn));
  Block osaka(Fork::osaka, Block::rich_alice());
  const auto refused = osaka.run(txn);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().rule, TxnRule::gas_cap);
  txn.gas_limit = 1 << 24;
  EXPECT_TRUE(osaka.run(txn));
}
}  // namespace
}  // namespace quarry::evm
