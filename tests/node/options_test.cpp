/// Command lines as tutorials, pasted pages and shells give them.
#include "node/options.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "node/commands/commands.hpp"
#include "node/options_table.hpp"

using namespace quarry;

namespace {
Result<ParsedOptions> parse(std::vector<std::string> arguments) {
  return parse_options(arguments);
}
NodeOptions read(std::vector<std::string> arguments) {
  auto parsed = parse(std::move(arguments));
  if (!parsed) ADD_FAILURE() << parsed.error().what;
  return parsed ? parsed->options : NodeOptions{};
}
Error refusal(std::vector<std::string> arguments) {
  auto parsed = parse(std::move(arguments));
  if (parsed) ADD_FAILURE() << "accepted";
  return parsed ? Error{} : parsed.error();
}
}  // namespace

TEST(Options, TutorialLineIsReadWhole) {
  const NodeOptions o = read({"--datadir",
                              "data1",
                              "--identity",
                              "PrivateETH Node1",
                              "--nodiscover",
                              "--maxpeers",
                              "25",
                              "--rpc",
                              "--rpcapi",
                              "*",
                              "--rpcport",
                              "8546",
                              "--rpccorsdomain",
                              "*",
                              "--port",
                              "30304",
                              "--syncmode",
                              "fast",
                              "--cache=1024",
                              "--networkid",
                              "1999",
                              "console"});
  EXPECT_EQ(o.command, "console");
  EXPECT_EQ(o.datadir, "data1");
  EXPECT_EQ(o.identity, "PrivateETH Node1");
  EXPECT_TRUE(o.no_discover);
  EXPECT_TRUE(o.http);
  EXPECT_EQ(o.http_api, std::vector<std::string>{"*"});
  EXPECT_EQ(o.http_cors, std::vector<std::string>{"*"});
  EXPECT_EQ(o.http_port, 8546);
  EXPECT_EQ(o.port, 30304);
  EXPECT_EQ(o.cache_mb, 1024u);
  EXPECT_EQ(o.network_id, 1999u);
  EXPECT_EQ(o.ipc_path, "data1/quarry.ipc");
  EXPECT_EQ(o.keystore, "data1/keystore");
}

TEST(Options, OldAndNewSpellingsMeanTheSame) {
  const auto old_ones = parse({"--rpc", "-rpcaddr=1.2.3.4", "-rpcvhosts", "a,b", "--minerthreads", "2"});
  const auto new_ones =
      parse({"--http", "--http.addr", "1.2.3.4", "--http.vhosts=a, b", "--miner.threads=2"});
  ASSERT_TRUE(old_ones && new_ones);
  EXPECT_EQ(old_ones->options, new_ones->options);
  ASSERT_EQ(old_ones->hints.size(), 1u);
  EXPECT_NE(old_ones->hints[0].find("--rpcaddr (today --http.addr)"), std::string::npos);
  EXPECT_TRUE(new_ones->hints.empty());
}

TEST(Options, OptionsStandOnEitherSideOfTheCommand) {
  EXPECT_EQ(read({"init", "g.json", "--datadir", "d"}), read({"--datadir=d", "init", "g.json"}));
  EXPECT_EQ(read({"init", "--", "-odd-name.json"}).args, std::vector<std::string>{"-odd-name.json"});
}

TEST(Options, LastOneWinsAndSwitchesTakeValues) {
  EXPECT_EQ(read({"--port", "1", "--port", "2"}).port, 2);
  EXPECT_FALSE(read({"--mine", "--mine=false"}).mine);
  EXPECT_EQ(read({"--exec", "-1+2"}).exec, "-1+2");
}

TEST(Options, TypographicDashIsNamed) {
  for (const char* pasted : {"–rpc", "——rpc", "−rpc"}) {
    const Error error = refusal({"--datadir", "d", pasted});
    EXPECT_EQ(error.what, "invalid command: \"" + std::string(pasted) + "\"");
    EXPECT_NE(error.remedy.find("--rpc"), std::string::npos) << error.remedy;
  }
  EXPECT_NE(refusal({"--identity", "“My", "node”"}).remedy.size(), 0u);
}

TEST(Options, UnknownOptionSuggestsTheNearest) {
  const Error error = refusal({"--rpcprt", "1"});
  EXPECT_EQ(error.what, "flag provided but not defined: -rpcprt");
  EXPECT_EQ(error.remedy, "Did you mean --rpcport?");
  EXPECT_EQ(refusal({"--xyzzyxyzzy"}).remedy, "`quarry help` lists the options.");
  // Also where geth has more options that begin so, which go by with a warning.
  EXPECT_EQ(refusal({"--rpc.port", "1"}).remedy, "Did you mean --rpcport?");
  EXPECT_EQ(refusal({"--txpool.globalslot", "1"}).remedy, "Did you mean --txpool.globalslots?");
  EXPECT_TRUE(parse_options(std::vector<std::string>{"--rpc.rangelimit", "1"}));
  EXPECT_TRUE(parse_options(std::vector<std::string>{"--ethash.cachesinmem", "1"}));
}

