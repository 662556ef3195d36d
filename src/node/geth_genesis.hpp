#pragma once
/// \file
/// A geth data dir's genesis as a genesis file would have it.

#include "core/chain_spec.hpp"
#include "core/expected.hpp"

namespace quarry {
class Database;
}

namespace quarry::geth {

class Source;

struct SourceGenesis {
  Genesis genesis;
  /// All accounts are known by address. When not, `genesis.alloc` is empty: geth kept hashed addresses only.
  bool complete = false;
};

/// The chain config and block 0 of `source`. The accounts come from the record that newer geths keep, or from
/// the state tables of `database`, which hold the genesis state, and geth's record of what was hashed.
Result<SourceGenesis> read_genesis(Source& source, const Database* database);

}  // namespace quarry::geth
