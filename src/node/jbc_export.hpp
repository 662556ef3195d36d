#pragma once
/// \file
/// The chain as the JSON files it came from.

#include <filesystem>

#include "core/worker_pool.hpp"
#include "node/chain_transfer.hpp"

namespace quarry {

/// Writes canonical blocks first to last (by default all) into `folder`, a file each, byte for byte as they
/// were read or as the tutorial's Python writes them; gives their number. The folder must be new or empty:
/// until all are written they lie in one of the same name with ".part" after it. `store` should be over a
/// snapshot when the chain runs.
Result<std::uint64_t> export_jbc_files(const std::filesystem::path& folder, const ChainStore& store,
                                       std::optional<BlockNum> first, std::optional<BlockNum> last,
                                       WorkerPool& workers, const TransferWatch& watch = {});

}  // namespace quarry
