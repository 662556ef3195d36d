#include <gtest/gtest.h>

#include "core/keccak.hpp"
#include "core/rlp.hpp"
#include "core/secp256k1.hpp"

using namespace quarry;

TEST(Keccak, KnownAnswers) {
  EXPECT_EQ(keccak256({}).hex(), "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  EXPECT_EQ(keccak256(as_bytes("hello")).hex(), "0x1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8");
}
TEST(U256, Divides) {
  const U256 a = *U256::parse("115792089237316195423570985008687907853269984665640564039457584007913129639935");
  EXPECT_EQ((a / U256{10}).to_decimal(), "11579208923731619542357098500868790785326998466564056403945758400791312963993");
  const U256 b = *U256::parse("0x123456789abcdef0123456789abcdef01234567");
  EXPECT_EQ(a / b * b + a % b, a);
}
TEST(Secp, SignsAndRecovers) {
  const auto key = random_private_key();
  const auto message = keccak256(as_bytes("x"));
  EXPECT_EQ(recover(sign(key, message), message), public_key(key));
}
