#pragma once
/// \file
/// The actions of `quarry db`, and how they end.

#include <memory>
#include <string>

#include "core/expected.hpp"
#include "node/datadir.hpp"
#include "node/options.hpp"
#include "storage/database.hpp"
#include "storage/inspect.hpp"

namespace quarry::db {

/// Exit codes, which scripts rely on.
enum ExitCode : int { kFine = 0, kDamaged = 1, kUsage = 2, kCannotOpen = 3 };

struct Failure {
  ExitCode code;
  Error error;
};
template <class T>
using Outcome = Expected<T, Failure>;
inline tl::unexpected<Failure> failed(ExitCode code, Error error) {
  return tl::unexpected<Failure>(Failure{code, std::move(error)});
}

// Each gets the options, whose args are the action's name and its arguments. The first ones work beside a
// running node, the last three need the data dir for themselves.
Outcome<ExitCode> run_stats(const NodeOptions& options);
Outcome<ExitCode> run_get(const NodeOptions& options);
Outcome<ExitCode> run_list(const NodeOptions& options);
Outcome<ExitCode> run_verify(const NodeOptions& options);
Outcome<ExitCode> run_check(const NodeOptions& options);
Outcome<ExitCode> run_checkpoint(const NodeOptions& options);
Outcome<ExitCode> run_compact(const NodeOptions& options);
Outcome<ExitCode> run_rewind(const NodeOptions& options);
Outcome<ExitCode> run_repair(const NodeOptions& options);

/// The data dir's database, to look at.
Outcome<std::unique_ptr<Database>> open_to_look(const NodeOptions& options);
/// The data dir's database for this process alone: the lock first, which is held as long as the pair.
struct OwnDatabase {
  DataDirLock lock;
  std::unique_ptr<Database> database;
};
Outcome<OwnDatabase> open_own(const NodeOptions& options);
/// Is there a database in the data dir at all?
Outcome<std::string> database_path(const NodeOptions& options);

/// "1.5 MiB".
std::string size_text(std::uint64_t bytes);
/// A value as indented lines, long hex cut.
std::string shown_as_lines(const Shown& value, std::size_t indent);
/// A value as JSON on one line, whole.
std::string shown_as_json(const Shown& value);
/// A string as JSON.
std::string json_string(std::string_view text);

}  // namespace quarry::db
