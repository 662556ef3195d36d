#include "evm/precompiles/bn254/pairing.hpp"

#include <array>
#include <vector>

namespace quarry::evm::bn254 {
namespace {
/// The digits of 6x + 2, -1, 0 or 1, highest first and without the first, with no two digits other than 0
/// side by side.
constexpr auto kLoopDigits = [] {
  struct {
    std::array<std::int8_t, 66> at{};
    std::size_t count = 0;
  } low, out;
  for (unsigned __int128 left = static_cast<unsigned __int128>(kParameter) * 6 + 2; left != 0; left /= 2) {
    const int digit = left % 2 == 0 ? 0 : left % 4 == 1 ? 1 : -1;
    low.at[low.count++] = static_cast<std::int8_t>(digit);
    if (digit < 0) left += 1;
    if (digit > 0) left -= 1;
  }
  for (std::size_t i = low.count - 1; i-- > 0;) out.at[out.count++] = low.at[i];
  return out;
}();

/// Where a pair's loop has come to: a multiple of q in homogeneous coordinates (x / z, y / z), and what lines
/// are evaluated at.
struct Walk {
  Fp2 x, y, z;
  G2 q;
  G1 p;

  explicit Walk(const Pair& pair) : x(pair.q.x), y(pair.q.y), z(Fp2::one()), q(pair.q), p(pair.p) {}

  // Costello, Lange, Naehrig 2010, with the coefficients as Aranha et al. 2011 have them for this twist.
  /// Doubles the point; multiplies `f` by the tangent.
  void step_double(Fp12& f) {
    const Fp2 a = (x * y).halved(), b = y.squared(), c = z.squared();
    const Fp2 e = twist_coefficient() * (c.doubled() + c), e3 = e.doubled() + e;
    const Fp2 g = (b + e3).halved(), h = (y + z).squared() - b - c;
    const Fp2 square = x.squared(), ee = e.squared();
    f = f.times_line(-(h * p.y), (square.doubled() + square) * p.x, e - b);
    x = a * (b - e3);
    y = g.squared() - (ee.doubled() + ee);
    z = b * h;
  }
  /// Adds `other`, a point that is not a multiple seen before; multiplies `f` by the line through both.
  void step_add(Fp12& f, const G2& other) {
    const Fp2 theta = y - other.y * z, lambda = x - other.x * z;
    const Fp2 d = lambda.squared(), e = lambda * d, g = x * d;
    const Fp2 h = e + z * theta.squared() - g.doubled();
    f = f.times_line(lambda * p.y, -(theta * p.x), theta * other.x - lambda * other.y);
    x = lambda * h;
    y = theta * (g - h) - e * y;
    z = z * e;
  }
};

Fp12 miller_loop(std::vector<Walk>& walks) {
  Fp12 f = Fp12::one();
  for (std::size_t i = 0; i < kLoopDigits.count; ++i) {
    if (i > 0) f = f.squared();
    for (Walk& walk : walks) walk.step_double(f);
    const int digit = kLoopDigits.at[i];
    if (digit == 0) continue;
    for (Walk& walk : walks) walk.step_add(f, digit > 0 ? walk.q : -walk.q);
  }
  for (Walk& walk : walks) {
    walk.step_add(f, frobenius(walk.q, 1));
    walk.step_add(f, -frobenius(walk.q, 2));
  }
  return f;
}

/// To the power of (p^12 - 1) / r, or a multiple of it that r does not divide.
Fp12 final_exponentiation(const Fp12& f) {
  const Fp12 once = f.conjugate() * f.inverse();
  const Fp12 r = once.frobenius(2) * once;
  // Fuentes-Castañeda, Knapp, Rodríguez-Henríquez, "Faster hashing to G2", 2011, section 5.
  const auto to_minus_x = [](const Fp12& value) { return value.cyclotomic_power(kParameter).conjugate(); };
  const Fp12 y1 = to_minus_x(r).cyclotomic_squared();
  const Fp12 y3 = y1.cyclotomic_squared() * y1;
  const Fp12 y4 = to_minus_x(y3);
  const Fp12 y6 = to_minus_x(y4.cyclotomic_squared()).conjugate();
  const Fp12 y8 = y6 * y4 * y3.conjugate();
  const Fp12 y9 = y8 * y1;
  return (r.conjugate() * y9).frobenius(3) * y8.frobenius(2) * y9.frobenius(1) * (y8 * y4 * r);
}
}  // namespace

Fp12 pairing_product(std::span<const Pair> pairs) {
  std::vector<Walk> walks;
  walks.reserve(pairs.size());
  for (const Pair& pair : pairs)
    if (!pair.p.is_infinity() && !pair.q.is_infinity()) walks.emplace_back(pair);
  if (walks.empty()) return Fp12::one();
  return final_exponentiation(miller_loop(walks));
}

}  // namespace quarry::evm::bn254
