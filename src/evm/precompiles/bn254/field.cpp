#include "evm/precompiles/bn254/field.hpp"

#include <gmp.h>

#include <algorithm>

#include "core/check.hpp"
#include "evm/precompiles/bn254/multiply.hpp"

namespace quarry::evm::bn254 {
namespace {
#if QUARRY_BN254_ADX
const bool use_adx = detail::has_adx();
#endif
}  // namespace

Fp operator*(const Fp& a, const Fp& b) {
#if QUARRY_BN254_ADX
  if (use_adx) return Fp::raw(Fp::reduced(detail::multiply_adx(a.value_, b.value_)));
#endif
  return Fp::raw(Fp::reduced(detail::multiply_portable(a.value_, b.value_)));
}

std::optional<Fp> Fp::from_be(ByteView bytes) {
  static constexpr U256 kSquare = power_of_two(512);
  const U256 value = U256::from_be(bytes);
  if (value >= kFieldModulus) return std::nullopt;
  return raw(value) * raw(kSquare);
}

std::array<std::uint8_t, 32> Fp::to_be() const {
  return (*this * raw(U256{1})).value_.to_be();
}

Fp Fp::inverse() const {
  static_assert(sizeof(mp_limb_t) == 8 && GMP_NAIL_BITS == 0);
  static constexpr U256 kCube = power_of_two(768);
  if (is_zero()) return {};
  // gcd(value + p, p) = 1 = (value + p) * s + p * t. GMP writes over its operands and one limb past them.
  const U256 sum = value_ + kFieldModulus;
  mp_limb_t u[5], v[5], gcd[5], s[5];
  std::copy_n(sum.limbs.data(), 4, u);
  std::copy_n(kFieldModulus.limbs.data(), 4, v);
  mp_size_t size = 0;
  QUARRY_CHECK(mpn_gcdext(gcd, s, &size, u, 4, v, 4) == 1 && gcd[0] == 1);
  U256 found;
  std::copy_n(s, std::abs(size), found.limbs.data());
  if (size < 0) found = kFieldModulus - found;
  return raw(found) * raw(kCube);
}

}  // namespace quarry::evm::bn254
