/// \file
/// `quarry db checkpoint`, `compact`, `rewind`.

#include <fmt/format.h>

#include "core/log.hpp"
#include "node/commands/db.hpp"
#include "node/progress.hpp"
#include "storage/chain_store.hpp"
#include "storage/database_files.hpp"
#include "storage/rewind.hpp"

namespace quarry::db {
namespace {
std::uint64_t disk_bytes(const Database& database) {
  std::uint64_t out = 0;
  for (const TableRow& row : kTables) out += database.table_bytes(row.table);
  return out;
}
}  // namespace

Outcome<ExitCode> run_checkpoint(const NodeOptions& options) {
  const auto path = database_path(options);
  if (!path) return tl::unexpected(path.error());
  const std::filesystem::path dir = options.args[1];
  const DataDirPaths to(dir);
  std::error_code ignored;
  if (std::filesystem::exists(to.chaindata, ignored))
    return failed(kUsage, {fmt::format("{} is there already", to.chaindata.string()),
                           "Give the copy a folder of its own."});
  const auto bytes = link_database(*path, to.chaindata.string());
  if (!bytes) return failed(kCannotOpen, bytes.error());
  // What was copied is opened once: a copy that cannot be read is none.
  const auto copy = Database::open({.path = to.chaindata.string(), .read_only = true});
  if (!copy) return failed(kDamaged, copy.error());
  if (options.json)
    fmt::print("{{\"path\":{},\"bytes\":{}}}\n", json_string(dir.string()), *bytes);
  else
    fmt::print(
        "{} holds the chain as it is now, {}, of which most is shared with the original.\n"
        "It is a data dir: quarry --datadir {} …\n",
        dir.string(), size_text(*bytes), dir.string());
  return kFine;
}

Outcome<ExitCode> run_compact(const NodeOptions& options) {
  const auto own = open_own(options);
  if (!own) return tl::unexpected(own.error());
  Database& database = *own->database;
  if (auto done = database.flush_memtables(); !done) return failed(kDamaged, done.error());
  const std::uint64_t before = disk_bytes(database);
  Progress progress("Compacting", "tables");
  for (const TableRow& row : kTables) {
    progress.update(static_cast<std::uint64_t>(row.table), kTableCount,
                    static_cast<std::uint64_t>(row.table));
    if (auto done = database.compact(row.table); !done) return failed(kDamaged, done.error());
  }
  progress.finish();
  const std::uint64_t after = disk_bytes(database);
  if (options.json)
    fmt::print("{{\"before\":{},\"after\":{}}}\n", before, after);
  else
    fmt::print("{} before, {} after.\n", size_text(before), size_text(after));
  return kFine;
}

Outcome<ExitCode> run_rewind(const NodeOptions& options) {
  const auto to = U256::parse(options.args[1]);
  if (!to || !to->fits_u64())
    return failed(kUsage,
                  {fmt::format("\"{}\" is not a block number", options.args[1]), "quarry db rewind NUMBER"});
  const auto own = open_own(options);
  if (!own) return tl::unexpected(own.error());
  const BlockNum head = ChainStore(*own->database).heads().block.number;
  Progress progress("Rewinding", "blocks");
  const auto report = rewind_chain(*own->database, to->low64(), false, [&](BlockNum at) {
    progress.update(head - at, head - std::min(head, to->low64()), head - at);
  });
  progress.finish();
  if (!report) return failed(kUsage, report.error());
  if (options.json)
    fmt::print("{{\"from\":{},\"to\":{},\"hash\":\"{}\"}}\n", report->from.number, report->to.number,
               report->to.hash.hex());
  else
    fmt::print("The head was block {} ({}), and is block {} ({}).\n", report->from.number,
               report->from.hash.hex(), report->to.number, report->to.hash.hex());
  return kFine;
}

}  // namespace quarry::db
