#pragma once
/// \file
/// The base fee of EIP-1559.

#include "core/chain_spec.hpp"

namespace quarry {

/// At the fork block (EIP-1559, INITIAL_BASE_FEE).
inline constexpr std::uint64_t kInitialBaseFee = 1'000'000'000;
/// The gas limit is so many times the gas aimed at (EIP-1559, ELASTICITY_MULTIPLIER).
inline constexpr Gas kElasticity = 2;

/// The base fee of `parent`'s child. A parent without a base fee makes its child the fork block.
U256 next_base_fee(const Header& parent);
/// The same on this chain: zero where its genesis file says so.
inline U256 next_base_fee(const ChainSpec& spec, const Header& parent) {
  return spec.zero_base_fee ? U256{} : next_base_fee(parent);
}
/// Of the first block of London's, where that is the genesis.
inline U256 initial_base_fee(const ChainSpec& spec) {
  return spec.zero_base_fee ? U256{} : U256{kInitialBaseFee};
}

}  // namespace quarry
