// JSON-RPC listeners that a command closes, by way of what it closes.
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "node/listener_backend.hpp"
#include "raw_client.hpp"
#include "test_backend.hpp"

using namespace quarry;
using test::RawClient;

namespace {

constexpr int kSeconds = 60;

struct Node {
  test::Rpc rpc;
  net::Loop loop;
  ListenerBackend listeners;
  rpc::Dispatcher dispatcher;
  std::unique_ptr<rpc::RpcServer> server;
  std::uint16_t port = 0;
  std::thread thread;

  explicit Node(bool ws)
      : listeners(loop, {.port = 0, .modules = "*"}, {.port = 0, .modules = "*", .with_http = true}),
        dispatcher(backend()) {
    rpc::ServerOptions options;
    if (!ws) options.http = rpc::HttpOptions{.port = 0, .modules = "*"};
    if (ws) options.ws = rpc::WsOptions{.port = 0, .modules = "*", .origins = "*"};
    server = *rpc::RpcServer::start(loop, options, dispatcher);
    port = ws ? server->ws_port() : server->http_port();
    listeners.set_server(server.get());
    thread = std::thread([this] { loop.run(); });
  }
  ~Node() {
    listeners.stop_asking();
    loop.post([this] {
      listeners.set_server(nullptr);
      server.reset();
      loop.stop();
    });
    thread.join();
  }
  std::string call(const std::string& method) {
    return dispatcher.call(R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":[]})",
                           rpc::Caller{.access = rpc::Access::console});
  }

 private:
  rpc::Backend backend() {
    rpc::Backend out{rpc.node, rpc.node, rpc.node, rpc.node, rpc.blocks, rpc.node.pool};
    out.listeners = &listeners;
    return out;
  }
};

std::string request(const std::string& method) {
  return R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":[]})";
}
const std::string kTrue = R"({"jsonrpc":"2.0","id":1,"result":true})";
const std::string kFalse = R"({"jsonrpc":"2.0","id":1,"result":false})";

/// A masked text frame of fewer than 126 bytes, as clients send it.
std::string frame(const std::string& text) {
  return std::string{'\x81', static_cast<char>(0x80 | text.size())} + std::string(4, '\0') + text;
}

}  // namespace

TEST(Listeners, WhoStopsHttpOverHttpGetsTheAnswer) {
  for (const std::string method : {"admin_stopHTTP", "admin_stopRPC"}) {
    Node node(false);
    RawClient idle(node.port, kSeconds), client(node.port, kSeconds);
    EXPECT_EQ(idle.post(request("eth_blockNumber")).status, 200);
    const auto answer = client.post(request(method));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, kTrue);
    EXPECT_NE(answer.head.find("Connection: close\r\n"), std::string::npos) << answer.head;
    EXPECT_TRUE(client.closed_by_peer());
    EXPECT_TRUE(idle.closed_by_peer());
    EXPECT_EQ(node.call(method), kFalse);
    // And once more.
    EXPECT_EQ(node.call("admin_startHTTP"), kTrue);
    std::promise<std::uint16_t> port;
    node.loop.post([&] { port.set_value(node.server->http_port()); });
    RawClient again(port.get_future().get(), kSeconds);
    EXPECT_EQ(again.post(request(method)).body, kTrue);
  }
}

TEST(Listeners, WhoStopsWebSocketOverItGetsTheAnswer) {
  Node node(true);
  RawClient client(node.port, kSeconds);
  client.send(
      "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_EQ(client.answer().status, 101);
  client.send(frame(request("admin_stopWS")));
  const auto answer = client.read(2 + kTrue.size() + 1);
  EXPECT_EQ(answer.substr(2), kTrue + "\n");
  EXPECT_EQ(client.read(2).substr(0, 1), "\x88");
  client.end();
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_EQ(node.call("admin_stopWS"), kFalse);
}
