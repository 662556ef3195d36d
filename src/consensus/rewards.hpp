#pragma once
/// \file
/// What proof of work pays (Yellow Paper 11.3).

#include <span>

#include "core/chain_spec.hpp"
#include "core/state_diff.hpp"

namespace quarry {

/// Adds `amount` to an account, as `diff` has it by now or else `state`.
void add_balance(const StateView& state, StateDiff& diff, const Address& address, const Wei& amount);

/// The block reward: 5 ether, 3 from Byzantium (EIP-649), 2 from Constantinople (EIP-1234).
Wei block_reward(const Rules& rules);

/// Pays the block's author, 1/32 more for each ommer, and each ommer's author (8 - depth)/8.
void add_ethash_rewards(const StateView& state, const Header& header, std::span<const SealedHeader> ommers,
                        const Rules& rules, StateDiff& diff);

}  // namespace quarry
