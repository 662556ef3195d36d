#pragma once
/// \file
/// What a block changed, as it was before: kept for ever in the change table, and listed in the undo table so
/// that a reorg finds it. Private to storage.

#include <optional>
#include <vector>

#include "core/quantities.hpp"
#include "storage/database.hpp"
#include "storage/state_trie.hpp"

namespace quarry {

struct ChangeSet {
  struct AccountBefore {
    AddressHash key;
    std::optional<Account> before;
    std::vector<std::pair<SlotHash, SlotValue>> slots;
  };
  BlockNum number = 0;
  std::vector<AccountBefore> accounts;  ///< sorted by key, as are the slots of each
};

/// The part of `delta` that changed something; its storage roots are set.
ChangeSet change_set_of(BlockNum number, const StateDelta& delta);
/// An undo record: its keys, without values. Nothing when it was not written by this program.
std::optional<ChangeSet> decode_undo(BlockNum number, ByteView bytes);
/// The change set of a committed block. Nothing when no undo record is there.
std::optional<ChangeSet> read_change_set(const DatabaseReader& reader, BlockNum number);
void put_change_set(Batch& batch, const ChangeSet& changes);
void erase_change_set(Batch& batch, const ChangeSet& changes);

}  // namespace quarry
