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

  friend constexpr bool operator==(const U256&, const U256&) = default;
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
    unsigned __int128 carry = 0;
    for (int i = 0; i < 4; ++i) {
      carry += static_cast<unsigned __int128>(a.limbs[i]) + b.limbs[i];
      out.limbs[i] = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
    return out;
  }
  friend constexpr U256 operator-(const U256& a, const U256& b) { return a + ~b + U256{1}; }
  friend constexpr U256 operator*(const U256& a, const U256& b) {
    U256 out;
    for (int i = 0; i < 4; ++i) {
      unsigned __int128 carry = 0;
      for (int j = 0; i + j < 4; ++j) {
        carry += static_cast<unsigned __int128>(a.limbs[i]) * b.limbs[j] + out.limbs[i + j];
        out.limbs[i + j] = static_cast<std::uint64_t>(carry);
        carry >>= 64;
      }
    }
    return out;
  }
  friend constexpr U256 operator<<(const U256& a, unsigned shift) {
    if (shift >= 256) return {};
    U256 out;
    const unsigned whole = shift / 64, part = shift % 64;
    for (unsigned i = 3; i + 1 > whole; --i) {
      out.limbs[i] = a.limbs[i - whole] << part;
      if (part != 0 && i > whole) out.limbs[i] |= a.limbs[i - whole - 1] >> (64 - part);
    }
    return out;
  }
  friend constexpr U256 operator>>(const U256& a, unsigned shift) {
    if (shift >= 256) return {};
    U256 out;
    const unsigned whole = shift / 64, part = shift % 64;
    for (unsigned i = 0; i + whole < 4; ++i) {
      out.limbs[i] = a.limbs[i + whole] >> part;
      if (part != 0 && i + whole < 3) out.limbs[i] |= a.limbs[i + whole + 1] << (64 - part);
    }
    return out;
  }
  /// Division by zero gives zero, as the EVM has it.
  friend U256 operator/(const U256& a, const U256& b);
  friend U256 operator%(const U256& a, const U256& b);

  U256& operator+=(const U256& b) { return *this = *this + b; }
  U256& operator-=(const U256& b) { return *this = *this - b; }
  U256& operator*=(const U256& b) { return *this = *this * b; }
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