TEST(Options, WhatGethUsersTypeIsKnown) {
  for (const char* flag : {"--version", "-v"})
    EXPECT_EQ(parse_options(std::vector<std::string>{"--datadir", "d", flag})->options.command, "version");
  EXPECT_NE(refusal({"removedb"}).remedy.find("rm -r DATADIR/quarry/chaindata"), std::string::npos);
  EXPECT_EQ(refusal({"help", "consol"}).remedy, "Did you mean `quarry console`?");
}

TEST(Options, BadValuesAreNamedWithTheirOption) {
  EXPECT_EQ(refusal({"--rpcport", "65536"}).what,
            "invalid value \"65536\" for flag -rpcport: not a whole number from 0 to 65535");
  EXPECT_EQ(refusal({"--port"}).what, "flag needs an argument: -port");
  for (const char* bad : {"-1", "0x10", "1 ", "", "99999999999999999999999"})
    EXPECT_FALSE(parse({"--port", bad})) << bad;
  EXPECT_FALSE(parse({"--netrestrict", "10.0.0.0/33"}));
  EXPECT_FALSE(parse({"--netrestrict", "localhost"}));
  EXPECT_TRUE(parse({"--netrestrict", "10.0.0.0/8,fe80::/10"}));
  EXPECT_FALSE(parse({"--nat", "extip:hello"}));
  EXPECT_FALSE(parse({"--etherbase", "0x12"}));
  EXPECT_TRUE(parse({"--etherbase", "0"}));
  EXPECT_FALSE(parse({"--syncmode", "light"}));
  EXPECT_FALSE(parse({"--nodekey", "f", "--nodekeyhex", std::string(64, '1')}));
  EXPECT_FALSE(parse({"--rpc", "--rpcport", "5", "--port", "5"}));
}

TEST(Options, ForeignOptionsAreRefusedOnlyWhenItMatters) {
  EXPECT_NE(refusal({"--testnet"}).remedy.find("quarry init"), std::string::npos);
  const auto parsed = parse({"--gpo.blocks", "5", "--shh", "version"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->options.command, "version");
  EXPECT_EQ(parsed->warnings.size(), 2u);
}

TEST(Options, ThePoolHasGethsSettings) {
  const auto parsed = parse({"--txpool.pricelimit", "5", "--txpool.nolocals", "--txpool.lifetime", "1h30m",
                             "--txpool.rejournal", "90s", "--txpool.globalslots", "10", "--txpool.locals",
                             "0x1111111111111111111111111111111111111111"});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->warnings.empty());
  const auto& pool = parsed->options.pool;
  EXPECT_EQ(pool.price_limit, "5");
  EXPECT_TRUE(pool.no_locals);
  EXPECT_EQ(pool.lifetime_seconds, 5400u);
  EXPECT_EQ(pool.rejournal_seconds, 90u);
  EXPECT_EQ(pool.global_slots, 10u);
  EXPECT_EQ(pool.locals.size(), 1u);
  EXPECT_FALSE(parse({"--txpool.lifetime", "3x"}));
  EXPECT_FALSE(parse({"--txpool.journal", "/etc/transactions.rlp"}));
  EXPECT_FALSE(parse({"--txpool.journal", "../transactions.rlp"}));
  EXPECT_FALSE(parse({"--txpool.locals", "0x12"}));
}

TEST(Options, TwoCommandsInOneLineAreNotHalfRun) {
  const Error error = refusal({"console", "init", "genesis.json"});
  EXPECT_NE(error.what.find("\"console\" and \"init\""), std::string::npos) << error.what;
  EXPECT_NE(refusal({"genesis.json"}).remedy.find("quarry init genesis.json"), std::string::npos);
  EXPECT_NE(refusal({"consle"}).remedy.find("quarry console"), std::string::npos);
}

TEST(Options, GlobbedStarIsRecognised) {
  const auto before = std::filesystem::current_path();
  const auto folder = std::filesystem::path(testing::TempDir()) / "quarry-glob";
  std::filesystem::create_directories(folder);
  std::filesystem::current_path(folder);
  for (const char* name : {"data1", "genesis.json", "notes"}) std::ofstream(folder / name) << "x";
  const Error error =
      refusal({"--rpccorsdomain", "data1", "genesis.json", "notes", "--port", "1", "console"});
  std::filesystem::current_path(before);
  std::filesystem::remove_all(folder);
  EXPECT_NE(error.remedy.find("--http.corsdomain \"*\""), std::string::npos) << error.remedy;
}

TEST(Options, NamesAreUniqueAndEveryRowHasHelp) {
  std::set<std::string_view> names;
  for (const OptionRow& row : option_table()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    for (std::string_view alias : row.aliases)
      if (!alias.empty()) {
        EXPECT_TRUE(names.insert(alias).second) << alias;
      }
    EXPECT_FALSE(row.help.empty()) << row.name;
    EXPECT_NE(help_text("").find(row.help), std::string::npos) << row.name;
  }
  for (const ForeignOption& row : foreign_options()) EXPECT_TRUE(names.insert(row.name).second) << row.name;
  for (const CommandRow& row : command_table()) {
    EXPECT_NE(help_text("").find(row.help), std::string::npos) << row.name;
    EXPECT_TRUE(read({std::string(row.name), "--help"}).help);
  }
}
