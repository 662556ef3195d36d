// Keccak, by SIMD level. Time is a call; items_per_second counts hashes.
#include <benchmark/benchmark.h>

#include "core/keccak_kernel.hpp"

namespace {
using namespace quarry;
using keccak_detail::Kernel;

void one(benchmark::State& state, SimdLevel level) {
  const Kernel& kernel = keccak_detail::kernel_of(level);
  const Bytes input(static_cast<std::size_t>(state.range(0)), 0x5a);
  for (auto _ : state) benchmark::DoNotOptimize(hash256(kernel, input));
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

/// range(0) bytes an input, range(1) inputs a call.
void batch(benchmark::State& state, SimdLevel level) {
  const Kernel& kernel = keccak_detail::kernel_of(level);
  const Bytes input(static_cast<std::size_t>(state.range(0)), 0x5a);
  const std::vector<ByteView> inputs(static_cast<std::size_t>(state.range(1)), ByteView(input));
  std::vector<Hash256> outputs(inputs.size());
  for (auto _ : state) {
    hash256_batch(kernel, inputs, outputs);
    benchmark::DoNotOptimize(outputs.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
  state.SetBytesProcessed(state.iterations() * state.range(0) * state.range(1));
}

void rows(benchmark::State& state, SimdLevel level) {
  const Kernel& kernel = keccak_detail::kernel_of(level);
  Bytes table(64 * 24, 0x5a);
  for (auto _ : state) {
    kernel.rows(table.data(), table.data(), 24);
    benchmark::DoNotOptimize(table.data());
  }
  state.SetItemsProcessed(state.iterations() * 24);
}

const bool registered = [] {
  for (SimdLevel level : simd_levels()) {
    const std::string name = to_string(level);
    benchmark::RegisterBenchmark(("keccak256/" + name).c_str(), one, level)
        ->Arg(32)
        ->Arg(100)
        ->Arg(1024)
        ->Arg(8192);
    benchmark::RegisterBenchmark(("keccak256_batch/" + name).c_str(), batch, level)
        ->ArgsProduct({{100, 1024}, {2, 4, 8, 64}});
    benchmark::RegisterBenchmark(("keccak512_rows/" + name).c_str(), rows, level);
  }
  return true;
}();
}  // namespace
