#pragma once
/// \file
/// Keccak-256 and Keccak-512 with the original padding (0x01), as Ethereum has them (Yellow Paper,
/// appendix "Keccak"); OpenSSL only has SHA-3's padding.

#include "core/fixed_bytes.hpp"

namespace quarry {

using Hash512 = FixedBytes<struct Hash512Tag, 64>;

Hash256 keccak256(ByteView input);
Hash512 keccak512(ByteView input);

/// Hashes `inputs[i]` into `outputs[i]`, several at a time in SIMD lanes where the processor has
/// them: a batch of two or more costs less than one by one. Both spans have the same length.
void keccak256_batch(std::span<const ByteView> inputs, std::span<Hash256> outputs);
void keccak512_batch(std::span<const ByteView> inputs, std::span<Hash512> outputs);
/// Keccak-512 of `count` rows of 64 bytes that lie one after the other, as ethash makes its tables of;
/// `outputs` may be `inputs`.
void keccak512_rows(const std::uint8_t* inputs, std::uint8_t* outputs, std::size_t count);

/// Keccak over pieces that are not at hand all at once.
class Keccak256 {
 public:
  Keccak256& update(ByteView input);
  /// The hash of what came so far; more may follow.
  Hash256 digest() const;

 private:
  std::array<std::uint64_t, 25> state_{};
  std::array<std::uint8_t, 136> block_{};
  std::size_t filled_ = 0;
};

}  // namespace quarry
