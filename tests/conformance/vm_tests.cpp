// VMTests: a piece of Frontier's bytecode, run by itself. No value moves with the outermost call, and it
// costs nothing but its instructions. A test without "gas" and "post" must fail.
#include <nlohmann/json.hpp>

#include "core/keccak.hpp"
#include "evm/vm.hpp"
#include "kinds.hpp"
#include "node/conformance/memory_state.hpp"
#include "node/conformance/state_test.hpp"
#include "node/conformance/values.hpp"

namespace quarry::conformance {
namespace {
using nlohmann::json;

struct Run {
  evm::CallResult result;
  std::vector<Log> logs;
  Bytes output;
  MemoryState after;
};

Run execute(const json& test) {
  const json &given = test.at("env"), &exec = test.at("exec");
  const TestHashes hashes;
  evm::BlockEnv block;
  block.number = u64_of(given.at("currentNumber"));
  block.timestamp = u64_of(given.at("currentTimestamp"));
  block.beneficiary = fixed_of<Address>(given.at("currentCoinbase"));
  block.gas_limit = u64_of(given.at("currentGasLimit"));
  block.difficulty = number_of(given.at("currentDifficulty"));
  block.hashes = &hashes;
  const evm::TxnEnv txn{fixed_of<Address>(exec.at("origin")), number_of(exec.at("gasPrice")), {}};
  const MemoryState before(test.at("pre"));
  evm::Journal journal(before, block.rules);
  evm::Vm vm(block, txn, journal);
  const Bytes input = bytes_of(exec.at("data"));
  evm::Message message;
  message.kind = evm::CallKind::delegatecall;  // has a value, and moves none
  message.gas = u64_of(exec.at("gas"));
  message.sender = fixed_of<Address>(exec.at("caller"));
  message.recipient = message.code_address = fixed_of<Address>(exec.at("address"));
  message.value = number_of(exec.at("value"));
  message.input = input;
  if (const Bytes code = bytes_of(exec.at("code")); !code.empty())
    journal.set_code(journal.account(message.recipient), code);
  Run run;
  run.result = vm.call(message);
  run.output = to_bytes(run.result.output);
  run.logs = journal.logs();
  journal.end_transaction();
  run.after = before;
  run.after.apply(journal.diff());
  return run;
}

std::string check(const json& test, const Run& run) {
  const bool succeeded = run.result.status == evm::Status::success;
  if (!test.contains("gas")) return succeeded ? "must fail, but it ran" : "";
  if (!succeeded) return "must run, but failed: " + std::string(to_string(run.result.status));
  if (run.result.gas_left != u64_of(test.at("gas")))
    return "expected " + std::to_string(u64_of(test.at("gas"))) + " gas left, got " +
           std::to_string(run.result.gas_left);
  if (run.output != bytes_of(test.at("out")))
    return "expected output " + test.at("out").get<std::string>() + ", got " + to_hex0x(run.output);
  if (const Hash256 hash = hash_of_logs(run.logs); hash != fixed_of<Hash256>(test.at("logs")))
    return "expected logs hash " + test.at("logs").get<std::string>() + ", got " + hash.hex();
  return run.after.difference(MemoryState(test.at("post")));
}
}  // namespace

void run_vm_test(const TestCase& test, Results& results) {
  if (!test.wants("Frontier")) return;
  if (test.json.contains("callcreates") && !test.json.at("callcreates").empty())
    return results.skip(Kind::vm, "Frontier", test.name,
                        "it lists calls that are made but not run, as no chain has them");
  results.judge(Kind::vm, "Frontier", test.name, check(test.json, execute(test.json)));
}

}  // namespace quarry::conformance
