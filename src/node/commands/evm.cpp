/// \file
/// `quarry evm`: runs a piece of bytecode, or the cases of a state test, and tells what came of it; with
/// --trace every instruction (EIP-3155).

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "consensus/block_executor.hpp"
#include "consensus/engine.hpp"
#include "consensus/ethash/caches.hpp"
#include "evm/vm.hpp"
#include "node/commands/commands.hpp"
#include "node/conformance/memory_state.hpp"
#include "node/conformance/networks.hpp"
#include "node/conformance/state_test.hpp"
#include "node/evm_trace.hpp"
#include "node/genesis_json.hpp"
#include "node/options.hpp"

namespace quarry {
namespace {
using conformance::MemoryState;

/// geth's evm uses these addresses when none are named.
const Address kDefaultSender = *Address::from_hex("0x00000000000000000000000000000000736e6472");  // "sndr"
const Address kDefaultReceiver =
    *Address::from_hex("0x0000000000000000000000007265636569766572");  // "receiver"

/// Files read by this command are no longer than so many bytes: the largest state tests.
constexpr std::size_t kMostFileBytes = std::size_t{512} << 20;

Result<std::string> read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("cannot read " + path.string());
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (text.size() > kMostFileBytes) return fail(path.string() + " is too large");
  return text;
}

Result<Bytes> read_hex(std::string_view what, std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isspace(c); });
  if (text.empty() || text == "0x") return Bytes{};
  auto bytes = from_hex(text);
  if (!bytes) return fail(fmt::format("{} is not hex: an even number of digits, with or without 0x", what));
  return std::move(*bytes);
}

Result<Bytes> code_of(const NodeOptions& options) {
  const auto& evm = options.evm;
  if (!evm.code_file.empty()) {
    auto text = read_text(evm.code_file);
    if (!text) return tl::unexpected(text.error());
    return read_hex("the content of " + evm.code_file.string(), std::move(*text));
  }
  if (!evm.code.empty()) return read_hex("--code", evm.code);
  if (!options.args.empty()) return read_hex("the bytecode", options.args[0]);
  return fail("no bytecode is given", "Name it: quarry evm --code 6001600201, or --codefile FILE.");
}

Result<Address> address_or(std::string_view option, const std::string& text, const Address& otherwise) {
  if (text.empty()) return otherwise;
  if (const auto address = Address::from_hex(text)) return *address;
  return fail(fmt::format("--{} is no address: {}", option, text), "An address has 40 hex digits.");
}

/// The chain on which the code runs, with the accounts that it starts from.
struct Place {
  Genesis genesis;
  bool post_merge = false;
  std::string fork;  ///< for the trace; empty where the genesis file says it all
};

Result<Place> place_of(const NodeOptions& options) {
  Place place;
  if (!options.evm.genesis.empty()) {
    auto file = read_genesis_file(options.evm.genesis);
    if (!file) return tl::unexpected(file.error());
    place.genesis = std::move(file->genesis);
    place.post_merge = place.genesis.spec.terminal_total_difficulty == U256{};
    return place;
  }
  place.fork = options.evm.fork.empty() ? "Osaka" : options.evm.fork;
  const auto network = conformance::find_network(place.fork);
  if (!network)
    return fail(
        fmt::format("no fork is called {}", place.fork),
        "Forks are named as in ethereum/tests: Frontier, Homestead, EIP150, EIP158, Byzantium, "
        "Constantinople, ConstantinopleFix, Istanbul, Berlin, London, Paris, Shanghai, Cancun, Prague, "
        "Osaka.");
  place.genesis.spec = network->spec;
  place.post_merge = network->post_merge;
  place.genesis.header.gas_limit = options.evm.gas;
  return place;
}

Result<MemoryState> state_of(const NodeOptions& options, const Genesis& genesis) {
  MemoryState state;
  if (!options.evm.prestate.empty()) {
    const auto text = read_text(options.evm.prestate);
    if (!text) return tl::unexpected(text.error());
    try {
      state = MemoryState(nlohmann::json::parse(*text));
    } catch (const std::exception& error) {
      return fail(
          options.evm.prestate.string() + ": " + error.what(),
          R"(Accounts are written as {"0x…": {"balance": "0x1", "nonce": "0x0", "code": "0x", "storage": {}}}.)");
    }
  }
  for (const GenesisAccount& account : genesis.alloc) state.put(account);
  return state;
}

