// The precompiles, a call each through the table; items_per_second is calls.
#include "evm/precompiles.hpp"

#include <benchmark/benchmark.h>

#include "core/check.hpp"

namespace {
using namespace quarry;
using evm::Precompile;

Rules all_forks() {
  Rules rules;
  for (const ForkInfo& row : kForkTable) rules.set(row.fork);
  return rules;
}

void call(benchmark::State& state, const Precompile* row, const Bytes& input) {
  const Rules rules = all_forks();
  Bytes output;
  for (auto _ : state) {
    QUARRY_CHECK(row->run(input, rules, output));
    benchmark::DoNotOptimize(output.data());
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["Mgas/s"] = benchmark::Counter(
      static_cast<double>(row->gas(input, rules)) * 1e-6 * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate);
}

void find(benchmark::State& state) {
  const Rules rules = all_forks();
  Address address;
  address.bytes[19] = 1;
  for (auto _ : state) {
    benchmark::DoNotOptimize(address);
    benchmark::DoNotOptimize(evm::find_precompile(address, rules));
  }
}
BENCHMARK(find);

std::string word(std::uint64_t value) {
  return to_hex(U256{value}.to_be());
}

struct Case {
  const char* name;
  std::uint16_t number;
  std::string input;  ///< hex
};

const std::string kBn254G1 = word(1) + word(2);
const std::string kBn254MinusG1 =
    word(1) + "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd45";
const std::string kBn254G2 =
    "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
    "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
    "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
    "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";
const std::string kFull(64, 'f');
const std::string kPad(32, '0');
const std::string kBlsG1 =
    kPad +
    "17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb" +
    kPad + "08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";
const std::string kBlsG2 =
    kPad +
    "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8" +
    kPad +
    "13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e" +
    kPad +
    "0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801" +
    kPad + "0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be";
/// The polynomial X opened at 7: see tests/evm/bls12_381_test.cpp.
const std::string kTauG1 =
    "ad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81";
const std::string kOpening =
    word(7) + word(7) + kTauG1 +
    "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";

/// Its versioned hash is worked out by the sha256 contract.
std::string versioned_hash(const std::string& commitment) {
  Bytes out;
  QUARRY_CHECK(evm::all_precompiles()[1].run(*from_hex(commitment), Rules{}, out));
  return "01" + to_hex(out).substr(2);
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}
std::string modexp(int bytes, const std::string& exponent, const std::string& last) {
  const std::string number = repeated("a7", bytes - 1);
  return word(bytes) + word(exponent.size() / 2) + word(bytes) + number + "a7" + exponent + number + last;
}

const bool registered = [] {
  const Case cases[] = {
      {"ecrecover", 1,
       "18c547e4f7b0f325ad1e56f57e26c745b09a3e503d86e00e5255ff7f715d3d1c" + word(28) +
           "73b1693892219d736caba55bdb67216e485557ea6b6af75f37096c9aa6a5a75f"
           "eeb940b1d03b21e36b0e47e79769f095fe2ab855bd91e3a38756b7d75a9c4549"},
      {"sha256/64", 2, repeated("5a", 64)},
      {"sha256/1024", 2, repeated("5a", 1024)},
      {"ripemd160/64", 3, repeated("5a", 64)},
      {"ripemd160/1024", 3, repeated("5a", 1024)},
      {"identity/1024", 4, repeated("5a", 1024)},
      {"modexp/32 bytes, 256-bit exponent", 5, modexp(32, kFull, "c9")},
      {"modexp/32 bytes, even", 5, modexp(32, kFull, "c8")},
      {"modexp/256 bytes, exponent 65537", 5, modexp(256, "010001", "c9")},
      {"modexp/256 bytes, 2048-bit exponent", 5, modexp(256, repeated(kFull, 8), "c9")},
      {"modexp/1024 bytes, exponent 65537", 5, modexp(1024, "010001", "c9")},
      {"bn254_add", 6,
       kBn254G1 + "030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3"
                  "15ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4"},
      {"bn254_mul", 7, kBn254G1 + kFull},
      {"bn254_pairing/1", 8, kBn254G1 + kBn254G2},
      {"bn254_pairing/2", 8, kBn254G1 + kBn254G2 + kBn254MinusG1 + kBn254G2},
      {"bn254_pairing/8", 8, repeated(kBn254G1 + kBn254G2 + kBn254MinusG1 + kBn254G2, 4)},
      {"blake2f/12 rounds", 9, "0000000c" + repeated("5a", 208) + "01"},
      {"blake2f/10000 rounds", 9, "00002710" + repeated("5a", 208) + "01"},
      {"point_evaluation", 0x0a, versioned_hash(kTauG1) + kOpening},
      {"bls12_g1add", 0x0b, kBlsG1 + kBlsG1},
      {"bls12_g1msm/1", 0x0c, kBlsG1 + kFull},
      {"bls12_g1msm/2", 0x0c, repeated(kBlsG1 + kFull, 2)},
      {"bls12_g1msm/16", 0x0c, repeated(kBlsG1 + kFull, 16)},
      {"bls12_g1msm/128", 0x0c, repeated(kBlsG1 + kFull, 128)},
      {"bls12_g2add", 0x0d, kBlsG2 + kBlsG2},
      {"bls12_g2msm/1", 0x0e, kBlsG2 + kFull},
      {"bls12_g2msm/16", 0x0e, repeated(kBlsG2 + kFull, 16)},
      {"bls12_g2msm/128", 0x0e, repeated(kBlsG2 + kFull, 128)},
      {"bls12_pairing/1", 0x0f, kBlsG1 + kBlsG2},
      {"bls12_pairing/2", 0x0f, repeated(kBlsG1 + kBlsG2, 2)},
      {"bls12_pairing/8", 0x0f, repeated(kBlsG1 + kBlsG2, 8)},
      {"bls12_map_fp_to_g1", 0x10, kBlsG1.substr(0, 128)},
      {"bls12_map_fp2_to_g2", 0x11, kBlsG2.substr(0, 256)},
      {"p256verify", 0x100,
       "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf"
       "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
       "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
       "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
       "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"},
  };
  for (const Case& row : cases) {
    Address address;
    address.bytes[18] = static_cast<std::uint8_t>(row.number >> 8);
    address.bytes[19] = static_cast<std::uint8_t>(row.number);
    const Precompile* found = evm::find_precompile(address, all_forks());
    const auto input = from_hex(row.input);
    QUARRY_CHECK(found && input);
    benchmark::RegisterBenchmark(
        row.name, [found, input = *input](benchmark::State& state) { call(state, found, input); });
  }
  return true;
}();
}  // namespace
