#include "node/chain_backend.hpp"

#include <future>

#include "consensus/block_executor.hpp"
#include "node/chain_transfer.hpp"

namespace quarry {

ChainBackend::ChainBackend(NodeFacts facts, const Database& database, const Engine& engine, Chain& chain,
                           WorkerPool& chain_thread, const PeerBridge& bridge)
    : facts_(std::move(facts)),
      database_(database),
      engine_(engine),
      chain_(chain),
      chain_thread_(chain_thread),
      bridge_(bridge) {}

std::optional<std::uint64_t> ChainBackend::head_mark() {
  return chain_.moves();
}

unsigned ChainBackend::protocol_version() {
  return bridge_.eth_version();
}

std::optional<rpc::SyncProgress> ChainBackend::syncing() {
  const sync::SyncProgress now = bridge_.progress();
  if (now.phase == sync::Phase::idle) return std::nullopt;
  return rpc::SyncProgress{.starting_block = now.starting_block,
                           .current_block = now.current_block,
                           .highest_block = now.highest_block,
                           .pulled_states = now.pulled_states,
                           .known_states = now.known_states,
                           .pivot = now.pivot == 0 ? std::nullopt : std::optional(now.pivot),
                           .phase = sync::to_string(now.phase)};
}

evm::BlockEnv ChainBackend::environment(const Header& header) {
  return block_env({facts_.spec, engine_}, header);
}

Result<> ChainBackend::export_chain(const std::string& file, std::optional<BlockNum> first,
                                    std::optional<BlockNum> last) {
  const Snapshot snapshot = database_.snapshot();
  const auto written = export_chain_file(file, ChainStore(snapshot), first, last);
  if (!written) return tl::unexpected(written.error());
  return {};
}

Result<> ChainBackend::set_head(BlockNum number) {
  std::promise<Result<>> result;
  chain_thread_.submit([&] { result.set_value(chain_.set_head(number)); });
  return result.get_future().get();
}

std::vector<Block> ChainBackend::bad_blocks() {
  std::vector<Block> out;
  for (const auto& bad : chain_.bad_blocks()) out.push_back(*bad.block);
  return out;
}

Result<> ChainBackend::import_chain(const std::string& file) {
  const auto insert = [this](std::span<const Block> blocks, TxnRecovery* ahead) {
    std::promise<ImportResult> result;
    chain_thread_.submit([&] { result.set_value(chain_.insert_blocks(blocks, ahead)); });
    return result.get_future().get();
  };
  const auto report =
      import_chain_file(file, ChainStore(database_), facts_.spec, insert,
                        [this](std::span<const Block> blocks) { return chain_.recover_ahead(blocks); });
  if (!report) return tl::unexpected(report.error());
  return {};
}

}  // namespace quarry
