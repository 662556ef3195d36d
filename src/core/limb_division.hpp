#pragma once
/// \file
/// Division of numbers of several 64-bit limbs by multiplication with a reciprocal (N. Möller, T. Granlund,
/// "Improved division by invariant integers", 2011; D. Knuth, The Art of Computer Programming 4.3.1).

#include <bit>
#include <cstdint>

namespace quarry::limbs {
using Wide = unsigned __int128;

inline std::uint64_t high(Wide value) {
  return static_cast<std::uint64_t>(value >> 64);
}
inline std::uint64_t low(Wide value) {
  return static_cast<std::uint64_t>(value);
}
inline Wide wide(std::uint64_t high, std::uint64_t low) {
  return Wide{high} << 64 | low;
}

/// floor((2^128 - 1) / divisor) - 2^64; the divisor's top bit is set.
inline std::uint64_t reciprocal(std::uint64_t divisor) {
#if defined(__x86_64__)
  // The quotient fits, which the compiler cannot know: it would call a function for 128 by 128 bits.
  std::uint64_t quotient, rest;
  asm("divq %4" : "=a"(quotient), "=d"(rest) : "0"(~std::uint64_t{0}), "1"(~divisor), "r"(divisor) : "cc");
  return quotient;
#else
  return low(wide(~divisor, ~std::uint64_t{0}) / divisor);
#endif
}

/// The same of a divisor of two limbs: what its upper limb's reciprocal becomes with the lower one.
inline std::uint64_t reciprocal(std::uint64_t d1, std::uint64_t d0) {
  std::uint64_t v = reciprocal(d1);
  std::uint64_t p = d1 * v + d0;
  if (p < d0) {
    --v;
    if (p >= d1) --v, p -= d1;
    p -= d1;
  }
  const Wide t = Wide{v} * d0;
  p += high(t);
  if (p < high(t)) {
    --v;
    if (p > d1 || (p == d1 && low(t) >= d0)) --v;
  }
  return v;
}

/// (u1, u0) / d with d's reciprocal v; u1 < d. Sets u1 to the remainder.
inline std::uint64_t divide_2by1(std::uint64_t& u1, std::uint64_t u0, std::uint64_t d, std::uint64_t v) {
  Wide q = Wide{v} * u1;
  q += wide(u1, u0);
  std::uint64_t quotient = high(q) + 1;
  std::uint64_t rest = u0 - quotient * d;
  if (rest > low(q)) --quotient, rest += d;
  if (rest >= d) [[unlikely]]
    ++quotient, rest -= d;
  u1 = rest;
  return quotient;
}

/// (u2, u1, u0) / d with d's reciprocal v; (u2, u1) < d. Sets `rest` to the remainder.
inline std::uint64_t divide_3by2(std::uint64_t u2, std::uint64_t u1, std::uint64_t u0, Wide d,
                                 std::uint64_t v, Wide& rest) {
  Wide q = Wide{v} * u2;
  q += wide(u2, u1);
  std::uint64_t quotient = high(q);
  rest = wide(u1 - quotient * high(d), u0) - Wide{low(d)} * quotient - d;
  ++quotient;
  if (high(rest) >= low(q)) --quotient, rest += d;
  if (rest >= d) [[unlikely]]
    ++quotient, rest -= d;
  return quotient;
}

/// x[0..n) -= y[0..n) * factor; what is to be taken from x[n].
inline std::uint64_t subtract_product(std::uint64_t* x, const std::uint64_t* y, int n, std::uint64_t factor) {
  std::uint64_t borrow = 0;
  for (int i = 0; i < n; ++i) {
    const Wide product = Wide{y[i]} * factor + borrow;
    const std::uint64_t before = x[i];
    x[i] = before - low(product);
    borrow = high(product) + (before < low(product));
  }
  return borrow;
}

/// x[0..n) += y[0..n); the carry.
inline std::uint64_t add_to(std::uint64_t* x, const std::uint64_t* y, int n) {
  Wide carry = 0;
  for (int i = 0; i < n; ++i) {
    carry += Wide{x[i]} + y[i];
    x[i] = low(carry);
    carry >>= 64;
  }
  return low(carry);
}

/// Divides u[0..m] (m + 1 limbs, the top one less than the divisor's) by d[0..n), n >= 2, whose top bit is
/// set. Leaves the remainder in u[0..n); gives each quotient limb to `take(index, limb)`.
template <class Take>
void divide_normalized(std::uint64_t* u, int m, const std::uint64_t* d, int n, Take take) {
  const Wide top = wide(d[n - 1], d[n - 2]);
  const std::uint64_t v = reciprocal(d[n - 1], d[n - 2]);
  for (int j = m - n; j >= 0; --j) {
    std::uint64_t guess;
    if (wide(u[j + n], u[j + n - 1]) == top) [[unlikely]] {
      guess = ~std::uint64_t{0};
      u[j + n] -= subtract_product(u + j, d, n, guess);
    } else {
      Wide rest;
      guess = divide_3by2(u[j + n], u[j + n - 1], u[j + n - 2], top, v, rest);
      const std::uint64_t borrow = subtract_product(u + j, d, n - 2, guess);
      u[j + n - 2] = low(rest) - borrow;
      const std::uint64_t carry = low(rest) < borrow;
      u[j + n - 1] = high(rest) - carry;
      u[j + n] = 0;
      if (high(rest) < carry) [[unlikely]] {
        --guess;
        u[j + n - 1] += d[n - 1] + add_to(u + j, d, n - 1);
      }
    }
    take(j, guess);
  }
}

/// Shifts x[0..n) left by less than 64 bits; what leaves at the top.
inline std::uint64_t shift_left(std::uint64_t* x, int n, unsigned shift) {
  if (shift == 0) return 0;
  const std::uint64_t out = x[n - 1] >> (64 - shift);
  for (int i = n - 1; i > 0; --i) x[i] = x[i] << shift | x[i - 1] >> (64 - shift);
  x[0] <<= shift;
  return out;
}

inline void shift_right(std::uint64_t* x, int n, unsigned shift) {
  if (shift == 0) return;
  for (int i = 0; i + 1 < n; ++i) x[i] = x[i] >> shift | x[i + 1] << (64 - shift);
  x[n - 1] >>= shift;
}

/// Divides u[0..m) by d[0..n), whose top limb is not zero, n <= m; u has room for m + 1 limbs. Leaves the
/// remainder in u[0..n); gives each quotient limb to `take(index, limb)`. Both arrays are shifted on the way.
template <class Take>
void divide(std::uint64_t* u, int m, std::uint64_t* d, int n, Take take) {
  const auto shift = static_cast<unsigned>(std::countl_zero(d[n - 1]));
  u[m] = shift_left(u, m, shift);
  shift_left(d, n, shift);
  if (n == 1) {
    const std::uint64_t v = reciprocal(d[0]);
    std::uint64_t rest = u[m];
    for (int i = m - 1; i >= 0; --i) take(i, divide_2by1(rest, u[i], d[0], v));
    u[0] = rest;
  } else {
    divide_normalized(u, m, d, n, take);
  }
  shift_right(u, n, shift);
}

}  // namespace quarry::limbs
