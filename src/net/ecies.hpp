#pragma once
/// \file
/// ECIES as RLPx has it (devp2p rlpx.md, "ECIES Encryption"): secp256k1, the NIST SP 800-56 concatenation
/// KDF over SHA-256, AES-128-CTR, HMAC-SHA-256. Pure functions, any thread.

#include <optional>

#include "core/secp256k1.hpp"

namespace quarry::net {

/// 0x04 and an ephemeral point (65), an initialisation vector (16), a tag (32).
inline constexpr std::size_t kEciesOverhead = 65 + 16 + 32;

/// `mac_data` is authenticated with the text but not sent.
Bytes ecies_encrypt(const NodeId& to, ByteView text, ByteView mac_data);
/// Nothing when the text was not made for `key`, or not with this `mac_data`.
std::optional<Bytes> ecies_decrypt(const PrivateKey& key, ByteView encrypted, ByteView mac_data);

}  // namespace quarry::net
