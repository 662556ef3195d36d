#pragma once
/// \file
/// State tests (ethereum/tests GeneralStateTests, execution-spec-tests state_tests): accounts, a block's
/// surroundings and one transaction with variants; for each fork what must come of each variant. For
/// quarry-conformance and for `quarry evm statetest`.

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "evm/transition.hpp"
#include "node/conformance/memory_state.hpp"
#include "node/conformance/networks.hpp"

namespace quarry::conformance {

/// The hash that tests made without a chain give to a block: of its number in decimal.
struct TestHashes final : evm::BlockHashes {
  Hash256 block_hash(BlockNum number) const override;
};

/// Keccak-256 of the logs' RLP.
Hash256 hash_of_logs(const std::vector<Log>& logs);

/// What came of one case.
struct StateCaseResult {
  std::string wrong;      ///< what was expected and what came; empty: the case passed
  std::string note = {};  ///< it passed, but not by the rule that the test names
  RootHash root;
  Gas gas_used = 0;
  Bytes output;
  std::string error;  ///< of the transaction, or of its outermost frame; empty: success
};

/// One test of a file: read once, run for each of its cases.
class StateTest {
 public:
  /// `json` outlives this. Throws on a malformed test (values.hpp).
  explicit StateTest(const nlohmann::json& json);
  ~StateTest();

  struct Case {
    std::string fork;
    std::size_t index;  ///< in the fork's list
  };
  /// Runs a case; nothing when no network of the fork's name is known. Throws on a malformed test.
  std::optional<StateCaseResult> run(const Case& one, evm::Tracer* tracer = nullptr) const;
  std::vector<Case> cases() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quarry::conformance
