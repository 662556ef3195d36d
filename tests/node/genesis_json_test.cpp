/// Genesis files as tutorials have them, as people break them, and back to JSON without loss.
#include "node/genesis_json.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "consensus/genesis.hpp"
#include "core/jbc.hpp"
#include "fixtures.hpp"
#include "node/fork_change.hpp"

using namespace quarry;

namespace {
constexpr std::string_view kAddress = "0x6688c4e945963e690a277d537ad934877f79a262";

/// A sound file with `extra` members put in front of its own.
std::string file_with(const std::string& extra, const std::string& config = "\"chainId\": 1999") {
  return "{\n" + extra + "\"config\": {" + config +
         "},\n\"difficulty\": \"0x20000\",\n\"gasLimit\": \"0x2fefd8\",\n\"alloc\": {}\n}";
}
std::string with_alloc(const std::string& alloc) {
  return "{\"config\": {\"chainId\": 1},\n\"difficulty\": 1,\n\"gasLimit\": \"5000\",\n\"alloc\": " + alloc +
         "}";
}
GenesisFile read(const std::string& text) {
  auto file = parse_genesis(text);
  if (!file) ADD_FAILURE() << file.error().what;
  return file ? *file : GenesisFile{};
}
std::string refusal(const std::string& text) {
  const auto file = parse_genesis(text);
  return file ? "accepted" : file.error().what;
}
std::string without(std::string text, const std::string& line) {
  const auto at = text.find(line);
  return text.erase(at, line.size());
}
bool warns(const GenesisFile& file, std::string_view of) {
  return std::any_of(file.warnings.begin(), file.warnings.end(),
                     [&](const auto& w) { return w.find(of) != w.npos; });
}
}  // namespace

TEST(GenesisJson, NumbersAreHexDecimalOrJson) {
  for (const char* value : {"\"0x20000\"", "\"131072\"", "131072", "\"0X20000\""}) {
    const auto file = read(
        std::string("{\"config\":{\"chainId\":1},\"gasLimit\":1,\"alloc\":{},\"difficulty\":") + value + "}");
    EXPECT_EQ(file.genesis.header.difficulty, U256{131072}) << value;
  }
  const std::string ether =
      with_alloc("{\"" + std::string(kAddress) + "\": {\"balance\": 1000000000000000000000000}}");
  EXPECT_EQ(read(ether).genesis.alloc.at(0).balance.to_decimal(), "1000000000000000000000000");
  for (const char* bad : {"\"0x\"", "\"12x\"", "-1", "1.5", "1e3", "true", "[]", "\"0x1", "\"\\u0000\""}) {
    const std::string text =
        std::string("{\"config\":{},\"gasLimit\":1,\"alloc\":{},\"difficulty\":") + bad + "}";
    EXPECT_FALSE(parse_genesis(text)) << bad;
  }
}

TEST(GenesisJson, EveryForkKeyIsRead) {
  for (const ForkInfo& row : kForkTable) {
    for (std::string_view key : {row.block_key, row.time_key}) {
      if (key.empty()) continue;
      const auto file = read(file_with("", "\"chainId\": 1, \"" + std::string(key) + "\": 77"));
      const bool by_time = key == row.time_key;
      const Activation expected{by_time ? Activation::By::time : Activation::By::block, 77};
      EXPECT_EQ(file.genesis.spec.forks[row.fork], expected) << key;
      EXPECT_TRUE(file.warnings.empty()) << key;
    }
  }
}

TEST(GenesisJson, MissingFieldsAreNamedInGethsWords) {
  const std::string whole = file_with("");
  EXPECT_EQ(refusal(without(whole, "\"difficulty\": \"0x20000\",\n")),
            "invalid genesis file: missing required field 'difficulty' for Genesis");
  EXPECT_EQ(refusal(without(whole, "\"gasLimit\": \"0x2fefd8\",\n")),
            "invalid genesis file: missing required field 'gasLimit' for Genesis");
  EXPECT_EQ(refusal(without(whole, ",\n\"alloc\": {}")),
            "invalid genesis file: missing required field 'alloc' for Genesis");
  EXPECT_EQ(refusal("{\"difficulty\":1,\"gasLimit\":1,\"alloc\":{}}"), "genesis has no chain configuration");
}

