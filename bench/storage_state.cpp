// What the state costs: blocks applied and committed, reads of today and of the past, opening the database.
#include <benchmark/benchmark.h>

#include <random>

#include "fixtures.hpp"
#include "storage/chain_store.hpp"
#include "storage/state_store.hpp"
#include "storage/state_writer.hpp"

using namespace quarry;

namespace {

constexpr unsigned kAccounts = 20'000;

Address address_of(std::uint64_t number) {
  Address out;
  for (std::size_t i = 0; i < 8; ++i) out.bytes[19 - i] = static_cast<std::uint8_t>(number >> 8 * i);
  return out;
}

/// A database in a folder of its own, with a genesis of kAccounts accounts.
class Disk {
 public:
  Disk() {
    open();
    std::vector<GenesisAccount> accounts;
    for (unsigned i = 0; i < kAccounts; ++i) accounts.push_back({address_of(i), U256{1'000'000}, 0, {}, {}});
    Batch batch;
    write_genesis_state(batch, accounts);
    if (!database_->commit(std::move(batch))) std::abort();
  }
  void open() {
    auto opened = Database::open({.path = folder_.path().string()});
    if (!opened) std::abort();
    database_ = std::move(*opened);
  }
  void close() { database_.reset(); }
  Database& database() { return *database_; }

 private:
  test::TempDir folder_;
  std::unique_ptr<Database> database_;
};

StateDiff touch(const StateView& view, std::mt19937_64& random, unsigned accounts) {
  StateDiff diff;
  while (diff.accounts.size() < accounts) {
    const Address address = address_of(random() % kAccounts);
    Account account = view.account(address).value_or(Account{});
    account.balance += U256{1};
    diff.accounts[address].after = account;
  }
  return diff;
}

void commit(Database& database, StateWriter& writer) {
  Batch batch;
  writer.flush(batch);
  if (!database.commit(std::move(batch))) std::abort();
}

/// range(0) accounts touched in a block, range(1) blocks in a batch. One iteration is one block.
void ApplyAndFlush(benchmark::State& state) {
  Disk disk;
  StateWriter writer(disk.database());
  std::mt19937_64 random(1);
  const auto blocks = static_cast<std::size_t>(state.range(1));
  for (auto _ : state) {
    writer.apply(writer.number() + 1, touch(writer.view(), random, static_cast<unsigned>(state.range(0))));
    if (writer.pending_blocks() >= blocks) commit(disk.database(), writer);
  }
  commit(disk.database(), writer);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ApplyAndFlush)
    ->ArgNames({"accounts", "batch"})
    ->Args({50, 64})
    ->Args({50, 1})
    ->Args({1, 256})
    ->Args({1, 1})
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

void Preview(benchmark::State& state) {
  Disk disk;
  StateWriter writer(disk.database());
  std::mt19937_64 random(1);
  const StateDiff diff = touch(writer.view(), random, 50);
  for (auto _ : state) benchmark::DoNotOptimize(writer.preview(diff));
}
BENCHMARK(Preview)->Unit(benchmark::kMicrosecond);

/// Balances range(0) blocks below a head of 1,000.
void ReadBalance(benchmark::State& state) {
  Disk disk;
  StateWriter writer(disk.database());
  std::mt19937_64 random(1);
  while (writer.number() < 1000) {
    writer.apply(writer.number() + 1, touch(writer.view(), random, 50));
    if (writer.pending_blocks() >= 64) commit(disk.database(), writer);
  }
  commit(disk.database(), writer);
  const auto view = StateStore(disk.database()).at(1000 - static_cast<BlockNum>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(view->account(address_of(random() % kAccounts)));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ReadBalance)->ArgName("blocks_ago")->Arg(0)->Arg(100)->Arg(900)->Unit(benchmark::kMicrosecond);

/// From nothing to heads and state known, after a clean end.
void Open(benchmark::State& state) {
  Disk disk;
  for (auto _ : state) {
    state.PauseTiming();
    disk.close();
    state.ResumeTiming();
    disk.open();
    benchmark::DoNotOptimize(ChainStore(disk.database()).heads());
    benchmark::DoNotOptimize(StateStore(disk.database()).head());
  }
}
BENCHMARK(Open)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(0.2);

}  // namespace
