#pragma once
/// \file
/// The difficulty of proof of work, from Frontier to the last delay of the bomb.

#include "core/chain_spec.hpp"

namespace quarry {

/// No block's difficulty is below this (Yellow Paper, D0).
inline constexpr std::uint64_t kMinimumDifficulty = 131'072;

/// The difficulty of `parent`'s child at `timestamp` (not before the parent's time). `rules` are the child's.
/// Saturates at 2^256 - 1, which no seal meets.
U256 ethash_difficulty(const Header& parent, Timestamp timestamp, const Rules& rules);

}  // namespace quarry
