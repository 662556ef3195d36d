#pragma once
/// \file
/// A chain's forks may change while they lie ahead. Pure functions.

#include <string>
#include <vector>

#include "core/chain_spec.hpp"
#include "core/expected.hpp"

namespace quarry {

/// The highest block of a data dir.
struct ChainTip {
  BlockNum number = 0;
  Timestamp timestamp = 0;
  TotalDifficulty parent_total;  ///< of the block before it
  bool merged = false;           ///< it comes from a beacon chain
};

/// What would change from `have` to `wanted`, one line each: "Byzantium: not set -> block 100". Fails, in
/// geth's words, when a fork is in force at the tip by either of the two and differs.
Result<std::vector<std::string>> fork_changes(const ChainSpec& have, const ChainSpec& wanted,
                                              const ChainTip& tip);

/// The forks that a chain does not have, one line each with the consequence. Forks that private chains have
/// no use for are left out.
std::vector<std::string> unset_forks(const ChainSpec& spec);
/// Forks that are switched on before one that came earlier: as a rule a slip of the pen, which today's geth
/// refuses.
std::vector<std::string> misordered_forks(const ChainSpec& spec);

}  // namespace quarry
