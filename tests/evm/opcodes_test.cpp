#include "evm/opcodes.hpp"

#include <gtest/gtest.h>

#include "evm/status.hpp"
#include "machine.hpp"

namespace quarry::evm {
namespace {
using test::rules_of;
using test::rules_to;

const OpcodeTable::Entry& entry(Op op, const Rules& rules) {
  return opcode_table(rules)[static_cast<std::uint8_t>(op)];
}

int count_defined(const Rules& rules) {
  int count = 0;
  for (const auto& row : opcode_table(rules).entries) count += row.defined();
  return count;
}

TEST(Opcodes, GrowInNumberWithTheForks) {
  EXPECT_EQ(count_defined({}), 130);  // with INVALID
  EXPECT_EQ(count_defined(rules_to(Fork::homestead)), 131);
  EXPECT_EQ(count_defined(rules_to(Fork::byzantium)), 135);
  EXPECT_EQ(count_defined(rules_to(Fork::constantinople)), 140);
  EXPECT_EQ(count_defined(rules_to(Fork::istanbul)), 142);
  EXPECT_EQ(count_defined(rules_to(Fork::london)), 143);
  EXPECT_EQ(count_defined(rules_to(Fork::shanghai)), 144);
  EXPECT_EQ(count_defined(rules_to(Fork::cancun)), 149);
  EXPECT_EQ(count_defined(rules_to(Fork::osaka)), 150);
}

TEST(Opcodes, AreRepricedByTheForksThatSaySo) {
  struct {
    Op op;
    Fork last;
    int gas;
  } const rows[] = {
      {Op::sload, Fork::homestead, 50},       {Op::sload, Fork::eip150, 200},
      {Op::sload, Fork::istanbul, 800},       {Op::sload, Fork::berlin, 100},
      {Op::balance, Fork::eip150, 400},       {Op::balance, Fork::istanbul, 700},
      {Op::extcodehash, Fork::byzantium, -1}, {Op::extcodehash, Fork::petersburg, 400},
      {Op::extcodehash, Fork::istanbul, 700}, {Op::call, Fork::homestead, 40},
      {Op::call, Fork::byzantium, 700},       {Op::staticcall, Fork::byzantium, 700},
      {Op::staticcall, Fork::berlin, 100},    {Op::selfdestruct, Fork::homestead, 0},
      {Op::selfdestruct, Fork::eip150, 5000},
  };
  for (const auto& row : rows)
    EXPECT_EQ(entry(row.op, rules_to(row.last)).gas, row.gas) << info(row.last).name << " " << int(row.op);
}

/// As geth 1.7.3 has it where a genesis sets EIP-158 and leaves EIP-150 out.
TEST(Opcodes, Eip158WithoutEip150HasThePricesButNotCreatesRule) {
  const Rules rules = rules_of({Fork::homestead, Fork::eip155, Fork::eip158});
  EXPECT_EQ(entry(Op::sload, rules).gas, 200);
  EXPECT_EQ(entry(Op::call, rules).gas, 700);
  EXPECT_EQ(entry(Op::selfdestruct, rules).gas, 0);
  const GasPrices& prices = opcode_table(rules).prices;
  EXPECT_EQ(prices.exp_byte, 50);
  EXPECT_TRUE(prices.call_keeps_64th);
  EXPECT_FALSE(prices.create_keeps_64th);
  EXPECT_FALSE(prices.selfdestruct_priced);
}

TEST(Opcodes, DescribeSaysWhatIsMissing) {
  const Fault push0{Status::undefined_opcode, 0x5f, 7};
  EXPECT_EQ(describe(push0, rules_to(Fork::london)),
            "PUSH0 needs Shanghai; this chain is at London: set shanghaiBlock");
  EXPECT_EQ(describe(push0, rules_to(Fork::gray_glacier)),
            "PUSH0 needs Shanghai; this chain is at London: set shanghaiBlock");
  EXPECT_EQ(describe({Status::undefined_opcode, 0xf4, 0}, {}),
            "DELEGATECALL needs Homestead; this chain is at Frontier: set homesteadBlock");
  EXPECT_EQ(describe({Status::undefined_opcode, 0x0c, 0}, {}), "invalid opcode: opcode 0x0c not defined");
  EXPECT_EQ(describe({Status::invalid_opcode, 0xfe, 0}, {}), "invalid opcode: INVALID");
  EXPECT_EQ(describe({Status::out_of_gas, 0x01, 0}, {}), "out of gas");
}
}  // namespace
}  // namespace quarry::evm
