#pragma once
/// \file
/// Do a blob transaction's blobs belong to it? (EIP-4844; EIP-7594's cell proofs.) Pure functions; a blob
/// takes some milliseconds.

#include <optional>
#include <string>

#include "core/blob_sidecar.hpp"

namespace quarry::evm {

/// The commitments are those that the versioned hashes name, and the proofs show that they are of the blobs.
/// Why not, in a sentence; nothing when all is right.
std::optional<std::string> check_sidecar(const Transaction& txn, const BlobSidecar& sidecar);

/// EIP-4844, verify_blob_kzg_proof.
bool verify_blob_proof(ByteView blob, ByteView commitment, ByteView proof);
/// EIP-7594, of all cells of each blob at once: as many commitments as blobs, kCellsABlob proofs each.
bool verify_cell_proofs(const std::vector<Bytes>& blobs, const std::vector<Bytes>& commitments,
                        const std::vector<Bytes>& proofs);

/// 0x01 and the end of a commitment's SHA-256.
Hash256 versioned_hash(ByteView commitment);

}  // namespace quarry::evm
