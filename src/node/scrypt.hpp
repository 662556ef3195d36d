#pragma once
/// \file
/// scrypt (RFC 7914), for the costs that OpenSSL refuses: it holds to the RFC's N < 2^(16 r), which key files
/// of other programs (n=262144, r=1) do not. Safe on any thread.

#include "core/bytes.hpp"

namespace quarry {

/// Fills `out`. Needs 128 * r * (n + p) bytes of memory; `n` is a power of two above 1. The caller bounds
/// them. False when there is not as much memory.
bool scrypt_plain(ByteView passphrase, ByteView salt, std::uint64_t n, std::uint32_t r, std::uint32_t p,
                  std::span<std::uint8_t> out);

}  // namespace quarry
