#include "rpc/filters.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "branches.hpp"

using namespace quarry;
using namespace quarry::rpc;
using quarry::test::Branches;

namespace {

/// A node with filters over branches in memory.
struct Filtered {
  explicit Filtered(FilterLimits limits = {}) : filters(events, limits) {}

  Json call(std::string_view method, Json params = Json::array(),
            const Caller& caller = {rpc::Access::console}) {
    const Json request = {{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", std::move(params)}};
    return Json::parse(dispatcher.call(request.dump(), caller));
  }
  Json result(std::string_view method, Json params = Json::array()) {
    auto answer = call(method, std::move(params));
    EXPECT_TRUE(answer.contains("result")) << answer.dump();
    return answer.value("result", Json());
  }
  std::string error(std::string_view method, Json params = Json::array()) {
    const auto answer = call(method, std::move(params));
    return answer.contains("error") ? answer["error"]["message"].get<std::string>() : answer.dump();
  }
  Json changes(const Json& id) { return result("eth_getFilterChanges", {id}); }
  BlockId mine(std::size_t logs = 1, std::uint8_t contract = 1) {
    const auto id = chain.mine(chain.head(), logs, contract);
    move(id);
    return id;
  }
  void move(const BlockId& id) { events.on_head(chain.set_head(id)); }

  Branches chain;
  Events events{chain};
  Filters filters;
  test::BlockList unused;
  test::TestNode node{unused};
  Dispatcher dispatcher{
      test::backend_with(Backend{node, node, node, node, chain, node.pool}, &filters, nullptr)};
};

std::string address_of(int contract) {
  return "0x00000000000000000000000000000000000000" + std::string(contract < 16 ? "0" : "") +
         fmt::format("{:x}", contract);
}

}  // namespace

TEST(Filters, BlocksTransactionsAndLogs) {
  Filtered node;
  node.mine();
  const auto blocks = node.result("eth_newBlockFilter");
  const auto hashes = node.result("eth_newPendingTransactionFilter");
  const auto whole = node.result("eth_newPendingTransactionFilter", {true});
  const auto logs = node.result("eth_newFilter", {{{"address", address_of(2)}}});
  EXPECT_EQ(blocks.get<std::string>().substr(0, 2), "0x");
  EXPECT_EQ(node.changes(blocks), Json::array()) << "what came before a filter is not its business";

  const auto first = node.mine(2, 1), second = node.mine(2, 2);
  EXPECT_EQ(node.changes(blocks), Json({first.hash.hex(), second.hash.hex()}));
  EXPECT_EQ(node.changes(blocks), Json::array());
  const auto heard = node.changes(logs);
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(heard[0]["blockHash"], second.hash.hex());
  EXPECT_EQ(heard[0]["removed"], false);
  EXPECT_EQ(heard[1]["logIndex"], "0x1");
  EXPECT_EQ(node.result("eth_getFilterLogs", {logs}), heard) << "the head's";

  const auto txns = test::pooled(7, 2);
  node.events.on_new_txns(txns);
  EXPECT_EQ(node.changes(hashes), Json({txns[0]->hash.hex(), txns[1]->hash.hex()}));
  EXPECT_EQ(node.changes(whole)[1]["nonce"], "0x8");

  EXPECT_EQ(node.result("eth_uninstallFilter", {blocks}), true);
  EXPECT_EQ(node.result("eth_uninstallFilter", {blocks}), false);
  EXPECT_EQ(node.error("eth_getFilterChanges", {blocks}), "filter not found");
  EXPECT_EQ(node.error("eth_getFilterLogs", {hashes}), "filter not found");
}

TEST(Filters, LogsOfAbandonedBlocksComeBackRemovedNewestFirst) {
  Filtered node;
  const auto base = node.mine(0);
  const auto filter = node.result("eth_newFilter", {Json::object()});
  auto left = base, right = base;
  for (int i = 0; i < 40; ++i) left = node.chain.mine(left, 2, 1, 1);
  for (int i = 0; i < 41; ++i) right = node.chain.mine(right, 1, 2, 2);
  node.move(left);
  EXPECT_EQ(node.changes(filter).size(), 80U);
  node.move(right);
  const auto heard = node.changes(filter);
  ASSERT_EQ(heard.size(), 121U) << "more blocks than a head event carries";
  EXPECT_EQ(heard[0]["removed"], true);
  EXPECT_EQ(heard[0]["blockHash"], left.hash.hex());
  EXPECT_EQ(heard[0]["logIndex"], "0x1");
  EXPECT_EQ(heard[79]["blockNumber"], "0x2");
  EXPECT_EQ(heard[79]["removed"], true);
  EXPECT_EQ(heard[80]["blockNumber"], "0x2");
  EXPECT_EQ(heard[80]["removed"], false);
  EXPECT_EQ(heard[80]["address"], address_of(2));
  EXPECT_EQ(heard[120]["blockHash"], right.hash.hex());
}

TEST(Filters, RangesAreAsGethTakesThem) {
  Filtered node;
  const auto only = node.result("eth_newFilter", {{{"fromBlock", "0x2"}, {"toBlock", "0x3"}}});
  const auto from = node.result("eth_newFilter", {{{"fromBlock", "0x3"}}});
  const auto all = node.result("eth_newFilter", {{{"fromBlock", "earliest"}}});
  for (int i = 0; i < 4; ++i) node.mine();
  EXPECT_EQ(node.changes(only).size(), 2U);
  EXPECT_EQ(node.changes(from).size(), 2U);
  EXPECT_EQ(node.changes(all).size(), 4U);
  EXPECT_EQ(node.result("eth_getFilterLogs", {only}).size(), 2U);
  EXPECT_EQ(node.result("eth_getFilterLogs", {all}).size(), 4U);
  for (const auto& range : std::initializer_list<Json>{Json{{"fromBlock", "0x3"}, {"toBlock", "0x2"}},
                                                       Json{{"toBlock", "0x2"}}, Json{{"fromBlock", "safe"}}})
    EXPECT_TRUE(node.error("eth_newFilter", {range}).starts_with("invalid block range params")) << range;
  EXPECT_TRUE(
      node.error("eth_newFilter", {{{"toBlock", "pending"}}}).starts_with("pending logs are not supported"));
}

TEST(Filters, FarMoreThanIsKeptIsSaidOnceAndTheFilterGoesOn) {
  FilterLimits limits;
  limits.most_changes = 5;
  Filtered node(limits);
  const auto logs = node.result("eth_newFilter", {Json::object()});
  const auto blocks = node.result("eth_newBlockFilter");
  for (int i = 0; i < 4; ++i) node.mine(2);
  const auto said = node.call("eth_getFilterChanges", {logs})["error"];
  EXPECT_EQ(said["code"], -32005);
  EXPECT_NE(said["message"].get<std::string>().find("8 changes were waiting"), std::string::npos) << said;
  EXPECT_NE(said["message"].get<std::string>().find("eth_getLogs from block 0x1"), std::string::npos) << said;
  EXPECT_EQ(node.changes(logs), Json::array());
  node.mine(2);
  EXPECT_EQ(node.changes(logs).size(), 2U);
  EXPECT_EQ(node.changes(blocks).size(), 5U);
}

TEST(Filters, BytesAreBoundedInAll) {
  FilterLimits limits;
  limits.most_bytes = 3000;
  Filtered node(limits);
  const auto one = node.result("eth_newFilter", {Json::object()});
  const auto two = node.result("eth_newFilter", {Json::object()});
  node.mine(4);
  node.events.catch_up();
  const bool first_lost = node.call("eth_getFilterChanges", {one}).contains("error");
  const bool second_lost = node.call("eth_getFilterChanges", {two}).contains("error");
  EXPECT_TRUE(first_lost != second_lost) << "what the first one took leaves too little for the second";
  node.mine(1);
  EXPECT_EQ(node.changes(one).size(), 1U);
}

TEST(Filters, AreBoundedInNumberByAddressAndInAll) {
  FilterLimits limits;
  limits.most_per_owner = 2;
  limits.most = 3;
  limits.most_terms = 100;
  Filtered node(limits);
  const Caller one{rpc::Access::console, ModuleSet::all(), false, "10.0.0.1"};
  const Caller two{rpc::Access::console, ModuleSet::all(), false, "10.0.0.2"};
  EXPECT_TRUE(node.call("eth_newBlockFilter", Json::array(), one).contains("result"));
  const auto id = node.call("eth_newBlockFilter", Json::array(), one)["result"];
  EXPECT_EQ(node.call("eth_newBlockFilter", Json::array(), one)["error"]["code"], -32005);
  Json many = Json::array();
  for (int i = 0; i < 101; ++i) many.push_back(address_of(i));
  EXPECT_EQ(node.call("eth_newFilter", {{{"address", many}}}, two)["error"]["code"], -32005);
  EXPECT_TRUE(node.call("eth_newBlockFilter", Json::array(), two).contains("result"));
  EXPECT_EQ(node.call("eth_newBlockFilter", Json::array(), two)["error"]["code"], -32005);
  node.result("eth_uninstallFilter", {id});
  EXPECT_TRUE(node.call("eth_newBlockFilter", Json::array(), one).contains("result"));
}

TEST(Filters, ThatNobodyAsksAreLetGo) {
  FilterLimits limits;
  limits.lifetime = std::chrono::milliseconds(0);
  Filtered node(limits);
  const auto id = node.result("eth_newBlockFilter");
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  node.filters.expire();
  EXPECT_EQ(node.filters.size(), 0U);
  EXPECT_EQ(node.error("eth_getFilterChanges", {id}), "filter not found");
}

TEST(Filters, ManyMovesAtOnceLoseNoBlock) {
  Filtered node;
  const auto filter = node.result("eth_newBlockFilter");
  std::vector<BlockId> blocks{node.chain.head()};
  for (std::size_t i = 0; i < 4 * Events::kMostMoves; ++i)
    blocks.push_back(node.chain.mine(blocks.back(), 0));
  for (std::size_t i = 1; i < blocks.size(); ++i) node.move(blocks[i]);
  EXPECT_EQ(node.changes(filter).size(), 4 * Events::kMostMoves);
}

TEST(Filters, WithoutAScopeNothingCanBeSubscribed) {
  Filtered node;
  EXPECT_TRUE(node.error("eth_subscribe", {"newHeads"}).starts_with("notifications not supported"));
}
