#pragma once
/// \file
/// What lies beside geth's chain: the node key, lists of nodes, account keys.

#include <filesystem>

#include "core/expected.hpp"
#include "node/datadir.hpp"

namespace quarry::geth {

/// Copies them where ours are; what is there already stays, and the log says so.
Result<> copy_files(const std::filesystem::path& geth_datadir, const DataDirPaths& to);

}  // namespace quarry::geth
