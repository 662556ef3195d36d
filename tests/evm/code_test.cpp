#include "evm/code.hpp"

#include <gtest/gtest.h>

#include "evm/analysis.hpp"
#include "machine.hpp"

namespace quarry::evm {
namespace {
using test::hex;
using test::rules_to;

TEST(Code, FindsJumpTargetsOutsideOfPushes) {
  // PUSH1 0x5b, JUMPDEST, PUSH2 0x5b5b, JUMPDEST, PUSH3 that is cut off
  const Code code(hex("605b 5b 615b5b 5b 625b5b"), rules_to(Fork::osaka));
  for (std::size_t pc = 0; pc < 20; ++pc) EXPECT_EQ(code.is_jump_target(pc), pc == 2 || pc == 6) << pc;
  EXPECT_FALSE(code.is_jump_target(~std::uint64_t{0}));
  EXPECT_EQ(code.size(), 10u);
  for (std::size_t pc = 0; pc < code.size(); ++pc)
    EXPECT_EQ(code.decoded().targets[pc] != 0, pc == 2 || pc == 6);
}

TEST(Code, FusesWhatIsOftenTogether) {
  // PUSH1 3 ADD; SWAP1 SUB; ISZERO PUSH1 9 JUMPI; JUMPDEST STOP
  const Code code(hex("6003 01 90 03 15 6009 57 5b 00"), rules_to(Fork::osaka));
  std::vector<Handler> got;
  for (const auto& instruction : code.decoded().code) got.push_back(instruction.handler);
  EXPECT_EQ(got, (std::vector{Handler::block, Handler::add_first, Handler::sub_swapped,
                              Handler::jumpi_zero_to, Handler::block, Handler::stop}));
  const auto& block = code.decoded().code[0];
  EXPECT_EQ(block.gas, 3 + 3 + 3 + 3 + 3 + 3 + 10);
  EXPECT_EQ(block.operand & 0xffff, 2u);           // words needed
  EXPECT_EQ(block.operand >> 16, 1024u - 1 - 2u);  // one word more than before at most
  EXPECT_EQ(code.decoded().code[3].operand, 4u);
  EXPECT_EQ(code.decoded().pc_of(2), 3u);
  EXPECT_EQ(code.decoded().pc_of(5), 10u);
}

TEST(Code, DoesNotFuseWhatTheRulesDoNotHave) {
  const Bytes bytes = hex("6003 1b 00");  // PUSH1 3, SHL
  EXPECT_EQ(Code(bytes, rules_to(Fork::byzantium)).decoded().code[1].handler, Handler::push_small);
  EXPECT_EQ(Code(bytes, rules_to(Fork::byzantium)).decoded().code[2].handler, Handler::carefully);
  EXPECT_EQ(Code(bytes, rules_to(Fork::petersburg)).decoded().code[1].handler, Handler::shl_first);
}

TEST(CodeCache, KeepsCodeByHashAndRules) {
  CodeCache cache;
  const CodeHash hash(keccak256(hex("00")));
  EXPECT_EQ(cache.find(hash, {}), nullptr);
  const CodeRef first = cache.insert(hash, {}, hex("00"));
  EXPECT_EQ(cache.find(hash, {}), first);
  EXPECT_EQ(cache.insert(hash, {}, hex("00")), first);
  EXPECT_EQ(cache.find(hash, rules_to(Fork::osaka)), nullptr);
  EXPECT_TRUE(equal(bytes_of(*first), hex("00")));
}

TEST(CodeCache, LetsTheLeastRecentlyUsedGo) {
  const std::size_t one = Code(Bytes(1000, 0x5b), {}).memory_bytes();
  CodeCache cache(3 * one);
  const auto hash = [](std::uint8_t i) { return CodeHash(keccak256({&i, 1})); };
  for (std::uint8_t i = 0; i < 3; ++i) cache.insert(hash(i), {}, Bytes(1000, 0x5b));
  EXPECT_NE(cache.find(hash(0), {}), nullptr);
  cache.insert(hash(3), {}, Bytes(1000, 0x5b));
  EXPECT_EQ(cache.find(hash(1), {}), nullptr);
  EXPECT_NE(cache.find(hash(0), {}), nullptr);
  cache.insert(hash(4), {}, Bytes(30000, 0x5b));  // larger than all: it stays, alone
  EXPECT_EQ(cache.find(hash(0), {}), nullptr);
  EXPECT_NE(cache.find(hash(4), {}), nullptr);
}
}  // namespace
}  // namespace quarry::evm
