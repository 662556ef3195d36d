#pragma once
/// \file
/// The kinds of tests: how a test's content tells its kind, and what runs it.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "core/worker_pool.hpp"
#include "report.hpp"

namespace quarry::conformance {

/// One entry of a test file.
struct TestCase {
  std::string file;  ///< as given on the command line, or found below it
  std::string name;  ///< its key in the file; empty when the file is one test
  const nlohmann::json& json;
  std::optional<std::string> only_fork;  ///< --fork
  WorkerPool& workers;                   ///< for tests of many cases; idle when the last files are run

  /// Is this fork asked for? Letters are compared without case.
  bool wants(std::string_view fork) const;
  /// The file's name without folder and ending.
  std::string stem() const;
};

/// Runs what is in `json`, of whatever kind it is.
void run_file(const std::string& file, const nlohmann::json& json,
              const std::optional<std::string>& only_fork, WorkerPool& workers, Results& results);

// One a kind. They throw std::exception on a malformed test.
void run_rlp_test(const TestCase& test, Results& results);
void run_trie_test(const TestCase& test, Results& results);
void run_difficulty_test(const TestCase& test, Results& results);
void run_basic_difficulty_test(const TestCase& test, Results& results);
void run_pow_test(const TestCase& test, Results& results);
void run_keystore_test(const TestCase& test, Results& results);
void run_genesis_test(const TestCase& test, Results& results);
void run_hex_prefix_test(const TestCase& test, Results& results);
void run_crypto_test(const TestCase& test, Results& results);
void run_old_genesis_test(const TestCase& test, Results& results);
void run_genesis_hash_test(const TestCase& test, Results& results);
void run_key_address_test(const TestCase& test, Results& results);
void run_signed_txn_test(const TestCase& test, Results& results);
void run_transaction_test(const TestCase& test, Results& results);
void run_state_test(const TestCase& test, Results& results);
void run_vm_test(const TestCase& test, Results& results);
void run_blockchain_test(const TestCase& test, Results& results);
void run_engine_test(const TestCase& test, Results& results);

}  // namespace quarry::conformance
