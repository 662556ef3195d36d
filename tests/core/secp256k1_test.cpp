#include "core/secp256k1.hpp"

#include <gtest/gtest.h>

#include "core/keccak.hpp"

using namespace quarry;

TEST(Secp256k1, KnownAddress) {
  const auto key = *PrivateKey::from_hex("45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8");
  EXPECT_EQ(address_of(public_key(key)).hex(), "0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b");
}

TEST(Secp256k1, RecoversTheSigner) {
  const auto key = random_private_key();
  const auto message = keccak256(as_bytes("a message"));
  auto signature = sign(key, message);
  EXPECT_EQ(recover(signature, message), public_key(key));
  EXPECT_NE(recover(signature, keccak256(as_bytes("another"))), public_key(key));
  signature.bytes[64] = 4;
  EXPECT_FALSE(recover(signature, message));
  EXPECT_FALSE(recover(RecoverableSignature{}, message));
}

TEST(Secp256k1, BothSidesAgreeOnASecret) {
  const auto a = random_private_key(), b = random_private_key();
  EXPECT_EQ(ecdh_x(a, public_key(b)), ecdh_x(b, public_key(a)));
  EXPECT_FALSE(ecdh_x(a, NodeId{}));  // not a point of the curve
  EXPECT_FALSE(is_valid(PrivateKey{}));
}
