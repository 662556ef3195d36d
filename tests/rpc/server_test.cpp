#include "rpc/server.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "raw_client.hpp"
#include "rpc/ipc.hpp"
#include "test_backend.hpp"

using namespace quarry;
using namespace quarry::rpc;
using quarry::test::RawClient;
using quarry::test::Rpc;

namespace {

class Served {
 public:
  explicit Served(ServerOptions options = {}) {
    if (!options.http) options.http.emplace();
    options.http->port = 0;
    options.http->modules = "*";
    options.ipc_path = (dir_.path() / "quarry.ipc").string();
    ipc_path = options.ipc_path;
    auto made = RpcServer::start(loop_, options, rpc.dispatcher);
    EXPECT_TRUE(made) << made.error().what;
    server_ = std::move(*made);
    port = server_->http_port();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Served() {
    loop_.stop();
    thread_.join();
    server_.reset();
  }
  Rpc rpc;
  std::uint16_t port = 0;
  std::string ipc_path;

 private:
  test::TempDir dir_;
  net::Loop loop_;
  std::unique_ptr<RpcServer> server_;
  std::thread thread_;
};

const std::string kBlockNumber = R"({"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]})";
const std::string kBlockNumberAnswer = R"({"jsonrpc":"2.0","id":1,"result":"0x0"})";

}  // namespace

TEST(RpcServer, AnswersOverHttp) {
  Served served;
  RawClient client(served.port);
  const auto answer = client.post(kBlockNumber);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, kBlockNumberAnswer);
  EXPECT_NE(answer.head.find("Content-Type: application/json\r\n"), std::string::npos);
  const auto block = client.post(R"({"id":2,"method":"eth_getBlockByNumber","params":["0x0",true]})");
  EXPECT_EQ(Json::parse(block.body)["result"]["number"], "0x0");
  EXPECT_EQ(Json::parse(client.post("[" + kBlockNumber + "," + kBlockNumber + "]").body).size(), 2U);
  EXPECT_EQ(client.post(R"({"method":"eth_blockNumber"})").body, "");
  EXPECT_EQ(client.post("{").status, 200) << "errors of JSON-RPC go with 200";
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.answer().status, 200);
}

TEST(RpcServer, MessagesThatAWorkerParses) {
  Served served;
  RawClient client(served.port);
  const auto deep = client.post(std::string(1'000'000, '['));
  EXPECT_EQ(Json::parse(deep.body)["error"]["code"], -32700);
  const auto data =
      client.post(R"({"id":1,"method":"web3_sha3","params":["0x)" + std::string(4'000'000, '0') + "\"]}");
  EXPECT_EQ(Json::parse(data.body)["result"].get<std::string>().size(), 66U);
  EXPECT_EQ(RawClient(served.port).post(std::string(10 << 20, ' ')).status, 413);
  EXPECT_EQ(client.post(kBlockNumber).body, kBlockNumberAnswer);
}

