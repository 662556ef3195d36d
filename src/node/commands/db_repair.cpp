/// \file
/// `quarry db repair`: what can be mended of a damaged database, and what was lost.

#include <fmt/format.h>

#include "core/log.hpp"
#include "node/commands/db.hpp"
#include "node/genesis_json.hpp"
#include "node/stop_signals.hpp"
#include "node/stored_blocks.hpp"
#include "storage/repair.hpp"
#include "storage/state_writer.hpp"

namespace quarry::db {
namespace {

Result<HeaderIdentity> identity_of(std::string_view genesis) {
  const auto file = parse_genesis(genesis);
  if (!file) return tl::unexpected(file.error());
  return file->genesis.spec.header_identity();
}

Result<> put_genesis_state(std::string_view genesis, Batch& batch) {
  const auto file = parse_genesis(genesis);
  if (!file) return tl::unexpected(file.error());
  write_genesis_state(batch, file->genesis.alloc);
  return {};
}

Shown list_of(const std::vector<std::string>& lines) {
  Shown out = Shown::list();
  for (const std::string& line : lines) out.add(Shown::of_text(line));
  return out;
}

void print(const RepairReport& report, bool json) {
  if (json) {
    fmt::print("{}\n", shown_as_json(Shown::record()
                                         .add("done", list_of(report.done))
                                         .add("lost", list_of(report.lost))
                                         .add("copy", Shown::of_text(report.copy))));
    return;
  }
  for (const std::string& line : report.done) fmt::print("mended: {}\n", line);
  for (const std::string& line : report.lost) fmt::print("lost: {}\n", line);
  fmt::print("The files as they were are kept in {}; remove them when all is well: rm -r {}\n", report.copy,
             report.copy);
}

}  // namespace

Outcome<ExitCode> run_repair(const NodeOptions& options) {
  // Even the file that says that this is a database may be lost.
  const std::string path = DataDirPaths(options.datadir).chaindata.string();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return failed(kCannotOpen, {"no database in " + path});
  const StopSignals signals(true);
  const auto lock = DataDirLock::acquire(options.datadir);
  if (!lock) return failed(kCannotOpen, lock.error());
  auto report = repair_database(path, {&identity_of, &put_genesis_state});
  if (!report) return failed(kDamaged, report.error());
  if (report->state < report->executable) {
    const auto executed = execute_stored_blocks(options, lock->paths(), report->executable, signals);
    if (executed)
      report->done.push_back(
          fmt::format("blocks {} to {} were executed again", report->state + 1, report->executable));
    else
      report->lost.push_back(executed.error().what);
  }
  print(*report, options.json);
  return report->lost.empty() ? kFine : kDamaged;
}

}  // namespace quarry::db
