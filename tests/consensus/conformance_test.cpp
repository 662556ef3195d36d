// The BlockchainTests of all clients: every proof-of-work block through the header and body phases, and
// blocks without transactions through execution as well.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "chain_support.hpp"
#include "consensus/validate.hpp"
#include "storage/state_writer.hpp"

using namespace quarry;
using nlohmann::json;

namespace {
using F = Fork;
/// The networks' forks in the order they came.
const std::vector<std::pair<std::string, std::vector<Fork>>> kHistory = {
    {"Frontier", {}},
    {"Homestead", {F::homestead}},
    {"Dao", {F::dao}},
    {"EIP150", {F::eip150}},
    {"EIP158", {F::eip155, F::eip158}},
    {"Byzantium", {F::byzantium}},
    {"Constantinople", {F::constantinople}},
    {"ConstantinopleFix", {F::petersburg}},
    {"Istanbul", {F::istanbul}},
    {"Berlin", {F::muir_glacier, F::berlin}},
    {"London", {F::london}},
};

/// "X", or "XToYAt5"; nothing for networks of proof of stake.
std::optional<ChainSpec> spec_of(const std::string& network) {
  const auto to = network.find("To");
  const std::string first = network.substr(0, to);
  std::string last = first;
  if (to != std::string::npos) {
    if (!network.ends_with("At5")) return std::nullopt;
    last = network.substr(to + 2, network.size() - to - 5);
  }
  ChainSpec spec;
  BlockNum at = 0;
  bool found = false;
  for (const auto& [name, forks] : kHistory) {
    const bool is_dao = name == "Dao";
    if (is_dao && last != "Dao") continue;  // no other network has that fork
    for (const Fork fork : forks) spec.forks[fork] = Activation{Activation::By::block, at};
    if (is_dao) spec.dao_fork_support = true;
    if (name == first && first != last) at = 5;
    if (name == last) found = true;
    if (found) break;
  }
  return found ? std::optional(spec) : std::nullopt;
}

/// Exceptions that only execution, or a real seal, shows.
bool is_of_execution(const std::string& exception) {
  static const std::vector<std::string> starts = {"TR_",
                                                  "TransactionException",
                                                  "IntrinsicGas",
                                                  "InvalidStateRoot",
                                                  "InvalidReceiptsStateRoot",
                                                  "InvalidLogBloom",
                                                  "InvalidGasUsed",
                                                  "TooMuchGasUsed",
                                                  "BlockGasLimitReached",
                                                  "InvalidBlockNonce",
                                                  "BlockException.INVALID_GAS_USED"};
  return std::any_of(starts.begin(), starts.end(),
                     [&](const auto& start) { return exception.starts_with(start); });
}

using Accounts = std::map<Address, GenesisAccount>;

struct MemoryState final : StateView {
  Accounts accounts;
  std::optional<Account> account(const Address& address) const override {
    const auto found = accounts.find(address);
    if (found == accounts.end()) return std::nullopt;
    Account out;
    out.nonce = found->second.nonce;
    out.balance = found->second.balance;
    return out;
  }
  SlotValue slot(const Address&, const SlotKey&) const override { return {}; }
  Bytes code(const CodeHash&) const override { return {}; }

  RootHash root() const {
    std::vector<GenesisAccount> all;
    for (const auto& [address, account] : accounts) all.push_back(account);
    return genesis_root(all);
  }
  void apply(const StateDiff& diff) {
    for (const auto& [address, change] : diff.accounts) {
      GenesisAccount& account = accounts[address];
      account.address = address;
      account.balance = change.after->balance;
    }
  }
};

SlotValue padded(const std::string& hex) {
  std::string digits = hex.substr(hex.starts_with("0x") ? 2 : 0);
  digits.insert(0, 64 - digits.size(), '0');
  return *SlotValue::from_hex(digits);
}

MemoryState state_before(const json& pre) {
  MemoryState state;
  for (const auto& [name, one] : pre.items()) {
    GenesisAccount account;
    account.address = *Address::from_hex(name);
    account.balance = *U256::parse(one["balance"].get<std::string>());
    account.nonce = U256::parse(one["nonce"].get<std::string>())->low64();
    account.code = *from_hex(one["code"].get<std::string>());
    for (const auto& [slot, value] : one["storage"].items())
      account.storage.emplace_back(SlotKey(padded(slot)), padded(value.get<std::string>()));
    state.accounts[account.address] = std::move(account);
  }
  return state;
}

/// One test: blocks in the order given, each with the state after it where that is known.
struct Run final : Ancestry {
  struct Known {
    Block block;
    std::optional<MemoryState> state;
  };
  std::map<BlockHash, Known> known;
  test::UnsealedEngine engine;
  const ChainSpec& spec;
  Validator validator;
  std::size_t judged = 0, executed = 0;

