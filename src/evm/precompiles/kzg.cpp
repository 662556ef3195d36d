// Checking a KZG opening (EIP-4844, "Point evaluation precompile"), by blst.
//
// That the committed polynomial has the value y at z is e(C - y G1, G2) = e(proof, tau G2 - z G2). Moved to
// e(C - y G1 + z proof, -G2) e(proof, tau G2) = 1, both points of G2 are constants, and their lines through
// the Miller loop are worked out once. Of the trusted setup only tau G2 is needed.
#include <blst.h>

#include <array>
#include <optional>

#include "core/check.hpp"
#include "core/u256.hpp"
#include "evm/precompiles/contracts.hpp"

namespace quarry::evm::precompiles {
namespace {
constexpr std::size_t kInputBytes = 192;
constexpr std::uint8_t kVersion = 0x01;
constexpr std::uint64_t kFieldElementsPerBlob = 4096;
constexpr U256 kGroupOrder{0x73eda753299d7d48, 0x3339d80809a1d805, 0x53bda402fffe5bfe, 0xffffffff00000001};

/// tau G2 of the ceremony of 2023, compressed: "g2_monomial"[1] of consensus-specs' trusted_setup_4096.json.
constexpr std::array<std::uint8_t, 96> kTauG2 = {
    0xb5, 0xbf, 0xd7, 0xdd, 0x8c, 0xde, 0xb1, 0x28, 0x84, 0x3b, 0xc2, 0x87, 0x23, 0x0a, 0xf3, 0x89,
    0x26, 0x18, 0x70, 0x75, 0xcb, 0xfb, 0xef, 0xa8, 0x10, 0x09, 0xa2, 0xce, 0x61, 0x5a, 0xc5, 0x3d,
    0x29, 0x14, 0xe5, 0x87, 0x0c, 0xb4, 0x52, 0xd2, 0xaf, 0xaa, 0xab, 0x24, 0xf3, 0x49, 0x9f, 0x72,
    0x18, 0x5c, 0xbf, 0xee, 0x53, 0x49, 0x27, 0x14, 0x73, 0x44, 0x29, 0xb7, 0xb3, 0x86, 0x08, 0xe2,
    0x39, 0x26, 0xc9, 0x11, 0xcc, 0xec, 0xea, 0xc9, 0xa3, 0x68, 0x51, 0x47, 0x7b, 0xa4, 0xc6, 0x0b,
    0x08, 0x70, 0x41, 0xde, 0x62, 0x10, 0x00, 0xed, 0xc9, 0x8e, 0xda, 0xda, 0x20, 0xc1, 0xde, 0xf2};

/// The lines of a point of G2 through the Miller loop.
struct Lines {
  blst_fp6 at[68];
  explicit Lines(const blst_p2_affine& point) { blst_precompute_lines(at, &point); }
};

const Lines& tau_lines() {
  static const Lines lines = [] {
    blst_p2_affine tau;
    QUARRY_CHECK(blst_p2_uncompress(&tau, kTauG2.data()) == BLST_SUCCESS && blst_p2_affine_in_g2(&tau));
    return Lines(tau);
  }();
  return lines;
}
const Lines& minus_generator_lines() {
  static const Lines lines = [] {
    blst_p2 point = *blst_p2_generator();
    blst_p2_cneg(&point, true);
    blst_p2_affine affine;
    blst_p2_to_affine(&affine, &point);
    return Lines(affine);
  }();
  return lines;
}

/// 48 bytes, compressed; nothing when off the curve or the subgroup.
std::optional<blst_p1_affine> read_g1(ByteView bytes) {
  blst_p1_affine out;
  if (blst_p1_uncompress(&out, bytes.data()) != BLST_SUCCESS || !blst_p1_affine_in_g1(&out))
    return std::nullopt;
  return out;
}
/// 32 bytes; nothing when not below the group's order.
std::optional<blst_scalar> read_scalar(ByteView bytes) {
  if (U256::from_be(bytes) >= kGroupOrder) return std::nullopt;
  blst_scalar out;
  blst_scalar_from_bendian(&out, bytes.data());
  return out;
}

/// scalar * point; infinity for infinity.
blst_p1 times(const blst_p1_affine& point, const blst_scalar& scalar) {
  blst_p1 out;
  blst_p1_from_affine(&out, &point);
  blst_p1_mult(&out, &out, scalar.b, 255);
  return out;
}

/// Multiplies `product` by the Miller loop of a point and a constant one.
void multiply_in(blst_fp12& product, const blst_p1_affine& point, const Lines& lines) {
  if (blst_p1_affine_is_inf(&point)) return;
  blst_fp12 factor;
  blst_miller_loop_lines(&factor, lines.at, &point);
  blst_fp12_mul(&product, &product, &factor);
}

bool opens(const blst_p1_affine& commitment, const blst_scalar& z, const blst_scalar& y,
           const blst_p1_affine& proof) {
  blst_p1 left = times(*blst_p1_affine_generator(), y);
  blst_p1_cneg(&left, true);
  const blst_p1 shifted = times(proof, z);
  blst_p1_add_or_double(&left, &left, &shifted);
  blst_p1_add_or_double_affine(&left, &left, &commitment);
  blst_p1_affine sum;
  blst_p1_to_affine(&sum, &left);
  blst_fp12 product = *blst_fp12_one();
  multiply_in(product, sum, minus_generator_lines());
  multiply_in(product, proof, tau_lines());
  blst_final_exp(&product, &product);
  return blst_fp12_is_one(&product);
}

bool is_versioned_hash(ByteView hash, ByteView commitment) {
  std::array<std::uint8_t, 32> digest;
  blst_sha256(digest.data(), commitment.data(), commitment.size());
  digest[0] = kVersion;
  return equal(hash, digest);
}
}  // namespace

bool point_evaluation(ByteView input, const Rules&, Bytes& output) {
  if (input.size() != kInputBytes) return false;
  const ByteView commitment_bytes = input.subspan(96, 48);
  if (!is_versioned_hash(input.first(32), commitment_bytes)) return false;
  const auto z = read_scalar(input.subspan(32, 32)), y = read_scalar(input.subspan(64, 32));
  if (!z || !y) return false;
  const auto commitment = read_g1(commitment_bytes), proof = read_g1(input.subspan(144, 48));
  if (!commitment || !proof || !opens(*commitment, *z, *y, *proof)) return false;
  output.clear();
  append(output, U256{kFieldElementsPerBlob}.to_be());
  append(output, kGroupOrder.to_be());
  return true;
}

}  // namespace quarry::evm::precompiles
