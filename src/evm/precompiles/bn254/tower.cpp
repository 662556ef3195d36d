#include "evm/precompiles/bn254/tower.hpp"

#include <bit>

namespace quarry::evm::bn254 {
namespace {
struct Factors {
  Fp2 at[3][5];  ///< [times - 1][i - 1]

  Factors() {
    const U256 exponent = (kFieldModulus - U256{1}) / U256{6};
    const Fp2 xi = Fp2::one().times_xi();
    Fp2 root = Fp2::one();
    for (unsigned bit = exponent.bit_length(); bit-- > 0;) {
      root = root.squared();
      if (exponent.bit(bit)) root = root * xi;
    }
    Fp2 power = Fp2::one();
    for (int i = 0; i < 5; ++i) {
      power = power * root;
      at[0][i] = power;
      // Raising to p conjugates: xi^(p^2 - 1) = xi^(p - 1) * (xi^(p - 1))^p, and so on.
      at[1][i] = at[0][i] * at[0][i].conjugate();
      at[2][i] = at[1][i] * at[0][i];
    }
  }
};

/// The square of x + y s in Fp2[s]/(s^2 - xi).
struct Fp4 {
  Fp2 x, y;
};
Fp4 square_fp4(const Fp2& x, const Fp2& y) {
  const Fp2 product = x * y;
  return {(x + y) * (x + y.times_xi()) - product - product.times_xi(), product.doubled()};
}
/// 3t - 2z and 3t + 2z
Fp2 three_less_two(const Fp2& t, const Fp2& z) {
  return (t - z).doubled() + t;
}
Fp2 three_and_two(const Fp2& t, const Fp2& z) {
  return (t + z).doubled() + t;
}
}  // namespace

const Fp2& frobenius_factor(int times, int i) {
  static const Factors factors;
  return factors.at[times - 1][i - 1];
}

Fp6 operator*(const Fp6& x, const Fp6& y) {
  const Fp2 aa = x.a * y.a, bb = x.b * y.b, cc = x.c * y.c;
  return {((x.b + x.c) * (y.b + y.c) - bb - cc).times_xi() + aa,
          (x.a + x.b) * (y.a + y.b) - aa - bb + cc.times_xi(), (x.a + x.c) * (y.a + y.c) - aa - cc + bb};
}

Fp6 Fp6::times_sparse(const Fp2& y0, const Fp2& y1) const {
  const Fp2 aa = a * y0, bb = b * y1;
  return {((b + c) * y1 - bb).times_xi() + aa, (a + b) * (y0 + y1) - aa - bb, (a + c) * y0 - aa + bb};
}

Fp6 Fp6::inverse() const {
  const Fp2 x = a.squared() - (b * c).times_xi();
  const Fp2 y = c.squared().times_xi() - a * b;
  const Fp2 z = b.squared() - a * c;
  const Fp2 norm = ((c * y + b * z).times_xi() + a * x).inverse();
  return {x * norm, y * norm, z * norm};
}

Fp12 operator*(const Fp12& x, const Fp12& y) {
  const Fp6 aa = x.a * y.a, bb = x.b * y.b;
  return {aa + bb.times_v(), (x.a + x.b) * (y.a + y.b) - aa - bb};
}

Fp12 Fp12::squared() const {
  const Fp6 product = a * b;
  return {(a + b) * (a + b.times_v()) - product - product.times_v(), product + product};
}

Fp12 Fp12::times_line(const Fp2& l0, const Fp2& l1, const Fp2& l2) const {
  const Fp6 aa = a * l0;
  const Fp6 bb = b.times_sparse(l1, l2);
  return {aa + bb.times_v(), (a + b).times_sparse(l0 + l1, l2) - aa - bb};
}

Fp12 Fp12::inverse() const {
  const Fp6 norm = (a * a - (b * b).times_v()).inverse();
  return {a * norm, -(b * norm)};
}

Fp12 Fp12::frobenius(int times) const {
  const auto turned = [times](const Fp2& x) { return times % 2 == 1 ? x.conjugate() : x; };
  const auto factor = [times](int i) -> const Fp2& { return frobenius_factor(times, i); };
  return {{turned(a.a), turned(a.b) * factor(2), turned(a.c) * factor(4)},
          {turned(b.a) * factor(1), turned(b.b) * factor(3), turned(b.c) * factor(5)}};
}

Fp12 Fp12::cyclotomic_squared() const {
  const Fp4 s0 = square_fp4(a.a, b.b), s1 = square_fp4(b.a, a.c), s2 = square_fp4(a.b, b.c);
  return {{three_less_two(s0.x, a.a), three_less_two(s1.x, a.b), three_less_two(s2.x, a.c)},
          {three_and_two(s2.y.times_xi(), b.a), three_and_two(s0.y, b.b), three_and_two(s1.y, b.c)}};
}

Fp12 Fp12::cyclotomic_power(std::uint64_t exponent) const {
  Fp12 out = *this;
  for (int bit = 62 - std::countl_zero(exponent); bit >= 0; --bit) {
    out = out.cyclotomic_squared();
    if (exponent >> bit & 1) out = out * *this;
  }
  return out;
}

}  // namespace quarry::evm::bn254
