// GeneralStateTests: one transaction on a state, for each fork and each variant.
#include <nlohmann/json.hpp>

#include "kinds.hpp"
#include "node/conformance/state_test.hpp"

namespace quarry::conformance {

void run_state_test(const TestCase& test, Results& results) {
  const StateTest runner(test.json);
  for (const StateTest::Case& one : runner.cases()) {
    if (!test.wants(one.fork)) continue;
    const std::string name = test.name + "/" + std::to_string(one.index);
    try {
      const auto result = runner.run(one);
      if (!result) {
        results.skip(Kind::state, one.fork, name, "no network of this name is known here");
        continue;
      }
      results.judge(Kind::state, one.fork, name, result->wrong);
      if (result->wrong.empty() && !result->note.empty()) results.note(one.fork, name, result->note);
    } catch (const std::exception& error) {
      results.fail(Kind::state, one.fork, name, std::string("malformed test: ") + error.what());
    }
  }
}

}  // namespace quarry::conformance
