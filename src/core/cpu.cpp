#include "core/cpu.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace quarry {
namespace {
constexpr SimdLevel kLevels[] = {SimdLevel::portable, SimdLevel::avx2, SimdLevel::avx512};

SimdLevel detect() {
#if defined(__x86_64__)
  // These ask the operating system too whether it saves the wide registers.
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2"))
    return SimdLevel::portable;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
    return SimdLevel::avx512;
  return SimdLevel::avx2;
#else
  return SimdLevel::portable;
#endif
}

bool detect_sha() {
#if defined(__x86_64__)
  // __builtin_cpu_supports() of GCC 12 does not know "sha": leaf 7, EBX bit 29.
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b >> 29 & 1) != 0 &&
         __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3");
#else
  return false;
#endif
}

SimdLevel detected() {
  static const SimdLevel level = detect();
  return level;
}

SimdLevel chosen() {
  const char* wish = std::getenv("QUARRY_SIMD");
  if (wish == nullptr) return detected();
  for (SimdLevel level : simd_levels())
    if (std::string_view(wish) == to_string(level)) return level;
  return detected();
}
}  // namespace

const char* to_string(SimdLevel level) {
  switch (level) {
    case SimdLevel::portable:
      return "portable";
    case SimdLevel::avx2:
      return "avx2";
    case SimdLevel::avx512:
      return "avx512";
  }
  return "?";
}

SimdLevel simd_level() {
  static const SimdLevel level = chosen();
  return level;
}

std::span<const SimdLevel> simd_levels() {
  return std::span(kLevels).first(static_cast<std::size_t>(detected()) + 1);
}

unsigned core_count() {
  return std::max(1u, std::thread::hardware_concurrency());
}

bool has_sha_instructions() {
  static const bool has = detect_sha();
  return has && simd_level() != SimdLevel::portable;
}

}  // namespace quarry