struct Outcome {
  evm::Status status = evm::Status::success;
  std::string error;
  Gas gas_used = 0;
  std::uint64_t refund = 0;
  Bytes output;
  std::vector<Log> logs;
  std::optional<Address> created;
  StateDiff diff;
  std::chrono::nanoseconds elapsed{};
};

struct Call {
  Bytes code, input;
  Address sender, receiver;
  Wei value;
  Gas gas = 0;
  bool create = false;
};

Result<Call> call_of(const NodeOptions& options) {
  Call call;
  auto code = code_of(options);
  if (!code) return tl::unexpected(code.error());
  auto input = read_hex("--input", options.evm.input);
  if (!input) return tl::unexpected(input.error());
  const auto sender = address_or("sender", options.evm.sender, kDefaultSender);
  if (!sender) return tl::unexpected(sender.error());
  const auto receiver = address_or("receiver", options.evm.receiver, kDefaultReceiver);
  if (!receiver) return tl::unexpected(receiver.error());
  call.code = std::move(*code);
  call.input = std::move(*input);
  call.sender = *sender;
  call.receiver = *receiver;
  call.value = *U256::parse(options.evm.value);
  call.gas = options.evm.gas;
  call.create = options.evm.create;
  return call;
}

/// Runs the call on a journal that is thrown away. The sender has what it gives.
Outcome run_call(const Call& call, const MemoryState& state, const evm::BlockEnv& block,
                 evm::Tracer* tracer) {
  evm::Journal journal(state, block.rules);
  const evm::TxnEnv txn{call.sender, U256{}, {}};
  evm::AccountState& sender = journal.account(call.sender);
  if (sender.balance < call.value) journal.set_balance(sender, call.value);
  Bytes init_code = call.code;
  evm::Message message;
  message.gas = call.gas;
  message.sender = call.sender;
  message.value = call.value;
  if (call.create) {
    append(init_code, call.input);
    message.kind = evm::CallKind::create;
    message.input = init_code;
  } else {
    message.recipient = message.code_address = call.receiver;
    message.input = call.input;
    journal.set_code(journal.account(call.receiver), call.code);
  }
  evm::Vm vm(block, txn, journal, tracer);
  const auto begun = std::chrono::steady_clock::now();
  const evm::CallResult result = vm.call(message);
  Outcome out;
  out.elapsed = std::chrono::steady_clock::now() - begun;
  out.status = result.status;
  if (out.status != evm::Status::success) out.error = describe(vm.last_fault, block.rules);
  out.gas_used =
      call.gas -
      (result.status == evm::Status::success || result.status == evm::Status::revert ? result.gas_left : 0);
  out.refund = journal.refund();
  out.output = to_bytes(result.output);
  out.logs = journal.logs();
  if (call.create && result.status == evm::Status::success) out.created = result.created;
  journal.end_transaction();
  out.diff = journal.diff();
  return out;
}

void print_outcome(const Outcome& out) {
  std::printf("output     %s\n", to_hex0x(out.output).c_str());
  std::printf("gas used   %llu", static_cast<unsigned long long>(out.gas_used));
  if (out.refund != 0) std::printf(" (refund %llu)", static_cast<unsigned long long>(out.refund));
  std::printf("\n");
  if (out.created) std::printf("contract   %s\n", out.created->hex().c_str());
  for (const Log& log : out.logs) {
    std::printf("log        %s", log.address.hex().c_str());
    for (const Hash256& topic : log.topics) std::printf(" %s", topic.hex().c_str());
    std::printf(" %s\n", to_hex0x(log.data).c_str());
  }
  for (const auto& [address, change] : out.diff.accounts)
    for (const auto& [key, value] : change.slots)
      std::printf("storage    %s %s = %s\n", address.hex().c_str(), U256::from_be(key).to_quantity().c_str(),
                  U256::from_be(value).to_quantity().c_str());
  if (!out.error.empty()) std::printf("error      %s\n", out.error.c_str());
  std::printf("time       %.3f ms\n", static_cast<double>(out.elapsed.count()) / 1e6);
}

