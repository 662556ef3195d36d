#include "precompile_support.hpp"

namespace quarry::evm {
namespace {

TEST(Precompiles, AreInForceFromTheirForkOn) {
  struct {
    std::uint16_t number;
    Fork last_without, first_with;
  } const rows[] = {
      {0x05, Fork::eip158, Fork::byzantium}, {0x09, Fork::petersburg, Fork::istanbul},
      {0x0a, Fork::shanghai, Fork::cancun},  {0x0b, Fork::cancun, Fork::prague},
      {0x0c, Fork::cancun, Fork::prague},    {0x0d, Fork::cancun, Fork::prague},
      {0x0e, Fork::cancun, Fork::prague},    {0x0f, Fork::cancun, Fork::prague},
      {0x10, Fork::cancun, Fork::prague},    {0x11, Fork::cancun, Fork::prague},
      {0x100, Fork::prague, Fork::osaka},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(find_precompile(address_of_number(row.number), rules_of(row.last_without)), nullptr)
        << row.number;
    EXPECT_NE(find_precompile(address_of_number(row.number), rules_of(row.first_with)), nullptr)
        << row.number;
  }
  for (std::uint16_t number = 1; number <= 4; ++number)
    EXPECT_NE(find_precompile(address_of_number(number), Rules{}), nullptr);
}

TEST(Precompiles, AreFoundByTheirWholeAddress) {
  const Rules rules = rules_of(Fork::osaka);
  Address previous;
  for (const Precompile& row : all_precompiles()) {
    EXPECT_LT(previous, row.address);
    previous = row.address;
    EXPECT_EQ(find_precompile(row.address, rules), &row);
    for (int byte = 0; byte < 18; ++byte) {
      Address other = row.address;
      other.bytes[byte] = 1;
      EXPECT_EQ(find_precompile(other, rules), nullptr) << byte;
    }
  }
  for (const std::uint16_t number : {0x00, 0x12, 0x13, 0xff, 0x101, 0x200, 0xffff})
    EXPECT_EQ(find_precompile(address_of_number(number), rules), nullptr) << number;
}

TEST(Ecrecover, FindsTheSigner) {
  const std::string hash = "18c547e4f7b0f325ad1e56f57e26c745b09a3e503d86e00e5255ff7f715d3d1c";
  const std::string r = "73b1693892219d736caba55bdb67216e485557ea6b6af75f37096c9aa6a5a75f";
  const std::string s = "eeb940b1d03b21e36b0e47e79769f095fe2ab855bd91e3a38756b7d75a9c4549";
  const std::string signer = "000000000000000000000000a94f5374fce5edbc8e2a8697c15331677e6ebf0b";
  EXPECT_EQ(run(1, hash + word(28) + r + s), signer);
  EXPECT_EQ(run(1, hash + word(28) + r + s + "ffff"), signer) << "more input does not matter";
  EXPECT_EQ(gas(1, hash), 3000u);

  EXPECT_EQ(run(1, ""), "");
  EXPECT_EQ(run(1, hash + word(29) + r + s), "");
  EXPECT_EQ(run(1, hash + word(0) + r + s), "");
  EXPECT_EQ(run(1, hash + "01" + word(28).substr(2) + r + s), "") << "v is a whole word";
  EXPECT_EQ(run(1, hash + word(28) + word(0) + s), "");
  EXPECT_EQ(run(1, hash + word(28) + r + word(0)), "");
  const std::string order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
  EXPECT_EQ(run(1, hash + word(28) + order + s), "");
  EXPECT_EQ(run(1, hash + word(28) + r + order), "");
}

TEST(Hashes, MatchPublishedDigests) {
  const auto text = [](std::string_view t) { return as_bytes(t); };
  EXPECT_EQ(run(2, text("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(run(2, text("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // The authors' own test values.
  const std::string zeros(24, '0');
  EXPECT_EQ(run(3, text("")), zeros + "9c1185a5c5e9fc54612808977ee8f548b2258d31");
  EXPECT_EQ(run(3, text("abc")), zeros + "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
  EXPECT_EQ(run(3, text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            zeros + "12a053384a9c0c88e405a06c27dcf49ada62eb2b");
  EXPECT_EQ(run(3, text("12345678901234567890123456789012345678901234567890123456789012345678901234567890")),
            zeros + "9b752e45573d4b39f4dbd3323cab82bf63326bfb");
  EXPECT_EQ(run(3, text(std::string(1000000, 'a'))), zeros + "52783243c1697bdbe16d37f97f68f08325dc1528");

  EXPECT_EQ(gas(2, text("")), 60u);
  EXPECT_EQ(gas(2, Bytes(33)), 60u + 2 * 12);
  EXPECT_EQ(gas(3, Bytes(32)), 600u + 120);
}

TEST(Identity, CopiesItsInput) {
  EXPECT_EQ(run(4, "00112233ff"), "00112233ff");
  EXPECT_EQ(run(4, ""), "");
  EXPECT_EQ(gas(4, Bytes(65)), 15u + 3 * 3);
}

std::string lengths(std::uint64_t base, std::uint64_t exponent, std::uint64_t modulus) {
  return word(base) + word(exponent) + word(modulus);
}

TEST(Modexp, RaisesToPowers) {
  // EIP-198, by Fermat's little theorem.
  const std::string prime = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f";
  const std::string less_one = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2e";
  EXPECT_EQ(run(5, lengths(1, 32, 32) + "03" + less_one + prime), word(1));
  EXPECT_EQ(run(5, lengths(0, 32, 32) + less_one + prime), word(0));
  EXPECT_EQ(run(5, lengths(1, 1, 2) + "03" + "05" + "0100"), "00f3");
  EXPECT_EQ(run(5, lengths(1, 1, 2) + "03" + "05" + "01"), "00f3") << "the modulus goes on with zeros";
  EXPECT_EQ(run(5, lengths(1, 0, 4) + "00" + "00000007"), "00000001") << "0^0 is 1";
  EXPECT_EQ(run(5, lengths(1, 1, 3) + "07" + "09" + "000001"), "000000");
  EXPECT_EQ(run(5, lengths(1, 1, 3) + "07" + "09" + "000000"), "000000");
  EXPECT_EQ(run(5, lengths(1, 1, 3) + "07"), "000000");
  EXPECT_EQ(run(5, lengths(0, 0, 1) + "05"), "01");
  EXPECT_EQ(run(5, lengths(1, 1, 0) + "0505"), "");
  EXPECT_EQ(run(5, ""), "");
}

TEST(Modexp, CostsByTheRulesOfItsFork) {
  const std::string f32(64, 'f');
  const std::string fermat = lengths(1, 32, 32) + "03" + f32 + f32;
  EXPECT_EQ(gas(5, fermat, Fork::byzantium), 32u * 32 * 255 / 20);
  EXPECT_EQ(gas(5, fermat, Fork::berlin), 16u * 255 / 3);
  EXPECT_EQ(gas(5, fermat, Fork::osaka), 16u * 255);
  EXPECT_EQ(gas(5, "", Fork::byzantium), 0u);
  EXPECT_EQ(gas(5, "", Fork::berlin), 200u);
  EXPECT_EQ(gas(5, "", Fork::osaka), 500u);
  // EIP-198's three pieces of the complexity.
  EXPECT_EQ(gas(5, lengths(0, 0, 64), Fork::byzantium), 4096u / 20);
  EXPECT_EQ(gas(5, lengths(0, 0, 1024), Fork::byzantium), (1024u * 256 + 96 * 1024 - 3072) / 20);
  EXPECT_EQ(gas(5, lengths(1025, 0, 0), Fork::byzantium), (1025u * 1025 / 16 + 480 * 1025 - 199680) / 20);
  // 64-byte modulus to the power of 0x10001: "nagydani_1_pow0x10001" of EIP-2565 and EIP-7883.
  const std::string pow = lengths(64, 3, 64) + f32 + f32 + "010001" + f32 + f32;
  EXPECT_EQ(gas(5, pow, Fork::berlin), 341u);
  EXPECT_EQ(gas(5, pow, Fork::osaka), 2048u);
  // A long exponent: its first word's bits and 8 or 16 a byte after that.
  const std::string tall = lengths(1, 81, 1) + "02" + f32 + std::string(98, '0') + "07";
  EXPECT_EQ(gas(5, tall, Fork::berlin), (8u * 49 + 255) / 3);
  EXPECT_EQ(gas(5, tall, Fork::osaka), 16u * (16 * 49 + 255));
}

TEST(Modexp, IsNotToBeHadByHostileLengths) {
  const std::string huge(64, 'f');
  for (const Fork fork : {Fork::byzantium, Fork::berlin}) {
    EXPECT_EQ(gas(5, huge + word(0) + word(0), fork), kUnpayableGas);
    EXPECT_EQ(gas(5, word(0) + word(0) + huge, fork), kUnpayableGas);
    EXPECT_EQ(gas(5, word(1) + huge + word(1), fork), kUnpayableGas);
    EXPECT_EQ(gas(5, lengths(1, ~std::uint64_t{0}, 1 << 20), fork), kUnpayableGas);
    // Only the exponent is long, and with nothing to multiply it is free.
    EXPECT_EQ(gas(5, word(0) + huge + word(0), fork), fork == Fork::byzantium ? 0u : 200u);
    EXPECT_EQ(run(5, word(0) + huge + word(0), fork), "");
    // What was never paid for is not laid out either.
    EXPECT_EQ(run(5, huge + word(0) + word(1), fork), "refused");
    EXPECT_EQ(run(5, lengths(1, ~std::uint64_t{0} - 97, 1), fork), "00");
  }
}

TEST(Modexp, IsBoundedFromOsakaOn) {
  for (int which = 0; which < 3; ++which) {
    std::uint64_t size[3] = {1, 1, 1};
    size[which] = 1024;
    EXPECT_NE(run(5, lengths(size[0], size[1], size[2]), Fork::osaka), "refused") << which;
    size[which] = 1025;
    EXPECT_EQ(run(5, lengths(size[0], size[1], size[2]), Fork::osaka), "refused") << which;
    EXPECT_NE(run(5, lengths(size[0], size[1], size[2]), Fork::prague), "refused") << which;
  }
  EXPECT_EQ(run(5, word(0) + std::string(64, 'f') + word(0), Fork::osaka), "refused");
}

// The base points, and r, of EIP-196 and EIP-197.
const std::string kBnG1 = word(1) + word(2);
const std::string kBnMinusG1 = word(1) + "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd45";
const std::string kBnTwoG1 =
    "030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3"
    "15ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4";
const std::string kBnG2 =
    "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
    "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
    "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
    "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";
const std::string kBnOrder = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
const std::string kBnField = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";
const std::string kBnInfinity(128, '0');

TEST(Bn254, AddsPoints) {
  EXPECT_EQ(run(6, kBnG1 + kBnG1), kBnTwoG1);
  EXPECT_EQ(run(6, kBnG1 + kBnMinusG1), kBnInfinity);
  EXPECT_EQ(run(6, kBnG1 + kBnInfinity), kBnG1);
  EXPECT_EQ(run(6, kBnInfinity + kBnG1), kBnG1);
  EXPECT_EQ(run(6, kBnG1), kBnG1) << "short input goes on with zeros";
  EXPECT_EQ(run(6, ""), kBnInfinity);
  EXPECT_EQ(run(6, kBnTwoG1 + kBnMinusG1 + "aabb"), kBnG1) << "long input is cut";
  EXPECT_EQ(run(6, word(1) + word(1) + kBnInfinity), "refused");
  EXPECT_EQ(run(6, kBnInfinity + word(0) + word(1)), "refused");
  EXPECT_EQ(run(6, kBnField + word(0)), "refused") << "p is not 0";
  EXPECT_EQ(run(6, word(0) + kBnField), "refused");
}

TEST(Bn254, MultipliesPoints) {
  EXPECT_EQ(run(7, kBnG1 + word(0)), kBnInfinity);
  EXPECT_EQ(run(7, kBnG1), kBnInfinity);
  EXPECT_EQ(run(7, kBnG1 + word(1)), kBnG1);
  EXPECT_EQ(run(7, kBnG1 + word(2)), kBnTwoG1);
  EXPECT_EQ(run(7, kBnG1 + kBnOrder), kBnInfinity);
  EXPECT_EQ(run(7, kBnInfinity + word(7)), kBnInfinity);
  // (2^256 - 1) G, by the remainder of 2^256 - 1.
  const U256 order = U256::from_be(hex(kBnOrder));
  EXPECT_EQ(run(7, kBnG1 + std::string(64, 'f')), run(7, kBnG1 + to_hex((U256::max() % order).to_be())));
  EXPECT_EQ(run(7, word(1) + word(1) + word(1)), "refused");

  // Distributivity over scalars of every length, against addition.
  U256 scalar{3}, sum{};
  std::string total = kBnInfinity;
  for (int i = 0; i < 60; ++i) {
    scalar = (scalar * scalar + U256{static_cast<std::uint64_t>(i)}) % order;
    sum = (sum + scalar) % order;
    total = run(6, total + run(7, kBnG1 + to_hex(scalar.to_be())));
    ASSERT_EQ(total, run(7, kBnG1 + to_hex(sum.to_be()))) << i;
  }
}

TEST(Bn254, ChecksPairings) {
  EXPECT_EQ(run(8, ""), word(1)) << "an empty product is one";
  EXPECT_EQ(run(8, kBnG1 + kBnG2), word(0));
  EXPECT_EQ(run(8, kBnG1 + kBnG2 + kBnMinusG1 + kBnG2), word(1));
  EXPECT_EQ(run(8, kBnInfinity + kBnG2), word(1));
  EXPECT_EQ(run(8, kBnG1 + kBnInfinity + kBnInfinity), word(1));
  EXPECT_EQ(run(8, kBnTwoG1 + kBnG2 + kBnMinusG1 + kBnG2 + kBnMinusG1 + kBnG2), word(1));
  EXPECT_EQ(run(8, kBnTwoG1 + kBnG2 + kBnMinusG1 + kBnG2), word(0));
  // e(a G1, G2) e(b G1, G2) e(-(a + b) G1, G2) = 1
  const std::string a = run(7, kBnG1 + word(0x123456789abcdef)), b = run(7, kBnG1 + std::string(64, '7'));
  const std::string minus_one = to_hex((U256::from_be(hex(kBnOrder)) - U256{1}).to_be());
  const std::string rest = run(7, run(6, a + b) + minus_one);
  EXPECT_EQ(run(8, a + kBnG2 + b + kBnG2 + rest + kBnG2), word(1));
}

TEST(Bn254, RefusesBadPairs) {
  EXPECT_EQ(run(8, kBnG1), "refused");
  EXPECT_EQ(run(8, kBnG1 + kBnG2 + "00"), "refused");
  EXPECT_EQ(run(8, word(1) + word(1) + kBnG2), "refused");
  EXPECT_EQ(run(8, kBnG1 + kBnG2.substr(0, 192) + word(1)), "refused") << "off the twist";
  EXPECT_EQ(run(8, kBnG1 + kBnField + kBnG2.substr(64)), "refused");
  // A bad point is not saved by its partner's being infinity.
  EXPECT_EQ(run(8, kBnInfinity + word(1) + word(2) + word(3) + word(4)), "refused");
}

TEST(Bn254, CostsByTheRulesOfItsFork) {
  EXPECT_EQ(gas(6, "", Fork::byzantium), 500u);
  EXPECT_EQ(gas(6, "", Fork::istanbul), 150u);
  EXPECT_EQ(gas(7, "", Fork::byzantium), 40000u);
  EXPECT_EQ(gas(7, "", Fork::istanbul), 6000u);
  EXPECT_EQ(gas(8, kBnG1 + kBnG2, Fork::byzantium), 180000u);
  EXPECT_EQ(gas(8, kBnG1 + kBnG2, Fork::istanbul), 79000u);
}

std::string blake_input(const std::string& rounds, const std::string& final) {
  return rounds +
         "48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5"
         "d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b"
         "6162630000000000000000000000000000000000000000000000000000000000" +
         std::string(192, '0') + "03000000000000000000000000000000" + final;
}

TEST(Blake2f, MatchesTheVectorsOfEip152) {
  EXPECT_EQ(run(9, blake_input("0000000c", "01")),
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
            "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
  EXPECT_EQ(run(9, blake_input("00000000", "01")),
            "08c9bcf367e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5"
            "d282e6ad7f520e511f6c3e2b8c68059b9442be0454267ce079217e1319cde05b");
  EXPECT_EQ(run(9, blake_input("0000000c", "00")),
            "75ab69d3190a562c51aef8d88f1c2775876944407270c42c9844252c26d28752"
            "98743e7f6d5ea2f2d3e8d226039cd31b4e426ac4f2d3d666a610c2116fde4735");
  EXPECT_EQ(run(9, blake_input("00000001", "01")),
            "b63a380cb2897d521994a85234ee2c181b5f844d2c624c002677e9703449d2fb"
            "a551b3a8333bcdf5f2f7e08993d53923de3d64fcc68c034e717b9293fed7a421");
  EXPECT_EQ(gas(9, blake_input("00000001", "01")), 1u);
  EXPECT_EQ(gas(9, blake_input("ffffffff", "01")), 0xffffffffu);
}

TEST(Blake2f, RefusesOtherLengthsAndFlags) {
  const std::string good = blake_input("0000000c", "01");
  EXPECT_EQ(run(9, ""), "refused");
  EXPECT_EQ(run(9, good.substr(2)), "refused");
  EXPECT_EQ(run(9, good + "00"), "refused");
  EXPECT_EQ(run(9, blake_input("0000000c", "02")), "refused");
}

TEST(P256, VerifiesAndSaysNothingWhenItCannot) {
  // RFC 6979, A.2.5: message "sample", SHA-256.
  const std::string hash = "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf";
  const std::string r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
  const std::string s = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
  const std::string x = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
  const std::string y = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
  const std::string order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
  const std::string field = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
  EXPECT_EQ(run(0x100, hash + r + s + x + y), word(1));
  EXPECT_EQ(gas(0x100, ""), 6900u);
  for (const std::string& bad :
       {std::string(), hash + r + s + x, hash + r + s + x + y + "00", word(1) + r + s + x + y,
        hash + s + r + x + y, hash + word(0) + s + x + y, hash + r + word(0) + x + y,
        hash + order + s + x + y, hash + r + order + x + y, hash + r + s + x + x,
        hash + r + s + word(0) + word(0), hash + r + s + field + y})
    EXPECT_EQ(run(0x100, bad), "") << bad;
}

TEST(P256, TakesNoCoordinateForTheOneItIsCongruentTo) {
  // A signature of the key (5, y), made by choosing R = 3 G + 7 Q: r = R.x, s = r / 7, h = 3 s.
  const std::string signature =
      "eb94ebabdfb8013e211c89da705e37cc5bf44cd80e4f8cf503506bf26b2767e2"
      "25b0d0930a02ad8ef7ed41a85b868232b216bdf2288a6131caf2bbafabeafd18"
      "4e86f9394a92ab14b5b42df37aca129973fc199d5a1a8451abc57950ce6277f6";
  const std::string y = "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc";
  EXPECT_EQ(run(0x100, signature + word(5) + y), word(1));
  const std::string field_and_5 = "ffffffff00000001000000000000000000000001000000000000000000000004";
  EXPECT_EQ(run(0x100, signature + field_and_5 + y), "");
}

TEST(P256, ComparesWithTheRemainderOfRsCoordinate) {
  // R.x is the group's order and 3, so r is 3.
  EXPECT_EQ(run(0x100, "92492491b6db6db76db6db6db6db6db6b516461a1656a3b9afd7e193fdef830b" + word(3) +
                           "db6db6da9249249324924924924924920fa169272181f59687c3d25dfce7448f"
                           "53d70546f43a2734fbcf75e44e097094091d358dbf7abf42ebbeb6e8650b46fb"
                           "ad77c41fb8abe13a16b311886a38088f894f224a2d1b1713aa351e25804d1283"),
            word(1));
}

}  // namespace
}  // namespace quarry::evm
