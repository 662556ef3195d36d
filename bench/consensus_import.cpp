// Blocks with transactions: import in blocks, transactions and gas a second; senders recovered a second.
// QUARRY_FIXTURES says where the fixtures are; what needs them is left out without it.
#include <benchmark/benchmark.h>

#include <filesystem>

#include "chain_support.hpp"
#include "consensus/txn_recovery.hpp"
#include "consensus/txpool.hpp"
#include "core/log.hpp"
#include "signed_txn.hpp"

using namespace quarry;

namespace {
constexpr std::uint64_t kChainId = 1999;
constexpr std::uint64_t kAccounts = 200;
constexpr std::uint64_t kBlocks = 200, kTxnsABlock = 100;

/// Adds the number in the call's data to the slot that is the caller: reads and writes a slot each.
///   calldataload(0) sload(caller) add, sstore at caller
const Bytes kAdder = *from_hex("600035335401335500");
const Address kContract = *Address::from_hex("00000000000000000000000000000000000c0de0");

Genesis genesis() {
  Genesis out = test::geth_genesis();
  for (const Fork fork :
       {Fork::eip150, Fork::byzantium, Fork::constantinople, Fork::petersburg, Fork::istanbul})
    out.spec.forks[fork] = Activation{};
  out.header.gas_limit = 30'000'000;
  for (std::uint64_t i = 1; i <= kAccounts; ++i)
    out.alloc.push_back({test::address_of(test::key_of(i)), Wei{1} << 100, 0, {}, {}});
  out.alloc.push_back({kContract, Wei{}, 1, kAdder, {}});
  return out;
}

/// Four payments to one call, from all accounts in turn, each to an account of its own.
Transaction transaction(std::uint64_t index) {
  Transaction txn;
  txn.nonce = index / kAccounts;
  txn.max_fee_per_gas = txn.max_priority_fee_per_gas = 1;
  txn.gas_limit = 21000;
  txn.value = 1;
  txn.to = Address{};
  for (int i = 0; i < 4; ++i) txn.to->bytes[16 + i] = static_cast<std::uint8_t>(index * 2654435761u >> 8 * i);
  if (index % 5 == 0) {
    txn.to = kContract;
    txn.value = 0;
    txn.gas_limit = 100'000;
    txn.data = Bytes(32, 1);
  }
  return test::signed_by(test::key_of(index % kAccounts + 1), txn, kChainId);
}

/// Made once, by the node's own miner but for the seals.
const std::vector<Block>& made_blocks() {
  static const std::vector<Block> blocks = [] {
    test::TestChain chain(genesis());
    TxPoolOptions options;
    TxPool pool(*chain.database, chain.genesis.spec, options);
    chain->on_head([&](const HeadEvent& event) { pool.on_head(event); });
    std::vector<Block> out;
    for (std::uint64_t number = 0; number < kBlocks; ++number) {
      for (std::uint64_t i = 0; i < kTxnsABlock; ++i)
        benchmark::DoNotOptimize(pool.add(transaction(number * kTxnsABlock + i), true));
      chain.clock = chain->head().header->timestamp + 10;
      CandidateRequest request;
      request.target_gas_limit = 30'000'000;
      request.pool = &pool;
      out.push_back(chain->prepare(request).value());
      if (!chain->insert_sealed(out.back()).ok()) std::abort();
    }
    return out;
  }();
  return blocks;
}

void import(benchmark::State& state, const Genesis& from, std::span<const Block> blocks) {
  set_log_level(LogLevel::error);
  double txns = 0, gas = 0;
  for (const Block& block : blocks) {
    txns += static_cast<double>(block.body.transactions.size());
    gas += static_cast<double>(block.header->gas_used);
  }
  for (auto _ : state) {
    state.PauseTiming();
    auto chain = std::make_unique<test::TestChain>(from);
    state.ResumeTiming();
    if (const auto result = (*chain)->insert_blocks(blocks); !result.ok())
      state.SkipWithError(result.bad ? result.bad->error.detail.c_str() : "not imported");
    state.PauseTiming();
    chain.reset();
    state.ResumeTiming();
  }
  const auto rate = [&](double count) {
    return benchmark::Counter(count, benchmark::Counter::kIsIterationInvariantRate);
  };
  state.counters["blocks"] = rate(static_cast<double>(blocks.size()));
  state.counters["txns"] = rate(txns);
  state.counters["Mgas"] = rate(gas / 1e6);
}

void ImportTransfersAndCalls(benchmark::State& state) {
  import(state, genesis(), made_blocks());
}
BENCHMARK(ImportTransfersAndCalls)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

/// The real chain of 360 blocks and 513 transactions, before Byzantium; seals are not looked at.
void ImportGethsChain(benchmark::State& state) {
  const auto path = test::fixtures_dir() / "geth-1.7.3" / "full-360.rlp";
  if (!std::filesystem::exists(path)) return state.SkipWithError("no fixtures");
  import(state, test::geth_genesis(), test::read_blocks(path));
}
BENCHMARK(ImportGethsChain)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

void RecoverSenders(benchmark::State& state) {
  const auto& blocks = made_blocks();
  WorkerPool workers("workers", static_cast<unsigned>(state.range(0)), 1024);
  const TxnRecovery::KnownSender nobody;
  for (auto _ : state) {
    TxnRecovery recovery(workers, blocks, nobody);
    for (std::size_t i = 0; i < blocks.size(); ++i) benchmark::DoNotOptimize(recovery.wait(i).senders.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBlocks * kTxnsABlock));
}
BENCHMARK(RecoverSenders)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

void TakeIntoThePool(benchmark::State& state) {
  test::TestChain chain(genesis());
  std::vector<Transaction> txns;
  for (std::uint64_t i = 0; i < 2000; ++i) txns.push_back(transaction(i));
  for (auto _ : state) {
    TxPool pool(*chain.database, chain.genesis.spec);
    benchmark::DoNotOptimize(pool.add_all(txns, false).size());
    if (pool.counts().pending != txns.size()) state.SkipWithError("not all were taken");
  }
  state.SetItemsProcessed(state.iterations() * 2000);
}
BENCHMARK(TakeIntoThePool)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();
}  // namespace
