#pragma once
/// \file
/// The optimal ate pairing on BN254 (Vercauteren 2010), as EIP-197 asks it: is a product of pairings one?

#include <span>

#include "evm/precompiles/bn254/curve.hpp"

namespace quarry::evm::bn254 {

/// x: p and r are polynomials in it.
inline constexpr std::uint64_t kParameter = 4965661367192848881;

struct Pair {
  G1 p;
  G2 q;
};

/// Of points on their curves and in their subgroups. A pair with infinity contributes one.
Fp12 pairing_product(std::span<const Pair> pairs);

/// 3 / xi, the constant of the twist's equation.
const Fp2& twist_coefficient();

}  // namespace quarry::evm::bn254
