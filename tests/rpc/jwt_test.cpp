#include "rpc/jwt.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "fixtures.hpp"

using namespace quarry;
using namespace quarry::rpc;

namespace {

constexpr std::chrono::seconds kNow{1'700'000'000};
const JwtSecret kSecret{1, 2, 3};

std::string refusal(const std::string& authorization, std::chrono::seconds now = kNow) {
  const auto checked = check_token(authorization, kSecret, now);
  return checked ? "taken" : checked.error().what;
}

/// A token with these parts, signed as `make_token` signs.
std::string bearer(const std::string& token) {
  return "Bearer " + token;
}

}  // namespace

TEST(Jwt, TakesATokenOfTheLastMinuteAndRefusesOthers) {
  const auto token = make_token(kSecret, kNow);
  EXPECT_EQ(refusal(bearer(token)), "taken");
  EXPECT_EQ(refusal(bearer(token), kNow + std::chrono::seconds(60)), "taken");
  EXPECT_EQ(refusal(bearer(token), kNow - std::chrono::seconds(60)), "taken");
  EXPECT_EQ(refusal(bearer(token), kNow + std::chrono::seconds(61)), "stale token");
  EXPECT_EQ(refusal(bearer(token), kNow - std::chrono::seconds(61)), "future token");
  EXPECT_EQ(refusal(""), "missing token");
  EXPECT_EQ(refusal(token), "missing token");
  EXPECT_EQ(refusal("Basic " + token), "missing token");
}

TEST(Jwt, KnownTokensOfAnotherMake) {
  // Made with Python's hmac and base64 over the same secret and claims.
  const std::string claims_only = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3MDAwMDAwMDB9";
  EXPECT_EQ(make_token(kSecret, kNow).substr(0, claims_only.size()), claims_only);
  EXPECT_EQ(make_token(kSecret, kNow), claims_only + ".lXCoztFVXFkxqVSs5X_4BqNTBR3W5nOc157i8Mubq9M");
}

TEST(Jwt, WhatIsNoTokenIsRefused) {
  const auto token = make_token(kSecret, kNow);
  JwtSecret other = kSecret;
  other[31] = 1;
  EXPECT_EQ(refusal(bearer(make_token(other, kNow))), "invalid token: the signature is not this secret's");
  // {"alg":"none"} with and without a signature, and HS384.
  for (const std::string header :
       {"eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzM4NCJ9", "e30", "", "!!!!", "eyJhbGciOjF9"})
    EXPECT_EQ(refusal(bearer(header + token.substr(token.find('.')))), "invalid token: its alg is not HS256")
        << header;
  const auto unsigned_token =
      "eyJhbGciOiJub25lIn0" + token.substr(token.find('.'), token.rfind('.') - token.find('.') + 1);
  EXPECT_EQ(refusal(bearer(unsigned_token)), "invalid token: its alg is not HS256");
  EXPECT_NE(refusal(bearer(token + ".x")), "taken");
  EXPECT_NE(refusal(bearer(token.substr(0, token.rfind('.') + 1))), "taken");
  EXPECT_NE(refusal(bearer("..")), "taken");
  EXPECT_NE(refusal(bearer(std::string(10'000, 'a') + "." + token)), "taken");
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(refusal(bearer(changed)), "taken") << i;
    EXPECT_NE(refusal(bearer(token.substr(0, i))), "taken") << i;
  }
}

TEST(Jwt, SecretsComeFromFiles) {
  const test::TempDir dir;
  const auto file = dir.path() / "jwt.hex";
  const auto made = load_jwt_secret(file);
  ASSERT_TRUE(made);
  struct stat info {};
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(*load_jwt_secret(file), *made);
  std::ofstream(file) << "  " << std::string(63, 'a') << "B\r\n";
  EXPECT_TRUE(load_jwt_secret(file));
  for (const std::string text :
       {std::string(), std::string(63, 'a'), std::string(66, 'a'), std::string(64, 'z')}) {
    std::ofstream(file, std::ios::trunc) << text;
    const auto bad = load_jwt_secret(file);
    ASSERT_FALSE(bad) << text;
    EXPECT_NE(bad.error().what.find(file.string()), std::string::npos);
    EXPECT_NE(bad.error().remedy.find("openssl rand -hex 32"), std::string::npos);
  }
  EXPECT_FALSE(load_jwt_secret(dir.path() / "no" / "such"));
}
