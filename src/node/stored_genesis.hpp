#pragma once
/// \file
/// What `init` does to a data dir. Called before the chain is opened, by the one thread that starts the
/// program.

#include <string>
#include <vector>

#include "core/chain_spec.hpp"
#include "core/expected.hpp"

namespace quarry {

class Database;

struct GenesisWritten {
  SealedHeader header;
  bool fresh = false;                ///< the data dir was empty
  std::vector<std::string> changes;  ///< forks that were moved or added, one line each
};
/// Writes the genesis into an empty data dir, or takes its changed forks over when the block is the same and
/// the forks lie ahead of the head. Otherwise changes nothing and says in geth's words why.
Result<GenesisWritten> setup_genesis(Database& database, const Genesis& genesis);

}  // namespace quarry
