// Random accounts, code and a transaction against what must hold of every execution: gas never grows,
// balances are conserved, refunds are bounded, taking back leaves nothing behind, and a watched run does the
// same as one that is not. QUARRY_FUZZ_STATETEST=FILE writes the input as a state test, for `quarry evm
// statetest`.
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "core/check.hpp"
#include "core/secp256k1.hpp"
#include "evm/opcodes.hpp"
#include "evm/transition.hpp"
#include "evm/vm.hpp"
#include "node/conformance/memory_state.hpp"
#include "node/conformance/networks.hpp"

using namespace quarry;
using conformance::MemoryState;

namespace {
constexpr std::string_view kForks[] = {
    "Frontier", "Homestead", "EIP150",   "EIP158", "Byzantium", "Istanbul", "ConstantinopleFix",
    "Berlin",   "London",    "Shanghai", "Cancun", "Prague",    "Osaka",    "Constantinople"};
constexpr Gas kGas = 1'000'000;
constexpr std::uint64_t kBaseFee = 7, kPrice = 10;

/// Takes the input byte by byte; zeros when it is used up.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_{data, size} {}
  bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t value = rest_[0];
    rest_ = rest_.subspan(1);
    return value;
  }
  std::size_t below(std::size_t bound) { return byte() % bound; }

 private:
  ByteView rest_;
};

/// Accounts 0x…1000 to 0x…1003 are contracts.
Address contract(std::size_t index) {
  Address address;
  address.bytes[18] = 0x10;
  address.bytes[19] = static_cast<std::uint8_t>(index);
  return address;
}
/// The key that ethereum/tests sign with.
constexpr const char* kSenderKey = "0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8";
Address sender() {
  static const Address address = address_of(public_key(*PrivateKey::from_hex(kSenderKey)));
  return address;
}
Address beneficiary() {
  Address address;
  address.bytes.fill(0xcc);
  return address;
}

void push(Bytes& code, ByteView value) {
  code.push_back(static_cast<std::uint8_t>(0x5f + value.size()));
  append(code, value);
}
void push_small(Bytes& code, std::uint8_t value) {
  push(code, {&value, 1});
}
void push_target(Bytes& code, Input& in) {
  const std::size_t which = in.below(8);
  if (which < 4) return push(code, contract(which).view());
  if (which == 4) return push(code, sender().view());
  push_small(code, in.byte() % 0x14);  // precompiles
}

void add_call(Bytes& code, Input& in) {
  constexpr std::uint8_t kOps[] = {0xf1, 0xf2, 0xf4, 0xfa};
  const std::uint8_t op = kOps[in.below(4)];
  for (int i = 0; i < 4; ++i) push_small(code, in.byte());  // output and input
  if (op == 0xf1 || op == 0xf2) push_small(code, in.below(3) == 0 ? in.byte() : 0);
  push_target(code, in);
  if (in.below(2) == 0)
    code.push_back(0x5a);  // GAS
  else
    push(code, std::array<std::uint8_t, 2>{in.byte(), in.byte()});
  code.push_back(op);
}

void add_create(Bytes& code, Input& in) {
  Bytes init(1 + in.below(16));
  for (std::uint8_t& byte : init) byte = in.byte();
  push(code, init);
  push_small(code, 0);
  code.push_back(0x52);  // MSTORE
  const bool salted = in.below(2) == 0;
  if (salted) push_small(code, in.byte() % 4);
  push_small(code, static_cast<std::uint8_t>(init.size()));
  push_small(code, static_cast<std::uint8_t>(32 - init.size()));
  push_small(code, in.byte() % 4);
  code.push_back(salted ? 0xf5 : 0xf0);
}

void add_store(Bytes& code, Input& in) {
  push_small(code, in.byte() % 3);
  push_small(code, in.byte() % 4);
  code.push_back(in.below(4) == 0 ? 0x5d : 0x55);  // TSTORE or SSTORE
}

Bytes code_from(Input& in) {
  Bytes code;
  const std::size_t parts = in.below(24);
  for (std::size_t i = 0; i < parts; ++i) switch (in.below(8)) {
      case 0:
        add_call(code, in);
        break;
      case 1:
        add_create(code, in);
        break;
      case 2:
        add_store(code, in);
        break;
      case 3:
        push_target(code, in);
        break;
      case 4:
        push_small(code, in.byte());
        break;
      case 5:
        code.push_back(in.byte());  // anything
        break;
      default:
        code.push_back(
            evm::all_opcodes()[in.byte() % evm::all_opcodes().size()].op == evm::Op::push1
                ? 0x80
                : static_cast<std::uint8_t>(evm::all_opcodes()[in.byte() % evm::all_opcodes().size()].op));
    }
  return code;
}

struct Case {
  std::string fork;
  conformance::Network network;
  MemoryState pre;
  Transaction txn;
  evm::BlockEnv env;
};

