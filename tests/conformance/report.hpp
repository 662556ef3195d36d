#pragma once
/// \file
/// What came of the tests: counts by kind and fork, and a line for everything that failed or was skipped.

#include <array>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace quarry::conformance {

/// The kinds of ethereum/tests, by the names of their folders; the last ones are execution-spec-tests'.
enum class Kind : std::uint8_t {
  state,
  blockchain,
  vm,
  transaction,
  difficulty,
  rlp,
  trie,
  pow,
  keystore,
  genesis,
  basic,
  engine,  ///< blocks as a consensus client hands them over
  other,   ///< JSON that is no test known here
};
inline constexpr std::array<std::string_view, 13> kKindNames = {
    "GeneralStateTests", "BlockchainTests", "VMTests",      "TransactionTests", "DifficultyTests",
    "RLPTests",          "TrieTests",       "PoWTests",     "KeyStoreTests",    "GenesisTests",
    "BasicTests",        "EngineTests",     "(other files)"};
inline std::string_view name_of(Kind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

/// The results of one file; used by one thread.
class Results {
 public:
  struct Count {
    std::size_t passed = 0, failed = 0, skipped = 0;
  };
  using Key = std::pair<Kind, std::string>;  ///< kind, fork ("-" where there is none)

  void pass(Kind kind, const std::string& fork) { ++counts[{kind, fork}].passed; }
  /// `name` is the test within its file; `what` says what was expected and what came.
  void fail(Kind kind, const std::string& fork, const std::string& name, const std::string& what);
  void skip(Kind kind, const std::string& fork, const std::string& name, const std::string& reason,
            std::size_t cases = 1);
  /// What is worth a line though it failed no test.
  void note(const std::string& fork, const std::string& name, const std::string& what);
  /// Passes when `what` is empty.
  void judge(Kind kind, const std::string& fork, const std::string& name, const std::string& what) {
    what.empty() ? pass(kind, fork) : fail(kind, fork, name, what);
  }

  /// Adds what came of a part.
  void merge(const Results& part);

  std::map<Key, Count> counts;
  std::vector<std::string> lines;
};

/// All results. Thread-safe.
class Report {
 public:
  /// Prints the lines of one file and adds its counts.
  void add(const std::string& file, const Results& results);
  /// The table and the last line. True when nothing failed.
  bool print_summary() const;

 private:
  mutable std::mutex mutex_;
  std::map<Results::Key, Results::Count> counts_;
};

}  // namespace quarry::conformance
