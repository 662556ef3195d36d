#pragma once
/// \file
/// What is sealed, the seal, and what is said of one.

#include <cstdint>

#include "core/fixed_bytes.hpp"
#include "core/quantities.hpp"

namespace quarry::ethash {

/// The proof of work that goes into a header.
struct Seal {
  MixHash mix;
  std::uint64_t nonce = 0;
};

/// A header that waits for its seal.
struct Work {
  Hash256 seal_hash;  ///< Keccak-256 of the header's RLP without mix and nonce
  U256 boundary;      ///< boundary_of(difficulty)
  BlockNum number = 0;

  friend bool operator==(const Work&, const Work&) = default;
};

/// A seal from outside.
struct SealToCheck {
  Hash256 seal_hash;
  MixHash mix;
  std::uint64_t nonce = 0;
  U256 boundary;
  BlockNum number = 0;
};

enum class SealVerdict : std::uint8_t {
  valid,
  wrong_mix,          ///< the mix is not what seal hash and nonce give
  above_boundary,     ///< the mix is right, the result too large for the difficulty
  unsupported_epoch,  ///< a block number no chain has: epoch past kLastEpoch
};

}  // namespace quarry::ethash
