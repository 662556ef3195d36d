/// \file
/// `quarry init GENESIS`: a chain's first block into a data dir, with what its maker should know about it.

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "consensus/clique/snapshot.hpp"
#include "consensus/engine.hpp"
#include "consensus/ethash/caches.hpp"
#include "core/cpu.hpp"
#include "core/log.hpp"
#include "node/commands/commands.hpp"
#include "node/datadir.hpp"
#include "node/fork_change.hpp"
#include "node/genesis_json.hpp"
#include "node/options.hpp"
#include "node/stored_genesis.hpp"
#include "storage/database.hpp"

namespace quarry {
namespace {
/// Difficulty never falls below this from block 1 on (Yellow Paper, D_0).
constexpr std::uint64_t kLeastDifficulty = 131'072;
/// Past this a chain seems to hang: nobody waits so long for a private chain's block.
constexpr double kLongBlockSeconds = 600;

/// Hashes a second that one mining thread makes, by instruction set; docs/performance.md has the
/// measurements.
double hashrate_per_thread() {
  switch (simd_level()) {
    case SimdLevel::avx512:
    case SimdLevel::avx2:
      return 1'500'000;
    case SimdLevel::portable:
      return 600'000;
  }
  return 600'000;
}

std::string spoken_time(double seconds) {
  if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} minutes", seconds / 60);
  if (seconds < 172'800) return fmt::format("{:.0f} hours", seconds / 3600);
  return fmt::format("{:.0f} days", seconds / 86'400);
}

/// A tutorial's timestamp in milliseconds, say: the chain would wait for it in silence.
void tell_future(const Genesis& genesis) {
  if (genesis.spec.engine == EngineKind::jbc) return;
  const double ahead =
      static_cast<double>(genesis.header.timestamp) - static_cast<double>(std::time(nullptr));
  if (ahead > kLongBlockSeconds)
    log_warn("The genesis lies in the future: no block can be made before. \"timestamp\": \"0x0\" is usual",
             {{"timestamp", genesis.header.timestamp}, {"in", spoken_time(ahead)}});
}

void tell_block_time(const Genesis& genesis) {
  if (is_merged(genesis.spec, genesis.header) ||
      (genesis.spec.terminal_total_difficulty &&
       *genesis.spec.terminal_total_difficulty <= genesis.header.difficulty)) {
    log_warn(
        "Blocks of this chain come from a beacon chain: they can be imported, and none can be mined here");
    return log_warn("For a private chain leave terminalTotalDifficulty out of the genesis' config");
  }
  if (genesis.spec.engine != EngineKind::ethash) return;
  const unsigned threads = core_count();
  const double rate = hashrate_per_thread() * threads;
  const U256& given = genesis.header.difficulty;
  const U256 first = std::max(given, U256{kLeastDifficulty});
  // A block is at least a second later than its parent, and a miner does not run ahead of the clock.
  const double seconds = std::max(1.0, to_double(first) / rate);
  log_info("Block time to expect at the genesis difficulty",
           {{"difficulty", first},
            {"time", spoken_time(seconds)},
            {"threads", threads},
            {"hashrate", fmt::format("{:.1f} MH/s", rate / 1e6)}});
  if (given < U256{kLeastDifficulty})
    log_info("The genesis difficulty is below the least there is; from block 1 on the least holds",
             {{"genesis", given}, {"least", kLeastDifficulty}});
  if (seconds > kLongBlockSeconds)
    log_warn(
        "The genesis difficulty is very high: mining will seem to hang. 0x20000 is usual for a private chain",
        {{"difficulty", given}, {"firstblock", spoken_time(seconds)}});
  else
    log_info(
        "Difficulty then follows the block time: blocks settle at about 10 to 20 s, whatever the hashrate");
}

void tell_unset_forks(const ChainSpec& spec) {
  const auto lines = unset_forks(spec);
  if (lines.empty()) return;
  log_info(
      "Forks that this genesis leaves unset; `quarry init` may add them later, at a block ahead of the head",
      {{"count", lines.size()}});
  for (const std::string& line : lines) log_info("  " + line);
}
void tell_signers(const Genesis& genesis) {
  if (genesis.spec.engine != EngineKind::clique) return;
  const auto signers = clique::listed_signers(genesis.header.extra_data);
  if (!signers) return;
  log_info("Blocks are signed in turn; more than half of the signers must be running",
           {{"signers", signers->size()},
            {"needed", signers->size() / 2 + 1},
            {"period", genesis.spec.clique.period},
            {"epoch", genesis.spec.clique.epoch}});
}
}  // namespace

Result<int> run_init(const NodeOptions& options) {
  const auto file = read_genesis_file(options.args[0]);
  if (!file) return tl::unexpected(file.error());
  for (const std::string& warning : file->warnings) log_warn(warning, {{"file", options.args[0]}});
  for (const std::string& line : misordered_forks(file->genesis.spec))
    log_warn(line, {{"file", options.args[0]}});
  // An engine that this version lacks is refused now, not when the node is started.
  ethash::Caches caches;
  if (auto engine = make_engine(file->genesis.spec, EngineContext{caches}); !engine)
    return tl::unexpected(engine.error());

  const auto lock = DataDirLock::acquire(options.datadir);
  if (!lock) return tl::unexpected(lock.error());
  auto database = Database::open({.path = lock->paths().chaindata.string()});
  if (!database) return tl::unexpected(database.error());
  const auto written = setup_genesis(**database, file->genesis);
  if (!written) {
    Error error = written.error();
    error.what = "Failed to write genesis block: " + error.what;
    return tl::unexpected(std::move(error));
  }
  for (const std::string& change : written->changes) log_info("Changed the chain's configuration: " + change);
  if (written->fresh) log_info("Writing custom genesis block");
  if (file->genesis.spec.engine != EngineKind::jbc) tell_unset_forks(file->genesis.spec);
  tell_future(file->genesis);
  tell_block_time(file->genesis);
  tell_signers(file->genesis);
  log_info(written->fresh ? "Successfully wrote genesis state" : "The data dir holds this genesis already",
           {{"database", lock->paths().chaindata.string()}, {"hash", written->header.hash()}});
  return 0;
}

}  // namespace quarry
