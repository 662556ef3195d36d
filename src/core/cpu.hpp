#pragma once
/// \file
/// What this machine's processors can do, and how many there are.

#include <cstdint>
#include <span>

namespace quarry {

/// Each level includes the ones before it.
enum class SimdLevel : std::uint8_t {
  portable,
  avx2,    ///< AVX2, BMI1 and BMI2
  avx512,  ///< AVX-512 F, VL, BW and DQ
};
const char* to_string(SimdLevel level);

/// What to use: the best the processor and the operating system have, or less when the environment
/// says so (QUARRY_SIMD=portable, avx2 or avx512; for tests and measurements).
SimdLevel simd_level();
/// All that this processor has, `portable` first.
std::span<const SimdLevel> simd_levels();

/// Threads that can run at once; 1 where the system does not tell.
unsigned core_count();

/// SHA-256 instructions (SHA-NI) are there, and QUARRY_SIMD does not ask for portable code.
bool has_sha_instructions();

}  // namespace quarry
