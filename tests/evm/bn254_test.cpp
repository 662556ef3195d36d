// The arithmetic below the contracts: what their vectors could miss.
#include <gtest/gtest.h>

#include <random>

#include "evm/precompiles/bn254/multiply.hpp"
#include "evm/precompiles/bn254/pairing.hpp"

namespace quarry::evm::bn254 {
namespace {

Fp random_fp(std::mt19937_64& random) {
  const U256 value{random(), random(), random(), random()};
  return *Fp::from_be((value % kFieldModulus).to_be());
}
Fp2 random_fp2(std::mt19937_64& random) {
  return {random_fp(random), random_fp(random)};
}
Fp6 random_fp6(std::mt19937_64& random) {
  return {random_fp2(random), random_fp2(random), random_fp2(random)};
}
template <class Field>
Field power(const Field& base, const U256& exponent, Field out) {
  for (unsigned bit = exponent.bit_length(); bit-- > 0;) {
    out = out * out;
    if (exponent.bit(bit)) out = out * base;
  }
  return out;
}

/// A point on the twist's curve, seldom in the subgroup: x + 1 until the right side is a square.
G2 random_twist_point(std::mt19937_64& random) {
  for (Fp2 x = random_fp2(random);; x = x + Fp2::one()) {
    const Fp2 square = x.squared() * x + twist_coefficient();
    // p^2 = 9 modulo 16: no exponent gives the root at once. Over Fp: from the norm (p = 3 modulo 4).
    const U256 quarter = (kFieldModulus + U256{1}) / U256{4};
    const Fp norm = square.a.squared() + square.b.squared();
    const Fp root = power(norm, quarter, Fp{1});
    for (const Fp& sign : {root, -root}) {
      const Fp half = (square.a + sign).halved();
      const Fp a = power(half, quarter, Fp{1});
      const Fp2 y{a, square.b * a.doubled().inverse()};
      if (y.squared() == square) return {x, y};
    }
  }
}

TEST(Bn254Field, KeepsTheRulesOfAField) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200; ++i) {
    const Fp a = random_fp(random), b = random_fp(random), c = random_fp(random);
    EXPECT_EQ((a + b) * c, a * c + b * c);
    EXPECT_EQ(a - b, -(b - a));
    EXPECT_EQ(a * a.inverse(), Fp{1});
    EXPECT_EQ(a.halved().doubled(), a);
    EXPECT_EQ(*Fp::from_be(a.to_be()), a);
  }
  EXPECT_EQ(Fp{}.inverse(), Fp{});
  EXPECT_EQ(Fp{1}.inverse(), Fp{1});
  EXPECT_EQ((-Fp{1}).inverse(), -Fp{1});
  EXPECT_FALSE(Fp::from_be(kFieldModulus.to_be()));
  const U256 top = kFieldModulus - U256{1};
  EXPECT_EQ(*Fp::from_be(top.to_be()), -Fp{1});
  EXPECT_EQ((-Fp{1}).to_be(), top.to_be());
  // Against plain integers.
  EXPECT_EQ((Fp{1000000007} * Fp{998244353}).to_be(), (U256{1000000007} * U256{998244353}).to_be());
}

#if QUARRY_BN254_ADX
TEST(Bn254Field, MultipliesTheSameWithAndWithoutAssembly) {
  if (!detail::has_adx()) GTEST_SKIP() << "SKIPPED: this processor has no ADX";
  std::mt19937_64 random(5);
  const U256 edges[] = {U256{}, U256{1}, kFieldModulus - U256{1}, kFieldModulus - U256{2},
                        U256{0x30644e72e131a028, ~0ull, ~0ull, ~0ull}};
  for (int i = 0; i < 2000; ++i) {
    const auto any = [&] {
      return random() % 4 == 0 ? edges[random() % 5]
                               : U256{random(), random(), random(), random()} % kFieldModulus;
    };
    const U256 a = any(), b = any();
    ASSERT_EQ(detail::multiply_adx(a, b), detail::multiply_portable(a, b));
  }
}
#endif

