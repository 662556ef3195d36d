// Header sync's cost to the chain: rules, seals, storage. Needs the fixtures (QUARRY_FIXTURES).
#include <benchmark/benchmark.h>

#include "chain_support.hpp"
#include "core/log.hpp"

namespace quarry {
namespace {
/// The 3,000 headers of fixtures/ethtest; empty without them.
std::vector<SealedHeader> ethtest_headers() {
  return test::headers_of(test::read_blocks(test::unpacked("ethtest/chain.rlp.xz")));
}

/// In spans of 192, as they come from a peer.
void BM_InsertHeaders(benchmark::State& state) {
  const auto headers = ethtest_headers();
  if (headers.empty()) return state.SkipWithError("no fixtures: set QUARRY_FIXTURES");
  set_log_level(LogLevel::error);
  const Genesis genesis = test::ethtest_genesis();
  ethash::Caches caches;
  caches.get(0);
  EthashEngine engine(caches);
  WorkerPool workers("workers", static_cast<unsigned>(state.range(0)), 1024);
  constexpr std::size_t kSpan = 192;
  for (auto _ : state) {
    state.PauseTiming();
    test::TempDir folder;
    auto database = Database::open({.path = (folder.path() / "db").string()}).value();
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
