// Blobs whose polynomials are simple enough that commitments and proofs are points of the trusted setup
// itself.
#include "evm/blob_proofs.hpp"

#include <gtest/gtest.h>

#include "core/u256.hpp"
#include "evm/arithmetic.hpp"

using namespace quarry;

namespace {

constexpr U256 kOrder{0x73eda753299d7d48, 0x3339d80809a1d805, 0x53bda402fffe5bfe, 0xffffffff00000001};
constexpr std::size_t kElements = 4096;

// Powers of tau times G1: the generator, tau G1 and tau^64 G1 ("g1_monomial" of trusted_setup_4096.json).
const Bytes kOne = *from_hex(
    "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb");
const Bytes kTau = *from_hex(
    "ad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81");
const Bytes kTau64 = *from_hex(
    "a9ef67304dc297ab5af778cf8afa849eeac27db4b6978963e97b95ef7a8d3264d0d07775f728c298a2b6daed2ecf5053");
const Bytes kInfinity = [] {
  Bytes out(kKzgBytes);
  out[0] = 0xc0;
  return out;
}();

U256 times(const U256& a, const U256& b) {
  return evm::multiply_modulo(a, b, kOrder);
}
U256 power(U256 base, U256 exponent) {
  U256 out{1};
  for (; !exponent.is_zero(); exponent = exponent >> 1) {
    if ((exponent.low64() & 1) != 0) out = times(out, base);
    base = times(base, base);
  }
  return out;
}

/// The blob of X^degree: its values at the 4096th roots of unity, in bit-reversed order.
Bytes power_blob(unsigned degree) {
  const U256 root = power(power(U256{7}, (kOrder - U256{1}) / U256{kElements}), U256{degree});
  std::vector<U256> values = {U256{1}};
  while (values.size() < kElements) values.push_back(times(values.back(), root));
  Bytes out;
  for (std::size_t i = 0; i < kElements; ++i) {
    std::size_t reversed = 0;
    for (unsigned bit = 0; bit < 12; ++bit) reversed |= (i >> bit & 1) << (11 - bit);
    append(out, values[reversed].to_be());
  }
  return out;
}

std::vector<Bytes> cells(const Bytes& proof) {
  return std::vector<Bytes>(kCellsABlob, proof);
}

}  // namespace

TEST(BlobProofs, OfOneBlob) {
  const Bytes zero(kBlobBytes);
  EXPECT_TRUE(evm::verify_blob_proof(zero, kInfinity, kInfinity));
  EXPECT_FALSE(evm::verify_blob_proof(zero, kOne, kInfinity));
  // 1: the quotient by anything is 0. X: it is 1.
  EXPECT_TRUE(evm::verify_blob_proof(power_blob(0), kOne, kInfinity));
  const auto x = power_blob(1);
  EXPECT_TRUE(evm::verify_blob_proof(x, kTau, kOne));
  EXPECT_FALSE(evm::verify_blob_proof(x, kTau, kTau));
  EXPECT_FALSE(evm::verify_blob_proof(x, kOne, kOne));
  auto changed = x;
  changed[kBlobBytes - 1] ^= 1;
  EXPECT_FALSE(evm::verify_blob_proof(changed, kTau, kOne));
  // Not below the field's order.
  Bytes large = zero;
  large[0] = 0xff;
  EXPECT_FALSE(evm::verify_blob_proof(large, kInfinity, kInfinity));
}

TEST(BlobProofs, OfCells) {
  // Below degree 64 a cell's remainder is the polynomial itself; X^64 leaves a number, and the quotient is 1.
  const std::vector<Bytes> blobs = {power_blob(1), power_blob(64)};
  const std::vector<Bytes> commitments = {kTau, kTau64};
  std::vector<Bytes> proofs = cells(kInfinity);
  const auto more = cells(kOne);
  proofs.insert(proofs.end(), more.begin(), more.end());
  EXPECT_TRUE(evm::verify_cell_proofs(blobs, commitments, proofs));
  EXPECT_FALSE(evm::verify_cell_proofs(blobs, {kTau64, kTau}, proofs));
  auto wrong = proofs;
  wrong[200] = kTau;
  EXPECT_FALSE(evm::verify_cell_proofs(blobs, commitments, wrong));
  wrong = proofs;
  wrong[200] = Bytes(kKzgBytes, 0x11);
  EXPECT_FALSE(evm::verify_cell_proofs(blobs, commitments, wrong));
  EXPECT_TRUE(evm::verify_cell_proofs({Bytes(kBlobBytes)}, {kInfinity}, cells(kInfinity)));
}

TEST(BlobProofs, BelongToTheTransaction) {
  Transaction txn;
  txn.type = TxnType::blob;
  txn.blob_hashes = {evm::versioned_hash(kTau)};
  BlobSidecar sidecar{
      .cell_proofs = true, .blobs = {power_blob(1)}, .commitments = {kTau}, .proofs = cells(kInfinity)};
  EXPECT_EQ(evm::check_sidecar(txn, sidecar), std::nullopt);
  sidecar.cell_proofs = false;
  EXPECT_NE(evm::check_sidecar(txn, sidecar), std::nullopt) << "128 proofs for one blob";
  sidecar.proofs = {kOne};
  EXPECT_EQ(evm::check_sidecar(txn, sidecar), std::nullopt);
  txn.blob_hashes[0].bytes[31] ^= 1;
  EXPECT_NE(evm::check_sidecar(txn, sidecar).value_or("").find("versioned hash"), std::string::npos);
}
