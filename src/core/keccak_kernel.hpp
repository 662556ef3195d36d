#pragma once
/// \file
/// Keccak's permutations, one set for each level of SIMD. For keccak.cpp, its tests and benchmarks.

#include <cstddef>
#include <cstdint>

#include "core/cpu.hpp"
#include "core/keccak.hpp"

namespace quarry::keccak_detail {

/// Widest set of states permuted at once.
inline constexpr std::size_t kMostLanes = 8;

struct Kernel {
  SimdLevel level;
  /// Keccak-256 of `blocks` blocks of 136 bytes and the last one, padded; 32 bytes of `output`.
  void (*hash256)(const std::uint8_t* input, std::size_t blocks, const std::uint8_t* last,
                  std::uint8_t* output);
  /// One state of 25 words.
  void (*permute)(std::uint64_t* state);
  /// Four and eight interleaved states, word w of state s at [w * lanes + s]; nothing where the level
  /// has no such width. `states` is 64-byte aligned.
  void (*permute4)(std::uint64_t* states);
  void (*permute8)(std::uint64_t* states);
  /// Keccak-512 of rows of 64 bytes; `outputs` may be `inputs`.
  void (*rows)(const std::uint8_t* inputs, std::uint8_t* outputs, std::size_t count);
};

extern const Kernel kPortable;
#if defined(__x86_64__)
extern const Kernel kAvx2;
extern const Kernel kAvx512;
#endif

/// The kernel of a level, which the processor must have.
const Kernel& kernel_of(SimdLevel level);

/// What keccak.hpp offers, by a given kernel.
Hash256 hash256(const Kernel& kernel, ByteView input);
Hash512 hash512(const Kernel& kernel, ByteView input);
void hash256_batch(const Kernel& kernel, std::span<const ByteView> inputs, std::span<Hash256> outputs);
void hash512_batch(const Kernel& kernel, std::span<const ByteView> inputs, std::span<Hash512> outputs);

}  // namespace quarry::keccak_detail
