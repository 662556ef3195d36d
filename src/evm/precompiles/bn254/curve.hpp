#pragma once
/// \file
/// The groups of BN254: G1 on y^2 = x^3 + 3 over Fp, G2 on its twist y^2 = x^3 + 3/xi over Fp2. Points are
/// affine with (0, 0) for infinity, as EIP-196 has them; sums of many are kept in Jacobian coordinates.

#include "evm/precompiles/bn254/tower.hpp"

namespace quarry::evm::bn254 {

template <class Field>
struct Affine {
  Field x, y;

  bool is_infinity() const { return x.is_zero() && y.is_zero(); }
  Affine operator-() const { return {x, -y}; }
  friend bool operator==(const Affine&, const Affine&) = default;
};
using G1 = Affine<Fp>;
using G2 = Affine<Fp2>;

/// (x / z^2, y / z^3); infinity where z is zero.
template <class Field>
struct Jacobian {
  Field x, y, z;

  bool is_infinity() const { return z.is_zero(); }
  Jacobian operator-() const { return {x, -y, z}; }
  static Jacobian from(const Affine<Field>& point, const Field& one) {
    return point.is_infinity() ? Jacobian{} : Jacobian{point.x, point.y, one};
  }
  Affine<Field> affine() const {
    if (is_infinity()) return {};
    const Field inverse = z.inverse(), square = inverse.squared();
    return {x * square, y * square * inverse};
  }
  /// dbl-2009-l of the Explicit-Formulas Database.
  Jacobian doubled() const {
    const Field aa = x.squared(), bb = y.squared(), cc = bb.squared();
    const Field d = ((x + bb).squared() - aa - cc).doubled(), e = aa.doubled() + aa;
    const Field out_x = e.squared() - d.doubled();
    return {out_x, e * (d - out_x) - cc.doubled().doubled().doubled(), (y * z).doubled()};
  }
  /// add-2007-bl, with its exceptions.
  friend Jacobian operator+(const Jacobian& p, const Jacobian& q) {
    if (p.is_infinity()) return q;
    if (q.is_infinity()) return p;
    const Field zz1 = p.z.squared(), zz2 = q.z.squared();
    const Field u1 = p.x * zz2, u2 = q.x * zz1;
    const Field s1 = p.y * q.z * zz2, s2 = q.y * p.z * zz1;
    const Field h = u2 - u1, r = (s2 - s1).doubled();
    if (h.is_zero()) return r.is_zero() ? p.doubled() : Jacobian{};
    const Field i = h.doubled().squared(), j = h * i, v = u1 * i;
    const Field out_x = r.squared() - j - v.doubled();
    return {out_x, r * (v - out_x) - (s1 * j).doubled(), ((p.z + q.z).squared() - zz1 - zz2) * h};
  }
};

bool on_curve(const G1& point);
bool on_curve(const G2& point);
/// Whether a point of the twist's curve is in the subgroup of order r; those of G1's curve all are.
bool in_subgroup(const G2& point);

G1 add(const G1& p, const G1& q);
/// `scalar` may be any number.
G1 multiply(const G1& point, const U256& scalar);

/// Raises both coordinates to the power of p and brings them back to the twist: the map that EIP-197's
/// pairing has for "Frobenius" on G2. `times` is 1 or 2.
G2 frobenius(const G2& point, int times);

}  // namespace quarry::evm::bn254
