#include "evm/precompiles/bn254/curve.hpp"

#include <bit>

#include "evm/precompiles/bn254/pairing.hpp"

namespace quarry::evm::bn254 {
namespace {
/// Odd digits between -15 and 15 with at least four zeros between two of them, lowest first.
constexpr int kWindow = 5;
struct Digits {
  std::array<std::int8_t, 258> at{};
  int count = 0;
};
Digits recode(U256 scalar) {
  Digits out;
  // A negative digit may carry past the 256th bit: scalars are below the group's order, which has 254.
  for (; !scalar.is_zero(); scalar = scalar >> 1) {
    int digit = 0;
    if (scalar.bit(0)) {
      digit = static_cast<int>(scalar.low64() & ((1 << kWindow) - 1));
      if (digit >= 1 << (kWindow - 1)) digit -= 1 << kWindow;
      scalar = digit > 0 ? scalar - U256(static_cast<std::uint64_t>(digit))
                         : scalar + U256(static_cast<std::uint64_t>(-digit));
    }
    out.at[static_cast<std::size_t>(out.count++)] = static_cast<std::int8_t>(digit);
  }
  return out;
}

Jacobian<Fp2> times_parameter(const Jacobian<Fp2>& point) {
  Jacobian<Fp2> out = point;
  for (int bit = 62 - std::countl_zero(kParameter); bit >= 0; --bit) {
    out = out.doubled();
    if (kParameter >> bit & 1) out = out + point;
  }
  return out;
}

/// The map of `frobenius` once, on Jacobian coordinates.
Jacobian<Fp2> psi(const Jacobian<Fp2>& p) {
  return {p.x.conjugate() * frobenius_factor(1, 2), p.y.conjugate() * frobenius_factor(1, 3),
          p.z.conjugate()};
}
}  // namespace

bool on_curve(const G1& point) {
  return point.is_infinity() || point.y.squared() == point.x.squared() * point.x + Fp{3};
}

const Fp2& twist_coefficient() {
  static const Fp2 value = Fp2{Fp{3}, {}} * Fp2::one().times_xi().inverse();
  return value;
}

bool on_curve(const G2& point) {
  return point.is_infinity() || point.y.squared() == point.x.squared() * point.x + twist_coefficient();
}

bool in_subgroup(const G2& point) {
  // Dai, Lin, Zhao, Zhou, "Fast subgroup membership testings for G1, G2 and GT on pairing-friendly curves"
  // (eprint 2022/348), section 5.1: (x + 1) P + psi(x P) + psi^2(x P) = psi^3(2 x P).
  if (point.is_infinity()) return true;
  const auto start = Jacobian<Fp2>::from(point, Fp2::one());
  const auto multiple = times_parameter(start);
  const auto once = psi(multiple), twice = psi(once), thrice = psi(twice);
  return (thrice.doubled() + -(multiple + start + once + twice)).is_infinity();
}

G2 frobenius(const G2& point, int times) {
  const bool odd = times % 2 == 1;
  return {(odd ? point.x.conjugate() : point.x) * frobenius_factor(times, 2),
          (odd ? point.y.conjugate() : point.y) * frobenius_factor(times, 3)};
}

G1 add(const G1& p, const G1& q) {
  if (p.is_infinity()) return q;
  if (q.is_infinity()) return p;
  if (p.x == q.x && p.y != q.y) return {};
  // No point of G1 has y = 0: the order is odd.
  const Fp square = p.x.squared();
  const Fp slope = p.x == q.x ? (square.doubled() + square) * p.y.doubled().inverse()
                              : (q.y - p.y) * (q.x - p.x).inverse();
  const Fp x = slope.squared() - p.x - q.x;
  return {x, slope * (p.x - x) - p.y};
}

G1 multiply(const G1& point, const U256& scalar) {
  const Digits digits = recode(scalar % kGroupOrder);
  std::array<Jacobian<Fp>, 1 << (kWindow - 2)> odd;  // 1, 3 … 15 times the point
  odd[0] = Jacobian<Fp>::from(point, Fp{1});
  const auto twice = odd[0].doubled();
  for (std::size_t i = 1; i < odd.size(); ++i) odd[i] = odd[i - 1] + twice;
  Jacobian<Fp> sum;
  for (int i = digits.count; i-- > 0;) {
    sum = sum.doubled();
    const int digit = digits.at[static_cast<std::size_t>(i)];
    if (digit > 0) sum = sum + odd[static_cast<std::size_t>(digit / 2)];
    if (digit < 0) sum = sum + -odd[static_cast<std::size_t>(-digit / 2)];
  }
  return sum.affine();
}

}  // namespace quarry::evm::bn254
