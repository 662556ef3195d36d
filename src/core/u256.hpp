#pragma once
/// \file
/// Unsigned 256-bit integers, modulo 2^256, as the Yellow Paper's words.

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/bytes.hpp"

namespace quarry {

struct U256 {
  /// Least significant limb first.
  std::array<std::uint64_t, 4> limbs{};

  constexpr U256() = default;
  constexpr U256(std::uint64_t value) : limbs{value, 0, 0, 0} {}  // NOLINT: numbers convert
  constexpr U256(std::uint64_t l3, std::uint64_t l2, std::uint64_t l1, std::uint64_t l0)
      : limbs{l0, l1, l2, l3} {}

  static constexpr U256 max() { return ~U256{}; }

  /// Reads at most 32 big-endian bytes.
  static U256 from_be(ByteView bytes);
  /// All 32 big-endian bytes.
  std::array<std::uint8_t, 32> to_be() const;
  /// Decimal digits, or hex digits after "0x"; nothing when malformed or above 2^256 - 1.
  static std::optional<U256> parse(std::string_view text);
  std::string to_decimal() const;
  /// JSON-RPC QUANTITY: "0x" and no leading zeros.
  std::string to_quantity() const;

  constexpr bool is_zero() const { return (limbs[0] | limbs[1] | limbs[2] | limbs[3]) == 0; }
  constexpr bool fits_u64() const { return (limbs[1] | limbs[2] | limbs[3]) == 0; }
  /// The low 64 bits.
  constexpr std::uint64_t low64() const { return limbs[0]; }
  constexpr unsigned bit_length() const {
    for (int i = 3; i >= 0; --i)
      if (limbs[i] != 0) return static_cast<unsigned>(64 * i + 64 - std::countl_zero(limbs[i]));
    return 0;
  }
  constexpr bool bit(unsigned index) const { return limbs[index / 64] >> (index % 64) & 1; }

  friend constexpr bool operator==(const U256& a, const U256& b) {
    return ((a.limbs[0] ^ b.limbs[0]) | (a.limbs[1] ^ b.limbs[1]) | (a.limbs[2] ^ b.limbs[2]) |
            (a.limbs[3] ^ b.limbs[3])) == 0;
  }
  friend constexpr bool operator<(const U256& a, const U256& b) {
    U256 difference;
    return subtract(a, b, difference);
  }
  friend constexpr std::strong_ordering operator<=>(const U256& a, const U256& b) {
    for (int i = 3; i >= 0; --i)
      if (a.limbs[i] != b.limbs[i]) return a.limbs[i] <=> b.limbs[i];
    return std::strong_ordering::equal;
  }

  friend constexpr U256 operator~(const U256& a) {
    return {~a.limbs[3], ~a.limbs[2], ~a.limbs[1], ~a.limbs[0]};
  }
  friend constexpr U256 operator&(const U256& a, const U256& b) {
    return {a.limbs[3] & b.limbs[3], a.limbs[2] & b.limbs[2], a.limbs[1] & b.limbs[1],
            a.limbs[0] & b.limbs[0]};
  }
  friend constexpr U256 operator|(const U256& a, const U256& b) {
    return {a.limbs[3] | b.limbs[3], a.limbs[2] | b.limbs[2], a.limbs[1] | b.limbs[1],
            a.limbs[0] | b.limbs[0]};
  }
  friend constexpr U256 operator^(const U256& a, const U256& b) {
    return {a.limbs[3] ^ b.limbs[3], a.limbs[2] ^ b.limbs[2], a.limbs[1] ^ b.limbs[1],
            a.limbs[0] ^ b.limbs[0]};
  }
  friend constexpr U256 operator+(const U256& a, const U256& b) {
    U256 out;
    add(a, b, out);
    return out;
  }
  friend constexpr U256 operator-(const U256& a, const U256& b) {
    U256 out;
    subtract(a, b, out);
    return out;
  }
  friend constexpr U256 operator*(const U256& a, const U256& b) {
    // Row by row and written out: the compiler then keeps it all in registers.
    U256 out;
    std::uint64_t carry = 0;
    out.limbs[0] = multiply_add(a.limbs[0], b.limbs[0], 0, carry);
    out.limbs[1] = multiply_add(a.limbs[0], b.limbs[1], 0, carry);
    out.limbs[2] = multiply_add(a.limbs[0], b.limbs[2], 0, carry);
    out.limbs[3] = a.limbs[0] * b.limbs[3] + carry;
    carry = 0;
    out.limbs[1] = multiply_add(a.limbs[1], b.limbs[0], out.limbs[1], carry);
    out.limbs[2] = multiply_add(a.limbs[1], b.limbs[1], out.limbs[2], carry);
    out.limbs[3] += a.limbs[1] * b.limbs[2] + carry;
    carry = 0;
    out.limbs[2] = multiply_add(a.limbs[2], b.limbs[0], out.limbs[2], carry);
    out.limbs[3] += a.limbs[2] * b.limbs[1] + carry + a.limbs[3] * b.limbs[0];
    return out;
  }
  friend constexpr U256 operator<<(const U256& a, unsigned shift) {
    const auto [l0, l1, l2, l3] = a.limbs;
    const unsigned part = shift % 64;
    switch (shift / 64) {
      case 0:
        return {above(l3, l2, part), above(l2, l1, part), above(l1, l0, part), l0 << part};
      case 1:
        return {above(l2, l1, part), above(l1, l0, part), l0 << part, 0};
      case 2:
        return {above(l1, l0, part), l0 << part, 0, 0};
      case 3:
        return {l0 << part, 0, 0, 0};
    }
    return {};
  }
  friend constexpr U256 operator>>(const U256& a, unsigned shift) {
    const auto [l0, l1, l2, l3] = a.limbs;
    const unsigned part = shift % 64;
    switch (shift / 64) {
      case 0:
        return {l3 >> part, below(l3, l2, part), below(l2, l1, part), below(l1, l0, part)};
      case 1:
        return {0, l3 >> part, below(l3, l2, part), below(l2, l1, part)};
      case 2:
        return {0, 0, l3 >> part, below(l3, l2, part)};
      case 3:
        return {0, 0, 0, l3 >> part};
    }
    return {};
  }
  /// Division by zero gives zero, as the EVM has it.
  friend U256 operator/(const U256& a, const U256& b);
  friend U256 operator%(const U256& a, const U256& b);

