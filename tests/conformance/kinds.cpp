#include "kinds.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>

namespace quarry::conformance {
namespace {
using nlohmann::json;

using Run = void (*)(const TestCase&, Results&);

struct KindRow {
  Kind kind;
  /// A test that has all of these members is of this kind.
  std::vector<std::string_view> members;
  Run run;
};

/// The first row that fits counts.
const std::vector<KindRow>& kind_table() {
  static const std::vector<KindRow> rows = {
      {Kind::blockchain, {"blocks", "network", "pre"}, run_blockchain_test},
      {Kind::engine, {"engineNewPayloads", "network"}, run_engine_test},
      {Kind::state, {"env", "pre", "transaction", "post"}, run_state_test},
      {Kind::vm, {"env", "pre", "exec"}, run_vm_test},
      {Kind::transaction, {"txbytes", "result"}, run_transaction_test},
      {Kind::trie, {"in", "root"}, run_trie_test},
      {Kind::trie, {"in", "tests"}, run_trie_test},
      {Kind::basic, {"seq", "term", "out"}, run_hex_prefix_test},
      {Kind::rlp, {"in", "out"}, run_rlp_test},
      {Kind::basic, {"parentDifficulty", "currentDifficulty"}, run_basic_difficulty_test},
      {Kind::pow, {"header_hash", "cache_hash", "result"}, run_pow_test},
      {Kind::keystore, {"json", "password", "priv"}, run_keystore_test},
      {Kind::genesis, {"alloc", "difficulty", "result"}, run_genesis_test},
      {Kind::basic, {"decryption_type", "cipher"}, run_crypto_test},
      {Kind::basic, {"inputs", "result"}, run_old_genesis_test},
      {Kind::basic, {"seed", "key", "addr"}, run_key_address_test},
      {Kind::basic, {"key", "unsigned", "signed"}, run_signed_txn_test},
      {Kind::basic, {"genesis_rlp_hex", "genesis_state_root"}, run_genesis_hash_test},
  };
  return rows;
}

/// A DifficultyTests entry holds tests below a fork's name.
bool is_difficulty(const json& one) {
  for (const auto& [fork, tests] : one.items())
    if (fork != "_info" && tests.is_object())
      for (const auto& [name, test] : tests.items())
        return test.is_object() && test.contains("currentDifficulty") && test.contains("currentBlockNumber");
  return false;
}

const KindRow* row_of(const json& one) {
  static const KindRow difficulty{Kind::difficulty, {}, run_difficulty_test};
  if (!one.is_object()) return nullptr;
  for (const KindRow& row : kind_table())
    if (std::ranges::all_of(row.members, [&](const auto& member) { return one.contains(member); }))
      return &row;
  return is_difficulty(one) ? &difficulty : nullptr;
}

/// Why a file or an entry is run by nobody.
std::string reason_not_known(const json& one) {
  if (!one.is_object()) return "no test: a JSON " + std::string(one.type_name());
  if (one.contains("test_cases")) return "a list of tests, not a test";
  if (one.contains("preHash") && one.contains("engineNewPayloads"))
    return "its accounts lie in another file (blockchain_tests_engine_x)";
  std::string members;
  for (const auto& [key, value] : one.items()) {
    if (members.size() > 80) break;
    members += (members.empty() ? "" : ", ") + key;
  }
  return "no kind of test that is known here; it has: " + members;
}

void run_entry(const TestCase& test, Results& results) {
  const KindRow* row = row_of(test.json);
  if (row == nullptr) return results.skip(Kind::other, "-", test.name, reason_not_known(test.json));
  try {
    row->run(test, results);
  } catch (const std::exception& error) {
    results.fail(row->kind, "-", test.name, std::string("malformed test: ") + error.what());
  }
}

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, {}, [](unsigned char c) { return std::tolower(c); },
      [](unsigned char c) { return std::tolower(c); });
}
}  // namespace

bool TestCase::wants(std::string_view fork) const {
  return !only_fork || equal_without_case(*only_fork, fork);
}

std::string TestCase::stem() const {
  return std::filesystem::path(file).stem().string();
}

void run_file(const std::string& file, const json& content, const std::optional<std::string>& only_fork,
              WorkerPool& workers, Results& results) {
  const bool one_test = row_of(content) != nullptr || content.contains("test_cases");
  if (one_test || !content.is_structured())
    return run_entry({file, "", content, only_fork, workers}, results);
  for (const auto& [name, one] : content.items()) {
    if (content.is_object() && name.starts_with("//")) continue;  // a comment
    run_entry({file, name, one, only_fork, workers}, results);
  }
}

}  // namespace quarry::conformance
