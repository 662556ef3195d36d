#include "storage/repair.hpp"

#include <fmt/format.h>
#include <rocksdb/convenience.h>

#include <filesystem>
#include <memory>

#include "storage/codec.hpp"
#include "storage/database_files.hpp"
#include "storage/log_index.hpp"
#include "storage/meta.hpp"
#include "storage/repair_parts.hpp"
#include "storage/rewind.hpp"
#include "storage/rocks_options.hpp"
#include "storage/state_sync_store.hpp"

namespace quarry {
namespace repair {
namespace fs = std::filesystem;
namespace {

std::vector<fs::path> unreadable_tables(const std::string& path) {
  std::vector<fs::path> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(path, ignored))
    if (entry.path().extension() == ".sst" &&
        !rocksdb::VerifySstFileChecksum(rocksdb::Options{}, rocksdb::EnvOptions{}, entry.path().string())
             .ok())
      out.push_back(entry.path());
  return out;
}

bool opens(const std::string& path) {
  try {
    return Database::open({.path = path,
                           .read_only = true,
                           .on_failure = [](const Error& error) { throw verify::ReadFailure{error}; }})
        .has_value();
  } catch (const verify::ReadFailure&) {
    return false;
  }
}

/// RocksDB's repair takes of the logs only what belongs to tables that have files. So what can be replayed is
/// written out first; when that fails, the repair has to do.
void write_logs_out(const std::string& path) {
  try {
    auto database = Database::open(
        {.path = path, .on_failure = [](const Error& error) { throw verify::ReadFailure{error}; }});
    if (database) (void)(*database)->flush_memtables();
  } catch (const verify::ReadFailure&) {  // a damaged table was in the way
  }
}

/// RocksDB's repair lays all tables side by side on level 0, where reading takes the newest file that has a
/// key and passes over what a newer file's erased ranges cover. But files that were merged hold old and new:
/// rows would be lost or come back, iterators stumble. A compaction goes by each row's own age.
rocksdb::Status settle_levels(const std::string& path) {
  const DatabaseOptions options{.path = path};
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  rocksdb::DB* opened = nullptr;
  auto status =
      rocksdb::DB::Open(database_options(options), path, family_descriptors(options), &families, &opened);
  if (!status.ok()) return status;
  const std::unique_ptr<rocksdb::DB> database(opened);
  rocksdb::CompactRangeOptions how;
  how.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  for (rocksdb::ColumnFamilyHandle* family : families) {
    if (status.ok()) status = database->CompactRange(how, family, nullptr, nullptr);
    database->DestroyColumnFamilyHandle(family);
  }
  return status;
}

bool logs_are_damaged(const std::string& path, RepairReport& report) {
  bool damaged = false;
  for (const LogFault& fault : check_logs(path)) {
    if (fault.harmless) continue;
    damaged = true;
    report.lost.push_back(
        fmt::format("what was written after the damage in {} ({})", fault.path, fault.what));
  }
  return damaged;
}

}  // namespace

Result<> mend_files(const std::string& path, RepairReport& report) {
  const auto bad = unreadable_tables(path);
  if (logs_are_damaged(path, report)) forget_closed_logs(path);
  // Damage in a log alone: opening replays it up to there.
  if (bad.empty() && opens(path)) return {};
  write_logs_out(path);
  const fs::path aside = fs::path(path) / "lost";
  std::error_code error;
  fs::create_directories(aside, error);
  for (const fs::path& table : bad) {
    fs::rename(table, aside / table.filename(), error);
    if (error) return fail(fmt::format("cannot put {} aside: {}", table.string(), error.message()));
    report.lost.push_back(fmt::format("what only {} held: it cannot be read", table.string()));
  }
  const DatabaseOptions options{.path = path};
  auto status = rocksdb::RepairDB(path, database_options(options), family_descriptors(options));
  if (status.ok()) status = settle_levels(path);
  if (!status.ok())
    return fail(fmt::format("RocksDB cannot repair {}: {}", path, status.ToString()),
                "Synchronise or import anew.");
  report.done.push_back("RocksDB gathered the tables that can be read");
  return {};
}

namespace {

/// No state can be saved: the genesis', on which the stored blocks can be executed again.
Result<StateHead> start_over(Database& database, const RepairOptions& options, std::string_view genesis,
                             RepairReport& report) {
  Batch batch;
  const Bytes end(65, 0xff);
  for (const Table table : {Table::node, Table::account, Table::slot, Table::change, Table::undo})
    batch.erase_range(table, {}, end);
  end_state_sync(batch);
  if (auto put = options.genesis_state(genesis, batch); !put) return tl::unexpected(put.error());
  if (auto done = database.commit(std::move(batch), Durability::sync); !done)
    return tl::unexpected(done.error());
  report.lost.push_back("the state: it begins anew at the genesis, and stored blocks are executed again");
  return *read_state_head(database);
}

Result<> put_heads(Database& database, const BlockId& header, const BlockId& block, const BlockId& fast) {
  Batch batch;
  ChainWriter(batch).set_heads({header, block, fast});
  return database.commit(std::move(batch), Durability::sync);
}

/// The state of a canonical block that is complete: as it is, taken back, or from the genesis on.
Result<StateHead> settle_state(Database& database, const ChainLeft& left, const RepairOptions& options,
                               std::string_view genesis, RepairReport& report) {
  const ChainStore store(database);
  const auto state = mend_state(database, report);
  const auto header = state ? store.canonical_header(state->number) : std::nullopt;
  if (!header || (*header)->state_root != state->root) return start_over(database, options, genesis, report);
  if (auto done = mend_changes(database, *state, report); !done) return tl::unexpected(done.error());
  if (state->number <= left.complete) return *state;
  const BlockId at = *store.canonical_id(state->number);
  if (auto done = put_heads(database, at, at, at); !done) return tl::unexpected(done.error());
  if (!rewind_chain(database, left.complete, true)) return start_over(database, options, genesis, report);
  report.done.push_back(
      fmt::format("the state was taken back from block {} to {}", state->number, left.complete));
  return *read_state_head(database);
}

Result<> mend_rows(Database& database, const RepairOptions& options, RepairReport& report) {
  const auto genesis = ChainStore(database).meta_text(meta::kGenesis);
  if (!genesis)
    return fail("the genesis record is lost",
                "Run quarry init with the genesis file on an empty --datadir, then import "
                "or synchronise.");
  const auto identity = options.identity(*genesis);
  if (!identity) return tl::unexpected(identity.error());
  const auto left = mend_chain(database, *identity, report);
  if (!left) return tl::unexpected(left.error());
  const auto state = settle_state(database, *left, options, *genesis, report);
  if (!state) return tl::unexpected(state.error());
  const ChainStore store(database);
  report.state = state->number;
  report.executable = left->executable;
  const auto tip = store.has_header(left->tip) ? left->tip : *store.canonical_id(state->number);
  if (auto done = put_heads(database, tip, *store.canonical_id(state->number),
                            *store.canonical_id(std::min(tip.number, left->complete)));
      !done)
    return done;
  return build_log_index(database, false);
}

}  // namespace
}  // namespace repair

std::string repair_copy_path(const std::string& path) {
  std::error_code ignored;
  for (int i = 1;; ++i) {
    std::string out = fmt::format("{}.damaged-{}", path, i);
    if (!std::filesystem::exists(out, ignored)) return out;
  }
}

Result<RepairReport> repair_database(const std::string& path, const RepairOptions& options) {
  RepairReport report;
  report.copy = repair_copy_path(path);
  if (auto copied = link_database(path, report.copy); !copied) return tl::unexpected(copied.error());
  if (auto mended = repair::mend_files(path, report); !mended) return tl::unexpected(mended.error());
  try {
    auto database = Database::open(
        {.path = path, .on_failure = [](const Error& error) { throw verify::ReadFailure{error}; }});
    if (!database) return tl::unexpected(database.error());
    if (auto mended = repair::mend_rows(**database, options, report); !mended)
      return tl::unexpected(mended.error());
    // A log that was cut is done with.
    if (auto written = (*database)->flush_memtables(); !written) return tl::unexpected(written.error());
  } catch (const verify::ReadFailure& failure) {
    return tl::unexpected(failure.error);
  }
  return report;
}

}  // namespace quarry
