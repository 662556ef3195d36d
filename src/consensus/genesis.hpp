#pragma once
/// \file
/// A chain's first block.

#include "core/chain_spec.hpp"
#include "core/expected.hpp"

namespace quarry {

class Database;

/// The genesis block's header with its roots and hash: no database is needed to know them.
SealedHeader genesis_block(const Genesis& genesis);

/// Writes block 0, its state and the heads in one batch. Whether the database holds another genesis is the
/// caller's question. Gives back the header.
[[nodiscard]] Result<SealedHeader> init_genesis(Database& database, const Genesis& genesis);

}  // namespace quarry
