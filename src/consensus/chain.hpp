#pragma once
/// \file
/// The chain: imports headers and blocks, chooses the head by total difficulty, executes, commits.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "consensus/engine.hpp"
#include "consensus/errors.hpp"
#include "consensus/fast_block.hpp"
#include "core/block_id.hpp"
#include "core/receipt.hpp"

namespace quarry {

class Database;
class ChainImpl;
class TxPool;
class TxnRecovery;

/// How an import went. When `bad`, `future` or `disk` is set, what follows that place was not looked at;
/// what came before it was kept.
struct ImportResult {
  std::size_t inserted = 0;  ///< new here, whether they became canonical or not
  std::size_t ignored = 0;   ///< known already
  struct Stop {
    BlockId id;
    std::size_t index = 0;  ///< its place in the span that was handed in
    BlockError error;
  };
  std::optional<Stop> bad;     ///< breaks a rule: whoever sent it may be dropped
  std::optional<Stop> future;  ///< too far ahead of our clock: hold it and try again later
  std::optional<Error> disk;   ///< could not be committed

  bool ok() const { return !bad && !future && !disk; }
};

struct ChainHead {
  SealedHeader header;
  TotalDifficulty total_difficulty;
  BlockId id() const { return {header->number, header.hash()}; }
};

/// A block that set_head() erased, with what it had logged.
struct ErasedBlock {
  std::shared_ptr<const Block> block;
  std::vector<Receipt> receipts;
};

/// The head block moved.
struct HeadEvent {
  ChainHead before, after;
  /// Blocks that became canonical, lowest first; at most kMostEventBlocks, the highest ones.
  std::vector<std::shared_ptr<const Block>> added;
  std::size_t added_count = 0;  ///< how many in all
  /// Blocks that were canonical and are no longer, highest first; at most kMostEventBlocks, the highest ones.
  std::vector<std::shared_ptr<const Block>> removed;
  std::size_t removed_count = 0;  ///< how many in all; 0 when the chain only grew
  /// Of those that set_head() erased the ones with logs, highest first; at most kMostErased. The store has
  /// them no longer.
  std::vector<ErasedBlock> erased;
  bool sealed_here = false;  ///< the last of `added` was mined by this node
};

struct ChainOptions {
  /// Seconds since 1970 by this machine's clock.
  std::function<Timestamp()> now = nullptr;  ///< none: the system's clock
  /// While many blocks are imported, so many at most go into one batch with the head they lead to.
  std::size_t most_batch_blocks = 1024;
  /// And so many bytes of blocks (state changes come on top; blocks without transactions change two
  /// accounts).
  std::size_t most_batch_bytes = std::size_t{32} << 20;
  /// And so much time, so that a killed import has not lost more.
  std::chrono::milliseconds most_batch_time{1000};
};

/// What a block to be sealed should say.
struct CandidateRequest {
  Address beneficiary;
  Bytes extra_data;  ///< at most the engine's most_miner_data()
  Gas target_gas_limit = 0;
  bool with_ommers = true;
  /// Whose transactions the block takes, as many as fit; none: the block is empty.
  const TxPool* pool = nullptr;
};

/// Chain thread only, except head() and header_head(). All that it is given outlives it.
class Chain {
 public:
  /// HeadEvent carries so many blocks at most: more are no news, but a sync.
  static constexpr std::size_t kMostEventBlocks = 32;
  /// And so many erased ones: a developer's revert, not the repair of a year.
  static constexpr std::size_t kMostErased = 256;
  /// Hashes of refused blocks that are remembered, so that they are refused at once when they come again.
  static constexpr std::size_t kMostBadBlocks = 1024;
  /// Recent blocks off the canonical chain that are kept in memory as possible ommers.
  static constexpr std::size_t kMostSideBlocks = 64;

  /// Opens at the last committed head; checks that the heads' headers are there and that the state is the
  /// head's. The database must hold a genesis (init_genesis).
  [[nodiscard]] static Result<std::unique_ptr<Chain>> open(Database& database, const ChainSpec& spec,
                                                           Engine& engine, WorkerPool& workers,
                                                           ChainOptions options = {});
  ~Chain();

  /// Validates and executes blocks, each the child of the one before it, and moves the head to the heaviest
  /// branch (on a tie the first seen stays). A branch that is not heavier is stored, its headers and bodies
  /// checked but not executed; it is executed when it grows heavier, and switched to in one batch.
  /// `ahead`: what recover_ahead() gave for the same blocks, if it was asked.
  ImportResult insert_blocks(std::span<const Block> blocks, TxnRecovery* ahead = nullptr);

  /// Begins to recover the senders of blocks that insert_blocks() will be given later, on the workers, so
  /// that they have work while other blocks are executed. What it gives goes before the blocks do.
  /// Thread-safe.
  std::shared_ptr<TxnRecovery> recover_ahead(std::span<const Block> blocks) const;

  /// A block that this node sealed. The same, told apart in the log and in the head event.
  ImportResult insert_sealed(const Block& block);

  /// Header sync: rules and seals are checked; moves the header head and, above the head block, the
  /// canonical index to the heaviest branch. Each header is the child of the one before it.
  ImportResult insert_headers(std::span<const SealedHeader> headers);

  /// Bodies and receipts below the pivot: their roots are checked against stored headers; not executed.
  ImportResult insert_fast_blocks(std::span<const FastBlock> blocks);

  /// The state of `pivot` is complete on disk: it becomes the head block.
  [[nodiscard]] Result<> finish_fast_sync(const BlockId& pivot);

  /// Takes the chain back to block `number` of its own: what is above, of all branches, is removed, and the
  /// listener is told as of a reorg. Refuses, changing nothing, what rewind_chain refuses.
  [[nodiscard]] Result<> set_head(BlockNum number);

  /// The next block on the head, complete but for its seal.
  [[nodiscard]] Result<Block> prepare(const CandidateRequest& request);

  /// Is it on the canonical chain, as committed?
  bool is_canonical(const BlockId& id) const;

  /// The head block: the last one executed. Thread-safe.
  ChainHead head() const;
  /// Grows each time that the head or the highest header moves, back or forth: who has seen one number twice
  /// has seen one chain. Thread-safe, without a lock.
  std::uint64_t moves() const;
  /// The highest header; not below the head block. Thread-safe.
  ChainHead header_head() const;

  /// A block that broke a rule when it was imported, and which.
  struct BadBlock {
    std::shared_ptr<const Block> block;
    std::string reason;
  };
  static constexpr std::size_t kMostKeptBadBlocks = 10;
  /// The latest of them, oldest first. Thread-safe.
  std::vector<BadBlock> bad_blocks() const;

  /// Asked for the sender of a transaction before its signature is looked at: what was recovered before need
  /// not be again. Called on workers; before the first import.
  void set_known_senders(std::function<std::optional<Address>(const TxnHash&)> known);

  /// Called on the chain thread after each commit that moved the head block.
  void on_head(std::function<void(const HeadEvent&)> listener);

  const ChainSpec& spec() const;
  /// The longest extra data that a miner of this chain may ask for. Thread-safe, as spec().
  std::size_t most_miner_data() const;

 private:
  explicit Chain(std::unique_ptr<ChainImpl> impl);
  std::unique_ptr<ChainImpl> impl_;
};

}  // namespace quarry