  explicit Run(const ChainSpec& s) : spec(s), validator(s, engine) {}

  std::optional<Ancestor> ancestor(const BlockId& id) const override {
    const auto found = known.find(id.hash);
    if (found == known.end()) return std::nullopt;
    return Ancestor{found->second.block.header, found->second.block.body.ommers};
  }

  /// The verdict of all phases that can be run; adds the block when it passes.
  Verdict judge(const Block& block) {
    const auto parent = known.find(block.header->parent_hash);
    if (parent == known.end()) return BlockError{BlockRule::unknown_parent, ""};
    if (auto error = validator.header(block.header, *parent->second.block.header, ~Timestamp{0}))
      return error;
    if (auto error = validator.body(block, *this)) return error;
    ++judged;
    Known added{block, std::nullopt};
    // EIP-779 moves balances in the fork's block.
    const bool moves = spec.dao_fork_support && block.header->number >= 5;
    if (parent->second.state && block.body.transactions.empty() && !moves) {
      ++executed;
      added.state = parent->second.state;
      const auto execution = execute_block(*added.state, *block.header, block.body, {spec, engine});
      if (!execution) return execution.error();
      added.state->apply(execution->diff);
      if (auto error = validator.execution(*block.header, *execution, added.state->root())) return error;
    }
    known[block.header.hash()] = std::move(added);
    return {};
  }
};

std::string expected_exception(const json& block) {
  for (const auto& [key, value] : block.items())
    if (key.starts_with("expectException")) return value.get<std::string>();
  // Old tests do not name what is wrong: they leave the block's fields out.
  return block.contains("blockHeader") ? "" : "TR_unnamed";
}

void run_test(const json& one, const ChainSpec& spec, std::size_t& judged, std::size_t& executed) {
  Run run(spec);
  const auto genesis =
      decode_block(*from_hex(one["genesisRLP"].get<std::string>()), HeaderIdentity::keccak_rlp);
  ASSERT_TRUE(genesis);
  const MemoryState state = state_before(one["pre"]);
  ASSERT_EQ(state.root(), genesis->header->state_root);
  run.known[genesis->header.hash()] = {*genesis, state};
  for (const json& entry : one["blocks"]) {
    const std::string exception = expected_exception(entry);
    const auto bytes = from_hex(entry["rlp"].get<std::string>());
    const auto block =
        bytes ? decode_block(*bytes, HeaderIdentity::keccak_rlp) : rlp::fail(rlp::DecodeError::invalid_value);
    if (!block) {
      EXPECT_FALSE(exception.empty()) << rlp::to_string(block.error());
      continue;
    }
    const std::size_t before = run.executed;
    const Verdict verdict = run.judge(*block);
    if (exception.empty()) {
      EXPECT_FALSE(verdict) << to_string(verdict->rule) << ": " << verdict->detail;
    } else if (!is_of_execution(exception) ||
               (run.executed > before && !exception.starts_with("InvalidBlockNonce"))) {
      EXPECT_TRUE(verdict) << "must be refused: " << exception;
    } else {
      run.known.erase(block->header.hash());
    }
  }
  judged += run.judged;
  executed += run.executed;
}
}  // namespace

TEST(Conformance, BlockchainTestsOfProofOfWork) {
  const auto root = test::unpacked("ethereum-tests.tar.xz");
  QUARRY_NEEDS_FIXTURE(root);
  std::size_t tests = 0, judged = 0, executed = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string path = entry.path().string();
    if (entry.path().extension() != ".json" || path.find("BlockchainTests") == std::string::npos) continue;
    std::ifstream stream(path);
    const json file = json::parse(stream, nullptr, false);
    if (!file.is_object()) continue;
    for (const auto& [name, one] : file.items()) {
      if (!one.is_object() || !one.contains("blocks") || !one.contains("genesisRLP")) continue;
      const auto spec = spec_of(one["network"].get<std::string>());
      if (!spec) continue;
      SCOPED_TRACE(path.substr(root.string().size()) + " " + name);
      run_test(one, *spec, judged, executed);
      ++tests;
    }
  }
  std::printf("%zu tests, %zu blocks judged, %zu of them executed\n", tests, judged, executed);
  EXPECT_GT(tests, 1000u);
  EXPECT_GT(judged, 3000u);
  EXPECT_GT(executed, 300u);
}
