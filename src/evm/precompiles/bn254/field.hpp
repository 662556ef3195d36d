#pragma once
/// \file
/// The base field of BN254 ("alt_bn128" of EIP-196): integers modulo p in Montgomery form, four limbs each.
/// Nothing here is secret, so nothing is written for constant time.

#include <array>
#include <optional>

#include "core/u256.hpp"

namespace quarry::evm::bn254 {

/// EIP-196: p, the field's modulus, and the order r of the groups.
inline constexpr U256 kFieldModulus{0x30644e72e131a029, 0xb85045b68181585d, 0x97816a916871ca8d,
                                    0x3c208c16d87cfd47};
inline constexpr U256 kGroupOrder{0x30644e72e131a029, 0xb85045b68181585d, 0x2833e84879b97091,
                                  0x43e1f593f0000001};

class Fp {
 public:
  constexpr Fp() = default;
  /// A small number.
  constexpr explicit Fp(std::uint64_t value);

  /// Reads 32 big-endian bytes; nothing when the number is not below p.
  static std::optional<Fp> from_be(ByteView bytes);
  std::array<std::uint8_t, 32> to_be() const;

  constexpr bool is_zero() const { return value_.is_zero(); }
  friend constexpr bool operator==(const Fp&, const Fp&) = default;

  friend constexpr Fp operator+(const Fp& a, const Fp& b);
  friend constexpr Fp operator-(const Fp& a, const Fp& b);
  friend Fp operator*(const Fp& a, const Fp& b);
  constexpr Fp operator-() const { return Fp{} - *this; }
  Fp squared() const { return *this * *this; }
  constexpr Fp doubled() const { return *this + *this; }
  constexpr Fp halved() const;
  /// Zero for zero.
  Fp inverse() const;

 private:
  static constexpr Fp raw(const U256& limbs) {
    Fp out;
    out.value_ = limbs;
    return out;
  }
  /// `value`, which is below 2p, less p where that is not negative.
  static constexpr U256 reduced(const U256& value);
  /// 2^doublings modulo p.
  static constexpr U256 power_of_two(int doublings);

  U256 value_;  ///< times 2^256 modulo p
};

// ------------------------------------------------------------------------------------------------------------
// Limbs are named one by one: GCC leaves loops over them rolled up, at three times the cost.

namespace detail {
using Wide = unsigned __int128;

constexpr std::uint64_t add(std::uint64_t a, std::uint64_t b, std::uint64_t& carry) {
  const Wide sum = Wide{a} + b + carry;
  carry = static_cast<std::uint64_t>(sum >> 64);
  return static_cast<std::uint64_t>(sum);
}
constexpr std::uint64_t subtract(std::uint64_t a, std::uint64_t b, std::uint64_t& borrow) {
  const Wide difference = Wide{a} - b - borrow;
  borrow = static_cast<std::uint64_t>(difference >> 64) & 1;
  return static_cast<std::uint64_t>(difference);
}
}  // namespace detail

constexpr U256 Fp::reduced(const U256& value) {
  const auto& [v0, v1, v2, v3] = value.limbs;
  const auto& p = kFieldModulus.limbs;
  std::uint64_t borrow = 0;
  const std::uint64_t r0 = detail::subtract(v0, p[0], borrow), r1 = detail::subtract(v1, p[1], borrow);
  const std::uint64_t r2 = detail::subtract(v2, p[2], borrow), r3 = detail::subtract(v3, p[3], borrow);
  return {borrow ? v3 : r3, borrow ? v2 : r2, borrow ? v1 : r1, borrow ? v0 : r0};
}

constexpr U256 Fp::power_of_two(int doublings) {
  U256 out{1};
  for (int i = 0; i < doublings; ++i) out = reduced(out + out);
  return out;
}

constexpr Fp operator+(const Fp& a, const Fp& b) {
  const auto &x = a.value_.limbs, &y = b.value_.limbs;
  std::uint64_t carry = 0;  // none out: the sum is below 2^255
  const std::uint64_t s0 = detail::add(x[0], y[0], carry), s1 = detail::add(x[1], y[1], carry);
  const std::uint64_t s2 = detail::add(x[2], y[2], carry), s3 = detail::add(x[3], y[3], carry);
  return Fp::raw(Fp::reduced({s3, s2, s1, s0}));
}

constexpr Fp operator-(const Fp& a, const Fp& b) {
  const auto &x = a.value_.limbs, &y = b.value_.limbs, &p = kFieldModulus.limbs;
  std::uint64_t borrow = 0, carry = 0;
  const std::uint64_t d0 = detail::subtract(x[0], y[0], borrow), d1 = detail::subtract(x[1], y[1], borrow);
  const std::uint64_t d2 = detail::subtract(x[2], y[2], borrow), d3 = detail::subtract(x[3], y[3], borrow);
  const std::uint64_t mask = 0 - borrow;
  const std::uint64_t r0 = detail::add(d0, p[0] & mask, carry), r1 = detail::add(d1, p[1] & mask, carry);
  const std::uint64_t r2 = detail::add(d2, p[2] & mask, carry), r3 = detail::add(d3, p[3] & mask, carry);
  return Fp::raw({r3, r2, r1, r0});
}

constexpr Fp::Fp(std::uint64_t value) {
  for (int bit = 63; bit >= 0; --bit) {
    *this = doubled();
    if (value >> bit & 1) *this = *this + raw(power_of_two(256));
  }
}

constexpr Fp Fp::halved() const {
  const U256 even = value_.limbs[0] % 2 == 0 ? value_ : value_ + kFieldModulus;
  return raw(even >> 1);
}

}  // namespace quarry::evm::bn254
