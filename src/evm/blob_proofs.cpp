// Blobs against their commitments, by blst.
//
// A blob is a polynomial p of degree below 4096 by its values at the 4096th roots of unity, in bit-reversed
// order (EIP-4844). Its proof opens the commitment at a point made of blob and commitment. EIP-7594 has 128
// proofs instead, one for each coset of the 64th roots of unity among the 8192nd: that of coset k opens the
// commitment to I_k, the remainder of p by X^64 - h_k^64, which is p's coefficients folded over each other.
// All equations
//
//     e(C - I_k(tau) G1 + h_k^64 proof_k, G2) = e(proof_k, tau^64 G2)
//
// are multiplied by powers of a number made of everything, and added: one pairing for all.
#include "evm/blob_proofs.hpp"

#include <blst.h>

#include <algorithm>
#include <array>

#include "core/check.hpp"
#include "core/hex.hpp"
#include "core/u256.hpp"
#include "evm/precompiles/contracts.hpp"

namespace quarry::evm {
namespace {

constexpr std::size_t kElements = 4096, kElementBytes = 32;
constexpr std::size_t kCellElements = 64;
constexpr unsigned kLogElements = 12;
constexpr U256 kOrder{0x73eda753299d7d48, 0x3339d80809a1d805, 0x53bda402fffe5bfe, 0xffffffff00000001};

constexpr const char* kPowersOfTau[] = {
#include "evm/precompiles/kzg_setup.inc"
};
static_assert(std::size(kPowersOfTau) == kCellElements);
/// tau^64 G2: "g2_monomial"[64] of the same file.
constexpr const char* kTau64G2 =
    "92dcc5a1c8c3e1b28b1524e3dd6dbecd63017c9201da9dbe077f1b82adc08c50"
    "169f56fc7b5a3b28ec6b89254de3e2fd12838a761053437883c3e01ba616670c"
    "ea843754548ef84bcc397de2369adcca2ab54cd73c55dc68d87aec3fc2fe4f10";

blst_fr operator*(const blst_fr& a, const blst_fr& b) {
  blst_fr out;
  blst_fr_mul(&out, &a, &b);
  return out;
}
blst_fr operator+(const blst_fr& a, const blst_fr& b) {
  blst_fr out;
  blst_fr_add(&out, &a, &b);
  return out;
}
blst_fr operator-(const blst_fr& a, const blst_fr& b) {
  blst_fr out;
  blst_fr_sub(&out, &a, &b);
  return out;
}
bool is_zero(const blst_fr& a) {
  return std::all_of(std::begin(a.l), std::end(a.l), [](auto limb) { return limb == 0; });
}
blst_fr inverse(const blst_fr& a) {
  blst_fr out;
  blst_fr_eucl_inverse(&out, &a);
  return out;
}
blst_fr number(std::uint64_t value) {
  const std::uint64_t limbs[4] = {value, 0, 0, 0};
  blst_fr out;
  blst_fr_from_uint64(&out, limbs);
  return out;
}
blst_fr power(blst_fr base, U256 exponent) {
  blst_fr out = number(1);
  for (; !exponent.is_zero(); exponent = exponent >> 1) {
    if ((exponent.low64() & 1) != 0) out = out * base;
    base = base * base;
  }
  return out;
}
/// Big-endian; nothing when it is not below the order.
std::optional<blst_fr> read_element(ByteView bytes) {
  if (U256::from_be(bytes) >= kOrder) return std::nullopt;
  blst_scalar scalar;
  blst_scalar_from_bendian(&scalar, bytes.data());
  blst_fr out;
  blst_fr_from_scalar(&out, &scalar);
  return out;
}
std::array<std::uint8_t, kElementBytes> to_bytes_be(const blst_fr& value) {
  blst_scalar scalar;
  blst_scalar_from_fr(&scalar, &value);
  std::array<std::uint8_t, kElementBytes> out;
  blst_bendian_from_scalar(out.data(), &scalar);
  return out;
}
/// A hash as a number of the field.
blst_fr reduced(const std::array<std::uint8_t, 32>& hash) {
  blst_scalar scalar;
  blst_scalar_from_be_bytes(&scalar, hash.data(), hash.size());
  blst_fr out;
  blst_fr_from_scalar(&out, &scalar);
  return out;
}

std::size_t reversed(std::size_t index, unsigned bits) {
  std::size_t out = 0;
  for (unsigned i = 0; i < bits; ++i) out |= (index >> i & 1) << (bits - 1 - i);
  return out;
}

/// Of order `order`, a power of two; 7 generates the field's numbers.
blst_fr root_of_unity(std::uint64_t order) {
  return power(number(7), (kOrder - U256{1}) / U256{order});
}

using Elements = std::vector<blst_fr>;

/// The 4096th roots of unity, in their natural order.
const Elements& roots() {
  static const Elements table = [] {
    Elements out = {number(1)};
    const auto root = root_of_unity(kElements);
    while (out.size() < kElements) out.push_back(out.back() * root);
    return out;
  }();
  return table;
}

/// The values of a blob in the order of the roots; nothing when one is no number of the field.
std::optional<Elements> read_blob(ByteView blob) {
  Elements out(kElements);
  for (std::size_t i = 0; i < kElements; ++i) {
    const auto value = read_element(blob.subspan(i * kElementBytes, kElementBytes));
    if (!value) return std::nullopt;
    out[reversed(i, kLogElements)] = *value;
  }
  return out;
}

/// p(z), from p's values at the roots (the barycentric formula).
blst_fr evaluate(const Elements& values, const blst_fr& z) {
  Elements distances(kElements), prefix(kElements);
  blst_fr product = number(1);
  for (std::size_t i = 0; i < kElements; ++i) {
    distances[i] = z - roots()[i];
    if (is_zero(distances[i])) return values[i];
    prefix[i] = product;
    product = product * distances[i];
  }
  blst_fr rest = inverse(product), sum = number(0);
  for (std::size_t i = kElements; i-- > 0;) {
    sum = sum + values[i] * roots()[i] * (rest * prefix[i]);
    rest = rest * distances[i];
  }
  const auto factor = (power(z, U256{kElements}) - number(1)) * inverse(number(kElements));
  return sum * factor;
}

/// p's coefficients from its values at the roots: the transform backwards, in place.
void interpolate(Elements& values) {
  for (std::size_t i = 0; i < kElements; ++i) {
    const auto other = reversed(i, kLogElements);
    if (i < other) std::swap(values[i], values[other]);
  }
  for (std::size_t half = 1; half < kElements; half *= 2) {
    const std::size_t stride = kElements / (2 * half);
    for (std::size_t start = 0; start < kElements; start += 2 * half) {
      for (std::size_t i = 0; i < half; ++i) {
        const auto& twiddle = roots()[(kElements - i * stride) % kElements];
        const auto low = values[start + i], high = values[start + i + half] * twiddle;
        values[start + i] = low + high;
        values[start + i + half] = low - high;
      }
    }
  }
  const auto scale = inverse(number(kElements));
  for (auto& value : values) value = value * scale;
}

std::optional<blst_p1_affine> read_g1(ByteView bytes) {
  blst_p1_affine out;
  if (blst_p1_uncompress(&out, bytes.data()) != BLST_SUCCESS || !blst_p1_affine_in_g1(&out))
    return std::nullopt;
  return out;
}

/// A sum of multiples of points. blst's own way for many does not take the point at infinity.
class Sum {
 public:
  void add(const blst_p1_affine& point, const blst_fr& factor) {
    if (blst_p1_affine_is_inf(&point) || is_zero(factor)) return;
    points_.push_back(point);
    blst_scalar_from_fr(&factors_.emplace_back(), &factor);
  }
  blst_p1 total() const {
    blst_p1 out{};
    if (points_.empty()) return out;
    std::vector<limb_t> scratch(blst_p1s_mult_pippenger_scratch_sizeof(points_.size()) / sizeof(limb_t) + 1);
    const blst_p1_affine* const points[] = {points_.data(), nullptr};
    const byte* const factors[] = {factors_.data()->b, nullptr};
    blst_p1s_mult_pippenger(&out, points, points_.size(), factors, 255, scratch.data());
    return out;
  }

