#pragma once
/// \file
/// The market for blobs (EIP-4844, EIP-7691, EIP-7918).

#include "core/chain_spec.hpp"

namespace quarry {

/// EIP-4844, GAS_PER_BLOB.
inline constexpr Gas kGasPerBlob = Gas{1} << 17;
/// Blobs that a transaction has at most: a block's, from Osaka on 6 (EIP-7594).
unsigned most_blobs_a_txn(const BlobParams& params, const Rules& rules);

/// The price of one blob gas in a block with so much excess (EIP-4844's fake_exponential). Saturates at
/// 2^256 - 1.
U256 blob_base_fee(Gas excess_blob_gas, const BlobParams& params);

/// The excess that a child of `parent` has; `params` and `rules` are the child's. Zero where the parent has
/// no blob fields.
Gas next_excess_blob_gas(const Header& parent, const BlobParams& params, const Rules& rules);

/// What the transaction's blobs take.
inline Gas blob_gas_of(const Transaction& txn) {
  return txn.blob_hashes.size() * kGasPerBlob;
}

}  // namespace quarry
