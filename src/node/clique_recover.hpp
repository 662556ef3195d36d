#pragma once
/// \file
/// Out of a deadlock of an authority chain: where to go back to, or which of two branches to take.

#include <optional>
#include <vector>

#include "consensus/clique/engine.hpp"
#include "core/block.hpp"
#include "storage/database.hpp"

namespace quarry {

/// Can the present signers go on for ever from where the snapshot is? A signer signs one of window() blocks,
/// so as many must be there.
bool can_go_on(const clique::Snapshot& at, std::span<const Address> present);

/// The highest canonical block from which the present signers can go on.
struct GoOnAt {
  BlockId id;
  std::size_t present = 0, signers = 0, needed = 0;
};
[[nodiscard]] Result<std::optional<GoOnAt>> last_to_go_on(const Database& database,
                                                          const clique::CliqueEngine& engine,
                                                          std::span<const Address> present);

/// A stored branch of the head's weight, and which of the two EIP-3436 prefers.
struct Rival {
  BlockId ancestor;           ///< the last block that both have
  std::vector<Block> blocks;  ///< the branch, lowest first
};
/// The branch that EIP-3436 prefers to the canonical one; nothing when there is none.
[[nodiscard]] Result<std::optional<Rival>> better_rival(const Database& database,
                                                        const clique::CliqueEngine& engine);

}  // namespace quarry
