#pragma once
/// \file
/// A blob transaction as it travels and as it is handed in: with its blobs, which blocks do not have
/// (EIP-4844, "Networking"; EIP-7594).

#include "core/transaction.hpp"

namespace quarry {

inline constexpr std::size_t kBlobBytes = 131'072;
inline constexpr std::size_t kKzgBytes = 48;  ///< a commitment or a proof
/// EIP-7594, CELLS_PER_EXT_BLOB.
inline constexpr std::size_t kCellsABlob = 128;

struct BlobSidecar {
  /// One proof for each of a blob's cells (EIP-7594); otherwise one a blob.
  bool cell_proofs = false;
  std::vector<Bytes> blobs, commitments, proofs;
};

struct CarriedTransaction {
  Transaction txn;
  BlobSidecar sidecar;
};

/// Is it a blob transaction with its blobs? The same type byte stands before both forms; here a list of lists
/// follows.
bool carries_blobs(ByteView encoded);
/// Type byte, then [transaction, blobs, commitments, proofs], or with the version 1 after the transaction.
/// Sizes of blobs, commitments and proofs are those that they must have, and at most `kMostBlobs` blobs are
/// read.
[[nodiscard]] rlp::Decoded<CarriedTransaction> decode_carried(ByteView encoded);
/// The same the other way.
Bytes encode_carried(const CarriedTransaction& carried);
/// More than any blob schedule has in a transaction.
inline constexpr std::size_t kMostBlobs = 32;

}  // namespace quarry
