#include "consensus/ethash/kernel.hpp"

#include <bit>

#include "consensus/ethash/kernel_table.hpp"
#include "core/check.hpp"

namespace quarry::ethash {

Remainder Remainder::of(std::uint32_t divisor) {
  QUARRY_CHECK(divisor >= 2);
  Remainder out;
  out.divisor = divisor;
  out.shift = 31 + static_cast<std::uint32_t>(std::bit_width(divisor - 1));
  out.magic = static_cast<std::uint32_t>((std::uint64_t{1} << out.shift) / divisor);
  return out;
}

const Kernel& kernel_of(SimdLevel level) {
#if defined(__x86_64__)
  switch (level) {
    case SimdLevel::avx2:
      return kAvx2Kernel;
    case SimdLevel::avx512:
      return kAvx512Kernel;
    case SimdLevel::portable:
      break;
  }
#endif
  (void)level;
  return kPortableKernel;
}

const Kernel& kernel() {
  static const Kernel& chosen = kernel_of(simd_level());
  return chosen;
}

}  // namespace quarry::ethash
