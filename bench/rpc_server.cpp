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
#include "rpc/json_rpc.hpp"
#include "rpc/server.hpp"

namespace {
using namespace quarry;
using namespace quarry::rpc;

/// A node that knows its genesis and nothing else.
struct Node final : Accounts, MinerControl, Network, ChainControl, ChainReader {
  std::vector<Address> list() override { return {}; }
  std::vector<Wallet> wallets() override { return {}; }
  Result<Address> new_account(const std::string&) override { return fail("none"); }
  Result<> unlock(const Address&, const std::string&, std::chrono::seconds) override { return {}; }
  Result<> lock(const Address&) override { return {}; }
  Result<> start(std::optional<unsigned>) override { return {}; }
  void stop() override {}
  void set_etherbase(const Address&) override {}
  bool mining() override { return false; }
  std::uint64_t hashrate() override { return 0; }
  std::optional<Address> etherbase() override { return {}; }
  NodeInfo node_info() override { return {}; }
  std::vector<PeerInfo> peers() override { return {}; }
  std::vector<PeerFailure> peer_errors() override { return {}; }
  Result<bool> add_peer(const std::string&) override { return true; }
  Result<bool> remove_peer(const std::string&) override { return true; }
  Result<bool> add_trusted_peer(const std::string&) override { return true; }
  std::size_t peer_count() override { return 0; }
  bool listening() override { return true; }
  BlockNum head_number() override { return 360; }
  std::optional<SyncProgress> syncing() override { return {}; }
  Result<> export_chain(const std::string&, std::optional<BlockNum>, std::optional<BlockNum>) override {
    return {};
  }
  Result<> import_chain(const std::string&) override { return {}; }
  std::string datadir() override { return {}; }
  std::string client_version() override { return "Quarry"; }
  std::uint64_t network_id() override { return 1999; }
  const ChainSpec& spec() override { return chain; }
  BlockHash genesis_hash() override { return genesis.header.hash(); }
  unsigned protocol_version() override { return 63; }
  BlockId head() const override { return {0, genesis.header.hash()}; }
  std::optional<BlockId> canonical(BlockNum) const override { return head(); }
  std::optional<BlockId> find(const BlockHash&) const override { return head(); }
  std::optional<SealedHeader> header(const BlockId&) const override { return genesis.header; }
  std::optional<Block> block(const BlockId&) const override { return genesis; }
  std::optional<TotalDifficulty> total_difficulty(const BlockId&) const override {
    return TotalDifficulty{1};
  }
  Result<std::unique_ptr<StateView>> state_at(const BlockId&) const override { return fail("none"); }

  ChainSpec chain;
  Block genesis{seal_header({}, HeaderIdentity::keccak_rlp), {}};
};

const std::string kBlockNumber = R"({"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]})";
const std::string kGetBlock =
    R"({"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["0x0",true]})";

std::string http_request(const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: 127.0.0.1:8545\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

void message(benchmark::State& state, const std::string& text) {
  Node node;
  const Dispatcher dispatcher({node, node, node, node, node});
  for (auto _ : state) benchmark::DoNotOptimize(dispatcher.call(text, {Access::http}));
  state.SetItemsProcessed(state.iterations());
}

void parse_http(benchmark::State& state) {
  const auto text = http_request(kBlockNumber);
  net::HttpRequestParser parser({}, {}, false);
  for (auto _ : state) {
    parser.feed(as_bytes(text));
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

/// range(0) clients, of which each sends, then each waits for its answer.
void over_http(benchmark::State& state, const std::string& body) {
  Node node;
  const Dispatcher dispatcher({node, node, node, node, node});
  net::Loop loop;
  ServerOptions options;
  options.http = true;
  options.http_port = 0;
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
BENCHMARK(parse_http);
BENCHMARK_CAPTURE(over_http, eth_blockNumber, kBlockNumber)->Arg(1)->Arg(16)->Arg(64)->UseRealTime();
BENCHMARK_CAPTURE(over_http, eth_getBlockByNumber, kGetBlock)->Arg(16)->UseRealTime();
}  // namespace
