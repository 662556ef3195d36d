#pragma once
/// \file
/// From one form of the tables to the next. A step is a row of the table; Database::open takes the steps that
/// lie between what a folder holds and what this program reads, after a copy of the folder was made.

#include <span>
#include <string_view>

#include "core/expected.hpp"
#include "storage/database.hpp"

namespace quarry {

struct SchemaStep {
  std::uint64_t from = 0, to = 0;
  std::string_view what;  ///< for the log
  /// Rewrites the tables. It may commit as it goes, and must then go on from there when it is called again
  /// after a kill; what it puts into `last` is committed together with the new schema number.
  Result<> (*apply)(Database& database, Batch& last) = nullptr;
  /// The way back, by the same rules.
  Result<> (*undo)(Database& database, Batch& last) = nullptr;
};

struct Schema {
  std::uint64_t version = 0;
  std::span<const SchemaStep> steps;
};

/// What this program reads, and how older forms become it.
const Schema& current_schema();

/// What Database::open brings folders to: the current schema, or while one lives the ScopedSchema's.
const Schema& schema_in_force();

/// Another schema for this process, to try the steps out. One at a time, before any thread opens a database.
class ScopedSchema {
 public:
  explicit ScopedSchema(const Schema& schema);
  ~ScopedSchema();
  ScopedSchema(const ScopedSchema&) = delete;
  ScopedSchema& operator=(const ScopedSchema&) = delete;
};

/// Where the copy lies that is made before a folder of schema `from` is changed.
std::string schema_backup_path(const std::string& path, std::uint64_t from);

/// Writes the number into a new database; upgrades an older one; refuses a newer one, changing nothing. A
/// database that is only looked at is not changed.
[[nodiscard]] Result<> settle_schema(Database& database, const Schema& schema, bool read_only);

/// Takes the steps up or down to `to`, each in its own commit.
[[nodiscard]] Result<> change_schema(Database& database, const Schema& schema, std::uint64_t to);

}  // namespace quarry