TEST(Bn254Tower, KeepsTheRulesOfAField) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20; ++i) {
    const Fp12 x{random_fp6(random), random_fp6(random)}, y{random_fp6(random), random_fp6(random)};
    const Fp12 z{random_fp6(random), random_fp6(random)};
    EXPECT_EQ(x * y, y * x);
    EXPECT_EQ((x * y) * z, x * (y * z));
    EXPECT_EQ(x.squared(), x * x);
    EXPECT_EQ(x * x.inverse(), Fp12::one());
    const Fp2 l0 = random_fp2(random), l1 = random_fp2(random), l2 = random_fp2(random);
    EXPECT_EQ(x.times_line(l0, l1, l2), (x * Fp12{{l0, {}, {}}, {l1, l2, {}}}));
    const Fp12 cyclotomic = [&] {
      const Fp12 easy = x.conjugate() * x.inverse();
      return easy.frobenius(2) * easy;
    }();
    EXPECT_EQ(cyclotomic.cyclotomic_squared(), cyclotomic * cyclotomic);
    EXPECT_EQ(cyclotomic.cyclotomic_power(77), power(cyclotomic, U256{77}, Fp12::one()));
  }
  const Fp12 x{random_fp6(random), random_fp6(random)};
  const Fp12 raised = power(x, kFieldModulus, Fp12::one());
  EXPECT_EQ(x.frobenius(1), raised);
  EXPECT_EQ(x.frobenius(2), raised.frobenius(1));
  EXPECT_EQ(x.frobenius(3), raised.frobenius(2));
}

TEST(Bn254Curve, TellsTheSubgroupOfTheTwist) {
  std::mt19937_64 random(3);
  // The cofactor is 2p - r; what it multiplies is in the subgroup.
  const U256 cofactor = kFieldModulus + kFieldModulus - kGroupOrder;
  const auto times = [](const G2& point, const U256& scalar) {
    Jacobian<Fp2> out;
    for (unsigned bit = scalar.bit_length(); bit-- > 0;) {
      out = out.doubled();
      if (scalar.bit(bit)) out = out + Jacobian<Fp2>::from(point, Fp2::one());
    }
    return out.affine();
  };
  for (int i = 0; i < 10; ++i) {
    const G2 any = random_twist_point(random);
    ASSERT_TRUE(on_curve(any));
    EXPECT_EQ(in_subgroup(any), times(any, kGroupOrder).is_infinity());
    const G2 inside = times(any, cofactor);
    ASSERT_TRUE(times(inside, kGroupOrder).is_infinity());
    EXPECT_TRUE(in_subgroup(inside));
    // Of small order: what r multiplies.
    const G2 outside = times(any, kGroupOrder);
    EXPECT_FALSE(in_subgroup(outside));
    EXPECT_EQ(frobenius(frobenius(any, 1), 1), frobenius(any, 2));
  }
  EXPECT_TRUE(in_subgroup({}));
}

TEST(Bn254Pairing, IsBilinearAndOfOrderR) {
  std::mt19937_64 random(4);
  const G1 g1{Fp{1}, Fp{2}};
  const G2 g2 = [&] {
    Jacobian<Fp2> out;
    const G2 any = random_twist_point(random);
    const U256 cofactor = kFieldModulus + kFieldModulus - kGroupOrder;
    for (unsigned bit = cofactor.bit_length(); bit-- > 0;) {
      out = out.doubled();
      if (cofactor.bit(bit)) out = out + Jacobian<Fp2>::from(any, Fp2::one());
    }
    return out.affine();
  }();
  const Pair pairs[] = {{g1, g2}};
  const Fp12 e = pairing_product(pairs);
  EXPECT_NE(e, Fp12::one());
  EXPECT_EQ(power(e, kGroupOrder, Fp12::one()), Fp12::one());
  const U256 scalar{random()};
  const Pair scaled[] = {{multiply(g1, scalar), g2}};
  EXPECT_EQ(pairing_product(scaled), power(e, scalar, Fp12::one()));
  const auto doubled = Jacobian<Fp2>::from(g2, Fp2::one()).doubled().affine();
  const Pair other[] = {{g1, doubled}};
  EXPECT_EQ(pairing_product(other), e * e);
}

}  // namespace
}  // namespace quarry::evm::bn254
