#include "evm/precompiles/bn254/multiply.hpp"

#if QUARRY_BN254_ADX
#include <cpuid.h>

#include "core/cpu.hpp"

namespace quarry::evm::bn254::detail {
bool has_adx() {
  // Leaf 7, EBX: bit 8 is BMI2 (mulx), bit 19 ADX (adcx, adox).
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (simd_level() == SimdLevel::portable || __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0)
    return false;
  return (ebx >> 8 & 1) != 0 && (ebx >> 19 & 1) != 0;
}
}  // namespace quarry::evm::bn254::detail
#endif
