// EIP-2537 as it stood in April 2024: nine contracts, other prices. See Rules::has_draft_eip2537.
#include <array>

#include "evm/precompiles/contracts.hpp"

namespace quarry::evm::precompiles {
namespace {
constexpr std::size_t kG1MultiplyBytes = 160, kG2MultiplyBytes = 288, kPairBytes = 384;
/// In thousandths, by the number of points.
constexpr std::array<std::uint16_t, 128> kDiscounts = {
    1200, 888, 764, 641, 594, 547, 500, 453, 438, 423, 408, 394, 379, 364, 349, 334, 330, 326, 322,
    318,  314, 310, 306, 302, 298, 294, 289, 285, 281, 277, 273, 269, 268, 266, 265, 263, 262, 260,
    259,  257, 256, 254, 253, 251, 250, 248, 247, 245, 244, 242, 241, 239, 238, 236, 235, 233, 232,
    231,  229, 228, 226, 225, 223, 222, 221, 220, 219, 219, 218, 217, 216, 216, 215, 214, 213, 213,
    212,  211, 211, 210, 209, 208, 208, 207, 206, 205, 205, 204, 203, 202, 202, 201, 200, 199, 199,
    198,  197, 196, 196, 195, 194, 193, 193, 192, 191, 191, 190, 189, 188, 188, 187, 186, 185, 185,
    184,  183, 182, 182, 181, 180, 179, 179, 178, 177, 176, 176, 175, 174};

template <std::size_t kBytes, Gas kOne>
Gas multiply_all_gas(ByteView input, const Rules&) {
  const std::size_t count = input.size() / kBytes;
  return count == 0 ? 0 : count * kOne * kDiscounts[std::min(count, kDiscounts.size()) - 1] / 1000;
}
Gas pairing_gas(ByteView input, const Rules&) {
  return 65000 + 43000 * Gas{input.size() / kPairBytes};
}
template <Gas kPrice>
Gas flat(ByteView, const Rules&) {
  return kPrice;
}

bool g1_multiply(ByteView input, const Rules& rules, Bytes& output) {
  return input.size() == kG1MultiplyBytes && bls_g1_msm(input, rules, output);
}
bool g2_multiply(ByteView input, const Rules& rules, Bytes& output) {
  return input.size() == kG2MultiplyBytes && bls_g2_msm(input, rules, output);
}

constexpr Address at(std::uint8_t number) {
  Address out;
  out.bytes[19] = number;
  return out;
}
constexpr std::array kTable = {
    Precompile{at(0x0b), "bls12_g1add", {}, flat<500>, bls_g1_add},
    Precompile{at(0x0c), "bls12_g1mul", {}, flat<12000>, g1_multiply},
    Precompile{at(0x0d), "bls12_g1msm", {}, multiply_all_gas<kG1MultiplyBytes, 12000>, bls_g1_msm},
    Precompile{at(0x0e), "bls12_g2add", {}, flat<800>, bls_g2_add},
    Precompile{at(0x0f), "bls12_g2mul", {}, flat<45000>, g2_multiply},
    Precompile{at(0x10), "bls12_g2msm", {}, multiply_all_gas<kG2MultiplyBytes, 45000>, bls_g2_msm},
    Precompile{at(0x11), "bls12_pairing", {}, pairing_gas, bls_pairing},
    Precompile{at(0x12), "bls12_map_fp_to_g1", {}, flat<5500>, bls_map_fp_to_g1},
    Precompile{at(0x13), "bls12_map_fp2_to_g2", {}, flat<75000>, bls_map_fp2_to_g2},
};
}  // namespace

std::span<const Precompile> draft_eip2537() {
  return kTable;
}

}  // namespace quarry::evm::precompiles
