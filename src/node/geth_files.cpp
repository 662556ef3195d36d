#include "node/geth_files.hpp"

#include <fmt/format.h>

#include "core/log.hpp"

namespace quarry::geth {
namespace fs = std::filesystem;
namespace {

/// Written aside and renamed, so that a kill leaves a whole file or none; readable by the owner alone.
Result<bool> copy_one(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (!fs::exists(from, error)) return false;
  if (fs::exists(to, error)) {
    log_info("Kept a file that is there already", {{"file", to.string()}});
    return false;
  }
  const fs::path aside = to.string() + ".new";
  fs::create_directories(to.parent_path(), error);
  fs::copy_file(from, aside, fs::copy_options::overwrite_existing, error);
  if (!error) fs::permissions(aside, fs::perms::owner_read | fs::perms::owner_write, error);
  if (!error) fs::rename(aside, to, error);
  if (error)
    return fail(fmt::format("cannot copy {} to {}: {}", from.string(), to.string(), error.message()));
  return true;
}

}  // namespace

Result<> copy_files(const fs::path& geth_datadir, const DataDirPaths& to) {
  std::vector<std::pair<fs::path, fs::path>> files = {
      {geth_datadir / "geth" / "nodekey", to.node_key},
      {geth_datadir / "nodekey", to.node_key},  // before 1.6
  };
  for (const char* name : {"static-nodes.json", "trusted-nodes.json"})
    for (const fs::path& folder : {geth_datadir / "geth", geth_datadir})
      files.emplace_back(folder / name, to.root / name);
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(geth_datadir / "keystore", ignored))
    if (entry.is_regular_file(ignored))
      files.emplace_back(entry.path(), to.root / "keystore" / entry.path().filename());
  std::size_t copied = 0;
  for (const auto& [from, where] : files) {
    const auto done = copy_one(from, where);
    if (!done) return tl::unexpected(done.error());
    copied += *done ? 1 : 0;
  }
  log_info("Copied keys and lists of nodes", {{"files", copied}});
  return {};
}

}  // namespace quarry::geth
