#pragma once
/// \file
/// Mends a damaged database from what is left of it: files that cannot be read are put aside, indexes are
/// made anew from headers, the flat state from the tries or the tries from the flat state.

#include <functional>
#include <string>
#include <vector>

#include "core/expected.hpp"
#include "core/header.hpp"
#include "storage/database.hpp"

namespace quarry {

struct RepairOptions {
  /// How the chain that this genesis starts hashes its headers.
  std::function<Result<HeaderIdentity>(std::string_view genesis)> identity;
  /// Puts the genesis' state into the batch; the state tables are empty. Asked when no state can be saved.
  std::function<Result<>(std::string_view genesis, Batch& batch)> genesis_state;
};

struct RepairReport {
  std::vector<std::string> done;  ///< what was mended, a sentence each
  std::vector<std::string> lost;  ///< what could not be
  std::string copy;               ///< where the folder as it was is kept
  BlockNum state = 0;             ///< the state is this block's …
  BlockNum executable = 0;        ///< … and blocks up to here can be executed on it
};

/// The folder is this caller's alone, and nobody has it open. An error says why nothing could be saved; the
/// copy is kept then too.
[[nodiscard]] Result<RepairReport> repair_database(const std::string& path, const RepairOptions& options);

/// Where the folder as it was is kept: the first such name that is free.
std::string repair_copy_path(const std::string& path);

}  // namespace quarry
