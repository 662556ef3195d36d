#include "storage/migrations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/check.hpp"
#include "core/log.hpp"
#include "storage/codec.hpp"
#include "storage/database_files.hpp"
#include "storage/log_index.hpp"
#include "storage/meta.hpp"

namespace quarry {
namespace {

/// Schema 1 is the first that was released.
constexpr std::array kSteps{
    SchemaStep{1, 2, "index the logs by address and topic",
               [](Database& database, Batch&) { return build_log_index(database, true); },
               [](Database&, Batch& last) -> Result<> {
                 last.erase_range(Table::log_index, {}, Bytes(64, 0xff));
                 return {};
               }},
};

std::optional<Bytes> stored_schema(const Database& database) {
  return database.get(Table::meta, as_bytes(meta::kSchema));
}

void put_schema(Batch& batch, std::uint64_t version) {
  batch.put(Table::meta, as_bytes(meta::kSchema), number_key(version));
}

Error newer_error(const Database& database, const Bytes& stored, std::uint64_t reads) {
  const auto version = stored.size() == 8 ? read_number(stored) : std::nullopt;
  return {fmt::format("the database in {} has schema version {}, this version of quarry reads {}",
                      database.path(), version ? std::to_string(*version) : "0x" + to_hex(stored), reads),
          "Use the newer quarry that wrote it, or another --datadir. Nothing was changed."};
}

/// A copy that is there already was made before an earlier try: it is the untouched one.
Result<> back_up(const Database& database, std::uint64_t from) {
  const std::string to = schema_backup_path(database.path(), from);
  std::error_code ignored;
  if (std::filesystem::exists(to, ignored)) return {};
  const auto copied = link_database(database.path(), to);
  if (!copied) return tl::unexpected(copied.error());
  log_info("Kept the database as it was", {{"copy", to}});
  return {};
}

Result<> take_step(Database& database, const SchemaStep& step, bool up) {
  log_info(up ? "Upgrading the database" : "Taking an upgrade of the database back",
           {{"from", up ? step.from : step.to}, {"to", up ? step.to : step.from}, {"what", step.what}});
  Batch last;
  if (auto done = up ? step.apply(database, last) : step.undo(database, last); !done) return done;
  put_schema(last, up ? step.to : step.from);
  return database.commit(std::move(last), Durability::sync);
}

const Schema* scoped_schema = nullptr;

}  // namespace

const Schema& schema_in_force() {
  return scoped_schema != nullptr ? *scoped_schema : current_schema();
}
ScopedSchema::ScopedSchema(const Schema& schema) {
  QUARRY_CHECK(scoped_schema == nullptr);
  scoped_schema = &schema;
}
ScopedSchema::~ScopedSchema() {
  scoped_schema = nullptr;
}

const Schema& current_schema() {
  static constexpr Schema kCurrent{kSchemaVersion, kSteps};
  return kCurrent;
}

std::string schema_backup_path(const std::string& path, std::uint64_t from) {
  return fmt::format("{}.schema-{}", path, from);
}

Result<> change_schema(Database& database, const Schema& schema, std::uint64_t to) {
  while (true) {
    const auto stored = stored_schema(database);
    const std::uint64_t at = stored ? read_number(*stored).value_or(0) : 0;
    if (at == to) return {};
    const bool up = at < to;
    const auto step = std::find_if(schema.steps.begin(), schema.steps.end(), [&](const SchemaStep& one) {
      return up ? one.from == at && one.to <= to : one.to == at && one.from >= to;
    });
    if (step == schema.steps.end())
      return fail(fmt::format("the database in {} has schema version {}, and no step leads to {}",
                              database.path(), at, to),
                  "Export the chain with the quarry that wrote it, and import it here.");
    if (auto done = take_step(database, *step, up); !done) return done;
  }
}

Result<> settle_schema(Database& database, const Schema& schema, bool read_only) {
  const auto stored = stored_schema(database);
  if (!stored) {
    if (read_only) return {};
    Batch batch;
    put_schema(batch, schema.version);
    return database.commit(std::move(batch), Durability::sync);
  }
  const auto version = stored->size() == 8 ? read_number(*stored) : std::nullopt;
  if (version == schema.version) return {};
  if (!version || *version > schema.version)
    return tl::unexpected(newer_error(database, *stored, schema.version));
  if (read_only)
    return fail(fmt::format("the database in {} has schema version {}, this version of quarry reads {}",
                            database.path(), *version, schema.version),
                "Start the node on it once: it keeps a copy and upgrades the database.");
  if (auto kept = back_up(database, *version); !kept) return kept;
  return change_schema(database, schema, schema.version);
}

}  // namespace quarry
