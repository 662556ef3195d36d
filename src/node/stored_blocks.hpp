#pragma once
/// \file
/// Blocks that are stored and not executed: above the state that a migration or a repair could save.

#include "core/expected.hpp"
#include "core/quantities.hpp"
#include "node/datadir.hpp"

namespace quarry {

struct NodeOptions;
class StopSignals;

/// Executes them on the head block's state, up to block `last`, or until a signal comes. The data dir
/// is locked by this process and its database not open. An error names the block and the rule; those before
/// it are executed and committed.
Result<> execute_stored_blocks(const NodeOptions& options, const DataDirPaths& paths, BlockNum last,
                               const StopSignals& signals);

}  // namespace quarry
