#pragma once
/// \file
/// Reads the state as committed, at the head or at an earlier block.

#include <memory>
#include <optional>

#include "core/block_id.hpp"
#include "core/state_diff.hpp"
#include "storage/database.hpp"

namespace quarry {

/// Which block's state the tables hold.
struct StateHead {
  BlockNum number = 0;
  RootHash root;
  friend bool operator==(const StateHead&, const StateHead&) = default;
};

/// As StateStore's functions of these names, through any reader.
std::optional<StateHead> read_state_head(const DatabaseReader& reader);
std::optional<BlockNum> read_oldest_state(const DatabaseReader& reader);

/// Thread-safe; holds no data.
class StateStore {
 public:
  /// `database` outlives this and the views.
  explicit StateStore(const Database& database) : database_(&database) {}

  /// Nothing before a genesis is written and while a state is being downloaded.
  std::optional<StateHead> head() const;
  /// The lowest block whose state can be read.
  std::optional<BlockNum> oldest_state() const;

  /// The committed head state, over a snapshot; nullptr when there is none (see head()). A view is used by
  /// one thread at a time.
  std::unique_ptr<StateView> at_head() const;
  /// The state after block `number` of the canonical chain, over a snapshot: head values with the change
  /// sets since then laid over, one seek a read. nullptr above the state's head or below oldest_state().
  std::unique_ptr<StateView> at(BlockNum number) const;

 private:
  const Database* database_;
};

/// The state tables move on to `head`; older states stay readable through change sets.
void put_state_head(Batch& batch, const StateHead& head);
/// The state tables hold the state of block `head.number` and nothing older can be read: after a genesis is
/// written, or a downloaded state is complete.
void put_state_head(Batch& batch, const StateHead& head, BlockNum oldest_state);

}  // namespace quarry
