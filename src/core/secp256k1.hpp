#pragma once
/// \file
/// Keys, signatures and Diffie-Hellman on secp256k1 (libsecp256k1). All functions are thread-safe.

#include <optional>

#include "core/fixed_bytes.hpp"

namespace quarry {

/// A secret: 1 <= key < group order. Never logged.
using PrivateKey = FixedBytes<struct PrivateKeyTag, 32>;
/// r (32) + s (32) + recovery id (1, 0..3).
using RecoverableSignature = FixedBytes<struct RecoverableSignatureTag, 65>;

PrivateKey random_private_key();
bool is_valid(const PrivateKey& key);
/// The uncompressed point without its 0x04 prefix. `key` must be valid.
NodeId public_key(const PrivateKey& key);
/// The last 20 bytes of the public key's Keccak-256 (Yellow Paper, appendix "Signing Transactions").
Address address_of(const NodeId& public_key);

RecoverableSignature sign(const PrivateKey& key, const Hash256& message);
/// The signer's public key, or nothing when there is none.
std::optional<NodeId> recover(const RecoverableSignature& signature, const Hash256& message);
/// The x coordinate of key * point (devp2p rlpx.md, ECIES); nothing when `point` is not on the curve.
std::optional<Hash256> ecdh_x(const PrivateKey& key, const NodeId& point);

}  // namespace quarry
