/// \file
/// `quarry import FILE…`: blocks from chain files, executed and committed as if they came from peers.

#include "core/cpu.hpp"
#include "core/log.hpp"
#include "node/chain_transfer.hpp"
#include "node/commands/commands.hpp"
#include "node/local_chain.hpp"
#include "node/options.hpp"
#include "node/progress.hpp"
#include "node/stop_signals.hpp"

namespace quarry {
namespace {
/// Seal checks of one group; the importer waits for them, so few are ever queued.
constexpr std::size_t kMaxImportTasks = 4096;

/// How `quarry import` ends when a signal stopped it: as a shell tells of SIGINT.
constexpr int kStoppedExitCode = 130;

Result<ImportReport> import_one(const std::string& file, LocalChain& local, const StopSignals& signals) {
  log_info("Importing blockchain", {{"file", file}});
  Progress progress("Importing blocks", "blocks");
  TransferWatch watch;
  watch.progress = [&](std::uint64_t done, std::uint64_t total, std::uint64_t blocks) {
    progress.update(done, total, blocks);
  };
  watch.stopped = [&] { return signals.requested(); };
  const ChainStore store(*local.database);
  auto report = import_chain_file(
      file, store, local.genesis.spec,
      [&](std::span<const Block> blocks, TxnRecovery* ahead) {
        return local.chain->insert_blocks(blocks, ahead);
      },
      [&](std::span<const Block> blocks) { return local.chain->recover_ahead(blocks); }, watch);
  progress.finish();
  if (!report) return report;
  const ChainHead head = local.chain->head();
  log_info(report->stopped ? "Import stopped; run it again to go on" : "Imported blocks from file",
           {{"blocks", report->imported},
            {"known", report->known},
            {"number", head.header->number},
            {"hash", head.header.hash()},
            {"elapsed", progress.elapsed()}});
  return report;
}
}  // namespace

Result<int> run_import(const NodeOptions& options) {
  const StopSignals signals(true);
  const auto lock = DataDirLock::acquire(options.datadir);
  if (!lock) return tl::unexpected(lock.error());
  WorkerPool workers("worker", core_count(), kMaxImportTasks);
  auto local = open_local_chain(lock->paths(), options, workers, SealPolicy::none_if_merging);
  if (!local) return tl::unexpected(local.error());
  if (local->genesis.spec.terminal_total_difficulty)
    log_info("The chain merges: seals of imported blocks are not checked");
  for (const std::string& file : options.args) {
    const auto report = import_one(file, *local, signals);
    if (!report) return tl::unexpected(report.error());
    if (report->stopped) return kStoppedExitCode;
  }
  return 0;
}

}  // namespace quarry
