// Gas a second of bytecode: the loops of fixtures/evm-loops (needs QUARRY_FIXTURES), and storage, calls and ERC-20
// transfers, which are here. The counter "gas" is gas a second.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "core/keccak.hpp"
#include "evm/vm.hpp"

namespace quarry::evm {
namespace {
class EmptyState : public StateView {
 public:
  std::optional<Account> account(const Address&) const override { return std::nullopt; }
  SlotValue slot(const Address&, const SlotKey&) const override { return {}; }
  Bytes code(const CodeHash&) const override { return {}; }
};

Rules rules_to(Fork last) {
  Rules rules;
  for (const ForkInfo& row : kForkTable)
    if (row.fork <= last) rules.set(row.fork);
  return rules;
}

Address address_of(std::uint8_t last) {
  Address out;
  out.bytes[0] = 0xaa;
  out.bytes[19] = last;
  return out;
}

Bytes loop_file(const char* name) {
  const char* folder = std::getenv("QUARRY_FIXTURES");
  std::ifstream file(std::string(folder ? folder : "../shared/fixtures") + "/evm-loops/" + name + ".hex");
  std::string text(std::istreambuf_iterator<char>(file), {});
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return from_hex(text).value_or(Bytes{});
}

/// Runs `main`, which may call contract 2.
void run_code(benchmark::State& state, Bytes main, Bytes other = {}) {
  if (main.empty()) return state.SkipWithError("no fixtures: set QUARRY_FIXTURES");
  const EmptyState empty;
  BlockEnv block;
  block.rules = rules_to(Fork::cancun);
  const TxnEnv txn;
  Journal journal(empty, block.rules);
  journal.set_code(journal.account(address_of(1)), std::move(main));
  journal.set_code(journal.account(address_of(2)), std::move(other));
  journal.end_transaction();
  Message message;
  message.recipient = message.code_address = address_of(1);
  message.gas = Gas{1} << 40;
  Gas used = 0;
  for (auto _ : state) {
    Vm vm(block, txn, journal);
    const CallResult result = vm.call(message);
    if (result.status != Status::success) return state.SkipWithError("the code failed");
    used += message.gas - result.gas_left;
    state.PauseTiming();
    journal.end_transaction();
    state.ResumeTiming();
  }
  state.counters["gas"] = benchmark::Counter(static_cast<double>(used), benchmark::Counter::kIsRate);
}

void fixture_loop(benchmark::State& state, const char* name) {
  run_code(state, loop_file(name));
}
BENCHMARK_CAPTURE(fixture_loop, arith, "arith")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fixture_loop, mem, "mem")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fixture_loop, div, "div")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fixture_loop, keccak32, "keccak32")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fixture_loop, keccak1k, "keccak1k")->Unit(benchmark::kMillisecond);

/// counter = 20000; do { BODY } while (--counter): the counter is on top when the body starts and ends.
Bytes loop_of(std::string_view body) {
  // PUSH2 20000, JUMPDEST ... PUSH1 1, SWAP1, SUB, DUP1, PUSH1 3, JUMPI, STOP
  return *from_hex("614e20" "5b" + std::string(body) + "6001" "90" "03" "80" "6003" "57" "00");
}

/// Reads slot n & 255, writes the counter there.
void BM_Storage(benchmark::State& state) {
  // DUP1, PUSH1 255, AND, DUP1, SLOAD, POP, DUP2, SWAP1, SSTORE
  run_code(state, loop_of("80" "60ff" "16" "80" "54" "50" "81" "90" "55"));
}
BENCHMARK(BM_Storage)->Unit(benchmark::kMillisecond);

/// Calls a contract that returns 32 bytes of its call data.
void BM_Calls(benchmark::State& state) {
  // PUSH1 32, PUSH1 0, PUSH1 32, PUSH1 0, PUSH1 0, PUSH20 callee, GAS, CALL, POP
  const std::string callee = to_hex(address_of(2));
  // PUSH1 0, CALLDATALOAD, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN
  run_code(state, loop_of("6020600060206000600073" + callee + "5af150"), *from_hex("60003560005260206000f3"));
}
BENCHMARK(BM_Calls)->Unit(benchmark::kMillisecond);

/// transfer(address,uint256) about as a compiler writes it: no value, the selector, the masked arguments, balances in
/// a mapping at slot 0, the Transfer event, true. The sender's balance is not checked, as all are zero at first.
Bytes token_code() {
  const std::string mapping_slot = "5f52" "5f602052" "60405f20";  // KECCAK256 of the word on the stack and 0
  return *from_hex(
      "34" "15" "6006" "57" "fe" "5b"                               // CALLVALUE is zero
      "5f35" "60e0" "1c" "63a9059cbb" "14" "6016" "57" "fe" "5b"    // the selector
      "6004" "35" "73ffffffffffffffffffffffffffffffffffffffff" "16"  // to
      "6024" "35"                                                   // amount
      "33" + mapping_slot + "80" "54" "82" "90" "03" "90" "55"      // balances[caller] -= amount
      "81" + mapping_slot + "80" "54" "82" "01" "90" "55"           // balances[to] += amount
      "5f52" "33" "7fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef" "6020" "5f" "a3"
      "6001" "5f52" "6020" "5f" "f3");
}

/// One after the other to 1024 accounts, each a CALL.
void BM_Erc20Transfers(benchmark::State& state) {
  run_code(state,
           loop_of("63a9059cbb60e01b5f52"      // call data: the selector,
                   "806103ff16600452"          // to = counter & 1023,
                   "6001602452"                // amount = 1
                   "60205f60445f5f73" + to_hex(address_of(2)) + "5af150"),
           token_code());
  state.SetItemsProcessed(state.iterations() * 20000);
}
BENCHMARK(BM_Erc20Transfers)->Unit(benchmark::kMillisecond);
}  // namespace
}  // namespace quarry::evm