TEST(GenesisJson, BadValuesAreNamedWithLineAndPath) {
  const auto starts = [](const std::string& text, const std::string& what) {
    EXPECT_TRUE(refusal(text).starts_with("invalid genesis file: " + what)) << refusal(text);
  };
  starts(file_with("\"extraData\": \"0x123\",\n"), "line 2: extraData: \"0x123\": hex string of odd length");
  starts(file_with("\"extraData\": \"123\",\n"), "line 2: extraData: \"123\": hex string without 0x prefix");
  starts(file_with("\"coinbase\": \"0x00\",\n"), "line 2: coinbase: 1 bytes where 20 belong");
  starts(file_with("\"nonce\": \"0x10000000000000000\",\n"),
         "line 2: nonce: \"0x10000000000000000\" does not fit");
  starts(file_with("\n\n\"timestamp\": [],\n"), "line 4: timestamp: a list where a number belongs");
  starts(file_with("\"gasUsed\": 1x\n"), "line 2, column");
  starts(with_alloc("{\n\"0x12\": {\"balance\": 1}}"), "line 5: alloc.\"0x12\": not an address");
  starts(with_alloc("{\"" + std::string(kAddress) + "\": {}}"),
         "missing required field 'balance' for GenesisAccount");
  starts(with_alloc("{\"" + std::string(kAddress) + "\": {\"balance\": 1,\n\"code\": \"0xzz\"}}"),
         "line 5: alloc." + std::string(kAddress) + ".code: \"0xzz\": not hex digits");
  starts(with_alloc("{\"" + std::string(kAddress) + "\": {\"balance\": 1}, \"" +
                    std::string(kAddress.substr(2)) + "\": {\"balance\": 1}}"),
         "line 4: alloc." + std::string(kAddress) + ": the address is given on line 4 already");
  starts("[1]", "it holds a list");
  starts("", "line 1");
  starts(std::string(100'000, '['), "line 1: nested more than");
  starts(file_with("", "\"chainId\": 1, \"shanghaiBlock\": 1, \"shanghaiTime\": 2"),
         "line 2: config.shanghaiTime");
}

TEST(GenesisJson, WhatWasNotMeantIsWarnedOf) {
  EXPECT_TRUE(warns(read(file_with("\"dificulty\": 1,\n")), "line 2: unknown key \"dificulty\""));
  EXPECT_TRUE(warns(read(file_with("", "\"chainId\": 1, \"homesteadblok\": 0")),
                    "unknown key config.\"homesteadblok\""));
  EXPECT_TRUE(warns(read(file_with("\"nonce\": 1,\n\"nonce\": 2,\n")), "line 3: \"nonce\" is given twice"));
  EXPECT_TRUE(warns(read(file_with("\"nonce\": 1,\n\"NONCE\": 2,\n")), "line 3: \"NONCE\" is given twice"));
  EXPECT_EQ(read(file_with("\"nonce\": \"0x1\",\n\"nonce\": \"0x2\",\n")).genesis.header.nonce.bytes[7], 2)
      << "the last, as in geth, or the chain would be another";
  EXPECT_TRUE(warns(read(file_with("", "")), "no \"chainId\""));
}

TEST(GenesisJson, TutorialFileHasItsKnownHash) {
  const auto path = test::fixtures_dir() / "geth-1.7.3" / "genesis.json";
  QUARRY_NEEDS_FIXTURE(path);
  const auto file = read_genesis_file(path);
  ASSERT_TRUE(file) << file.error().what;
  EXPECT_TRUE(file->warnings.empty());
  // Without accounts its roots are those of empty tries.
  Header header = file->genesis.header;
  header.ommers_hash = kEmptyOmmersHash;
  header.state_root = header.transactions_root = header.receipts_root = kEmptyRoot;
  EXPECT_EQ(seal_header(header, HeaderIdentity::keccak_rlp).hash().hex(),
            "0x5e1fc79cb4ffa4739177b5408045cd5d51c6cf766133f23f7cd72ee1f8d790e0");
}

TEST(GenesisJson, ShippedExampleIsTheTutorials) {
  const auto file =
      read_genesis_file(std::filesystem::path(test::source_dir()) / "data" / "PrivateGenesis.json");
  ASSERT_TRUE(file) << file.error().what;
  EXPECT_TRUE(file->warnings.empty());
  EXPECT_EQ(file->genesis.spec.chain_id, U256{1999});
}

TEST(GenesisJson, GoesBackToJsonWithoutLoss) {
  Genesis all = read(with_alloc("{\"" + std::string(kAddress) +
                                "\": {\"balance\": \"0xff\", \"nonce\": 3, \"code\": \"0x6001\", "
                                "\"storage\": {\"0x1\": \"0x2\"}}}"))
                    .genesis;
  for (const ForkInfo& row : kForkTable) all.spec.forks[row.fork] = Activation{Activation::By::block, 0};
  all.spec.forks[Fork::osaka] = Activation{Activation::By::time, 1'800'000'000};
  all.spec.terminal_total_difficulty = U256::max();
  all.spec.dao_fork_support = true;
  all.spec.chain_id = U256::max();
  all.header.extra_data = {1, 2, 3};
  all.header.mix_hash.bytes[31] = 9;
  all.header.timestamp = 5;
  const Genesis first = read(genesis_to_json(all)).genesis;  // fills in the forks' header fields
  const Genesis again = read(genesis_to_json(first)).genesis;
  EXPECT_EQ(first.spec, all.spec);
  EXPECT_EQ(again.spec, first.spec);
  EXPECT_EQ(again.header, first.header);
  EXPECT_EQ(again.alloc, all.alloc);
  EXPECT_TRUE(first.header.base_fee_per_gas && first.header.requests_hash);

  Genesis clique = all;
  clique.spec.engine = EngineKind::clique;
  clique.spec.clique = {15, 30000};
  clique.header.extra_data.assign(32 + 20 + 65, 0);
  EXPECT_EQ(read(genesis_to_json(clique)).genesis.spec, clique.spec);
  EXPECT_EQ(read(genesis_to_json(clique)).warnings,
            std::vector<std::string>{"extraData: the signer at byte 32 is the zero address"});
  clique.spec.clique.epoch = 0;
  EXPECT_EQ(read(genesis_to_json(clique)).genesis.spec.clique.epoch, 30000u);
}

TEST(GenesisJson, AuthoritiesExtraDataIsRefusedByTheByte) {
  Genesis clique;
  clique.spec.engine = EngineKind::clique;
  const auto refused = [&](std::size_t size) {
    clique.header.extra_data.assign(size, 0);
    return refusal(genesis_to_json(clique));
  };
  EXPECT_NE(refused(31).find("it ends at byte 31, within the 32 bytes of vanity"), std::string::npos);
  EXPECT_NE(refused(97).find("at byte 32 the first signer's 20 bytes belong"), std::string::npos);
  EXPECT_NE(refused(97 + 20 + 19)
                .find("at byte 52 signer 2 begins, 20 bytes; the 65 zero bytes that end "
                      "extraData begin 19 further on already, at byte 71"),
            std::string::npos)
      << refused(97 + 20 + 19);
}

TEST(GenesisJson, AuthoritiesExtraDataIsDoubted) {
  Genesis clique;
  clique.spec.engine = EngineKind::clique;
  clique.header.extra_data.assign(32 + 40 + 65, 1);
  const auto warnings = read(genesis_to_json(clique)).warnings;
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_NE(warnings[0].find("the signer at byte 52"), std::string::npos);
  EXPECT_NE(warnings[0].find("stands at byte 32 already"), std::string::npos);
  EXPECT_NE(warnings[1].find("byte 72 is 0x01"), std::string::npos);
}

TEST(GenesisJson, DifferencesNameFieldsAndBothValues) {
  const Genesis have = read(file_with("")).genesis;
  Genesis wanted = read(file_with("\"timestamp\": 9,\n")).genesis;
  EXPECT_EQ(genesis_differences(have, wanted), std::vector<std::string>{"timestamp: have 0, new 9"});
  wanted = read(with_alloc("{\"" + std::string(kAddress) + "\": {\"balance\": 1}}")).genesis;
  const auto lines = genesis_differences(have, wanted);
  EXPECT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines.back(), "alloc." + std::string(kAddress) + ": only in the new one");
}

TEST(ForkChange, OnlyForksAheadOfTheHeadMayChange) {
  ChainSpec have, wanted;
  have.forks[Fork::homestead] = Activation{};
  wanted = have;
  wanted.forks[Fork::byzantium] = Activation{Activation::By::block, 100};
  const auto changes = fork_changes(have, wanted, {.number = 50});
  ASSERT_TRUE(changes);
  EXPECT_EQ(*changes, std::vector<std::string>{"Byzantium: not set -> block 100"});
  const auto late = fork_changes(have, wanted, {.number = 100});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().what,
            "mismatching Byzantium fork block in database (have <nil>, want 100, rewindto 99)");
  wanted = have;
  wanted.forks[Fork::homestead] = Activation{Activation::By::block, 7};
  EXPECT_EQ(fork_changes(have, wanted, {.number = 12}).error().what,
            "mismatching Homestead fork block in database (have 0, want 7, rewindto 0)");
  EXPECT_TRUE(fork_changes(have, wanted, {.number = 0}));
  EXPECT_TRUE(fork_changes(have, have, {.number = 1000})->empty());
}

/// The merge, and the blob schedule of the fork in force, stay as they are once blocks were made with them.
TEST(ForkChange, MergeMayMoveWhileItLiesAhead) {
  ChainSpec have, wanted;
  have.terminal_total_difficulty = U256{1000};
  wanted = have;
  wanted.terminal_total_difficulty = U256{500};
  EXPECT_EQ(*fork_changes(have, wanted, {.number = 3, .parent_total = 499}),
            std::vector<std::string>{"terminalTotalDifficulty: 1000 -> 500"});
  EXPECT_EQ(fork_changes(have, wanted, {.number = 3, .parent_total = 500}).error().what,
            "mismatching terminal total difficulty in database (have 1000, want 500)");
  wanted.terminal_total_difficulty.reset();
  EXPECT_FALSE(fork_changes(have, wanted, {.number = 3, .parent_total = 1000, .merged = true}));

  have.forks[Fork::cancun] = Activation{};
  wanted = have;
  wanted.blob_schedule[Fork::prague] = {1, 2, 3};
  EXPECT_TRUE(fork_changes(have, wanted, {.number = 3, .parent_total = 1000, .merged = true}));
  wanted.blob_schedule[Fork::cancun] = {1, 2, 3};
  EXPECT_FALSE(fork_changes(have, wanted, {.number = 3, .parent_total = 1000, .merged = true}));
}

TEST(GenesisJson, BlobScheduleIsReadAndWritten) {
  const auto config = [](std::string_view cancun) {
    return file_with("", "\"chainId\": 1, \"depositContractAddress\": \"" + std::string(kAddress) +
                             "\", \"blobSchedule\": {\"cancun\": " + std::string(cancun) + "}");
  };
  const auto file = read(config("{\"target\": 2, \"max\": 4, \"baseFeeUpdateFraction\": 1000}"));
  EXPECT_EQ(file.genesis.spec.blob_schedule.at(Fork::cancun), (BlobParams{2, 4, 1000}));
  EXPECT_EQ(file.genesis.spec.deposit_contract.hex(), kAddress);
  EXPECT_TRUE(file.warnings.empty());
  EXPECT_EQ(read(genesis_to_json(file.genesis)).genesis.spec, file.genesis.spec);
  EXPECT_NE(refusal(config("{\"target\": 5, \"max\": 4, \"baseFeeUpdateFraction\": 1}")).find("above max"),
            std::string::npos);
  EXPECT_NE(refusal(config("{\"target\": 1, \"max\": 4}")).find("must not be 0"), std::string::npos);
}

TEST(ForkChange, UnsetForksSayWhatIsMissing) {
  ChainSpec spec;
  spec.forks[Fork::byzantium] = Activation{};
  const auto lines = unset_forks(spec);
  EXPECT_TRUE(
      std::none_of(lines.begin(), lines.end(), [](const auto& l) { return l.starts_with("Byzantium"); }));
  EXPECT_TRUE(
      std::any_of(lines.begin(), lines.end(), [](const auto& l) { return l.find("PUSH0") != l.npos; }));
}

TEST(ForkChange, AForkBeforeAnEarlierOneIsTold) {
  ChainSpec spec;
  spec.forks[Fork::homestead] = Activation{.at = 5};
  spec.forks[Fork::dao] = Activation{.at = 1};
  spec.forks[Fork::eip155] = Activation{.at = 5};
  EXPECT_TRUE(misordered_forks(spec).empty());
  spec.forks[Fork::byzantium] = Activation{.at = 1};
  const auto lines = misordered_forks(spec);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0],
            "unsupported fork ordering: EIP-155 enabled at block 5, but Byzantium enabled at block 1");
}

