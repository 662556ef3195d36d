#pragma once
/// \file
/// Taking the chain's head back.

#include <functional>

#include "core/block_id.hpp"
#include "core/expected.hpp"
#include "storage/database.hpp"

namespace quarry {

struct RewindReport {
  BlockId from, to;  ///< the head block before and after
};

/// Makes block `to` the head: the state goes back by change sets, and blocks above it, of all branches, are
/// removed with what indexes them. Many blocks are several batches, each of which leaves a whole chain with a
/// lower head, so that a kill in between loses nothing and a second run goes on.
/// Refuses, changing nothing, when `to` is above the head block or below the oldest state that change sets
/// lead to. The database is this caller's alone.
/// With `keep_blocks` they stay, to be executed again.
[[nodiscard]] Result<RewindReport> rewind_chain(Database& database, BlockNum to, bool keep_blocks = false,
                                                const std::function<void(BlockNum at)>& progress = nullptr);

/// Erases all blocks above `number`, of all branches, with the indexes over them: part of a batch.
void erase_blocks_above(Batch& batch, const DatabaseReader& reader, BlockNum number);

}  // namespace quarry
