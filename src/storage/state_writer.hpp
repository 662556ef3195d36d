#pragma once
/// \file
/// The head state with changes that are not committed yet.

#include <memory>
#include <vector>

#include "core/chain_spec.hpp"
#include "core/state_diff.hpp"
#include "storage/database.hpp"
#include "storage/foreign_state.hpp"
#include "storage/state_store.hpp"

namespace quarry {

struct StateWriterOptions {
  /// Decoded trie nodes kept between blocks, about 250 bytes each; the least recently used go first.
  std::size_t most_cached_nodes = std::size_t{1} << 17;
};

/// Owned by the chain thread, and used by no other. Blocks are applied in memory, many if wanted, and then
/// flushed into one batch together with the head they lead to; until that batch is committed, what is read
/// elsewhere is the state before.
class StateWriter {
 public:
  /// `database` outlives this. Starts at the committed state.
  explicit StateWriter(const Database& database, StateWriterOptions options = {});
  ~StateWriter();
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  /// The head state and all applied blocks. Follows this writer's changes.
  const StateView& view() const;
  /// The root of what view() shows.
  RootHash root() const;
  /// The last block applied (or flushed).
  BlockNum number() const;

  /// The root that `diff` would lead to; nothing changes.
  RootHash preview(const StateDiff& diff);
  /// Applies block `number`, the one after number(), and gives the root after it.
  RootHash apply(BlockNum number, const StateDiff& diff);
  /// The same by hashed keys, with the codes that came new: what another program's state says of the block.
  RootHash apply(BlockNum number, const HashedDiff& diff);
  /// Takes back block `number`, the last one applied, flushed or not. Fails when its change set is not kept
  /// (a downloaded pivot and what is below it); nothing changes then.
  [[nodiscard]] Result<> revert(BlockNum number);

  /// Puts everything since the last flush into `batch`. If the batch then fails to commit, call discard().
  void flush(Batch& batch);
  /// How much waits to be flushed, in blocks and in bytes, roughly.
  std::size_t pending_blocks() const;
  std::size_t pending_bytes() const;
  /// Back to what is committed. Also after the state tables were written by another (a finished download).
  void discard();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The root that genesis accounts make, without a database.
RootHash genesis_root(const std::vector<GenesisAccount>& accounts);
/// Puts the genesis state (flat, trie, code, state head 0) into `batch`; gives its root. The state tables are
/// empty before. Accounts named twice: the last one counts.
RootHash write_genesis_state(Batch& batch, const std::vector<GenesisAccount>& accounts);

}  // namespace quarry
