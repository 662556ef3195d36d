#include "rpc/subscriptions.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "branches.hpp"
#include "rpc/filters.hpp"
#include "rpc/server.hpp"
#include "ws_client.hpp"

using namespace quarry;
using namespace quarry::rpc;
using quarry::test::Branches;
using quarry::test::RawClient;
using quarry::test::WsTestClient;

namespace {

/// A server over branches in memory: HTTP and WebSocket on one port, WebSocket on another where asked for.
class Node {
 public:
  explicit Node(ServerOptions options = {}) {
    options.ws.emplace(options.ws.value_or(WsOptions{})).port = 0;
    options.ipc_path = ipc_path = (dir_.path() / "quarry.ipc").string();
    auto made = RpcServer::start(loop_, options, dispatcher_, &subscriptions);
    EXPECT_TRUE(made) << made.error().what;
    server_ = std::move(*made);
    port = server_->ws_port();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Node() {
    events.stop();
    loop_.stop();
    thread_.join();
    server_.reset();
  }
  BlockId mine(std::size_t logs = 1) {
    const auto id = chain.mine(chain.head(), logs);
    move(id);
    return id;
  }
  void move(const BlockId& id) { events.on_head(chain.set_head(id)); }
  /// Until the server has taken leave of all its subscriptions.
  bool wait_for_none() {
    for (int i = 0; i < 1000 && subscriptions.size() > 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return subscriptions.size() == 0;
  }

 private:
  test::TempDir dir_;
  net::Loop loop_;

 public:
  Branches chain;
  Events events{chain};
  Filters filters{events};
  Subscriptions subscriptions{loop_, events};
  test::BlockList unused;
  test::TestNode node{unused};
  std::uint16_t port = 0;
  std::string ipc_path;

 private:
  Dispatcher dispatcher_{
      test::backend_with(Backend{node, node, node, node, chain, node.pool}, &filters, &subscriptions)};
  std::unique_ptr<RpcServer> server_;
  std::thread thread_;
};

/// A notification's result, if it is one of that subscription.
Json told(const Json& message, const Json& id) {
  EXPECT_EQ(message.value("method", ""), "eth_subscription") << message;
  if (!message.contains("params")) return nullptr;
  EXPECT_EQ(message["params"]["subscription"], id);
  return message["params"]["result"];
}

}  // namespace

TEST(Subscriptions, HeadsLogsAndTransactionsOverWebSocket) {
  Node node;
  WsTestClient client(node.port);
  ASSERT_TRUE(client.open());
  EXPECT_EQ(client.call("eth_chainId")["result"], "0x7cf");
  const auto heads = client.call("eth_subscribe", {"newHeads"})["result"];
  const auto block = node.mine();
  const auto head = told(client.message(), heads);
  EXPECT_EQ(head["hash"], block.hash.hex());
  EXPECT_EQ(head["number"], "0x1");
  EXPECT_FALSE(head.contains("transactions"));
  EXPECT_EQ(client.call("eth_unsubscribe", {heads})["result"], true);
  EXPECT_EQ(client.call("eth_unsubscribe", {heads})["error"]["message"], "subscription not found");

  const auto logs = client.call("eth_subscribe", {"logs", {{"topics", {nullptr}}}})["result"];
  node.mine(2);
  EXPECT_EQ(told(client.message(), logs)["logIndex"], "0x0");
  EXPECT_EQ(told(client.message(), logs)["logIndex"], "0x1");
  client.call("eth_unsubscribe", {logs});

  const auto txns = test::pooled(3, 1);
  const auto hashes = client.call("eth_subscribe", {"newPendingTransactions"})["result"];
  node.events.on_new_txns(txns);
  EXPECT_EQ(told(client.message(), hashes), txns[0]->hash.hex());
  client.call("eth_unsubscribe", {hashes});
  const auto whole = client.call("eth_subscribe", {"newPendingTransactions", true})["result"];
  node.events.on_new_txns(txns);
  EXPECT_EQ(told(client.message(), whole)["nonce"], "0x3");
}

TEST(Subscriptions, AReorgTakesBackNewestFirst) {
  Node node;
  WsTestClient client(node.port);
  const auto base = node.mine(0);
  const auto logs = client.call("eth_subscribe", {"logs", Json::object()})["result"];
  const auto a1 = node.chain.mine(base, 2, 1, 1), a2 = node.chain.mine(a1, 1, 1, 1);
  const auto b1 = node.chain.mine(base, 1, 2, 2);
  node.move(a2);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(told(client.message(), logs)["removed"], false);
  node.move(b1);
  const auto first = told(client.message(), logs), second = told(client.message(), logs);
  EXPECT_EQ(first["blockHash"], a2.hash.hex());
  EXPECT_EQ(first["removed"], true);
  EXPECT_EQ(second["blockHash"], a1.hash.hex());
  EXPECT_EQ(second["logIndex"], "0x1");
  EXPECT_EQ(told(client.message(), logs)["logIndex"], "0x0");
  const auto fresh = told(client.message(), logs);
  EXPECT_EQ(fresh["blockHash"], b1.hash.hex());
  EXPECT_EQ(fresh["removed"], false);
}

TEST(Subscriptions, WhatErasedBlocksLoggedIsTakenBack) {
  Node node;
  WsTestClient client(node.port);
  const auto base = node.mine(1);
  const auto logs = client.call("eth_subscribe", {"logs", Json::object()})["result"];
  const auto one = node.mine(2), two = node.mine(0), three = node.mine(1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(told(client.message(), logs)["removed"], false);
  node.events.on_head(node.chain.erase_to(base));
  const auto first = told(client.message(), logs), second = told(client.message(), logs);
  EXPECT_EQ(first["blockHash"], three.hash.hex());
  EXPECT_EQ(first["removed"], true);
  EXPECT_EQ(second["blockHash"], one.hash.hex());
  EXPECT_EQ(second["logIndex"], "0x1");
  EXPECT_EQ(told(client.message(), logs)["logIndex"], "0x0");
  // From there the chain goes on as any other.
  const auto next = node.mine(1);
  const auto fresh = told(client.message(), logs);
  EXPECT_EQ(fresh["blockHash"], next.hash.hex());
  EXPECT_EQ(fresh["removed"], false);
  EXPECT_EQ(two.number, 3U);
}

TEST(Subscriptions, TheAnswerLeavesBeforeTheFirstEvent) {
  Node node;
  WsTestClient client(node.port);
  std::atomic<bool> end{false};
  std::thread miner([&] {
    while (!end) {
      node.mine(0);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
  // In a batch, on the workers, which takes longer than the loop's answers.
  for (int i = 0; i < 50; ++i) {
    client.send(
        R"([{"id":1,"method":"eth_subscribe","params":["newHeads"]},{"id":2,"method":"eth_getBlockByNumber","params":["latest",true]}])");
    Json answer;
    std::string early;
    for (;;) {
      answer = client.message();
      if (answer.is_array() || answer.is_null()) break;
      early = answer["params"]["subscription"];
    }
    ASSERT_TRUE(answer.is_array());
    const auto id = answer[0]["result"];
    EXPECT_NE(early, id) << "an event came before the answer";
    EXPECT_EQ(told(client.message(), id)["number"].get<std::string>().substr(0, 2), "0x");
    client.send(Json{{"id", 3}, {"method", "eth_unsubscribe"}, {"params", {id}}}.dump());
    while (!client.message().contains("id")) {
    }
  }
  end = true;
  miner.join();
}

TEST(Subscriptions, SyncingTellsItsBeginningAndEnd) {
  Node node;
  std::atomic<bool> syncing{true};
  node.events.set_sync_source([&]() -> std::optional<SyncProgress> {
    if (!syncing) return std::nullopt;
    return SyncProgress{.current_block = 5, .highest_block = 9};
  });
  WsTestClient client(node.port);
  const auto id = client.call("eth_subscribe", {"syncing"})["result"];
  const auto begun = told(client.message(), id);
  EXPECT_EQ(begun["syncing"], true);
  EXPECT_EQ(begun["status"]["highestBlock"], "0x9");
  syncing = false;
  EXPECT_EQ(told(client.message(), id), false);
}

TEST(Subscriptions, OverIpcToo) {
  Node node;
  RawClient client(node.ipc_path);
  client.send(R"({"id":1,"method":"eth_subscribe","params":["newHeads"]})");
  std::string line;
  const auto next = [&] {
    line.clear();
    while (line.empty() || line.back() != '\n') {
      const auto byte = client.read(1);
      if (byte.empty()) break;
      line += byte;
    }
    return Json::parse(line, nullptr, false);
  };
  const auto id = next()["result"];
  const auto block = node.mine();
  EXPECT_EQ(told(next(), id)["hash"], block.hash.hex());
}

TEST(Subscriptions, WhatCannotBeSubscribedIsSaid) {
  Node node;
  WsTestClient client(node.port);
  const auto error = [&](Json params) { return client.call("eth_subscribe", std::move(params))["error"]; };
  EXPECT_EQ(error({"newBlocks"})["code"], -32601);
  EXPECT_EQ(error({"newBlocks"})["message"].get<std::string>().substr(0, 45),
            "no \"newBlocks\" subscription in eth namespace\n");
  EXPECT_EQ(error({"logs", 5})["code"], -32602);
  EXPECT_EQ(error({"logs", {{"toBlock", "0x1"}}})["code"], -32602);
  EXPECT_EQ(error({"newPendingTransactions", "yes"})["code"], -32602);
  EXPECT_EQ(error({5})["code"], -32602);
  EXPECT_EQ(node.subscriptions.size(), 0U);
}

TEST(Subscriptions, GoWithTheirConnection) {
  Node node;
  {
    WsTestClient client(node.port);
    RawClient ipc(node.ipc_path);
    ipc.send(R"({"id":1,"method":"eth_subscribe","params":["newHeads"]})");
    for (int i = 0; i < 1000; ++i) client.call("eth_subscribe", {"newHeads"});
    EXPECT_EQ(client.call("eth_subscribe", {"newHeads"})["error"]["code"], -32005);
    ipc.read(10);
    EXPECT_EQ(node.subscriptions.size(), 1001U);
  }
  EXPECT_TRUE(node.wait_for_none());
  node.mine();
}

TEST(Subscriptions, ASlowReaderIsCutOff) {
  Node node;
  WsTestClient slow(node.port);
  WsTestClient quick(node.port);
  slow.call("eth_subscribe", {"newHeads"});
  const auto id = quick.call("eth_subscribe", {"newHeads"})["result"];
  // 30 MB of headers: more than the kernel's buffers and the bound.
  constexpr int kBlocks = 20'000;
  std::atomic<int> read{0};
  std::thread reader([&] {
    for (int i = 0; i < kBlocks; ++i) {
      if (quick.message().is_null()) {
        ADD_FAILURE() << "who reads is cut off as well, after " << i;
        read = kBlocks;
        return;
      }
      read = i + 1;
    }
  });
  for (int i = 0; i < kBlocks; ++i) {
    node.mine(0);
    while (i - read > 1000) std::this_thread::yield();
  }
  reader.join();
  EXPECT_EQ(node.subscriptions.size(), 1U) << "one is left";
  int last = 0;
  for (;;) {
    const auto frame = slow.read();
    if (frame.opcode == -1) break;
    last = frame.code();
  }
  EXPECT_TRUE(last == 1008 || last == 0) << last;
}

TEST(WsServer, ManyMessagesAtOnceAreAllAnswered) {
  Node node;
  WsTestClient client(node.port);
  constexpr int kCount = 5000;
  std::string frames;
  for (int i = 0; i < kCount; ++i) {
    const auto* method = i % 2 == 0 ? "eth_blockNumber" : "eth_getBlockByNumber";
    const Json params = i % 2 == 0 ? Json::array() : Json({"latest", false});
    frames += WsTestClient::frame(0x81, Json{{"id", i}, {"method", method}, {"params", params}}.dump());
  }
  std::thread writer([&] { client.send_raw(frames); });
  std::vector<bool> seen(kCount);
  for (int i = 0; i < kCount; ++i) {
    const auto answer = client.message();
    ASSERT_TRUE(answer.contains("result")) << answer;
    seen[answer["id"].get<std::size_t>()] = true;
  }
  writer.join();
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), kCount);
  client.send("[" + std::string(R"({"id":1,"method":"eth_chainId"},{"id":2,"method":"nothing"})") + "]");
  EXPECT_EQ(client.message().size(), 2U);
  client.send("{");
  EXPECT_EQ(client.message()["error"]["code"], -32700);
}

TEST(WsServer, PagesOfOtherOriginsAndHostsAreRefused) {
  ServerOptions options;
  options.ws.emplace().origins = "https://good.example, http://other.example:3000";
  Node node(options);
  const auto status = [&](const std::string& headers) {
    return WsTestClient(node.port, headers).handshake.status;
  };
  EXPECT_EQ(status("Host: localhost\r\n"), 101);
  EXPECT_EQ(status("Host: localhost\r\nOrigin: https://good.example:444\r\n"), 101);
  EXPECT_EQ(status("Host: localhost\r\nOrigin: http://good.example\r\n"), 403);
  EXPECT_EQ(status("Host: localhost\r\nOrigin: http://other.example:3000\r\n"), 101);
  EXPECT_EQ(status("Host: localhost\r\nOrigin: http://other.example\r\n"), 403);
  EXPECT_EQ(status("Host: localhost\r\nOrigin: http://localhost\r\n"), 403);
  EXPECT_EQ(status("Host: rebound.example\r\n"), 403);
  Node plain;
  EXPECT_EQ(WsTestClient(plain.port, "Host: localhost\r\nOrigin: http://localhost:8000\r\n").handshake.status,
            101);
  EXPECT_EQ(WsTestClient(plain.port, "Host: localhost\r\nOrigin: http://evil.example\r\n").handshake.status,
            403);
}

TEST(WsServer, OneTooManyIsRefused) {
  ServerOptions options;
  options.most_ws_per_address = 2;
  Node node(options);
  auto one = std::make_unique<WsTestClient>(node.port), two = std::make_unique<WsTestClient>(node.port);
  ASSERT_TRUE(one->open() && two->open());
  const WsTestClient three(node.port);
  EXPECT_EQ(three.handshake.status, 429);
  EXPECT_NE(three.handshake.body.find("from 127.0.0.1: 2 are open"), std::string::npos);
  EXPECT_NE(three.handshake.body.find("--ws.maxclientsperaddress"), std::string::npos);
  one.reset();
  // Its place is free once the server has read that it went.
  bool again = false;
  for (int i = 0; i < 6000 && !again; ++i) {
    again = WsTestClient(node.port).open();
    if (!again) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(again);

  options.most_ws = 1;
  Node small(options);
  const WsTestClient only(small.port);
  ASSERT_TRUE(only.open());
  const WsTestClient other(small.port);
  EXPECT_EQ(other.handshake.status, 503);
  EXPECT_NE(other.handshake.body.find("--ws.maxclients"), std::string::npos);
}

TEST(WsServer, OnlyItsModulesAreServed) {
  Node node;
  WsTestClient client(node.port);
  EXPECT_EQ(client.call("personal_listAccounts")["error"]["code"], -32601);
  EXPECT_TRUE(client.call("net_version").contains("result"));
  RawClient http(node.port);
  EXPECT_EQ(http.post("{}").status, 403) << "only WebSocket on this port";
}

TEST(WsServer, TokensAreAskedFor) {
  ServerOptions options;
  options.jwt = JwtSecret{7};
  options.ws.emplace().host = "0.0.0.0";
  options.ws->modules = "eth,admin";
  Node node(options);
  WsTestClient without(node.port);
  EXPECT_EQ(without.handshake.status, 401);
  const auto said = Json::parse(without.handshake.body, nullptr, false);
  EXPECT_NE(said["error"]["message"].get<std::string>().find("--rpc.jwtsecret"), std::string::npos) << said;
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  WsTestClient with(node.port,
                    "Host: localhost\r\nAuthorization: Bearer " + make_token(*options.jwt, now) + "\r\n");
  ASSERT_TRUE(with.open());
  EXPECT_TRUE(with.call("admin_datadir").contains("result"))
      << "with a token, sensitive modules are open there";
  ServerOptions exposed;
  exposed.ws.emplace().host = "0.0.0.0";
  exposed.ws->modules = "eth,admin";
  Node open(exposed);
  EXPECT_EQ(WsTestClient(open.port).call("admin_datadir")["error"]["code"], -32601);
}