evm::BlockEnv env_of(const Place& place, const Engine& engine) {
  Header header = place.genesis.header;
  header.number = std::max<BlockNum>(header.number, 1);
  if (!header.base_fee_per_gas &&
      place.genesis.spec.forks.rules(header.number, header.timestamp).has(Fork::london))
    header.base_fee_per_gas = U256{};
  return block_env({place.genesis.spec, engine}, header);
}

Result<int> run_code(const NodeOptions& options) {
  const auto call = call_of(options);
  if (!call) return tl::unexpected(call.error());
  const auto place = place_of(options);
  if (!place) return tl::unexpected(place.error());
  const auto state = state_of(options, place->genesis);
  if (!state) return tl::unexpected(state.error());
  ethash::Caches caches;
  const auto engine = make_engine(place->genesis.spec, {caches});
  if (!engine) return tl::unexpected(engine.error());
  const evm::BlockEnv block = env_of(*place, **engine);
  EvmTrace trace(stdout, {.memory = options.evm.trace_memory});
  const bool traced = options.evm.trace || options.json;
  const Outcome out = run_call(*call, *state, block, traced ? &trace : nullptr);
  if (!traced) {
    print_outcome(out);
  } else {
    MemoryState after = *state;
    after.apply(out.diff);
    const EvmTraceSummary summary{after.root().hex(), out.output,  out.gas_used,
                                  out.error.empty(),  place->fork, out.error};
    std::printf("%s\n", to_json(summary).c_str());
  }
  return out.error.empty() ? 0 : 1;
}

struct Tally {
  std::size_t passed = 0, failed = 0, skipped = 0;
};

void run_cases(const std::string& name, const conformance::StateTest& test, const NodeOptions& options,
               Tally& tally) {
  EvmTrace trace(stdout, {.memory = options.evm.trace_memory});
  const bool traced = options.evm.trace || options.json;
  for (const auto& one : test.cases()) {
    if (!options.evm.fork.empty() && options.evm.fork != one.fork) continue;
    if (options.evm.index && *options.evm.index != one.index) continue;
    const auto result = test.run(one, traced ? &trace : nullptr);
    const std::string title = fmt::format("{} ({} {})", name, one.fork, one.index);
    if (!result) {
      ++tally.skipped;
      std::printf("SKIP %s: no network of this name is known here\n", title.c_str());
      continue;
    }
    ++(result->wrong.empty() ? tally.passed : tally.failed);
    if (traced)
      std::printf("%s\n", to_json({result->root.hex(), result->output, result->gas_used,
                                   result->wrong.empty(), one.fork, result->error})
                              .c_str());
    else
      std::printf("%s %s: gas used %llu%s%s\n", result->wrong.empty() ? "PASS" : "FAIL", title.c_str(),
                  static_cast<unsigned long long>(result->gas_used), result->error.empty() ? "" : "; ",
                  result->error.c_str());
    if (!result->wrong.empty()) std::fprintf(stderr, "FAIL %s: %s\n", title.c_str(), result->wrong.c_str());
  }
}

Result<int> run_state_tests(const NodeOptions& options) {
  Tally tally;
  for (std::size_t i = 1; i < options.args.size(); ++i) {
    const auto text = read_text(options.args[i]);
    if (!text) return tl::unexpected(text.error());
    try {
      const auto file = nlohmann::json::parse(*text);
      for (const auto& [name, test] : file.items())
        run_cases(name, conformance::StateTest(test), options, tally);
    } catch (const std::exception& error) {
      return fail(options.args[i] + ": " + error.what(), "It should be a file of GeneralStateTests.");
    }
  }
  std::fprintf(stderr, "%zu passed, %zu failed, %zu skipped\n", tally.passed, tally.failed, tally.skipped);
  return tally.failed == 0 ? 0 : 1;
}
}  // namespace

Result<int> run_evm(const NodeOptions& options) {
  if (!options.args.empty() && options.args[0] == "statetest") {
    if (options.args.size() < 2) return fail("which file?", "quarry evm statetest FILE…");
    return run_state_tests(options);
  }
  if (options.args.size() > 1)
    return fail("too many arguments", "quarry evm --code HEX, or quarry evm statetest FILE…");
  return run_code(options);
}

}  // namespace quarry
