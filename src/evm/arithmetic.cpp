#include "evm/arithmetic.hpp"

#include "core/limb_division.hpp"

namespace quarry::evm {
namespace {
using limbs::Wide;

U256 absolute(const U256& a) {
  return is_negative(a) ? negated(a) : a;
}

/// u[0..8) modulo `modulus`; u has room for nine limbs.
U256 reduce(std::uint64_t* u, const U256& modulus) {
  int m = 8, n = 4;
  while (m > 0 && u[m - 1] == 0) --m;
  while (modulus.limbs[n - 1] == 0) --n;
  U256 out;
  if (m >= n) {
    std::uint64_t d[4] = {modulus.limbs[0], modulus.limbs[1], modulus.limbs[2], modulus.limbs[3]};
    limbs::divide(u, m, d, n, [](int, std::uint64_t) {});
    m = n;
  }
  std::copy_n(u, m, out.limbs.begin());
  return out;
}
}  // namespace

U256 signed_divide(const U256& a, const U256& b) {
  const U256 quotient = absolute(a) / absolute(b);
  return is_negative(a) != is_negative(b) ? negated(quotient) : quotient;
}

U256 signed_modulo(const U256& a, const U256& b) {
  const U256 rest = absolute(a) % absolute(b);
  return is_negative(a) ? negated(rest) : rest;
}

U256 add_modulo(const U256& a, const U256& b, const U256& modulus) {
  if (modulus.is_zero()) return {};
  const U256 sum = a + b;
  std::uint64_t u[9] = {sum.limbs[0], sum.limbs[1], sum.limbs[2], sum.limbs[3], sum < a};
  return reduce(u, modulus);
}

U256 multiply_modulo(const U256& a, const U256& b, const U256& modulus) {
  if (modulus.is_zero()) return {};
  std::uint64_t u[9] = {};
  for (int i = 0; i < 4; ++i) {
    Wide carry = 0;
    for (int j = 0; j < 4; ++j) {
      carry += Wide{a.limbs[i]} * b.limbs[j] + u[i + j];
      u[i + j] = limbs::low(carry);
      carry >>= 64;
    }
    u[i + 4] = limbs::low(carry);
  }
  return reduce(u, modulus);
}

U256 power(U256 base, const U256& exponent) {
  U256 out = 1;
  const unsigned bits = exponent.bit_length();
  if (base == U256{2}) return exponent.fits_u64() && bits <= 8 ? U256{1} << exponent.limbs[0] : U256{};
  for (unsigned i = 0; i < bits; ++i) {
    if (exponent.bit(i)) out *= base;
    base *= base;
  }
  return out;
}

U256 sign_extended(const U256& index, const U256& value) {
  if (!index.fits_u64() || index.limbs[0] >= 31) return value;
  const auto bits = static_cast<unsigned>(8 * index.limbs[0] + 8);
  const U256 above = U256::max() << bits;
  return value.bit(bits - 1) ? value | above : value & ~above;
}

}  // namespace quarry::evm
