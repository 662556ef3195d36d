#pragma once
/// \file
/// `quarry migrate jbc PATH`: the JSON-file chain into a data dir.

#include "core/expected.hpp"

namespace quarry {

struct NodeOptions;

/// Gives the exit code. `options.args[1]` is the folder of block files, or one file with a list of blocks.
Result<int> migrate_jbc(const NodeOptions& options);

}  // namespace quarry
