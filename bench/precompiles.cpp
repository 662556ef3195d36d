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