 private:
  std::vector<blst_p1_affine> points_;
  std::vector<blst_scalar> factors_;
};

const std::vector<blst_p1_affine>& powers_of_tau() {
  static const auto table = [] {
    std::vector<blst_p1_affine> out;
    for (const char* text : kPowersOfTau) {
      const auto point = read_g1(from_hex(text).value_or(Bytes(kKzgBytes)));
      QUARRY_CHECK(point.has_value());
      out.push_back(*point);
    }
    return out;
  }();
  return table;
}

const blst_p2_affine& tau64() {
  static const blst_p2_affine point = [] {
    blst_p2_affine out;
    const auto bytes = from_hex(kTau64G2).value_or(Bytes(96));
    QUARRY_CHECK(blst_p2_uncompress(&out, bytes.data()) == BLST_SUCCESS && blst_p2_affine_in_g2(&out));
    return out;
  }();
  return point;
}

/// e(a, G2) = e(b, tau^64 G2)?
bool pairs(const blst_p1& a, const blst_p1& b) {
  blst_fp12 left = *blst_fp12_one(), right = *blst_fp12_one();
  blst_p1_affine point;
  if (!blst_p1_is_inf(&a)) {
    blst_p1_to_affine(&point, &a);
    blst_miller_loop(&left, blst_p2_affine_generator(), &point);
  }
  if (!blst_p1_is_inf(&b)) {
    blst_p1_to_affine(&point, &b);
    blst_miller_loop(&right, &tau64(), &point);
  }
  return blst_fp12_finalverify(&left, &right);
}

/// What a sender cannot choose proofs by: the hash of all there is.
blst_fr mixing_number(const std::vector<Bytes>& blobs, const std::vector<Bytes>& commitments,
                      const std::vector<Bytes>& proofs) {
  Bytes all = quarry::to_bytes(as_bytes("quarry cell proofs"));
  for (const auto* list : {&blobs, &commitments, &proofs})
    for (const auto& item : *list) append(all, item);
  std::array<std::uint8_t, 32> hash;
  blst_sha256(hash.data(), all.data(), all.size());
  return reduced(hash);
}

/// One blob's 128 equations on both sides.
struct Sides {
  Sum left, right;
  Elements remainder = Elements(kCellElements, number(0));  ///< of the I_k together
  blst_fr weight = number(1);
};

bool add_blob(Sides& sides, const blst_fr& mix, Elements coefficients, const blst_p1_affine& commitment,
              const Bytes* proofs) {
  static const auto kRoot = root_of_unity(kCellsABlob);  // h_k^64 is a power of it
  blst_fr weights = number(0);
  for (std::size_t cell = 0; cell < kCellsABlob; ++cell) {
    const auto proof = read_g1(proofs[cell]);
    if (!proof) return false;
    const auto shift = power(kRoot, U256{reversed(cell, 7)});
    blst_fr fold = sides.weight;
    for (std::size_t block = 0; block < kElements; block += kCellElements) {
      for (std::size_t i = 0; i < kCellElements; ++i)
        sides.remainder[i] = sides.remainder[i] + coefficients[block + i] * fold;
      fold = fold * shift;
    }
    sides.left.add(*proof, sides.weight * shift);
    sides.right.add(*proof, sides.weight);
    weights = weights + sides.weight;
    sides.weight = sides.weight * mix;
  }
  sides.left.add(commitment, weights);
  return true;
}

}  // namespace

Hash256 versioned_hash(ByteView commitment) {
  Hash256 out;
  blst_sha256(out.bytes.data(), commitment.data(), commitment.size());
  out.bytes[0] = 0x01;
  return out;
}

bool verify_blob_proof(ByteView blob, ByteView commitment, ByteView proof) {
  const auto values = read_blob(blob);
  if (!values) return false;
  // The domain, the number of elements in 16 bytes, then what is proved.
  Bytes challenge = quarry::to_bytes(as_bytes("FSBLOBVERIFY_V1_"));
  challenge.resize(challenge.size() + 16);
  challenge[challenge.size() - 2] = kElements >> 8;
  append(challenge, blob);
  append(challenge, commitment);
  std::array<std::uint8_t, 32> hash;
  blst_sha256(hash.data(), challenge.data(), challenge.size());
  const auto z = reduced(hash);
  Bytes input = quarry::to_bytes(versioned_hash(commitment));
  append(input, to_bytes_be(z));
  append(input, to_bytes_be(evaluate(*values, z)));
  append(input, commitment);
  append(input, proof);
  Bytes output;
  return precompiles::point_evaluation(input, {}, output);
}

bool verify_cell_proofs(const std::vector<Bytes>& blobs, const std::vector<Bytes>& commitments,
                        const std::vector<Bytes>& proofs) {
  if (commitments.size() != blobs.size() || proofs.size() != blobs.size() * kCellsABlob) return false;
  const auto mix = mixing_number(blobs, commitments, proofs);
  Sides sides;
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    auto coefficients = read_blob(blobs[i]);
    const auto commitment = read_g1(commitments[i]);
    if (!coefficients || !commitment) return false;
    interpolate(*coefficients);
    if (!add_blob(sides, mix, std::move(*coefficients), *commitment, &proofs[i * kCellsABlob])) return false;
  }
  for (std::size_t i = 0; i < kCellElements; ++i)
    sides.left.add(powers_of_tau()[i], number(0) - sides.remainder[i]);
  return pairs(sides.left.total(), sides.right.total());
}

