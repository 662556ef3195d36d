#pragma once
/// \file
/// Blocks from a chain file into the chain and back: for the commands and for admin.importChain, exportChain.

#include <filesystem>
#include <functional>
#include <optional>
#include <span>

#include "consensus/chain.hpp"
#include "core/expected.hpp"
#include "storage/chain_store.hpp"

namespace quarry {

/// Blocks are handed to the chain in groups of at most so many, or so many bytes of their RLP.
inline constexpr std::size_t kMostImportBlocks = 1024;
inline constexpr std::size_t kMostImportBytes = std::size_t{16} << 20;

/// How a transfer talks to who asked for it. Called on the caller's thread, once a group.
struct TransferWatch {
  /// Bytes or blocks done and in all (0: not known), and blocks so far.
  std::function<void(std::uint64_t done, std::uint64_t total, std::uint64_t blocks)> progress = nullptr;
  /// True: stop after the group under way, without an error.
  std::function<bool()> stopped = nullptr;
};

struct ImportReport {
  std::uint64_t imported = 0;  ///< new here
  std::uint64_t known = 0;     ///< skipped: here already
  bool stopped = false;
};

/// Runs Chain::insert_blocks, on the chain's thread.
using InsertBlocks = std::function<ImportResult(std::span<const Block>, TxnRecovery* ahead)>;
/// Runs Chain::recover_ahead, on the thread that reads.
using RecoverAhead = std::function<std::shared_ptr<TxnRecovery>(std::span<const Block>)>;

/// Reads the file while the chain works on what was read before. Blocks that are in the canonical chain
/// already are skipped without asking the chain. An error names file, byte, block, and the rule it breaks;
/// what came before it stays.
Result<ImportReport> import_chain_file(const std::filesystem::path& file, const ChainStore& store,
                                       const ChainSpec& spec, const InsertBlocks& insert,
                                       const RecoverAhead& recover, const TransferWatch& watch = {});

/// Blocks first to last; all from 0 to the head block where nothing else is given. An error when there are no
/// such blocks.
struct BlockRange {
  BlockNum first = 0, last = 0;
};
Result<BlockRange> export_range(const ChainStore& store, std::optional<BlockNum> first,
                                std::optional<BlockNum> last);

/// Writes canonical blocks first to last (by default all from 0 to the head block); gives their number.
/// `store` should be over a snapshot when the chain runs.
Result<std::uint64_t> export_chain_file(const std::filesystem::path& file, const ChainStore& store,
                                        std::optional<BlockNum> first, std::optional<BlockNum> last,
                                        const TransferWatch& watch = {});

}  // namespace quarry
