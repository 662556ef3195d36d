// JSON-RPC: what one message costs without sockets, and requests a second over HTTP on loopback with the
// clients in the same process. bench/rpc_wrk asks a running node instead.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "core/log.hpp"
#include "net/http_request.hpp"
#include "rpc/dispatcher.hpp"
#include "rpc/server.hpp"
#include "test_backend.hpp"

namespace {
using namespace quarry;
using namespace quarry::rpc;

const std::string kBlockNumber = R"({"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]})";
const std::string kGetBlock =
    R"({"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["0x0",true]})";

std::string http_request(const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: 127.0.0.1:8545\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

void message(benchmark::State& state, const std::string& text) {
  test::Rpc rpc;
  const Dispatcher& dispatcher = rpc.dispatcher;
  for (auto _ : state) benchmark::DoNotOptimize(dispatcher.call(text, {Access::http}));
  state.SetItemsProcessed(state.iterations());
}

/// range(0) heads in turn: one that stays the same is not parsed again.
void parse_http(benchmark::State& state) {
  const std::vector<std::string> texts = {http_request(kBlockNumber), http_request(kGetBlock)};
  net::HttpRequestParser parser({}, {}, false);
  std::size_t at = 0;
  for (auto _ : state) {
    parser.feed(as_bytes(texts[at++ % static_cast<std::size_t>(state.range(0))]));
    parser.resume();
  }
  state.SetItemsProcessed(state.iterations());
}

int connect_to(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

/// range(0) clients, of which each sends, then each waits for its answer; range(1): answers are kept.
void over_http(benchmark::State& state, const std::string& body) {
  test::Rpc rpc;
  rpc.node.mark = static_cast<std::uint64_t>(state.range(1));
  const Dispatcher& dispatcher = rpc.dispatcher;
  net::Loop loop;
  ServerOptions options;
  options.http.emplace().port = 0;
  set_log_level(LogLevel::warn);
  const auto server = RpcServer::start(loop, options, dispatcher);
  std::thread thread([&] { loop.run(); });
  std::vector<int> clients;
  for (int i = 0; i < state.range(0); ++i) clients.push_back(connect_to((*server)->http_port()));
  const auto request = http_request(body);
  char answer[65536];
  for (auto _ : state) {
    for (const int fd : clients) {
      if (write(fd, request.data(), request.size()) < 0) std::abort();
    }
    for (const int fd : clients) {
      if (read(fd, answer, sizeof answer) <= 0) std::abort();
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  for (const int fd : clients) close(fd);
  loop.stop();
  thread.join();
}

BENCHMARK_CAPTURE(message, eth_blockNumber, kBlockNumber);
BENCHMARK_CAPTURE(message, eth_getBlockByNumber, kGetBlock);
BENCHMARK(parse_http)->ArgName("heads")->Arg(1)->Arg(2);
BENCHMARK_CAPTURE(over_http, eth_blockNumber, kBlockNumber)
    ->ArgNames({"clients", "kept"})
    ->ArgsProduct({{1, 16, 64}, {0, 1}})
    ->UseRealTime();
BENCHMARK_CAPTURE(over_http, eth_getBlockByNumber, kGetBlock)
    ->ArgNames({"clients", "kept"})
    ->ArgsProduct({{16}, {0, 1}})
    ->UseRealTime();
}  // namespace
