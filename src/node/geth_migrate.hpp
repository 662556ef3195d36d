#pragma once
/// \file
/// `quarry migrate geth PATH`: a geth data dir into one of ours.

#include "core/expected.hpp"

namespace quarry {

struct NodeOptions;

/// Gives the exit code. `options.args[1]` is geth's data dir. Resumable: what was committed is not read
/// again.
Result<int> migrate_geth(const NodeOptions& options);

}  // namespace quarry
