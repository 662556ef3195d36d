#include <gtest/gtest.h>

#include <random>

#include "machine.hpp"

namespace quarry::evm {
namespace {
using test::address_of;
using test::hex;
using test::Machine;
using test::rules_of;
using test::rules_to;

TEST(Interpreter, ReturnsWhatItComputes) {
  Machine machine(Fork::osaka);
  EXPECT_EQ(machine.word("6003 6004 01"), U256{7});
  EXPECT_EQ(machine.word("6003 6004 03"), U256{1});
  EXPECT_EQ(machine.word("6003 5f 03"), U256{0} - U256{3});
  EXPECT_EQ(machine.word("6001 60ff 1b"), U256{1} << 255);
  EXPECT_EQ(machine.word("6005 1e"), U256{253});
  EXPECT_EQ(machine.word("46"), U256{1337});
  EXPECT_EQ(machine.word("30"), U256::from_be(address_of(1)));
}

TEST(Interpreter, CountsGasToTheUnit) {
  Machine machine(Fork::osaka);
  const auto outcome = machine.run("6001 6002 01 50 5a 50 00");  // PUSH PUSH ADD POP GAS POP STOP
  EXPECT_EQ(outcome.status, Status::success);
  EXPECT_EQ(outcome.gas_used, 3u + 3 + 3 + 2 + 2 + 2);
  EXPECT_EQ(machine.word("5a"), U256{Machine::kGas - 2});
  EXPECT_EQ(machine.word("6001 50 5a"), U256{Machine::kGas - 7});
  // Memory of 32 and of 1024 words; KECCAK256 of 33 bytes; EXP by two bytes.
  EXPECT_EQ(machine.run("5f 5f 52").gas_used, 2u + 2 + 3 + 3);
  EXPECT_EQ(machine.run("5f 617fe0 52").gas_used, 2u + 3 + 3 + 3 * 1024 + 1024 * 1024 / 512);
  EXPECT_EQ(machine.run("6021 5f 20").gas_used, 3u + 2 + 30 + 2 * 6 + 2 * 3);
  EXPECT_EQ(machine.run("610100 6002 0a").gas_used, 3u + 3 + 10 + 2 * 50);
}

TEST(Interpreter, FailsAsTheYellowPaperSays) {
  Machine machine(Fork::osaka);
  struct {
    const char* code;
    Status status;
    std::size_t pc;
  } const rows[] = {
      {"6001 01", Status::stack_underflow, 2},
      {"6001 56", Status::invalid_jump, 0},
      {"5f 35 56", Status::invalid_jump, 2},
      {"6001 6001 57", Status::invalid_jump, 2},
      {"fe", Status::invalid_opcode, 0},
      {"5b 0c", Status::undefined_opcode, 1},
      {"6001 5f 5f 3e", Status::return_data_bounds, 4},
      {"5f 6001 60ff 1b 52", Status::out_of_gas, 6},
      {"67ffffffffffffffff 5f f3", Status::out_of_gas, 10},
      {"6000 600056", Status::invalid_jump, 2},
  };
  for (const auto& row : rows) {
    const auto outcome = machine.run(row.code);
    EXPECT_EQ(outcome.status, row.status) << row.code;
    EXPECT_EQ(outcome.gas_used, Machine::kGas) << row.code;
    EXPECT_EQ(outcome.fault.status, row.status) << row.code;
    EXPECT_EQ(outcome.fault.pc, row.pc) << row.code;
  }
  EXPECT_EQ(machine.run("5f 5f fd").status, Status::revert);
  EXPECT_EQ(machine.run("5b 5f 600056").status, Status::stack_overflow);
  EXPECT_EQ(machine.run("5b 600056").status, Status::out_of_gas);
}

TEST(Interpreter, StackHolds1024WordsAndNoMore) {
  Machine machine(Fork::osaka);
  std::string code;
  for (int i = 0; i < 1024; ++i) code += "5f";
  EXPECT_EQ(machine.run(code).status, Status::success);
  EXPECT_EQ(machine.run(code + "15").status, Status::success);
  EXPECT_EQ(machine.run(code + "5f").status, Status::stack_overflow);
  EXPECT_EQ(machine.run(code + "80").status, Status::stack_overflow);
  EXPECT_EQ(machine.run(code + "9050").status, Status::success);
}

TEST(Interpreter, StorageIsMeteredByEachForksRule) {
  // What the storage tests of EIP-1283, 2200 and 3529 have: code, value before, gas and refund.
  struct {
    Fork last;
    const char* code;
    int before;
    Gas gas;
    std::uint64_t refund;
  } const rows[] = {
      {Fork::byzantium, "6001 6000 55", 0, 20006, 0},
      {Fork::byzantium, "6000 6000 55", 1, 5006, 15000},
      {Fork::constantinople, "6000 6000 55 6000 6000 55", 0, 412, 0},
      {Fork::petersburg, "6000 6000 55 6000 6000 55", 0, 10012, 0},
      {Fork::istanbul, "6000 6000 55 6000 6000 55", 0, 1612, 0},
      {Fork::istanbul, "6001 6000 55 6000 6000 55", 0, 20812, 19200},
      {Fork::istanbul, "6000 6000 55 6001 6000 55", 1, 5812, 4200},
      {Fork::istanbul, "6000 6000 55 6002 6000 55", 1, 5812, 0},
      {Fork::berlin, "6000 6000 55 6001 6000 55", 1, 5112, 2800},
      {Fork::london, "6000 6000 55", 1, 5006, 4800},
      {Fork::london, "6001 6000 55 6000 6000 55", 0, 22212, 19900},
      {Fork::london, "6000 54", 0, 2103, 0},
      {Fork::london, "6000 54 6000 54", 0, 2206, 0},
  };
  for (const auto& row : rows) {
    Rules rules = rules_to(row.last);
    Machine machine(rules);
    if (row.before != 0) machine.state.put_slot(address_of(1), 0, row.before);
    const auto outcome = machine.run(row.code);
    EXPECT_EQ(outcome.status, Status::success);
    EXPECT_EQ(outcome.gas_used, row.gas) << info(row.last).name << " " << row.code;
    EXPECT_EQ(outcome.refund, row.refund) << info(row.last).name << " " << row.code;
  }
  Machine machine(Fork::istanbul);
  EXPECT_EQ(machine.run(hex("6001 6001 55"), {}, 2306).status, Status::out_of_gas);
}

TEST(Interpreter, CallsGiveBackOutputAndGas) {
  Machine machine(Fork::osaka);
  machine.state.put_code(address_of(2), hex("602a 5f 52 6020 5f f3"));
  machine.state.put_code(address_of(3), hex("602b 5f 52 6020 5f fd"));
  machine.state.put_code(address_of(4), hex("fe"));
  const auto call = [](const char* callee) {  // STATICCALL with 1000 gas, 32 bytes of output to 0
    return "6020 5f 5f 5f 73" + to_hex(address_of(callee[0] - '0')) + "6103e8 fa";
  };
  EXPECT_EQ(machine.word(call("2") + "50 5f 51"), U256{0x2a});
  EXPECT_EQ(machine.word(call("2")), U256{1});
  EXPECT_EQ(machine.word(call("3")), U256{0});
  EXPECT_EQ(machine.word(call("3") + "50 5f 51"), U256{0x2b});
  EXPECT_EQ(machine.word(call("3") + "50 3d"), U256{32});
  EXPECT_EQ(machine.word(call("4") + "50 3d"), U256{0});
  EXPECT_EQ(machine.run(call("2")).gas_used, 3u + 2 * 3 + 3 + 3 + 2600 + 3 + (3 + 2 + 3 + 3 + 3 + 2));
  EXPECT_EQ(machine.run(call("4")).gas_used, 3u + 2 * 3 + 3 + 3 + 2600 + 3 + 1000);
}

TEST(Interpreter, ChangesNothingInAStaticCall) {
  Machine machine(Fork::osaka);
  const char* const bodies[] = {"5f 5f 55",
                                "5f 5f 5d",
                                "5f 5f a0",
                                "5f 5f 5f f0",
                                "5f 5f 5f 5f f5",
                                "5f ff",
                                "5f 5f 5f 5f 6001 5f 5f f1"};
  for (const char* body : bodies) {
    machine.state.put_code(address_of(2), hex(body));
    EXPECT_EQ(machine.word("5f 5f 5f 5f 73" + to_hex(address_of(2)) + "620186a0 fa"), U256{0}) << body;
  }
  machine.state.put_code(address_of(2), hex("5f 5f 5f 5f 5f 5f 5f f1"));
  EXPECT_EQ(machine.word("5f 5f 5f 5f 73" + to_hex(address_of(2)) + "620186a0 fa"), U256{1});
}

TEST(Interpreter, CreatesAndTellsWhere) {
  Machine machine(Fork::osaka);
  // MSTORE8(0, 0xfe) ... init code "5f 5f f3" returns nothing: PUSH3 5f5ff3, MSTORE at 0, CREATE(0, 29, 3)
  const Address made = create_address(address_of(1), 0);
  EXPECT_EQ(machine.word("625f5ff3 5f 52 6003 601d 5f f0"), U256::from_be(made));
  const Address made2 = create2_address(address_of(1), 7, hex("5f5ff3"));
  EXPECT_EQ(machine.word("625f5ff3 5f 52 6007 6003 601d 5f f5"), U256::from_be(made2));
  // Init code over EIP-3860's limit fails the frame.
  EXPECT_EQ(machine.run("61c001 5f 5f f0").status, Status::initcode_too_large);
  EXPECT_EQ(machine.run("61c000 5f 5f f0").status, Status::success);
}

TEST(Interpreter, DescendsAsFarAsCallsMayGo) {
  // Calls itself with all its gas; returns how deep it came: 1 + what the call returned.
  Machine machine(rules_of({Fork::homestead}));  // all gas may be forwarded
  const std::string code =
      "6020 6000 6000 6000 6000 30 6103e8 5a 03 f1 50"  // CALL(gas - 1000, self), output to 0
      "6001 6000 51 01 6000 52 6020 6000 f3";
  EXPECT_EQ(machine.run(hex(code), {}, 100'000'000).word(), U256{1025});
}

TEST(Interpreter, SelfdestructLeavesTheBalance) {
  Machine machine(Fork::london);
  machine.state.put_code(address_of(1), hex("73" + to_hex(address_of(9)) + "ff"));
  machine.state.accounts[address_of(1)].balance = 77;
  const auto outcome = machine.call();
  EXPECT_EQ(outcome.gas_used, 3u + 5000 + 2600 + 25000);
  EXPECT_EQ(outcome.diff.accounts.at(address_of(9)).after->balance, Wei{77});
  EXPECT_FALSE(outcome.diff.accounts.at(address_of(1)).after);
}

/// Bytecode that is often sensible: jumps to where a JUMPDEST may be, small offsets, calls to itself.
Bytes random_code(std::mt19937_64& random) {
  Bytes code;
  const std::size_t length = 20 + random() % 200;
  const auto push = [&](unsigned value) {
    code.insert(code.end(), {0x60, static_cast<std::uint8_t>(value)});
  };
  for (int i = 0; i < 16; ++i) push(static_cast<unsigned>(random() % 40));
  while (code.size() < length) {
    const unsigned kind = random() % 64;
    if (kind < 24) {
      push(static_cast<unsigned>(random() % (kind < 4 ? 256 : 8)));
    } else if (kind < 40) {
      code.push_back(static_cast<std::uint8_t>(random() % 0x20));
    } else if (kind < 48) {
      code.push_back(static_cast<std::uint8_t>(0x80 + random() % 4 + (random() % 2) * 0x10));
    } else if (kind < 52) {
      code.push_back(0x5b);
    } else if (kind < 56) {
      push(static_cast<unsigned>(random() % length));
      code.push_back(random() % 4 == 0 ? 0x56 : 0x57);
    } else if (kind < 63) {
      code.push_back(static_cast<std::uint8_t>(0x30 + random() % 0x30));
    } else {
      code.push_back(static_cast<std::uint8_t>(random()));
    }
  }
  return code;
}

bool same_fault(const Fault& a, const Fault& b) {
  return a.status == b.status && a.opcode == b.opcode && a.pc == b.pc;
}

/// Every outcome of the quick way is that of the careful one, which a tracer asks for.
TEST(Interpreter, BothWaysToRunAgree) {
  const Fork lasts[] = {Fork::homestead, Fork::byzantium, Fork::istanbul, Fork::osaka};
  int succeeded = 0;
  for (unsigned seed = 0; seed < 6000; ++seed) {
    std::mt19937_64 random(seed);
    Machine machine(lasts[seed % 4]);
    machine.state.put_code(address_of(2), random_code(random));
    machine.state.put_slot(address_of(1), 1, 5);
    const Bytes code = random_code(random);
    const Bytes input = random_code(random);
    const Gas gas = 200 + random() % 60000;
    Tracer watcher;
    const auto quick = machine.run(code, input, gas);
    const auto careful = machine.run(code, input, gas, &watcher);
    succeeded += quick.status == Status::success;
    ASSERT_EQ(quick.status, careful.status) << seed << " " << to_hex(code);
    ASSERT_EQ(quick.gas_used, careful.gas_used) << seed << " " << to_hex(code);
    ASSERT_EQ(quick.output, careful.output) << seed;
    ASSERT_EQ(quick.refund, careful.refund) << seed;
    ASSERT_EQ(quick.logs, careful.logs) << seed;
    ASSERT_EQ(quick.diff.accounts.size(), careful.diff.accounts.size()) << seed;
    for (const auto& [address, change] : quick.diff.accounts) {
      const auto& other = careful.diff.accounts.at(address);
      ASSERT_EQ(change.after, other.after) << seed;
      ASSERT_EQ(change.slots, other.slots) << seed;
    }
    if (quick.fault.status == Status::undefined_opcode || quick.fault.status == Status::stack_underflow) {
      ASSERT_TRUE(same_fault(quick.fault, careful.fault)) << seed;
    }
  }
  EXPECT_GT(succeeded, 600);
}
}  // namespace
}  // namespace quarry::evm
