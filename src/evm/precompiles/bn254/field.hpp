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
  friend constexpr Fp operator*(const Fp& a, const Fp& b);
  constexpr Fp operator-() const { return Fp{} - *this; }
  constexpr Fp squared() const { return *this * *this; }
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

namespace detail {
using Wide = unsigned __int128;
/// -1/p modulo 2^64
inline constexpr std::uint64_t kMinusInverse = 0x87d20782e4866389;
static_assert(kMinusInverse * kFieldModulus.limbs[0] == ~std::uint64_t{0});

/// acc + a * b + carry; the upper half becomes the new carry.
constexpr std::uint64_t multiply_add(std::uint64_t acc, std::uint64_t a, std::uint64_t b,
                                     std::uint64_t& carry) {
  const Wide sum = Wide{a} * b + acc + carry;
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
  U256 less;
  std::uint64_t borrow = 0;
  for (int i = 0; i < 4; ++i)
    less.limbs[i] = detail::subtract(value.limbs[i], kFieldModulus.limbs[i], borrow);
  const std::uint64_t keep = 0 - borrow;
  for (int i = 0; i < 4; ++i) less.limbs[i] = (value.limbs[i] & keep) | (less.limbs[i] & ~keep);
  return less;
}

constexpr U256 Fp::power_of_two(int doublings) {
  U256 out{1};
  for (int i = 0; i < doublings; ++i) out = reduced(out + out);
  return out;
}

constexpr Fp operator+(const Fp& a, const Fp& b) {
  return Fp::raw(Fp::reduced(a.value_ + b.value_));  // below 2^255: no carry out
}

constexpr Fp operator-(const Fp& a, const Fp& b) {
  U256 out;
  std::uint64_t borrow = 0;
  for (int i = 0; i < 4; ++i) out.limbs[i] = detail::subtract(a.value_.limbs[i], b.value_.limbs[i], borrow);
  const std::uint64_t mask = 0 - borrow;
  detail::Wide carry = 0;
  for (int i = 0; i < 4; ++i) {
    carry += detail::Wide{out.limbs[i]} + (kFieldModulus.limbs[i] & mask);
    out.limbs[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
  return Fp::raw(out);
}

/// Montgomery multiplication, operand scanning; since p's two top bits are clear, the two carries of a row
/// sum up without overflow.
constexpr Fp operator*(const Fp& a, const Fp& b) {
  const auto& x = a.value_.limbs;
  const auto& p = kFieldModulus.limbs;
  std::uint64_t t0 = 0, t1 = 0, t2 = 0, t3 = 0;
  for (int i = 0; i < 4; ++i) {
    const std::uint64_t y = b.value_.limbs[i];
    std::uint64_t high = 0, low = 0;
    t0 = detail::multiply_add(t0, x[0], y, high);
    const std::uint64_t m = t0 * detail::kMinusInverse;
    detail::multiply_add(t0, m, p[0], low);
    t1 = detail::multiply_add(t1, x[1], y, high);
    t0 = detail::multiply_add(t1, m, p[1], low);
    t2 = detail::multiply_add(t2, x[2], y, high);
    t1 = detail::multiply_add(t2, m, p[2], low);
    t3 = detail::multiply_add(t3, x[3], y, high);
    t2 = detail::multiply_add(t3, m, p[3], low);
    t3 = high + low;
  }
  return Fp::raw(Fp::reduced(U256{t3, t2, t1, t0}));
}

constexpr Fp::Fp(std::uint64_t value) : value_((raw(U256{value}) * raw(power_of_two(512))).value_) {}

constexpr Fp Fp::halved() const {
  const U256 even = value_.limbs[0] % 2 == 0 ? value_ : value_ + kFieldModulus;
  return raw(even >> 1);
}

}  // namespace quarry::evm::bn254
