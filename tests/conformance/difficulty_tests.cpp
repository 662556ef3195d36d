// DifficultyTests: cases below a fork's name; and the difficulty files of BasicTests, which lie flat and take
// their network from the file's name.
#include <nlohmann/json.hpp>

#include "consensus/difficulty.hpp"
#include "kinds.hpp"
#include "node/conformance/networks.hpp"
#include "node/conformance/values.hpp"

namespace quarry::conformance {
namespace {
using nlohmann::json;

/// The parent's ommers are told as a count, as the hash of their list, or not at all.
Hash256 ommers_of(const json& one) {
  if (!one.contains("parentUncles")) return kEmptyOmmersHash;
  const json& ommers = one.at("parentUncles");
  if (ommers.is_string() && ommers.get_ref<const std::string&>().size() == 66)
    return fixed_of<Hash256>(ommers);
  return number_of(ommers).is_zero() ? kEmptyOmmersHash : Hash256{};
}

std::string check(const json& one, const ForkSchedule& forks) {
  Header parent;
  const BlockNum number = u64_of(one.at("currentBlockNumber"));
  const Timestamp timestamp = u64_of(one.at("currentTimestamp"));
  parent.number = number - 1;
  parent.timestamp = u64_of(one.at("parentTimestamp"));
  parent.difficulty = number_of(one.at("parentDifficulty"));
  parent.ommers_hash = ommers_of(one);
  const U256 got = ethash_difficulty(parent, timestamp, forks.rules(number, timestamp));
  const U256 wanted = number_of(one.at("currentDifficulty"));
  if (got == wanted) return {};
  return "expected difficulty " + wanted.to_decimal() + ", got " + got.to_decimal();
}

/// The networks that BasicTests' files are named after, with the blocks that changed the difficulty.
struct NamedNetwork {
  std::string_view file;  ///< without "difficulty"
  std::vector<std::pair<Fork, BlockNum>> forks;
};
const std::vector<NamedNetwork>& named_networks() {
  static const std::vector<std::pair<Fork, BlockNum>> main = {
      {Fork::homestead, 1'150'000},    {Fork::byzantium, 4'370'000}, {Fork::constantinople, 7'280'000},
      {Fork::muir_glacier, 9'200'000}, {Fork::london, 12'965'000},   {Fork::arrow_glacier, 13'773'000},
      {Fork::gray_glacier, 15'050'000}};
  static const std::vector<NamedNetwork> rows = {
      {"", main},
      {"MainNetwork", main},
      {"CustomMainNetwork", main},
      {"Ropsten",
       {{Fork::homestead, 0},
        {Fork::byzantium, 1'700'000},
        {Fork::constantinople, 4'230'000},
        {Fork::muir_glacier, 7'117'117},
        {Fork::london, 10'499'401}}},
      {"Morden", {{Fork::homestead, 494'000}}},
      {"Olimpic", {}},
      {"CustomHomestead", {{Fork::homestead, 0}}},
      {"EIP2384_random", {{Fork::muir_glacier, 0}}},
      {"EIP2384_random_to20M", {{Fork::muir_glacier, 0}}},
  };
  return rows;
}

std::optional<ForkSchedule> forks_of_file(const std::string& stem) {
  constexpr std::string_view kStart = "difficulty";
  if (!stem.starts_with(kStart)) return std::nullopt;
  const std::string_view name = std::string_view(stem).substr(kStart.size());
  for (const NamedNetwork& row : named_networks()) {
    if (row.file != name) continue;
    ForkSchedule forks;
    for (const auto& [fork, block] : row.forks) forks[fork] = Activation{Activation::By::block, block};
    return forks;
  }
  if (const auto network = find_network(name)) return network->spec.forks;
  return std::nullopt;
}
}  // namespace

void run_difficulty_test(const TestCase& test, Results& results) {
  for (const auto& [fork, cases] : test.json.items()) {
    if (fork == "_info" || !test.wants(fork)) continue;
    const auto network = find_network(fork);
    if (!network) {
      results.skip(Kind::difficulty, fork, test.name, "no network of this name is known here", cases.size());
      continue;
    }
    for (const auto& [name, one] : cases.items())
      results.judge(Kind::difficulty, fork, test.name + "/" + name, check(one, network->spec.forks));
  }
}

void run_basic_difficulty_test(const TestCase& test, Results& results) {
  if (!test.wants("-")) return;
  const auto forks = forks_of_file(test.stem());
  if (!forks)
    return results.skip(Kind::basic, "-", test.name, "the file's name is no network's that is known here");
  results.judge(Kind::basic, "-", test.name, check(test.json, *forks));
}

}  // namespace quarry::conformance