TEST(RpcServer, RefusesOtherHostsAndAllowsOrigins) {
  ServerOptions options;
  options.http.emplace().cors_domains = "*";
  Served served(options);
  RawClient client(served.port);
  client.send("POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.answer().status, 403);
  client.send(
      "OPTIONS / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://remix.ethereum.org\r\n"
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n\r\n");
  const auto preflight = client.answer();
  EXPECT_EQ(preflight.status, 200);
  EXPECT_NE(preflight.head.find("Access-Control-Allow-Headers: content-type"), std::string::npos);
  const auto answer =
      client.post(kBlockNumber, "Content-Type: application/json\r\nOrigin: https://remix.ethereum.org\r\n");
  EXPECT_NE(answer.head.find("Access-Control-Allow-Origin: *"), std::string::npos);
}

/// Each answer three times: worked out, known, and known to a connection whose head was seen before; then
/// without being kept at all.
TEST(RpcServer, KeptAnswersAreTheSameBytes) {
  Served served;
  const auto ask_all = [&](RawClient& client) {
    std::vector<std::string> out;
    for (const auto* rest : {R"("method":"eth_blockNumber")", R"("method":"eth_chainId","params":[])",
                             R"("method":"eth_getBlockByNumber","params":["0x0",true])",
                             R"("method":"eth_getBalance","params":["0x1"])",
                             R"("method":"eth_getLogs","params":[{"fromBlock":"0x0","toBlock":"latest"}])",
                             R"("method":"eth_getBlockByNumber","params":["0x77",false])"})
      for (const auto* id : {"1", "\"a\"", "7"}) {
        const auto answer = client.post(R"({"jsonrpc":"2.0","id":)" + std::string(id) + "," + rest + "}");
        out.push_back(answer.body);
        EXPECT_NE(answer.head.find("Content-Type: application/json\r\n"), std::string::npos);
        EXPECT_NE(answer.head.find("\r\nDate: "), std::string::npos);
      }
    return out;
  };
  RawClient client(served.port);
  const auto plain = ask_all(client);
  EXPECT_EQ(plain[0], kBlockNumberAnswer);
  served.rpc.node.mark = 1;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask_all(client), plain);
  RawClient other(served.port);
  EXPECT_EQ(ask_all(other), plain);
  served.rpc.node.mark = 2;
  EXPECT_EQ(ask_all(client), plain);
}

/// A head that passed once says nothing about another one, nor about a body.
TEST(RpcServer, KeptAnswersAreOnlyForWhoMayAsk) {
  Served served;
  served.rpc.node.mark = 1;
  RawClient client(served.port);
  EXPECT_EQ(client.post(kBlockNumber).body, kBlockNumberAnswer);
  EXPECT_EQ(client.post(kBlockNumber).body, kBlockNumberAnswer);
  const auto post = [&](std::string_view headers) {
    client.send("POST / HTTP/1.1\r\n" + std::string(headers) +
                "Content-Length: " + std::to_string(kBlockNumber.size()) + "\r\n\r\n" + kBlockNumber);
    return client.answer().status;
  };
  EXPECT_EQ(post("Host: evil.example\r\nContent-Type: application/json\r\n"), 403);
  EXPECT_EQ(post("Host: evil.example\r\nContent-Type: application/json\r\n"), 403);
  EXPECT_EQ(post("Host: localhost\r\nContent-Type: text/plain\r\n"), 415);
  EXPECT_EQ(post("Host: localhost\r\nContent-Type: application/json\r\n"), 200);
  EXPECT_EQ(client.post("[" + kBlockNumber + "]").body, "[" + std::string(kBlockNumberAnswer) + "]");
}

TEST(RpcServer, ManyClientsAtOnce) {
  Served served;
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&] {
      RawClient client(served.port);
      for (int i = 0; i < 100; ++i) {
        const bool quick = i % 2 == 0;
        const auto body =
            quick
                ? kBlockNumber
                : R"({"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x0000000000000000000000000000000000000001"]})";
        right += client.post(body).body == kBlockNumberAnswer ? 1 : 0;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(right, 800);
}

TEST(RpcServer, IpcTakesMessagesWithoutDelimitersAndAnswersInOrder) {
  Served served;
  RawClient client(served.ipc_path);
  ASSERT_TRUE(client.connected());
  std::string asked, wanted;
  for (int i = 0; i < 500; ++i) {
    const auto id = std::to_string(i);
    const bool quick = i % 3 != 0;
    asked += R"({"id":)" + id + (quick ? R"(,"method":"eth_chainId"})" : R"(,"method":"eth_accounts"})");
    wanted += R"({"jsonrpc":"2.0","id":)" + id + (quick ? R"(,"result":"0x7cf"})" : R"(,"result":[]})") +
              std::string("\n");
  }
  client.send(asked);
  client.end();
  EXPECT_EQ(client.read_to_end(), wanted);
}

TEST(RpcServer, IpcAllowsEverythingAndSurvivesBadMessages) {
  Served served;
  RawClient client(served.ipc_path);
  client.send(R"({"id":1,"method":"personal_newAccount","params":["pw"]}{]{"id":2,"method":"net_version"})");
  const auto words = client.read(250);
  RawClient other(served.ipc_path);
  other.send(
      R"({"id":1,"method":"personal_newAccount","params":["pw"]}{"a" 1}{"id":2,"method":"net_version"})");
  other.end();
  const auto text = other.read_to_end();
  EXPECT_NE(text.find("\"result\":\"0x"), std::string::npos) << text;
  EXPECT_NE(text.find("-32700"), std::string::npos) << text;
  EXPECT_NE(text.find("\"1999\""), std::string::npos) << text;
  RawClient deep(served.ipc_path);
  deep.send(std::string(100'000, '['));
  const auto refusal = deep.read_to_end();
  EXPECT_NE(refusal.find("nested deeper than 64 levels"), std::string::npos) << refusal;
  EXPECT_TRUE(RawClient(served.ipc_path).connected());
}

TEST(RpcServer, EndsWhileMethodsRun) {
  for (int i = 0; i < 20; ++i) {
    Served served;
    RawClient http(served.port), ipc(served.ipc_path);
    http.send(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
        "34\r\n\r\n{\"id\":1,\"method\":\"eth_accounts\"   }");
    ipc.send(R"({"id":1,"method":"eth_accounts"})");
  }
}

TEST(RpcServer, TakenPortAndSocketAreErrors) {
  Served served;
  net::Loop loop;
  ServerOptions options;
  options.http.emplace().port = served.port;
  const auto taken = RpcServer::start(loop, options, served.rpc.dispatcher);
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().what.find("--rpcport"), std::string::npos);
  options.http.reset();
  options.ipc_path = served.ipc_path;
  EXPECT_FALSE(RpcServer::start(loop, options, served.rpc.dispatcher));
}
