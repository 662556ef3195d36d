#pragma once
/// \file
/// Montgomery multiplication modulo p, twice: in C++, and for processors with ADX and BMI2 in assembly, since
/// no compiler keeps two chains of carries going at once. Both give a * b / 2^256 below 2p for a and b below
/// p.

#include "evm/precompiles/bn254/field.hpp"

#if defined(__x86_64__)
#define QUARRY_BN254_ADX 1
#else
#define QUARRY_BN254_ADX 0
#endif

namespace quarry::evm::bn254::detail {

/// p, then -1/p modulo 2^64.
inline constexpr std::uint64_t kModulus[5] = {kFieldModulus.limbs[0], kFieldModulus.limbs[1],
                                              kFieldModulus.limbs[2], kFieldModulus.limbs[3],
                                              0x87d20782e4866389};
static_assert(kModulus[4] * kModulus[0] == ~std::uint64_t{0});

/// acc + a * b + carry; the upper half becomes the new carry.
inline std::uint64_t multiply_add(std::uint64_t acc, std::uint64_t a, std::uint64_t b, std::uint64_t& carry) {
  const Wide sum = Wide{a} * b + acc + carry;
  carry = static_cast<std::uint64_t>(sum >> 64);
  return static_cast<std::uint64_t>(sum);
}

/// Operand scanning. p's two top bits are clear, so the two carries of a row sum up without overflow.
inline U256 multiply_portable(const U256& a, const U256& b) {
  const auto& x = a.limbs;
  const auto& p = kModulus;
  std::uint64_t t0 = 0, t1 = 0, t2 = 0, t3 = 0;
  const auto row = [&](std::uint64_t y) {
    std::uint64_t high = 0, low = 0;
    t0 = multiply_add(t0, x[0], y, high);
    const std::uint64_t m = t0 * p[4];
    multiply_add(t0, m, p[0], low);
    t1 = multiply_add(t1, x[1], y, high);
    t0 = multiply_add(t1, m, p[1], low);
    t2 = multiply_add(t2, x[2], y, high);
    t1 = multiply_add(t2, m, p[2], low);
    t3 = multiply_add(t3, x[3], y, high);
    t2 = multiply_add(t3, m, p[3], low);
    t3 = high + low;
  };
  row(b.limbs[0]);
  row(b.limbs[1]);
  row(b.limbs[2]);
  row(b.limbs[3]);
  return {t3, t2, t1, t0};
}

#if QUARRY_BN254_ADX
/// Whether multiply_adx runs here. Not when the environment asks for portable code (core/cpu.hpp).
bool has_adx();

// One row each: t += a * b[i], whose fifth limb is t4; then t = (t + m p) / 2^64. adox and adcx carry in
// flags of their own; xor clears both.
#define QUARRY_ROW_FIRST            \
  "movq 0(%[b]), %%rdx\n\t"         \
  "xorl %k[z], %k[z]\n\t"           \
  "mulxq 0(%[a]), %[t0], %[t1]\n\t" \
  "mulxq 8(%[a]), %[u], %[t2]\n\t"  \
  "adoxq %[u], %[t1]\n\t"           \
  "mulxq 16(%[a]), %[u], %[t3]\n\t" \
  "adoxq %[u], %[t2]\n\t"           \
  "mulxq 24(%[a]), %[u], %[t4]\n\t" \
  "adoxq %[u], %[t3]\n\t"           \
  "adoxq %[z], %[t4]\n\t"
#define QUARRY_ROW(offset)          \
  "movq " offset                    \
  "(%[b]), %%rdx\n\t"               \
  "xorl %k[z], %k[z]\n\t"           \
  "mulxq 0(%[a]), %[u], %[t4]\n\t"  \
  "adoxq %[u], %[t0]\n\t"           \
  "adcxq %[t4], %[t1]\n\t"          \
  "mulxq 8(%[a]), %[u], %[t4]\n\t"  \
  "adoxq %[u], %[t1]\n\t"           \
  "adcxq %[t4], %[t2]\n\t"          \
  "mulxq 16(%[a]), %[u], %[t4]\n\t" \
  "adoxq %[u], %[t2]\n\t"           \
  "adcxq %[t4], %[t3]\n\t"          \
  "mulxq 24(%[a]), %[u], %[t4]\n\t" \
  "adoxq %[u], %[t3]\n\t"           \
  "movl $0, %k[u]\n\t"              \
  "adcxq %[u], %[t4]\n\t"           \
  "adoxq %[u], %[t4]\n\t"
#define QUARRY_REDUCE              \
  "movq 32(%[p]), %%rdx\n\t"       \
  "imulq %[t0], %%rdx\n\t"         \
  "xorl %k[z], %k[z]\n\t"          \
  "mulxq 0(%[p]), %[u], %[z]\n\t"  \
  "adcxq %[t0], %[u]\n\t"          \
  "movq %[z], %[t0]\n\t"           \
  "mulxq 8(%[p]), %[u], %[z]\n\t"  \
  "adcxq %[t1], %[t0]\n\t"         \
  "adoxq %[u], %[t0]\n\t"          \
  "movq %[z], %[t1]\n\t"           \
  "mulxq 16(%[p]), %[u], %[z]\n\t" \
  "adcxq %[t2], %[t1]\n\t"         \
  "adoxq %[u], %[t1]\n\t"          \
  "movq %[z], %[t2]\n\t"           \
  "mulxq 24(%[p]), %[u], %[z]\n\t" \
  "adcxq %[t3], %[t2]\n\t"         \
  "adoxq %[u], %[t2]\n\t"          \
  "movq %[z], %[t3]\n\t"           \
  "movl $0, %k[u]\n\t"             \
  "adcxq %[u], %[t3]\n\t"          \
  "adoxq %[t4], %[t3]\n\t"

inline U256 multiply_adx(const U256& a, const U256& b) {
  std::uint64_t t0, t1, t2, t3, t4, u, z;
  asm(QUARRY_ROW_FIRST QUARRY_REDUCE QUARRY_ROW("8") QUARRY_REDUCE QUARRY_ROW("16")
          QUARRY_REDUCE QUARRY_ROW("24") QUARRY_REDUCE
      : [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [t4] "=&r"(t4), [u] "=&r"(u),
        [z] "=&r"(z)
      : [a] "r"(a.limbs.data()), [b] "r"(b.limbs.data()), [p] "r"(kModulus), "m"(a), "m"(b), "m"(kModulus)
      : "rdx", "cc");
  return {t3, t2, t1, t0};
}
#undef QUARRY_ROW_FIRST
#undef QUARRY_ROW
#undef QUARRY_REDUCE
#endif

}  // namespace quarry::evm::bn254::detail
