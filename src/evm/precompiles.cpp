#include "evm/precompiles.hpp"

#include <array>
#include <cstring>

#include "evm/precompiles/contracts.hpp"

namespace quarry::evm {
namespace {
template <Gas kPrice>
Gas flat(ByteView, const Rules&) {
  return kPrice;
}
/// So much, and so much for each begun word of input.
template <Gas kBase, Gas kWord>
Gas by_word(ByteView input, const Rules&) {
  return kBase + kWord * ((input.size() + 31) / 32);
}

constexpr Address at(std::uint16_t number) {
  Address out;
  out.bytes[18] = static_cast<std::uint8_t>(number >> 8);
  out.bytes[19] = static_cast<std::uint8_t>(number);
  return out;
}

namespace p = precompiles;
constexpr std::array kTable = {
    Precompile{at(0x01), "ecrecover", {}, flat<3000>, p::ecrecover},
    Precompile{at(0x02), "sha256", {}, by_word<60, 12>, p::sha256},
    Precompile{at(0x03), "ripemd160", {}, by_word<600, 120>, p::ripemd160},
    Precompile{at(0x04), "identity", {}, by_word<15, 3>, p::identity},
    Precompile{at(0x05), "modexp", Fork::byzantium, p::modexp_gas, p::modexp},
    Precompile{at(0x06), "bn254_add", Fork::byzantium, p::bn254_add_gas, p::bn254_add},
    Precompile{at(0x07), "bn254_mul", Fork::byzantium, p::bn254_multiply_gas, p::bn254_multiply},
    Precompile{at(0x08), "bn254_pairing", Fork::byzantium, p::bn254_pairing_gas, p::bn254_pairing},
    Precompile{at(0x09), "blake2f", Fork::istanbul, p::blake2f_gas, p::blake2f},
    Precompile{at(0x0a), "point_evaluation", Fork::cancun, flat<50000>, p::point_evaluation},
    Precompile{at(0x0b), "bls12_g1add", Fork::prague, flat<375>, p::bls_g1_add},
    Precompile{at(0x0c), "bls12_g1msm", Fork::prague, p::bls_g1_msm_gas, p::bls_g1_msm},
    Precompile{at(0x0d), "bls12_g2add", Fork::prague, flat<600>, p::bls_g2_add},
    Precompile{at(0x0e), "bls12_g2msm", Fork::prague, p::bls_g2_msm_gas, p::bls_g2_msm},
    Precompile{at(0x0f), "bls12_pairing", Fork::prague, p::bls_pairing_gas, p::bls_pairing},
    Precompile{at(0x10), "bls12_map_fp_to_g1", Fork::prague, flat<5500>, p::bls_map_fp_to_g1},
    Precompile{at(0x11), "bls12_map_fp2_to_g2", Fork::prague, flat<23800>, p::bls_map_fp2_to_g2},
    Precompile{at(0x100), "p256verify", Fork::osaka, flat<6900>, p::p256_verify},
};

constexpr std::size_t kHighest = 0x100;
/// For each number up to kHighest its place in the table plus one, or 0.
constexpr auto kPlaces = [] {
  std::array<std::uint8_t, kHighest + 1> places{};
  for (std::size_t i = 0; i < kTable.size(); ++i)
    places[kTable[i].address.bytes[18] << 8 | kTable[i].address.bytes[19]] = static_cast<std::uint8_t>(i + 1);
  return places;
}();
}  // namespace

std::span<const Precompile> all_precompiles() {
  return kTable;
}

PrecompileMap precompiles_of(const Rules& rules) {
  PrecompileMap out;
  for (const auto& row : all_precompiles())
    if (const auto* found = find_precompile(row.address, rules)) out[row.address] = found;
  return out;
}

const Precompile* find_precompile(const Address& address, const Rules& rules) {
  std::uint64_t first, second;
  std::memcpy(&first, address.data(), 8);
  std::memcpy(&second, address.data() + 8, 8);
  if ((first | second | address.bytes[16] | address.bytes[17]) != 0) return nullptr;
  const std::size_t number = std::size_t{address.bytes[18]} << 8 | address.bytes[19];
  if (rules.has_draft_eip2537() && number >= 0x0b && number <= 0x13)
    return &p::draft_eip2537()[number - 0x0b];
  if (number > kHighest || kPlaces[number] == 0) return nullptr;
  const Precompile& row = kTable[kPlaces[number] - 1];
  return !row.since || rules.has(*row.since) ? &row : nullptr;
}

}  // namespace quarry::evm