TEST(GenesisJson, JbcChainNeedsItsZerosOnly) {
  const std::string text = R"({"config": {"jbc": {"zeros": 4}}, "timestamp": 1508895381,
                               "extraData": "0x466972737420626c6f636b2064617461", "nonce": "0x9a274"})";
  const auto file = read(text);
  EXPECT_TRUE(file.warnings.empty());
  EXPECT_EQ(file.genesis.spec.engine, EngineKind::jbc);
  EXPECT_EQ(file.genesis.header.difficulty, U256{1} << 16);
  const auto block = jbc::from_header(genesis_block(file.genesis));
  ASSERT_TRUE(block);
  EXPECT_EQ(block->data, "First block data");
  EXPECT_EQ(block->hash, "000002f9c703dc80340c08462a0d6acdac9d0e10eb4190f6e57af6bb0850d03c");
  const auto again = read(genesis_to_json(file.genesis));
  EXPECT_EQ(again.genesis.header, file.genesis.header);
  EXPECT_EQ(again.genesis.spec, file.genesis.spec);

  const auto odd = read(
      R"({"config": {"jbc": {}, "londonBlock": 0}, "alloc": {"0x6688c4e945963e690a277d537ad934877f79a262":
                           {"balance": "1"}}})");
  EXPECT_TRUE(warns(odd, "alloc has no effect"));
  EXPECT_TRUE(warns(odd, "forks have no effect"));
  EXPECT_EQ(odd.genesis.spec.jbc.zeros, 5u);
  EXPECT_FALSE(genesis_block(odd.genesis)->base_fee_per_gas);
  EXPECT_NE(refusal(R"({"config": {"jbc": {}}, "extraData": "0x80ff"})").find("text in UTF-8"),
            std::string::npos);
}
