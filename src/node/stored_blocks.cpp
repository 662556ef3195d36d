#include "node/stored_blocks.hpp"

#include <fmt/format.h>


#include "core/cpu.hpp"
#include "node/local_chain.hpp"
#include "node/options.hpp"
#include "node/progress.hpp"
#include "node/stop_signals.hpp"

namespace quarry {
namespace {
constexpr std::size_t kMostBlocks = 256;  ///< handed to the chain at once
constexpr std::size_t kMostTasks = 4096;

Result<> insert(Chain& chain, std::span<const Block> blocks) {
  const ImportResult result = chain.insert_blocks(blocks);
  if (result.disk) return tl::unexpected(*result.disk);
  const auto& stop = result.bad ? result.bad : result.future;
  if (!stop) return {};
  return fail(fmt::format("block {} ({}) cannot be executed: {}: {}", stop->id.number, stop->id.hash.hex(),
                          to_string(stop->error.rule), stop->error.detail),
              "The blocks before it are whole, with their state.");
}
}  // namespace

Result<> execute_stored_blocks(const NodeOptions& options, const DataDirPaths& paths, BlockNum last,
                               const StopSignals& signals) {
  WorkerPool workers("worker", core_count(), kMostTasks);
  auto local = open_local_chain(paths, options, workers);
  if (!local) return tl::unexpected(local.error());
  const ChainStore store(*local->database);
  Progress progress("Executing blocks", "blocks");
  for (BlockNum number = local->chain->head().header->number + 1; number <= last && !signals.requested();) {
    std::vector<Block> blocks;
    for (; number <= last && blocks.size() < kMostBlocks; ++number) {
      const auto id = store.canonical_id(number);
      auto block = id ? store.block(*id) : std::nullopt;
      if (!block) return fail(fmt::format("block {} is not complete in the database", number));
      blocks.push_back(std::move(*block));
    }
    if (auto done = insert(*local->chain, blocks); !done) return done;
    progress.update(number - 1, last, number - 1);
  }
  progress.finish();
  return {};
}

}  // namespace quarry
