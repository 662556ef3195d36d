#pragma once
/// \file
/// The genesis that a data dir holds, and what `init` does to it. Called before the chain is opened, by the
/// one thread that starts the program.

#include <optional>
#include <string>
#include <vector>

#include "core/chain_spec.hpp"
#include "core/expected.hpp"

namespace quarry {

class Database;

/// Nothing when the data dir was not initialised.
Result<std::optional<Genesis>> load_genesis(const Database& database);

/// As `load_genesis`; an empty data dir is an error whose remedy is `quarry init`.
Result<Genesis> require_genesis(const Database& database, const std::string& datadir);

struct GenesisWritten {
  SealedHeader header;
  bool fresh = false;                ///< the data dir was empty
  std::vector<std::string> changes;  ///< forks that were moved or added, one line each
};
/// Writes the genesis into an empty data dir, or takes its changed forks over when the block is the same and
/// the forks lie ahead of the head. Otherwise changes nothing and says in geth's words why.
Result<GenesisWritten> setup_genesis(Database& database, const Genesis& genesis);

}  // namespace quarry
