#include "core/u256.hpp"

#include <gtest/gtest.h>

#include <random>

using namespace quarry;

namespace {
/// Limbs that hit carries and the corner cases of long division more often than uniform ones do.
std::uint64_t limb(std::mt19937_64& random) {
  switch (random() % 5) {
    case 0:
      return 0;
    case 1:
      return ~std::uint64_t{0};
    case 2:
      return std::uint64_t{1} << 63;
    case 3:
      return random() % 4;
    default:
      return random();
  }
}
U256 number(std::mt19937_64& random) {
  U256 out;
  const auto limbs = random() % 5;
  for (std::size_t i = 0; i < limbs; ++i) out.limbs[i] = limb(random);
  return out;
}
}  // namespace

TEST(U256, DivisionUndoesMultiplication) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200000; ++i) {
    const U256 a = number(random), b = number(random);
    const auto [quotient, remainder] = divide(a, b);
    if (b.is_zero()) {
      EXPECT_TRUE(quotient.is_zero() && remainder.is_zero());
      continue;
    }
    ASSERT_LT(remainder, b);
    ASSERT_EQ(quotient * b + remainder, a);
    ASSERT_LE(quotient, a);
  }
}

TEST(U256, AgreesWithTheMachineOn128Bits) {
  using Wide = unsigned __int128;
  const auto wide = [](const U256& x) { return Wide{x.limbs[1]} << 64 | x.limbs[0]; };
  std::mt19937_64 random(2);
  for (int i = 0; i < 50000; ++i) {
    const U256 a{0, 0, limb(random), limb(random)}, b{0, 0, limb(random), limb(random)};
    const U256 mask{0, 0, ~std::uint64_t{0}, ~std::uint64_t{0}};
    EXPECT_EQ(wide((a + b) & mask), wide(a) + wide(b));
    EXPECT_EQ(wide((a - b) & mask), wide(a) - wide(b));
    EXPECT_EQ(wide((a * b) & mask), wide(a) * wide(b));
    EXPECT_EQ(a < b, wide(a) < wide(b));
    if (!b.is_zero()) {
      EXPECT_EQ(wide(a / b), wide(a) / wide(b));
    }
    const auto shift = static_cast<unsigned>(random() % 128);
    EXPECT_EQ(wide((a << shift) & mask), wide(a) << shift);
    EXPECT_EQ(wide(a >> shift), wide(a) >> shift);
  }
}

TEST(U256, ShiftsAcrossTheWholeWidth) {
  for (unsigned shift = 0; shift < 256; ++shift) {
    EXPECT_EQ((U256{1} << shift).bit_length(), shift + 1);
    EXPECT_EQ((U256{1} << shift) >> shift, U256{1});
    EXPECT_TRUE((U256{1} << shift).bit(shift));
  }
  EXPECT_TRUE((U256::max() << 256).is_zero());
  EXPECT_TRUE((U256::max() >> 256).is_zero());
}

TEST(U256, TextBothWays) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 5000; ++i) {
    const U256 a = number(random);
    EXPECT_EQ(U256::parse(a.to_decimal()), a);
    EXPECT_EQ(U256::parse(a.to_quantity()), a);
    EXPECT_EQ(U256::from_be(a.to_be()), a);
  }
  EXPECT_EQ(U256::max().to_decimal(),
            "115792089237316195423570985008687907853269984665640564039457584007913129639935");
  EXPECT_EQ(U256{}.to_quantity(), "0x0");
  EXPECT_EQ(U256{1024}.to_quantity(), "0x400");
  EXPECT_FALSE(U256::parse("115792089237316195423570985008687907853269984665640564039457584007913129639936"));
  EXPECT_FALSE(U256::parse("0x10000000000000000000000000000000000000000000000000000000000000000"));
  for (const char* bad : {"", "0x", "-1", "12a", "0xg", " 1", "1 "}) EXPECT_FALSE(U256::parse(bad)) << bad;
}
