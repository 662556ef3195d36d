#pragma once
/// \file
/// Extensions of the base field of BN254: Fp2 = Fp[u]/(u^2 + 1), Fp6 = Fp2[v]/(v^3 - xi) with xi = 9 + u,
/// Fp12 = Fp6[w]/(w^2 - v). Formulas: Devegili et al. 2006 (Karatsuba), Granger and Scott 2010 (squaring in
/// the cyclotomic subgroup).

#include "evm/precompiles/bn254/field.hpp"

namespace quarry::evm::bn254 {

/// a + b u
struct Fp2 {
  Fp a, b;

  static constexpr Fp2 one() { return {Fp{1}, {}}; }
  constexpr bool is_zero() const { return a.is_zero() && b.is_zero(); }
  friend constexpr bool operator==(const Fp2&, const Fp2&) = default;

  friend constexpr Fp2 operator+(const Fp2& x, const Fp2& y) { return {x.a + y.a, x.b + y.b}; }
  friend constexpr Fp2 operator-(const Fp2& x, const Fp2& y) { return {x.a - y.a, x.b - y.b}; }
  friend Fp2 operator*(const Fp2& x, const Fp2& y) {
    const Fp aa = x.a * y.a, bb = x.b * y.b;
    return {aa - bb, (x.a + x.b) * (y.a + y.b) - aa - bb};
  }
  friend Fp2 operator*(const Fp2& x, const Fp& y) { return {x.a * y, x.b * y}; }
  constexpr Fp2 operator-() const { return {-a, -b}; }
  Fp2 squared() const { return {(a + b) * (a - b), (a * b).doubled()}; }
  constexpr Fp2 doubled() const { return {a.doubled(), b.doubled()}; }
  constexpr Fp2 halved() const { return {a.halved(), b.halved()}; }
  constexpr Fp2 conjugate() const { return {a, -b}; }
  /// Times xi.
  constexpr Fp2 times_xi() const {
    const Fp2 eight = doubled().doubled().doubled();
    return {eight.a + a - b, eight.b + b + a};
  }
  Fp2 inverse() const {
    const Fp norm = (a.squared() + b.squared()).inverse();
    return {a * norm, -(b * norm)};
  }
};

/// a + b v + c v^2
struct Fp6 {
  Fp2 a, b, c;

  static constexpr Fp6 one() { return {Fp2::one(), {}, {}}; }
  friend constexpr bool operator==(const Fp6&, const Fp6&) = default;
  friend constexpr Fp6 operator+(const Fp6& x, const Fp6& y) { return {x.a + y.a, x.b + y.b, x.c + y.c}; }
  friend constexpr Fp6 operator-(const Fp6& x, const Fp6& y) { return {x.a - y.a, x.b - y.b, x.c - y.c}; }
  constexpr Fp6 operator-() const { return {-a, -b, -c}; }
  friend Fp6 operator*(const Fp6& x, const Fp6& y);
  friend Fp6 operator*(const Fp6& x, const Fp2& y) { return {x.a * y, x.b * y, x.c * y}; }
  /// Times y0 + y1 v.
  Fp6 times_sparse(const Fp2& y0, const Fp2& y1) const;
  constexpr Fp6 times_v() const { return {c.times_xi(), a, b}; }
  Fp6 inverse() const;
};

/// a + b w
struct Fp12 {
  Fp6 a, b;

  static constexpr Fp12 one() { return {Fp6::one(), {}}; }
  friend constexpr bool operator==(const Fp12&, const Fp12&) = default;
  friend Fp12 operator*(const Fp12& x, const Fp12& y);
  Fp12 squared() const;
  /// Times l0 + l1 w + l2 v w: what a line through points of the twist is.
  Fp12 times_line(const Fp2& l0, const Fp2& l1, const Fp2& l2) const;
  Fp12 conjugate() const { return {a, -b}; }
  Fp12 inverse() const;
  /// To the power of p^times, times = 1, 2 or 3.
  Fp12 frobenius(int times) const;

  // For elements whose norm to Fp6 is 1 and which p^4 - p^2 + 1 takes to 1: what the easy part of the final
  // exponentiation gives.
  Fp12 cyclotomic_squared() const;
  Fp12 cyclotomic_power(std::uint64_t exponent) const;
};

/// xi^(i (p^times - 1) / 6), 1 <= times <= 3, 1 <= i <= 5.
const Fp2& frobenius_factor(int times, int i);

}  // namespace quarry::evm::bn254
