// GeneralStateTests: one transaction on a state, for each fork and each variant.
#include <nlohmann/json.hpp>

#include "kinds.hpp"
#include "node/conformance/state_test.hpp"

namespace quarry::conformance {
namespace {
void run_case(const StateTest& runner, const StateTest::Case& one, const std::string& test,
              Results& results) {
  const std::string name = test + "/" + std::to_string(one.index);
  try {
    const auto result = runner.run(one);
    if (!result) return results.skip(Kind::state, one.fork, name, "no network of this name is known here");
    results.judge(Kind::state, one.fork, name, result->wrong);
    if (result->wrong.empty() && !result->note.empty()) results.note(one.fork, name, result->note);
  } catch (const std::exception& error) {
    results.fail(Kind::state, one.fork, name, std::string("malformed test: ") + error.what());
  }
}
}  // namespace

void run_state_test(const TestCase& test, Results& results) {
  const StateTest runner(test.json);
  auto cases = runner.cases();
  std::erase_if(cases, [&](const StateTest::Case& one) { return !test.wants(one.fork); });
  std::vector<Results> parts(cases.size());
  test.workers.parallel_for(cases.size(),
                            [&](std::size_t i) { run_case(runner, cases[i], test.name, parts[i]); });
  for (const Results& part : parts) results.merge(part);
}

}  // namespace quarry::conformance
