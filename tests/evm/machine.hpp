#pragma once
/// \file
/// A machine on a state of its own, for tests of bytecode.

#include <initializer_list>
#include <map>
#include <string>

#include "core/keccak.hpp"
#include "evm/vm.hpp"

namespace quarry::evm::test {

/// All forks up to and with `last`.
inline Rules rules_to(Fork last) {
  Rules rules;
  for (const ForkInfo& row : kForkTable)
    if (row.fork <= last) rules.set(row.fork);
  return rules;
}
inline Rules rules_of(std::initializer_list<Fork> forks) {
  Rules rules;
  for (const Fork fork : forks) rules.set(fork);
  return rules;
}

inline Address address_of(std::uint8_t last) {
  Address out;
  out.bytes[0] = 0xaa;
  out.bytes[19] = last;
  return out;
}

/// "5f 5f 01" as bytes.
inline Bytes hex(std::string text) {
  std::erase(text, ' ');
  return from_hex(text).value();
}

class MapState : public StateView {
 public:
  std::map<Address, Account> accounts;
  std::map<CodeHash, Bytes> codes;
  std::map<std::pair<Address, SlotKey>, SlotValue> slots;

  void put_code(const Address& address, Bytes code) {
    Account& account = accounts[address];
    account.code_hash = CodeHash(keccak256(code));
    codes[account.code_hash] = std::move(code);
  }
  void put_slot(const Address& address, const U256& key, const U256& value) {
    slots[{address, SlotKey(key.to_be())}] = SlotValue(value.to_be());
    accounts[address].storage_root = RootHash(keccak256({}));  // any that is not empty
  }

  std::optional<Account> account(const Address& address) const override {
    const auto found = accounts.find(address);
    return found == accounts.end() ? std::nullopt : std::optional(found->second);
  }
  SlotValue slot(const Address& address, const SlotKey& key) const override {
    const auto found = slots.find({address, key});
    return found == slots.end() ? SlotValue{} : found->second;
  }
  Bytes code(const CodeHash& hash) const override { return codes.at(hash); }
};

/// One transaction's worth of machine. Contract 1 is what is called.
struct Machine {
  MapState state;
  BlockEnv block;
  TxnEnv txn;
  CodeCache codes;

  explicit Machine(const Rules& rules) {
    block.rules = rules;
    block.number = 300;
    block.gas_limit = 30'000'000;
    block.chain_id = 1337;
  }
  explicit Machine(Fork last) : Machine(rules_to(last)) {}

  struct Outcome {
    Status status;
    Gas gas_used;
    Bytes output;
    Fault fault;
    std::uint64_t refund;
    std::vector<Log> logs;
    StateDiff diff;

    U256 word() const { return U256::from_be(output); }
  };
  static constexpr Gas kGas = 1'000'000;

  Outcome call(Bytes input = {}, Gas gas = kGas, Tracer* tracer = nullptr) {
    Journal journal(state, block.rules, codes);
    Vm vm(block, txn, journal, tracer);
    Message message;
    message.recipient = message.code_address = address_of(1);
    message.gas = gas;
    message.input = input;
    const CallResult result = vm.call(message);
    Outcome out{result.status,
                gas - result.gas_left,
                to_bytes(result.output),
                vm.last_fault,
                journal.refund(),
                journal.logs(),
                {}};
    journal.end_transaction();
    out.diff = journal.diff();
    return out;
  }
  /// Runs `code` as contract 1.
  Outcome run(Bytes code, Bytes input = {}, Gas gas = kGas, Tracer* tracer = nullptr) {
    state.put_code(address_of(1), std::move(code));
    return call(std::move(input), gas, tracer);
  }
  Outcome run(const std::string& code) { return run(hex(code)); }
  /// `code` leaves one word, which is returned.
  U256 word(const std::string& code) { return run(code + "5f5260205ff3").word(); }
};

}  // namespace quarry::evm::test
