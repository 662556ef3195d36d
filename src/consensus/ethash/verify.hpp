#pragma once
/// \file
/// Judges seals with nothing but caches.

#include <span>

#include "consensus/ethash/caches.hpp"
#include "consensus/ethash/seal.hpp"

namespace quarry::ethash {

/// Seals checked in one go, so that their cache reads are in flight together. Callers that split
/// work over threads hand each a multiple of this.
inline constexpr std::size_t kVerifyBatch = 12;

/// Verifies any number of seals, of any epochs; `verdicts` is as long as `seals`. Thread-safe; blocks
/// (0.1-0.2 ms a seal in batches of kVerifyBatch, 0.5-1.5 ms for one alone; 0.3 s more when the
/// epoch's cache has to be built): never on the loop thread.
void verify_seals(Caches& caches, std::span<const SealToCheck> seals, std::span<SealVerdict> verdicts);

SealVerdict verify_seal(Caches& caches, const SealToCheck& seal);

}  // namespace quarry::ethash
