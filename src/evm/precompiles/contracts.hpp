#pragma once
/// \file
/// What the rows of the table run: a function a contract, all pure and thread-safe. A run function replaces
/// `output` and returns false when the contract refuses its input; a price function is here only where the
/// price is more than a constant and so much a word.

#include "evm/precompiles.hpp"

namespace quarry::evm::precompiles {

/// 0x01: hash (32), v (32), r (32), s (32) to the signer's address in a word; to nothing when there is none.
bool ecrecover(ByteView input, const Rules& rules, Bytes& output);
/// 0x02
bool sha256(ByteView input, const Rules& rules, Bytes& output);
/// 0x03: the 20 bytes in a word.
bool ripemd160(ByteView input, const Rules& rules, Bytes& output);
/// 0x04
bool identity(ByteView input, const Rules& rules, Bytes& output);

/// 0x05: three lengths (32 each), base, exponent, modulus (EIP-198; bounded by EIP-7823 from Osaka).
bool modexp(ByteView input, const Rules& rules, Bytes& output);
/// EIP-198; EIP-2565 from Berlin; EIP-7883 from Osaka.
Gas modexp_gas(ByteView input, const Rules& rules);

/// 0x06: two points of 64 bytes each; their sum (EIP-196).
bool bn254_add(ByteView input, const Rules& rules, Bytes& output);
/// 0x07: a point (64) and a scalar (32); their product (EIP-196).
bool bn254_multiply(ByteView input, const Rules& rules, Bytes& output);
/// 0x08: pairs of 64 and 128 bytes; 1 in a word when the product of their pairings is one, else 0 (EIP-197).
bool bn254_pairing(ByteView input, const Rules& rules, Bytes& output);
// EIP-196 and EIP-197; EIP-1108 from Istanbul.
Gas bn254_add_gas(ByteView input, const Rules& rules);
Gas bn254_multiply_gas(ByteView input, const Rules& rules);
Gas bn254_pairing_gas(ByteView input, const Rules& rules);

/// 0x09: rounds (4), h (64), m (128), t (16), final (1) to h (64) (EIP-152).
bool blake2f(ByteView input, const Rules& rules, Bytes& output);
Gas blake2f_gas(ByteView input, const Rules& rules);

/// 0x0a: versioned hash, z, y (32 each), commitment, proof (48 each) to 4096 and the scalar field's modulus,
/// a word each, when the commitment opens to y at z (EIP-4844).
bool point_evaluation(ByteView input, const Rules& rules, Bytes& output);

// 0x0b to 0x11 (EIP-2537): points of 128 (G1) and 256 bytes (G2), scalars of 32, field elements of 64 and
// 128.
bool bls_g1_add(ByteView input, const Rules& rules, Bytes& output);
bool bls_g1_msm(ByteView input, const Rules& rules, Bytes& output);
bool bls_g2_add(ByteView input, const Rules& rules, Bytes& output);
bool bls_g2_msm(ByteView input, const Rules& rules, Bytes& output);
bool bls_pairing(ByteView input, const Rules& rules, Bytes& output);
bool bls_map_fp_to_g1(ByteView input, const Rules& rules, Bytes& output);
bool bls_map_fp2_to_g2(ByteView input, const Rules& rules, Bytes& output);
Gas bls_g1_msm_gas(ByteView input, const Rules& rules);
Gas bls_g2_msm_gas(ByteView input, const Rules& rules);
Gas bls_pairing_gas(ByteView input, const Rules& rules);

/// What stands at 0x0b to 0x13 under Rules::has_draft_eip2537, in order of address.
std::span<const Precompile> draft_eip2537();

/// 0x100: hash, r, s, x, y (32 each) to 1 in a word; to nothing when the signature is bad (EIP-7951).
bool p256_verify(ByteView input, const Rules& rules, Bytes& output);

}  // namespace quarry::evm::precompiles