Case case_from(Input& in) {
  Case out;
  out.fork = kForks[in.below(std::size(kForks))];
  out.network = *conformance::find_network(out.fork);
  for (std::size_t i = 0; i < 4; ++i) {
    GenesisAccount account;
    account.address = contract(i);
    account.balance = U256{in.byte()};
    account.nonce = in.byte() % 2;
    account.code = code_from(in);
    for (std::uint8_t slot = 0; slot < 3; ++slot)
      account.storage.emplace_back(SlotKey(U256{slot}.to_be()), SlotValue(U256{in.byte() % 2u}.to_be()));
    out.pre.put(std::move(account));
  }
  out.pre.put({sender(), U256{1'000'000'000}, 0, {}, {}});
  evm::BlockEnv& env = out.env;
  env.rules = out.network.spec.forks.rules(1, 1000);
  env.number = 1;
  env.timestamp = 1000;
  env.beneficiary = beneficiary();
  env.gas_limit = kGas;
  env.difficulty = U256{0x20000};
  env.chain_id = 1;
  if (env.rules.has(Fork::london)) env.base_fee = U256{kBaseFee};
  Transaction& txn = out.txn;
  txn.max_fee_per_gas = txn.max_priority_fee_per_gas = U256{kPrice};
  txn.gas_limit = kGas;
  txn.value = U256{in.byte() % 4u};
  txn.v = U256{27};
  if (in.below(4) != 0)
    txn.to = contract(in.below(4));
  else
    txn.data = code_from(in);
  return out;
}

struct Watch final : evm::Tracer {
  std::map<unsigned, Gas> left;  ///< by depth: the frame's gas at its last step
  bool destroyed = false;
  void on_step(const evm::Step& step) override {
    const auto at = left.find(step.depth);
    QUARRY_CHECK(at == left.end() || step.gas_left <= at->second);
    left[step.depth] = step.gas_left;
    QUARRY_CHECK(step.stack.size() <= evm::kMostStackWords);
  }
  void on_enter(const evm::Message& message) override { left.erase(message.depth); }
  void on_selfdestruct(const Address&, const Address&, const Wei&) override { destroyed = true; }
};

U256 sum_of(const MemoryState& state) {
  U256 sum;
  for (const GenesisAccount& account : state.accounts()) sum += account.balance;
  return sum;
}

struct Ended {
  evm::TxnOutcome outcome;
  StateDiff diff;
};
Ended run(const Case& c, evm::Tracer* tracer, bool after_taken_back) {
  evm::Journal journal(c.pre, c.env.rules);
  if (after_taken_back) {
    // Something else happens, and is taken back: nothing of it may be left.
    const evm::TxnEnv txn{sender(), U256{kPrice}, {}};
    evm::Vm vm(c.env, txn, journal);
    evm::Message message;
    message.gas = kGas / 4;
    message.sender = sender();
    message.recipient = message.code_address = contract(1);
    const auto mark = journal.mark();
    (void)vm.call(message);
    journal.revert(mark);
    QUARRY_CHECK(journal.refund() == 0 && journal.logs().empty());
  }
  auto outcome =
      evm::execute_transaction(journal, c.env, c.txn, sender(), kGas, {.check_signature = false}, tracer);
  QUARRY_CHECK(outcome);
  return {std::move(*outcome), journal.diff()};
}

bool same(const Case& c, const Ended& a, const Ended& b) {
  MemoryState left = c.pre, right = c.pre;
  left.apply(a.diff);
  right.apply(b.diff);
  return a.outcome.status == b.outcome.status && a.outcome.gas_used == b.outcome.gas_used &&
         a.outcome.output == b.outcome.output && a.outcome.logs == b.outcome.logs &&
         left.difference(right).empty();
}

void check_sums(const Case& c, const Ended& ended, bool destroyed) {
  const auto& outcome = ended.outcome;
  const Gas most_refund = (outcome.gas_used + outcome.refunded) / (c.env.rules.has(Fork::london) ? 5 : 2);
  QUARRY_CHECK(outcome.gas_used <= kGas && outcome.refunded <= most_refund);
  MemoryState after = c.pre;
  after.apply(ended.diff);
  const U256 burnt = c.env.base_fee * U256{outcome.gas_used};
  const U256 expected = sum_of(c.pre) - burnt, got = sum_of(after);
  // What a contract leaves to itself when it destroys itself is gone.
  QUARRY_CHECK(destroyed ? got <= expected : got == expected);
}

void write_state_test(const Case& c, const char* path) {
  using nlohmann::json;
  json pre;
  for (const GenesisAccount& account : c.pre.accounts()) {
    json storage = json::object();
    for (const auto& [key, value] : account.storage) storage[key.hex()] = value.hex();
    pre[account.address.hex()] = {{"balance", account.balance.to_quantity()},
                                  {"nonce", U256{account.nonce}.to_quantity()},
                                  {"code", to_hex0x(account.code)},
                                  {"storage", storage}};
  }
  const json txn = {{"sender", sender().hex()},
                    {"secretKey", kSenderKey},
                    {"to", c.txn.to ? c.txn.to->hex() : ""},
                    {"nonce", "0x0"},
                    {"gasPrice", c.txn.max_fee_per_gas.to_quantity()},
                    {"gasLimit", {U256{kGas}.to_quantity()}},
                    {"value", {c.txn.value.to_quantity()}},
                    {"data", {to_hex0x(c.txn.data)}}};
  const json env = {{"currentCoinbase", beneficiary().hex()},
                    {"currentDifficulty", "0x20000"},
                    {"currentGasLimit", U256{kGas}.to_quantity()},
                    {"currentNumber", "0x1"},
                    {"currentTimestamp", "0x3e8"},
                    {"currentBaseFee", U256{kBaseFee}.to_quantity()}};
  const json post = {{{"hash", Hash256{}.hex()},
                      {"logs", Hash256{}.hex()},
                      {"indexes", {{"data", 0}, {"gas", 0}, {"value", 0}}}}};
  std::ofstream(path)
      << json{{"fuzzed", {{"env", env}, {"pre", pre}, {"transaction", txn}, {"post", {{c.fork, post}}}}}}
             .dump(1);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const Case c = case_from(in);
  if (const char* path = std::getenv("QUARRY_FUZZ_STATETEST")) write_state_test(c, path);
  Watch watch;
  const Ended plain = run(c, nullptr, false), watched = run(c, &watch, false), again = run(c, nullptr, true);
  QUARRY_CHECK(same(c, plain, watched));
  QUARRY_CHECK(same(c, plain, again));
  check_sums(c, plain, watch.destroyed);
  return 0;
}
