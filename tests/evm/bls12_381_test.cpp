// BLS12-381 (EIP-2537) and the KZG proofs over it (EIP-4844).
#include <nlohmann/json.hpp>

#include "fixtures.hpp"
#include "precompile_support.hpp"

namespace quarry::evm {
namespace {

/// A field element's 48 bytes as EIP-2537 has them.
std::string fp(const std::string& digits) {
  return std::string(32, '0') + digits;
}
std::string minus(const std::string& y) {
  // 48-byte subtraction from p, as text.
  static const Bytes kModulus =
      hex("1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab");
  Bytes out = hex(y);
  int borrow = 0;
  for (std::size_t i = out.size(); i-- > 0;) {
    const int difference = kModulus[i] - out[i] - borrow;
    borrow = difference < 0;
    out[i] = static_cast<std::uint8_t>(difference);
  }
  return to_hex(out);
}

// EIP-2537: the generators, the field's modulus and the order of the groups.
const std::string kG1X =
    "17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
const std::string kG1Y =
    "08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";
const std::string kG1 = fp(kG1X) + fp(kG1Y), kMinusG1 = fp(kG1X) + fp(minus(kG1Y));
const std::string kG2X =
    fp("024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8") +
    fp("13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e");
const std::string kG2Y0 =
    "0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801";
const std::string kG2Y1 =
    "0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be";
const std::string kG2 = kG2X + fp(kG2Y0) + fp(kG2Y1), kMinusG2 = kG2X + fp(minus(kG2Y0)) + fp(minus(kG2Y1));
const std::string kField =
    fp("1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab");
const std::string kOrder = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
const std::string kNone1(256, '0'), kNone2(512, '0'), kFull(64, 'f');
/// On the curves but not in the subgroups: x = 0, of order 3, on G1's; x = 2 on G2's.
const std::string kZero = fp(std::string(96, '0')), kTwo = fp(std::string(95, '0') + "2");
const std::string kOutside1 = kZero + kTwo;
const std::string kOutside2 =
    kTwo + kZero +
    fp("18c6b864ae17dc9da64203ffefb966306425a7bc6aeb7c75247438372716284a4173830420cd476ba1a365b95bfcec38") +
    fp("172e93db764a8400a7d5071b6b6f5de0da2f0f4a063119abca014006b7c40a2cfe291a1924e65db0d6d0fcfbf3bf3d5c");

TEST(Bls12381, AddsPoints) {
  const std::string two = run(0x0c, kG1 + word(2)), two2 = run(0x0e, kG2 + word(2));
  EXPECT_EQ(run(0x0b, kG1 + kG1), two);
  EXPECT_EQ(run(0x0b, two + kMinusG1), kG1);
  EXPECT_EQ(run(0x0b, kG1 + kMinusG1), kNone1);
  EXPECT_EQ(run(0x0b, kG1 + kNone1), kG1);
  EXPECT_EQ(run(0x0b, kNone1 + kNone1), kNone1);
  EXPECT_EQ(run(0x0d, kG2 + kG2), two2);
  EXPECT_EQ(run(0x0d, two2 + kMinusG2), kG2);
  EXPECT_EQ(run(0x0d, kG2 + kMinusG2), kNone2);
  EXPECT_EQ(run(0x0d, kNone2 + kG2), kG2);
  // Addition asks for the curve only: twice the point of order 3 is its opposite.
  EXPECT_EQ(run(0x0b, kOutside1 + kOutside1), kZero + fp(minus(kTwo.substr(32))));
  EXPECT_EQ(run(0x0d, kOutside2 + kNone2), kOutside2);
}

TEST(Bls12381, RefusesWhatIsNotAPoint) {
  const std::string off1 = fp(kG1X) + fp(kG1X), off2 = kG2X + kG2X;
  const std::string high = "01" + kG1.substr(2);  // a byte of the padding
  for (const std::string& bad : {std::string(), kG1, kG1 + kG1 + "00", off1 + kG1, kG1 + off1, high + kG1,
                                 kField + fp(kG1Y) + kG1, fp(kG1X) + kField + kG1, kField + kField + kG1})
    EXPECT_EQ(run(0x0b, bad), "refused") << bad;
  for (const std::string& bad : {std::string(), kG2, kG2 + kG2 + "00", off2 + kG2, kG2 + off2,
                                 kField + kG2.substr(128) + kG2, kG1 + kG1 + kG2})
    EXPECT_EQ(run(0x0d, bad), "refused") << bad;
  for (const std::string& bad : {std::string(), kG1, kG1 + word(1) + kG1, off1 + word(1), kOutside1 + word(0),
                                 kG1 + word(1) + kOutside1 + word(1)})
    EXPECT_EQ(run(0x0c, bad), "refused") << bad;
  for (const std::string& bad : {std::string(), kG2, kG2 + word(1) + "00", off2 + word(1),
                                 kOutside2 + word(1), kG2 + word(1) + kOutside2 + word(0)})
    EXPECT_EQ(run(0x0e, bad), "refused") << bad;
  for (const std::string& bad :
       {std::string(), kG1 + kG2 + "00", off1 + kG2, kG1 + off2, kOutside1 + kG2, kG1 + kOutside2,
        kNone1 + kOutside2, kOutside1 + kNone2, kNone1 + off2, kG1 + kG2 + kG1})
    EXPECT_EQ(run(0x0f, bad), "refused") << bad;
  for (const std::string& bad : {std::string(), kField, fp(kG1X) + "00", high.substr(0, 128)})
    EXPECT_EQ(run(0x10, bad), "refused") << bad;
  for (const std::string& bad : {fp(kG1X), kG2X + "00", kField + fp(kG1X), fp(kG1X) + kField})
    EXPECT_EQ(run(0x11, bad), "refused") << bad;
}

/// Sums of products by one call and by many, over so many points of a group that every algorithm below takes
/// part.
void sums_agree(std::uint16_t add, std::uint16_t msm, const std::string& generator, const std::string& none) {
  U256 scalar{3};
  std::string input, sum = none;
  for (int count = 1; count <= 70; ++count) {
    scalar = scalar * scalar + U256{static_cast<std::uint64_t>(count)};  // up to 2^256, above the order too
    const std::string point = run(msm, generator + word(static_cast<std::uint64_t>(count * count)));
    const std::string pair =
        (count % 9 == 4 ? none : point) + (count % 7 == 5 ? word(0) : to_hex(scalar.to_be()));
    input += pair;
    sum = run(add, sum + run(msm, pair));
    if (count % 8 < 3) {
      ASSERT_EQ(run(msm, input), sum) << count;
    }
  }
}

TEST(Bls12381, MultipliesPoints) {
  for (const auto& [msm, generator, none] : {std::tuple(0x0c, kG1, kNone1), std::tuple(0x0e, kG2, kNone2)}) {
    const auto number = static_cast<std::uint16_t>(msm);
    EXPECT_EQ(run(number, generator + word(1)), generator);
    EXPECT_EQ(run(number, generator + word(0)), none);
    EXPECT_EQ(run(number, generator + kOrder), none);
    EXPECT_EQ(run(number, none + word(5)), none);
    const U256 rest = U256::max() % U256::from_be(hex(kOrder));
    EXPECT_EQ(run(number, generator + kFull), run(number, generator + to_hex(rest.to_be())));
    EXPECT_EQ(run(number, generator + word(2) + generator + kOrder), run(number, generator + word(2)));
  }
  sums_agree(0x0b, 0x0c, kG1, kNone1);
  sums_agree(0x0d, 0x0e, kG2, kNone2);
}

TEST(Bls12381, ChecksPairings) {
  EXPECT_EQ(run(0x0f, kG1 + kG2), word(0));
  EXPECT_EQ(run(0x0f, kNone1 + kG2), word(1));
  EXPECT_EQ(run(0x0f, kG1 + kNone2), word(1));
  EXPECT_EQ(run(0x0f, kG1 + kG2 + kMinusG1 + kG2), word(1));
  EXPECT_EQ(run(0x0f, kG1 + kG2 + kG1 + kMinusG2), word(1));
  EXPECT_EQ(run(0x0f, kG1 + kG2 + kNone1 + kNone2 + kMinusG1 + kG2), word(1));
  EXPECT_EQ(run(0x0f, kG1 + kG2 + kG1 + kG2), word(0));
  // e(a P, b Q) = e(ab P, Q), in more pairs than blst takes at once.
  std::string input;
  for (std::uint64_t i = 1; i <= 18; ++i)
    input += run(0x0c, kG1 + word(1000 + i)) + run(0x0e, kG2 + word(77 * i)) +
             run(0x0c, kMinusG1 + word((1000 + i) * 77 * i)) + kG2;
  EXPECT_EQ(run(0x0f, input), word(1));
  EXPECT_EQ(run(0x0f, input + kG1 + kG2), word(0));
}

TEST(Bls12381, MapsFieldElementsToPoints) {
  // RFC 9380, J.9.1 and J.10.1, message "abc": the hash is the sum of two maps.
  const std::string hash1 = run(0x0b, run(0x10, fp("0d921c33f2bad966478a03ca35d05719bdf92d347557ea166e5bba579"
                                                   "eea9b83e9afa5c088573c2281410369fbd32951")) +
                                          run(0x10, fp("003574a00b109ada2f26a37a91f9d1e740dffd8d69ec0c35e1e9f"
                                                       "4652c7dba61123e9dd2e76c655d956e2b3462611139")));
  EXPECT_EQ(
      hash1,
      fp("03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3aee664ba5379a7655d3c68900be2f6903") +
          fp("0b9c15f3fe6e5cf4211f346271d7b01c8f3b28be689c8429c85b67af215533311f0b8dfaaa154fa6b88176c229f2885"
             "d"));
  const std::string hash2 =
      run(0x0d, run(0x11, fp("15f7c0aa8f6b296ab5ff9c2c7581ade64f4ee6f1bf18f55179ff44a2cf355fa53dd2a2158c5ecb1"
                             "7d7c52f63e7195771") +
                              fp("01c8067bf4c0ba709aa8b9abc3d1cef589a4758e09ef53732d670fd8739a7274e111ba2fcaa"
                                 "71b3d33df2a3a0c8529dd")) +
                    run(0x11, fp("187111d5e088b6b9acfdfad078c4dacf72dcd17ca17c82be35e79f8c372a693f60a033b461d"
                                 "81b025864a0ad051a06e4") +
                                  fp("08b852331c96ed983e497ebc6dee9b75e373d923b729194af8e72a051ea586f3538a6eb"
                                     "b1e80881a082fa2b24df9f566")));
  EXPECT_EQ(
      hash2,
      fp("02c2d18e033b960562aae3cab37a27ce00d80ccd5ba4b7fe0e7a210245129dbec7780ccc7954725f4168aff2787776e6") +
          fp("139cddbccdc5e91b9623efd38c49f81a6f83f175e80b06fc374de9eb4b41dfe4ca3a230ed250fbe3a2acf73a41177fd"
             "8") +
          fp("1787327b68159716a37440985269cf584bcb1e621d3a7202be6ea05c4cfe244aeb197642555a0645fb87bf7466b2ba4"
             "8") +
          fp("00aa65dae3c8d732d10ecd2c50f8a1baf3001578f71c694e03866e9f3d49ac1e1ce70dd94a733534f106d4cec0eddd1"
             "6"));
}

TEST(Bls12381, CostsAsEip2537Says) {
  EXPECT_EQ(gas(0x0b, ""), 375u);
  EXPECT_EQ(gas(0x0d, ""), 600u);
  EXPECT_EQ(gas(0x10, ""), 5500u);
  EXPECT_EQ(gas(0x11, ""), 23800u);
  EXPECT_EQ(gas(0x0c, Bytes(159)), 0u);
  EXPECT_EQ(gas(0x0c, Bytes(160)), 12000ull);
  EXPECT_EQ(gas(0x0c, Bytes(160 * 2)), 2 * 12000ull * 949 / 1000);
  EXPECT_EQ(gas(0x0c, Bytes(160 * 128)), 128 * 12000ull * 519 / 1000);
  EXPECT_EQ(gas(0x0c, Bytes(160 * 1000)), 1000 * 12000ull * 519 / 1000);
  EXPECT_EQ(gas(0x0e, Bytes(288)), 22500ull);
  EXPECT_EQ(gas(0x0e, Bytes(288 * 3)), 3 * 22500ull * 923 / 1000);
  EXPECT_EQ(gas(0x0e, Bytes(288 * 200)), 200 * 22500ull * 524 / 1000);
  EXPECT_EQ(gas(0x0f, ""), 37700u);
  EXPECT_EQ(gas(0x0f, Bytes(384 * 2 + 5)), 37700u + 2 * 32600);
}

TEST(Bls12381, HasTheDraftThatOldTestsWereMadeWith) {
  Rules rules = rules_of(Fork::cancun);
  EXPECT_EQ(find_precompile(address_of_number(0x0b), rules), nullptr);
  rules.set_draft_eip2537();
  struct {
    std::uint16_t number;
    std::size_t input_bytes;
    Gas gas;
  } const rows[] = {{0x0b, 256, 500},    {0x0c, 160, 12000}, {0x0d, 160, 14400},
                    {0x0e, 512, 800},    {0x0f, 288, 45000}, {0x10, 288 * 2, 2 * 45 * 888},
                    {0x11, 384, 108000}, {0x12, 64, 5500},   {0x13, 128, 75000}};
  for (const auto& row : rows) {
    const Precompile* found = find_precompile(address_of_number(row.number), rules);
    ASSERT_NE(found, nullptr) << row.number;
    EXPECT_EQ(found->address, address_of_number(row.number));
    const Bytes input(row.input_bytes);  // infinity, or zero
    EXPECT_EQ(found->gas(input, rules), row.gas) << row.number;
    Bytes output;
    EXPECT_TRUE(found->run(input, rules, output)) << row.number;
    EXPECT_FALSE(found->run(Bytes(row.input_bytes + 1), rules, output)) << row.number;
  }
}

// The polynomial X: it is committed to by tau G1 ("g1_monomial"[1] of the setup), has the value z at z, and
// its quotient is 1, committed to by G1.
const std::string kTauG1 =
    "ad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81";
const std::string kG1Short =
    "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
const std::string kNoneShort = "c0" + std::string(94, '0');

std::string versioned(const std::string& commitment) {
  return "01" + run(2, commitment).substr(2);
}
std::string opening(const std::string& commitment, const std::string& z, const std::string& y,
                    const std::string& proof) {
  return versioned(commitment) + z + y + commitment + proof;
}

TEST(PointEvaluation, AcceptsTrueOpenings) {
  const std::string yes = word(4096) + kOrder;
  EXPECT_EQ(run(0x0a, opening(kTauG1, word(0), word(0), kG1Short)), yes);
  EXPECT_EQ(run(0x0a, opening(kTauG1, word(12345), word(12345), kG1Short)), yes);
  // Constants: the quotient is zero.
  EXPECT_EQ(run(0x0a, opening(kG1Short, word(99), word(1), kNoneShort)), yes);
  EXPECT_EQ(run(0x0a, opening(kNoneShort, word(99), word(0), kNoneShort)), yes);
  EXPECT_EQ(gas(0x0a, ""), 50000u);
}

TEST(PointEvaluation, RefusesEverythingElse) {
  const std::string good = opening(kTauG1, word(7), word(7), kG1Short);
  const std::string over = to_hex((U256::from_be(hex(kOrder)) + U256{7}).to_be());
  std::string broken = kTauG1, infinity_and_more = kNoneShort;
  broken[0] = '2';
  infinity_and_more.back() = '1';
  for (const std::string& bad :
       {std::string(), good + "00", good.substr(2), "02" + good.substr(2), "00" + good.substr(2),
        opening(kTauG1, word(7), word(8), kG1Short), opening(kTauG1, word(8), word(7), kG1Short),
        opening(kTauG1, over, word(7), kG1Short), opening(kTauG1, word(7), over, kG1Short),
        opening(kG1Short, word(7), word(7), kG1Short), opening(kTauG1, word(7), word(7), kTauG1),
        opening(kTauG1, word(7), word(7), kNoneShort), opening(broken, word(7), word(7), kG1Short),
        opening(kTauG1, word(7), word(7), broken), opening(infinity_and_more, word(7), word(0), kNoneShort),
        // x = 0, of order 3.
        opening("80" + std::string(94, '0'), word(0), word(0), kNoneShort)})
    EXPECT_EQ(run(0x0a, bad), "refused") << bad;
}

TEST(PointEvaluation, JudgesTheVectorsOfTheConsensusTests) {
  const auto file = test::unpacked("ethereum-tests.tar.xz") /
                    "legacy/Cancun/GeneralStateTests/Pyspecs/cancun/eip4844_blobs/"
                    "point_evaluation_precompile_external_vectors.json";
  QUARRY_NEEDS_FIXTURE(file);
  int right = 0, wrong = 0;
  const auto tests = nlohmann::json::parse(test::read_file(file));
  for (const auto& [name, test] : tests.items()) {
    // The contract it calls hands its input on.
    const auto input = from_hex(test.at("transaction").at("data").at(0).get<std::string>());
    ASSERT_TRUE(input) << name;
    const bool is_right = name.find("case_correct_proof") != std::string::npos;
    EXPECT_EQ(run(0x0a, *input) != "refused", is_right) << name;
    ++(is_right ? right : wrong);
  }
  EXPECT_GT(right, 10);
  EXPECT_GT(wrong, 10);
}

}  // namespace
}  // namespace quarry::evm
