// RLP of headers and blocks: bench_core_rlp
#include <benchmark/benchmark.h>

#include "core/block.hpp"

using namespace quarry;

namespace {
Header sample() {
  Header header;
  header.difficulty = 131072;
  header.number = 1'000'000;
  header.gas_limit = 4'712'388;
  header.timestamp = 1'700'000'000;
  header.extra_data = Bytes(24, 7);
  return header;
}

void encode_one_header(benchmark::State& state) {
  const Header header = sample();
  for (auto _ : state) benchmark::DoNotOptimize(encode_header(header));
}
BENCHMARK(encode_one_header);

void decode_one_header(benchmark::State& state) {
  const Bytes bytes = encode_header(sample());
  for (auto _ : state) benchmark::DoNotOptimize(decode_header(bytes, HeaderIdentity::keccak_rlp));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}
BENCHMARK(decode_one_header);

void walk_items(benchmark::State& state) {
  const Bytes bytes = encode_header(sample());
  for (auto _ : state) {
    auto list = rlp::decode_list(bytes);
    while (!list->at_end()) benchmark::DoNotOptimize(list->next());
  }
}
BENCHMARK(walk_items);
}  // namespace
