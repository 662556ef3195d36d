#pragma once
/// \file
/// The inner loops of ethash, one set for each level of SIMD. Only hashimoto, cache and dataset call
/// them.

#include <cstddef>
#include <cstdint>

#include "core/cpu.hpp"

namespace quarry::ethash {

#define QUARRY_INLINE inline __attribute__((always_inline))

/// `value % divisor` without a division: the quotient is estimated one too small at most.
struct Remainder {
  std::uint32_t divisor = 2;  ///< at least 2
  std::uint32_t magic = 0;    ///< floor(2^shift / divisor)
  std::uint32_t shift = 32;   ///< 32 + floor(log2(divisor - 1))

  static Remainder of(std::uint32_t divisor);
  /// Always inline, as it is compiled for several processors.
  QUARRY_INLINE std::uint32_t operator()(std::uint32_t value) const {
    const auto quotient = static_cast<std::uint32_t>((std::uint64_t{value} * magic) >> shift);
    const std::uint32_t rest = value - quotient * divisor;
    return rest < rest - divisor ? rest : rest - divisor;
  }
};

struct CacheView {
  const std::uint32_t* words = nullptr;  ///< 16 a row, 64-byte aligned
  Remainder rows;
};

struct DatasetView {
  const std::uint32_t* words = nullptr;  ///< 32 a page
  Remainder pages;
};

struct Kernel {
  SimdLevel level;
  /// Dataset rows `indices[0..count)`, 16 words each, into `out`.
  void (*rows)(const CacheView& cache, const std::uint32_t* indices, std::size_t count, std::uint32_t* out);
  /// The 64 accesses of `count` hashes at once: mixes of 32 words each, changed in place; `heads` are
  /// the first words of their seeds.
  void (*light)(const CacheView& cache, const Remainder& pages, const std::uint32_t* heads,
                std::uint32_t* mixes, std::size_t count);
  void (*full)(const DatasetView& dataset, const std::uint32_t* heads, std::uint32_t* mixes,
               std::size_t count);
};

/// The kernel of a level, which the processor must have.
const Kernel& kernel_of(SimdLevel level);
/// The best this processor has, or what QUARRY_SIMD says.
const Kernel& kernel();

}  // namespace quarry::ethash
