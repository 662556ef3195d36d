// Difficulty and base fee against the conformance tests of all clients.
#include "consensus/difficulty.hpp"

#include <nlohmann/json.hpp>

#include "consensus/base_fee.hpp"
#include "fixtures.hpp"

using namespace quarry;
using nlohmann::json;

namespace {
/// In the order in which the networks took them up.
constexpr std::array kHistory = {
    std::pair{"Frontier", std::optional<Fork>{}},
    std::pair{"Homestead", std::optional{Fork::homestead}},
    std::pair{"Byzantium", std::optional{Fork::byzantium}},
    std::pair{"Constantinople", std::optional{Fork::constantinople}},
    std::pair{"Berlin", std::optional{Fork::muir_glacier}},
    std::pair{"London", std::optional{Fork::london}},
    std::pair{"ArrowGlacier", std::optional{Fork::arrow_glacier}},
    std::pair{"GrayGlacier", std::optional{Fork::gray_glacier}},
};

Rules rules_of(const std::string& network) {
  Rules rules;
  for (const auto& [name, fork] : kHistory) {
    if (fork) rules.set(*fork);
    if (network == name) return rules;
  }
  ADD_FAILURE() << "no such network: " << network;
  return rules;
}

U256 number(const json& text) {
  return U256::parse(text.get<std::string>()).value();
}

void check_case(const std::string& name, const json& one, const Rules& rules) {
  Header parent;
  parent.number = number(one["currentBlockNumber"]).low64() - 1;
  parent.timestamp = number(one["parentTimestamp"]).low64();
  parent.difficulty = number(one["parentDifficulty"]);
  parent.ommers_hash = kEmptyOmmersHash;
  const std::string ommers = one.value("parentUncles", "0x00");
  if (ommers == "0x01") parent.ommers_hash = Hash256{};
  if (ommers.size() == 66) parent.ommers_hash = *Hash256::from_hex(ommers);
  const U256 got = ethash_difficulty(parent, number(one["currentTimestamp"]).low64(), rules);
  EXPECT_EQ(got, number(one["currentDifficulty"])) << name << ": " << got.to_decimal();
}

json load(const std::filesystem::path& path) {
  std::ifstream file(path);
  return json::parse(file);
}
}  // namespace

TEST(Difficulty, AsTheConformanceTestsOfEveryNetwork) {
  const auto folder = test::unpacked("ethereum-tests.tar.xz") / "DifficultyTests";
  QUARRY_NEEDS_FIXTURE(folder);
  std::size_t cases = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const json file = load(entry.path());
    for (const auto& [title, networks] : file.items()) {
      for (const auto& [network, tests] : networks.items()) {
        if (network == "_info") continue;
        const Rules rules = rules_of(network);
        for (const auto& [name, one] : tests.items()) check_case(network + " " + name, one, rules), ++cases;
      }
    }
  }
  EXPECT_GT(cases, 10'000u);
}

TEST(Difficulty, AsTheBasicTests) {
  const auto folder = test::unpacked("ethereum-tests.tar.xz") / "BasicTests";
  QUARRY_NEEDS_FIXTURE(folder);
  // difficultyCustomHomestead.json is left out: it has no bomb and parents under the minimum, a network that
  // never was; go-ethereum skips it too.
  struct Network {
    const char* file;
    BlockNum homestead, byzantium, constantinople;
  };
  for (const auto& [file, homestead, byzantium, constantinople] :
       {Network{"difficultyMainNetwork.json", 1'150'000, 4'370'000, 7'280'000},
        Network{"difficultyRopsten.json", 0, 1'700'000, 4'230'000}}) {
    const json tests = load(folder / file);
    for (const auto& [name, one] : tests.items()) {
      const auto block = number(one["currentBlockNumber"]).low64();
      Rules rules;
      if (block >= homestead) rules.set(Fork::homestead);
      if (block >= byzantium) rules.set(Fork::byzantium);
      if (block >= constantinople) rules.set(Fork::constantinople);
      check_case(std::string(file) + " " + name, one, rules);
    }
  }
}

TEST(Difficulty, NeverBelowTheMinimumNorAboveTheLargestNumber) {
  Header parent;
  parent.difficulty = kMinimumDifficulty;
  parent.ommers_hash = kEmptyOmmersHash;
  EXPECT_EQ(ethash_difficulty(parent, 1'000'000, rules_of("Homestead")), U256{kMinimumDifficulty});
  EXPECT_EQ(ethash_difficulty(parent, ~Timestamp{0}, rules_of("Byzantium")), U256{kMinimumDifficulty});
  parent.difficulty = U256::max();
  EXPECT_EQ(ethash_difficulty(parent, 1, rules_of("Frontier")), U256::max());
  parent.difficulty = kMinimumDifficulty;
  parent.number = ~BlockNum{0} - 1;
  EXPECT_EQ(ethash_difficulty(parent, 1, rules_of("Frontier")), U256::max());
}

TEST(BaseFee, MovesTowardsHalfTheGasLimit) {
  Header parent;
  parent.gas_limit = 20'000'000;
  EXPECT_EQ(next_base_fee(parent), U256{kInitialBaseFee});  // the parent is from before London
  parent.base_fee_per_gas = U256{1'000'000'000};
  parent.gas_used = 10'000'000;
  EXPECT_EQ(next_base_fee(parent), U256{1'000'000'000});
  parent.gas_used = 9'000'000;
  EXPECT_EQ(next_base_fee(parent), U256{987'500'000});
  parent.gas_used = 11'000'000;
  EXPECT_EQ(next_base_fee(parent), U256{1'012'500'000});
  parent.gas_used = 20'000'000;
  EXPECT_EQ(next_base_fee(parent), U256{1'125'000'000});
  parent.gas_used = 0;
  parent.base_fee_per_gas = U256{7};
  EXPECT_EQ(next_base_fee(parent), U256{7});  // an eighth of 7 is nothing
  parent.gas_used = 10'000'001;
  EXPECT_EQ(next_base_fee(parent), U256{8});  // upwards by one at least
}
