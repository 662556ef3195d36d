// Header sync's cost to the chain: rules, seals, storage. Needs the fixtures (QUARRY_FIXTURES).
#include <benchmark/benchmark.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "consensus/chain.hpp"
#include "consensus/ethash/caches.hpp"
#include "consensus/ethash_engine.hpp"
#include "consensus/genesis.hpp"
#include "core/log.hpp"
#include "storage/database.hpp"

namespace quarry {
namespace {
/// The 3,000 headers of fixtures/ethtest; empty without them.
std::vector<SealedHeader> ethtest_headers() {
  const char* folder = std::getenv("QUARRY_FIXTURES");
  const std::string path = std::string(folder ? folder : "../shared/fixtures") + "/ethtest/chain.rlp.xz";
  if (!std::filesystem::exists(path)) return {};
  FILE* pipe = popen(("xz -dc '" + path + "'").c_str(), "r");
  Bytes bytes;
  std::array<std::uint8_t, 65536> part;
  while (const std::size_t got = fread(part.data(), 1, part.size(), pipe))
    append(bytes, ByteView(part).first(got));
  pclose(pipe);
  std::vector<SealedHeader> headers;
  rlp::Reader reader(bytes);
  while (!reader.at_end()) {
    auto block = read_block(reader, HeaderIdentity::keccak_rlp);
    if (!block) break;
    headers.push_back(block->header);
  }
  return headers;
}

Genesis ethtest_genesis() {
  Genesis genesis;
  for (const Fork fork : {Fork::homestead, Fork::eip150, Fork::eip155, Fork::eip158, Fork::byzantium})
    genesis.spec.forks[fork] = Activation{};
  genesis.header.difficulty = 0x20000;
  genesis.header.gas_limit = 0x80000000;
  genesis.header.extra_data = Bytes(32, 0);
  genesis.header.nonce = *SealNonce::from_hex("0xdeadbeefdeadbeef");
  genesis.alloc.push_back({*Address::from_hex("71562b71999873db5b286df957af199ec94617f7"),
                           *U256::parse("0xffffffffffffffffffffffffff"),
                           0,
                           {},
                           {}});
  return genesis;
}

struct TempFolder {
  std::filesystem::path path;
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "quarry-bench-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path); }
};

/// In spans of 192, as they come from a peer.
void BM_InsertHeaders(benchmark::State& state) {
  const auto headers = ethtest_headers();
  if (headers.empty()) return state.SkipWithError("no fixtures: set QUARRY_FIXTURES");
  set_log_level(LogLevel::error);
  const Genesis genesis = ethtest_genesis();
  ethash::Caches caches;
  caches.get(0);
  EthashEngine engine(caches);
  WorkerPool workers("workers", static_cast<unsigned>(state.range(0)), 1024);
  constexpr std::size_t kSpan = 192;
  for (auto _ : state) {
    state.PauseTiming();
    TempFolder folder;
    auto database = Database::open({.path = (folder.path / "db").string()}).value();
    if (!init_genesis(*database, genesis)) return state.SkipWithError("no genesis");
    auto chain = Chain::open(*database, genesis.spec, engine, workers).value();
    state.ResumeTiming();
    for (std::size_t at = 0; at < headers.size(); at += kSpan)
      if (!chain->insert_headers(std::span(headers).subspan(at, std::min(kSpan, headers.size() - at))).ok())
        return state.SkipWithError("a header was refused");
    state.PauseTiming();
    chain.reset();
    database.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * headers.size()));
}
BENCHMARK(BM_InsertHeaders)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

/// Without the database: what the seals alone cost one thread.
void BM_VerifySeals(benchmark::State& state) {
  const auto headers = ethtest_headers();
  if (headers.empty()) return state.SkipWithError("no fixtures: set QUARRY_FIXTURES");
  ethash::Caches caches;
  caches.get(0);
  EthashEngine engine(caches);
  std::vector<const Header*> pointers;
  for (std::size_t i = 0; i < 480; ++i) pointers.push_back(&*headers[i]);
  std::vector<Verdict> verdicts(pointers.size());
  for (auto _ : state) engine.verify_seals(pointers, verdicts);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * pointers.size()));
}
BENCHMARK(BM_VerifySeals)->Unit(benchmark::kMillisecond);
}  // namespace
}  // namespace quarry
