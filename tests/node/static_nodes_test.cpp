/// Lists of peers as people write them.
#include "node/static_nodes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/secp256k1.hpp"
#include "fixtures.hpp"

using namespace quarry;

namespace {
std::string url(const std::string& host = "127.0.0.1", int port = 30303) {
  const NodeId id = public_key(random_private_key());
  return "\"enode://" + to_hex(id) + "@" + host + ":" + std::to_string(port) + "?discport=0\"";
}
bool warns(const NodeList& list, std::string_view of) {
  return std::any_of(list.warnings.begin(), list.warnings.end(),
                     [&](const auto& w) { return w.find(of) != w.npos; });
}
}  // namespace

TEST(StaticNodes, PlainListIsReadWithoutWarning) {
  const NodeList list =
      parse_node_list("[\n" + url() + ",\n" + url("10.0.0.1", 5) + "\n]", "static-nodes.json");
  ASSERT_EQ(list.nodes.size(), 2u);
  EXPECT_EQ(list.nodes[1].tcp_port, 5);
  EXPECT_TRUE(list.warnings.empty()) << list.warnings[0];
}

TEST(StaticNodes, SlipsAreForgivenWithAWarning) {
  const std::string text = "\xef\xbb\xbf[ // mine\n" + url() + ",\n/* his, later */ " + url() + " ,\n\n]";
  const NodeList list = parse_node_list(text, "static-nodes.json");
  EXPECT_EQ(list.nodes.size(), 2u);
  EXPECT_TRUE(warns(list, "a comma before the closing bracket"));
  EXPECT_TRUE(warns(list, "comments"));
  EXPECT_EQ(list.invalid, 0u);
}

TEST(StaticNodes, WrongLinesAreNamedAndTheOthersKept) {
  const std::string good = url();
  const NodeList list = parse_node_list(
      "[\n" + good + ",\n\"enode://12@1.2.3.4:1\",\n5,\n\"\",\n" + good + ",\n" + url("[::]") + "]",
      "static-nodes.json");
  EXPECT_EQ(list.nodes.size(), 2u);
  EXPECT_EQ(list.invalid, 3u);
  EXPECT_TRUE(warns(list, "static-nodes.json line 3: invalid enode:"));
  EXPECT_TRUE(warns(list, "line 4: a number where an enode URL"));
  EXPECT_TRUE(warns(list, "line 5: an empty string"));
  EXPECT_TRUE(warns(list, "line 6: the node is listed already"));
  EXPECT_TRUE(warns(list, "line 7: the host is"));
}

TEST(StaticNodes, WhatIsNoListSaysWhatItShouldBe) {
  for (const char* text : {"", "{}", "enode://x", "[", "\"/*\"", "/*", "[\"a\\"})
    EXPECT_FALSE(parse_node_list(text, "n").warnings.empty()) << text;
  EXPECT_TRUE(warns(parse_node_list("[\n\"a\n]", "static-nodes.json"), "static-nodes.json line 2"));
  EXPECT_TRUE(parse_node_list("[\"http://a//b/*c*/\"]", "n").invalid == 1)
      << "a comment inside a string is none";
  EXPECT_TRUE(warns(parse_node_list(std::string(kMaxNodeListBytes + 1, ' '), "n"), "not read"));
}

TEST(StaticNodes, AllFoldersAndNamesAreLookedInto) {
  const test::TempDir folder;
  for (const char* name : {"geth", "quarry"}) std::filesystem::create_directories(folder.path() / name);
  const std::string twice = url();
  std::ofstream(folder.path() / "static-nodes.json") << "[" << twice << "]";
  std::ofstream(folder.path() / "geth" / "static-nodes.json") << "[" << twice << "," << url() << "]";
  std::ofstream(folder.path() / "quarry" / "static-node.js") << "[" << url() << ",]";
  std::ofstream(folder.path() / "quarry" / "trusted-nodes.json") << "[" << url() << "]";
  EXPECT_EQ(load_node_lists(folder.path(), NodeListKind::static_nodes).size(), 3u);
  EXPECT_EQ(load_node_lists(folder.path(), NodeListKind::trusted_nodes).size(), 1u);
  EXPECT_TRUE(load_node_lists(folder.path() / "nowhere", NodeListKind::static_nodes).empty());
}
