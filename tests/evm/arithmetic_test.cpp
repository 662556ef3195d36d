#include "evm/arithmetic.hpp"

#include <gtest/gtest.h>

#include <random>

namespace quarry::evm {
namespace {
/// Limbs that find the corners of division: none, one, all ones, the top bit, and anything.
U256 odd_word(std::mt19937_64& random) {
  const std::uint64_t corners[] = {0, 1, ~std::uint64_t{0}, std::uint64_t{1} << 63, ~std::uint64_t{0} - 1};
  U256 out;
  const unsigned limbs = random() % 5;
  for (unsigned i = 0; i < limbs; ++i) {
    const std::uint64_t pick = random() % 8;
    out.limbs[i] = pick < 5 ? corners[pick] : random() >> (random() % 64);
  }
  return out;
}

/// a * b % m, bit by bit.
U256 slow_multiply_modulo(const U256& a, const U256& b, const U256& m) {
  U256 out;
  const auto twice_or_more = [&](const U256& x, const U256& y) {  // both below m
    return y >= m - x && !x.is_zero() ? y - (m - x) : x + y;
  };
  const U256 reduced = a % m;
  for (int i = 255; i >= 0; --i) {
    out = twice_or_more(out, out);
    if (b.bit(static_cast<unsigned>(i))) out = twice_or_more(out, reduced);
  }
  return out;
}

TEST(Arithmetic, DivisionFitsMultiplication) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200000; ++i) {
    const U256 a = odd_word(random), b = odd_word(random);
    const auto [quotient, rest] = divide(a, b);
    if (b.is_zero()) {
      ASSERT_TRUE(quotient.is_zero() && rest.is_zero());
      continue;
    }
    ASSERT_LT(rest, b);
    ASSERT_EQ(quotient * b + rest, a) << a.to_quantity() << " / " << b.to_quantity();
    ASSERT_LE(quotient, U256::max() / b);
  }
}

TEST(Arithmetic, ModularProductsAndSumsAreOfTheWholeNumber) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 3000; ++i) {
    const U256 a = odd_word(random), b = odd_word(random), m = odd_word(random);
    if (m.is_zero()) {
      ASSERT_TRUE(multiply_modulo(a, b, m).is_zero() && add_modulo(a, b, m).is_zero());
      continue;
    }
    ASSERT_EQ(multiply_modulo(a, b, m), slow_multiply_modulo(a, b, m));
    const U256 x = a % m, y = b % m;
    const U256 sum = x.is_zero() || y < m - x ? x + y : y - (m - x);
    ASSERT_EQ(add_modulo(a, b, m), sum);
  }
}

TEST(Arithmetic, SignsGoTowardsZero) {
  const U256 minus_seven = negated(7), minus_two = negated(2);
  EXPECT_EQ(signed_divide(minus_seven, 2), negated(3));
  EXPECT_EQ(signed_divide(7, minus_two), negated(3));
  EXPECT_EQ(signed_divide(minus_seven, minus_two), U256{3});
  EXPECT_EQ(signed_modulo(minus_seven, 2), negated(1));
  EXPECT_EQ(signed_modulo(7, minus_two), U256{1});
  const U256 least = U256{1} << 255;
  EXPECT_EQ(signed_divide(least, U256::max()), least);
  EXPECT_TRUE(signed_divide(7, 0).is_zero());
  EXPECT_TRUE(signed_less(minus_seven, minus_two));
  EXPECT_TRUE(signed_less(minus_two, 0));
  EXPECT_FALSE(signed_less(1, minus_two));
}

TEST(Arithmetic, BytesAndShifts) {
  EXPECT_EQ(sign_extended(0, 0xff), U256::max());
  EXPECT_EQ(sign_extended(0, 0x17f), U256{0x7f});
  EXPECT_EQ(sign_extended(30, U256{1} << 247), U256::max() << 247);
  EXPECT_EQ(sign_extended(31, 5), U256{5});
  EXPECT_EQ(byte_of(31, 0x1234), U256{0x34});
  EXPECT_EQ(byte_of(0, U256{0xab} << 248), U256{0xab});
  EXPECT_TRUE(byte_of(32, U256::max()).is_zero());
  EXPECT_TRUE(shifted_left(256, 1).is_zero());
  EXPECT_EQ(shifted_right_signed(U256::max(), U256{1} << 255), U256::max());
  EXPECT_EQ(shifted_right_signed(4, negated(16)), U256::max());
  EXPECT_TRUE(shifted_right_signed(300, 5).is_zero());
  for (unsigned shift = 0; shift < 256; ++shift) {
    EXPECT_EQ(U256{1} << shift, power(2, shift));
    EXPECT_EQ((U256::max() << shift) >> shift, U256::max() >> shift);
  }
  EXPECT_EQ(power(3, 161), power(3, 80) * power(3, 81));
  EXPECT_TRUE(power(2, 256).is_zero());
  EXPECT_EQ(power(0, 0), U256{1});
}

TEST(Arithmetic, WordsAreBigEndian) {
  std::uint8_t bytes[32] = {};
  bytes[0] = 1;
  bytes[31] = 2;
  const U256 word = load_word(bytes);
  EXPECT_EQ(word, (U256{1} << 248) + 2);
  std::uint8_t back[32];
  store_word(back, word);
  EXPECT_EQ(std::memcmp(bytes, back, 32), 0);
  EXPECT_EQ(to_word(to_address(word)), U256{2});
}
}  // namespace
}  // namespace quarry::evm
