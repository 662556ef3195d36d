#pragma once
/// \file
/// What proof of work pays (Yellow Paper 11.3).

#include <span>
#include <vector>

#include "consensus/engine.hpp"

namespace quarry {

/// The block reward: 5 ether, 3 from Byzantium (EIP-649), 2 from Constantinople (EIP-1234).
Wei block_reward(const Rules& rules);

/// Each ommer's author gets (8 - depth)/8; the block's author the reward and 1/32 of it more for each ommer.
std::vector<Reward> ethash_rewards(const Header& header, std::span<const SealedHeader> ommers,
                                   const Rules& rules);

}  // namespace quarry
