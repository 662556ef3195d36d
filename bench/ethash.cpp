// ethash: cache, light verification, dataset rows, a whole dataset, mining. The last two need 1 GiB and
// some seconds: choose with --benchmark_filter. By SIMD level where the level matters.
#include <benchmark/benchmark.h>

#include <numeric>
#include <thread>

#include "consensus/ethash/files.hpp"
#include "consensus/ethash/hashimoto.hpp"
#include "core/keccak.hpp"

namespace {
using namespace quarry;
using namespace quarry::ethash;

const std::shared_ptr<const Cache>& cache() {
  static const auto built = Cache::build(0, Mode::normal);
  return built;
}

std::shared_ptr<const Dataset> generate(unsigned threads) {
  const std::atomic<bool> cancelled{false};
  const auto builder = DatasetBuilder::create(cache());
  if (builder == nullptr) return nullptr;
  builder->run(threads, cancelled, std::chrono::seconds(60), [] {});
  return builder->take();
}

const std::shared_ptr<const Dataset>& dataset() {
  static const auto made = generate(std::thread::hardware_concurrency());
  return made;
}

std::vector<HashInput> inputs_of(std::size_t count) {
  std::vector<HashInput> inputs(count);
  for (std::size_t i = 0; i < count; ++i) inputs[i] = {keccak256(as_bytes("bench")), i};
  return inputs;
}

void build_cache(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Cache::build(0, Mode::normal));
}

/// range(0) headers a call; items are headers.
void light(benchmark::State& state, SimdLevel level) {
  auto inputs = inputs_of(static_cast<std::size_t>(state.range(0)));
  std::vector<HashOutput> outputs(inputs.size());
  cache();
  for (auto _ : state) {
    hash_light(*cache(), inputs, outputs.data(), kernel_of(level));
    for (auto& input : inputs) input.nonce += inputs.size();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void rows(benchmark::State& state, SimdLevel level) {
  std::vector<std::uint32_t> indices(480);
  std::vector<std::uint32_t> out(indices.size() * kRowWords);
  std::iota(indices.begin(), indices.end(), 0);
  cache();
  for (auto _ : state) {
    kernel_of(level).rows(cache()->view(), indices.data(), indices.size(), out.data());
    for (auto& index : indices) index += 480;
  }
  state.SetItemsProcessed(state.iterations() * 480);
}

/// A whole dataset in memory, on range(0) threads; items are rows.
void whole(benchmark::State& state) {
  cache();
  for (auto _ : state) benchmark::DoNotOptimize(generate(static_cast<unsigned>(state.range(0))));
  state.SetItemsProcessed(state.iterations() * cache()->dataset_rows());
}

/// The same, written to a file as mining does.
void whole_written(benchmark::State& state) {
  const auto path = std::filesystem::temp_directory_path() / "quarry-bench-dataset";
  const std::atomic<bool> cancelled{false};
  cache();
  for (auto _ : state) {
    const auto made = generate(static_cast<unsigned>(state.range(0)));
    if (!write_table(path, made->bytes(), cancelled)) state.SkipWithError("cannot write");
  }
  std::filesystem::remove(path);
}

void load(benchmark::State& state) {
  const auto path = std::filesystem::temp_directory_path() / "quarry-bench-dataset";
  const std::atomic<bool> cancelled{false};
  if (!write_table(path, dataset()->bytes(), cancelled)) state.SkipWithError("cannot write");
  for (auto _ : state) benchmark::DoNotOptimize(read_table(path, dataset()->bytes().size(), cancelled));
  std::filesystem::remove(path);
}

/// Each of the benchmark's threads searches on its own; items are hashes.
void mine(benchmark::State& state, SimdLevel level) {
  auto inputs = inputs_of(kFullBatch);
  std::vector<HashOutput> outputs(inputs.size());
  for (auto& input : inputs) input.nonce += static_cast<std::uint64_t>(state.thread_index()) << 40;
  const Dataset& all = *dataset();
  for (auto _ : state) {
    hash_full(all, inputs, outputs.data(), kernel_of(level));
    for (auto& input : inputs) input.nonce += kFullBatch;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kFullBatch));
}

const bool registered = [] {
  using benchmark::RegisterBenchmark;
  RegisterBenchmark("ethash_cache", build_cache)->Unit(benchmark::kMillisecond);
  RegisterBenchmark("ethash_dataset", whole)
      ->Arg(1)
      ->Arg(2)
      ->Iterations(1)
      ->Unit(benchmark::kSecond)
      ->UseRealTime();
  RegisterBenchmark("ethash_dataset_written", whole_written)
      ->Arg(2)
      ->Iterations(1)
      ->Unit(benchmark::kSecond)
      ->UseRealTime();
  RegisterBenchmark("ethash_dataset_load", load)->Iterations(3)->Unit(benchmark::kSecond)->UseRealTime();
  for (SimdLevel level : simd_levels()) {
    const std::string name = to_string(level);
    RegisterBenchmark(("ethash_light/" + name).c_str(), light, level)
        ->Arg(1)
        ->Arg(4)
        ->Arg(kLightBatch)
        ->Unit(benchmark::kMillisecond);
    RegisterBenchmark(("ethash_rows/" + name).c_str(), rows, level)->Unit(benchmark::kMicrosecond);
    RegisterBenchmark(("ethash_mine/" + name).c_str(), mine, level)
        ->Threads(1)
        ->Threads(2)
        ->UseRealTime()
        ->MinTime(2)
        ->Unit(benchmark::kMicrosecond);
  }
  return true;
}();
}  // namespace
