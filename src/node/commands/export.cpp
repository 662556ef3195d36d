/// \file
/// `quarry export FILE [FIRST LAST]`: canonical blocks into a chain file, or a jbc chain's into a folder.

#include <charconv>

#include "core/cpu.hpp"
#include "core/log.hpp"
#include "node/chain_transfer.hpp"
#include "node/commands/commands.hpp"
#include "node/datadir.hpp"
#include "node/jbc_export.hpp"
#include "node/local_chain.hpp"
#include "node/options.hpp"
#include "node/progress.hpp"
#include "node/stop_signals.hpp"

namespace quarry {
namespace {
constexpr std::size_t kMaxExportTasks = 4096;

Result<std::optional<BlockNum>> block_argument(const std::vector<std::string>& args, std::size_t index) {
  if (args.size() <= index) return std::nullopt;
  const std::string& text = args[index];
  BlockNum number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    return fail("\"" + text + "\" is not a block number", "Usage: quarry export FILE [FIRST LAST]");
  return number;
}
}  // namespace

Result<int> run_export(const NodeOptions& options) {
  const auto first = block_argument(options.args, 1), last = block_argument(options.args, 2);
  if (!first) return tl::unexpected(first.error());
  if (!last) return tl::unexpected(last.error());
  const StopSignals signals(true);
  const auto lock = DataDirLock::acquire(options.datadir);
  if (!lock) {
    Error error = lock.error();
    error.remedy += " A running node exports by admin.exportChain(\"FILE\").";
    return tl::unexpected(std::move(error));
  }
  auto database = Database::open({.path = lock->paths().chaindata.string()});
  if (!database) return tl::unexpected(database.error());
  const auto genesis = load_genesis(**database);
  if (!genesis) return tl::unexpected(genesis.error());
  const bool as_jbc = options.export_format == "jbc";
  if (as_jbc && genesis->spec.engine != EngineKind::jbc)
    return fail("--format jbc: the chain in the data dir is no jbc chain",
                "Leave --format out to write a chain file.");
  log_info("Exporting blockchain", {{"file", options.args[0]}});
  Progress progress("Exporting blocks", "blocks");
  TransferWatch watch;
  watch.progress = [&](std::uint64_t done, std::uint64_t total, std::uint64_t blocks) {
    progress.update(done, total, blocks);
  };
  watch.stopped = [&] { return signals.requested(); };
  const ChainStore store(**database);
  WorkerPool workers("worker", core_count(), kMaxExportTasks);
  const auto written = as_jbc ? export_jbc_files(options.args[0], store, *first, *last, workers, watch)
                              : export_chain_file(options.args[0], store, *first, *last, watch);
  progress.finish();
  if (!written) return tl::unexpected(written.error());
  log_info("Exported blockchain",
           {{"file", options.args[0]}, {"blocks", *written}, {"elapsed", progress.elapsed()}});
  return 0;
}

}  // namespace quarry
