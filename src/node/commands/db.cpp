/// \file
/// `quarry db ACTION`: what lies in a data dir's database. An action is a row of the table.

#include "node/commands/db.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/log.hpp"
#include "node/commands/commands.hpp"
#include "node/log_setup.hpp"

namespace quarry {
namespace db {
namespace {

struct ActionRow {
  std::string_view name;
  std::string_view usage;
  std::string_view help;
  std::size_t arguments;  ///< exactly so many
  Outcome<ExitCode> (*run)(const NodeOptions& options);
};
constexpr std::array kActions = {
    ActionRow{"stats", "", "a table a row: keys, bytes, on disk, per block", 0, &run_stats},
    ActionRow{"get", "TABLE KEY", "one row, decoded", 2, &run_get},
    ActionRow{"list", "TABLE [--from KEY] [--to KEY] [--limit N]", "rows in order, decoded", 1, &run_list},
    ActionRow{"verify", "[--deep] [--seals]", "everything checked, damage listed", 0, &run_verify},
    ActionRow{"check", "", "the quick part of that", 0, &run_check},
    ActionRow{"checkpoint", "DIR", "a copy that shares files, as a data dir of its own", 1, &run_checkpoint},
    ActionRow{"compact", "", "rewrite the files, so that what was overwritten takes no room", 0,
              &run_compact},
    ActionRow{"rewind", "NUMBER", "the head back to a block; what is above it goes", 1, &run_rewind},
    ActionRow{"repair", "", "mend what can be mended, say what was lost", 0, &run_repair},
};

Error usage_error(std::string what) {
  std::vector<std::string> lines;
  for (const ActionRow& row : kActions)
    lines.push_back(
        fmt::format("  {:<50} {}", fmt::format("quarry db {} {}", row.name, row.usage), row.help));
  return {std::move(what), fmt::format("{}\nwith --datadir DIR, and --json for programs. Tables: {}",
                                       fmt::join(lines, "\n"), table_names())};
}

Outcome<ExitCode> run_action(const NodeOptions& options) {
  const std::string& name = options.args.front();
  const auto row =
      std::find_if(kActions.begin(), kActions.end(), [&](const ActionRow& r) { return r.name == name; });
  if (row == kActions.end())
    return failed(kUsage, usage_error(fmt::format("invalid command: \"db {}\"", name)));
  if (options.args.size() != row->arguments + 1)
    return failed(kUsage, {fmt::format("\"db {}\" takes {} argument{}, {} given", name, row->arguments,
                                       row->arguments == 1 ? "" : "s", options.args.size() - 1),
                           fmt::format("Usage: quarry db {} {}", name, row->usage)});
  return row->run(options);
}

}  // namespace

Outcome<std::string> database_path(const NodeOptions& options) {
  const std::string path = DataDirPaths(options.datadir).chaindata.string();
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::path(path) / "CURRENT", ignored))
    return failed(kCannotOpen, {fmt::format("no database in {}", path),
                                "Name the data dir as for the node: quarry db … --datadir DIR"});
  return path;
}

Outcome<std::unique_ptr<Database>> open_to_look(const NodeOptions& options) {
  const auto path = database_path(options);
  if (!path) return tl::unexpected(path.error());
  auto database = Database::open({.path = *path, .read_only = true});
  if (!database) return failed(kCannotOpen, database.error());
  return std::move(*database);
}

Outcome<OwnDatabase> open_own(const NodeOptions& options) {
  const auto path = database_path(options);
  if (!path) return tl::unexpected(path.error());
  auto lock = DataDirLock::acquire(options.datadir);
  if (!lock) return failed(kCannotOpen, lock.error());
  auto database = Database::open({.path = *path});
  if (!database) return failed(kCannotOpen, database.error());
  return OwnDatabase{std::move(*lock), std::move(*database)};
}

}  // namespace db

Result<int> run_db(const NodeOptions& options) {
  const auto code = db::run_action(options);
  if (code) return *code;
  flush_log();
  const Error& error = code.error().error;
  std::fprintf(stderr, "Fatal: %s\n", error.what.c_str());
  if (!error.remedy.empty()) std::fprintf(stderr, "%s\n", error.remedy.c_str());
  return code.error().code;
}

}  // namespace quarry