std::optional<std::string> check_sidecar(const Transaction& txn, const BlobSidecar& sidecar) {
  const auto count = txn.blob_hashes.size();
  const auto proofs = count * (sidecar.cell_proofs ? kCellsABlob : 1);
  const auto text = [](std::size_t have, std::size_t want, const char* what) {
    return "invalid number of " + std::to_string(have) + " " + what + " compared to " + std::to_string(want) +
           " wanted";
  };
  if (sidecar.blobs.size() != count) return text(sidecar.blobs.size(), count, "blobs");
  if (sidecar.commitments.size() != count) return text(sidecar.commitments.size(), count, "blob commitments");
  if (sidecar.proofs.size() != proofs) return text(sidecar.proofs.size(), proofs, "blob proofs");
  for (std::size_t i = 0; i < count; ++i) {
    if (versioned_hash(sidecar.commitments[i]) != txn.blob_hashes[i])
      return "blob " + std::to_string(i) + ": the versioned hash is not that of its commitment";
  }
  if (sidecar.cell_proofs) {
    if (verify_cell_proofs(sidecar.blobs, sidecar.commitments, sidecar.proofs)) return std::nullopt;
    return "invalid blob proof: the cell proofs do not show the blobs to be the commitments'";
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!verify_blob_proof(sidecar.blobs[i], sidecar.commitments[i], sidecar.proofs[i]))
      return "invalid blob " + std::to_string(i) + ": its proof does not show it to be the commitment's";
  }
  return std::nullopt;
}

}  // namespace quarry::evm