  U256& operator+=(const U256& b) { return *this = *this + b; }
  U256& operator-=(const U256& b) { return *this = *this - b; }
  U256& operator*=(const U256& b) { return *this = *this * b; }

 private:
  /// The low half of a * b + c + carry; the high half becomes the carry.
  static constexpr std::uint64_t multiply_add(std::uint64_t a, std::uint64_t b, std::uint64_t c,
                                              std::uint64_t& carry) {
    const unsigned __int128 sum = static_cast<unsigned __int128>(a) * b + c + carry;
    carry = static_cast<std::uint64_t>(sum >> 64);
    return static_cast<std::uint64_t>(sum);
  }
  /// The upper limb of (high, low) << part, and the lower one of (high, low) >> part; part < 64.
  static constexpr std::uint64_t above(std::uint64_t high, std::uint64_t low, unsigned part) {
    return high << part | low >> 1 >> (63 - part);
  }
  static constexpr std::uint64_t below(std::uint64_t high, std::uint64_t low, unsigned part) {
    return low >> part | high << 1 << (63 - part);
  }

#if defined(__clang__)
#define QUARRY_CARRY_CHAINS
  using Limb = unsigned long long;
  using Flag = unsigned long long;
  static Flag add_limb(Flag carry, Limb a, Limb b, Limb& out) {
    out = __builtin_addcll(a, b, carry, &carry);
    return carry;
  }
  static Flag subtract_limb(Flag borrow, Limb a, Limb b, Limb& out) {
    out = __builtin_subcll(a, b, borrow, &borrow);
    return borrow;
  }
#elif defined(__GNUC__) && defined(__x86_64__)
#define QUARRY_CARRY_CHAINS
  // What <immintrin.h>, which is large, calls _addcarry_u64 and _subborrow_u64.
  using Limb = unsigned long long;
  using Flag = unsigned char;
  static Flag add_limb(Flag carry, Limb a, Limb b, Limb& out) {
    return __builtin_ia32_addcarryx_u64(carry, a, b, &out);
  }
  static Flag subtract_limb(Flag borrow, Limb a, Limb b, Limb& out) {
    return __builtin_ia32_sbb_u64(borrow, a, b, &out);
  }
#endif

  /// out = a + b; the carry out.
  static constexpr bool add(const U256& a, const U256& b, U256& out) {
#if defined(QUARRY_CARRY_CHAINS)
    if (!std::is_constant_evaluated()) {
      Limb l0, l1, l2, l3;
      Flag carry = 0;
      carry = add_limb(carry, a.limbs[0], b.limbs[0], l0);
      carry = add_limb(carry, a.limbs[1], b.limbs[1], l1);
      carry = add_limb(carry, a.limbs[2], b.limbs[2], l2);
      carry = add_limb(carry, a.limbs[3], b.limbs[3], l3);
      out = {l3, l2, l1, l0};
      return carry != 0;
    }
#endif
    unsigned __int128 carry = 0;
    for (int i = 0; i < 4; ++i) {
      carry += static_cast<unsigned __int128>(a.limbs[i]) + b.limbs[i];
      out.limbs[i] = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
    return carry != 0;
  }

  /// out = a - b; whether it borrowed.
  static constexpr bool subtract(const U256& a, const U256& b, U256& out) {
#if defined(QUARRY_CARRY_CHAINS)
    if (!std::is_constant_evaluated()) {
      Limb l0, l1, l2, l3;
      Flag borrow = 0;
      borrow = subtract_limb(borrow, a.limbs[0], b.limbs[0], l0);
      borrow = subtract_limb(borrow, a.limbs[1], b.limbs[1], l1);
      borrow = subtract_limb(borrow, a.limbs[2], b.limbs[2], l2);
      borrow = subtract_limb(borrow, a.limbs[3], b.limbs[3], l3);
      out = {l3, l2, l1, l0};
      return borrow != 0;
    }
#endif
    return !add(a, add_one(~b), out) && !b.is_zero();
  }
  static constexpr U256 add_one(U256 a) {
    for (auto& limb : a.limbs)
      if (++limb != 0) break;
    return a;
  }
};

struct U256Division {
  U256 quotient;
  U256 remainder;
};
/// Both zero when `divisor` is zero.
U256Division divide(const U256& dividend, const U256& divisor);

/// Nothing when the sum passes 2^256 - 1.
std::optional<U256> checked_add(const U256& a, const U256& b);

/// The nearest double: for rates and estimates shown to people.
double to_double(const U256& value);

}  // namespace quarry
