#pragma once
/// \file
/// The parts of repair. Private to storage. A read that fails throws verify::ReadFailure, which
/// repair_database catches.

#include "storage/chain_store.hpp"
#include "storage/repair.hpp"
#include "storage/verify_stages.hpp"

namespace quarry::repair {

/// Puts unreadable tables aside and has RocksDB gather what is left.
Result<> mend_files(const std::string& path, RepairReport& report);

struct ChainLeft {
  BlockId tip;              ///< the heaviest header that is linked to block 0
  BlockNum executable = 0;  ///< canonical blocks up to here have the bodies that are theirs
  BlockNum complete = 0;    ///< and up to here the receipts too
};
/// Drops headers without ancestors, corrects total difficulties, makes both indexes anew.
Result<ChainLeft> mend_chain(Database& database, HeaderIdentity identity, RepairReport& report);

/// Is the state of the record whole, in tries and flat? Mends one from the other. Gives the block whose state
/// the tables hold then; nothing when none could be saved.
std::optional<StateHead> mend_state(Database& database, RepairReport& report);

/// Keeps the change sets that lead back from `head` without a gap; sets the record of the oldest state.
Result<> mend_changes(Database& database, const StateHead& head, RepairReport& report);

}  // namespace quarry::repair
