// The curve of BLS12-381 (EIP-2537), by blst. Its multiplications and Miller loop do not know infinity, so
// such points, which change no sum and no product, are left out before.
#include <blst.h>

#include <array>
#include <optional>
#include <vector>

#include "core/u256.hpp"
#include "evm/precompiles/contracts.hpp"
#include "evm/precompiles/input.hpp"

namespace quarry::evm::precompiles {
namespace {
constexpr std::size_t kFpBytes = 64, kScalarBytes = 32;
constexpr std::array<std::uint8_t, 48> kModulus = {
    0x1a, 0x01, 0x11, 0xea, 0x39, 0x7f, 0xe6, 0x9a, 0x4b, 0x1b, 0xa7, 0xb6, 0x43, 0x4b, 0xac, 0xd7,
    0x64, 0x77, 0x4b, 0x84, 0xf3, 0x85, 0x12, 0xbf, 0x67, 0x30, 0xd2, 0xa0, 0xf6, 0xb0, 0xf6, 0x24,
    0x1e, 0xab, 0xff, 0xfe, 0xb1, 0x53, 0xff, 0xff, 0xb9, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xaa, 0xab};
constexpr U256 kGroupOrder{0x73eda753299d7d48, 0x3339d80809a1d805, 0x53bda402fffe5bfe, 0xffffffff00000001};

std::optional<blst_fp> read_fp(ByteView bytes) {
  const ByteView value = bytes.subspan(16, 48);
  if (!all_zero(bytes.first(16)) ||
      !std::lexicographical_compare(value.begin(), value.end(), kModulus.begin(), kModulus.end()))
    return std::nullopt;
  blst_fp out;
  blst_fp_from_bendian(&out, value.data());
  return out;
}
std::optional<blst_fp2> read_fp2(ByteView bytes) {
  const auto a = read_fp(bytes.first(kFpBytes)), b = read_fp(bytes.subspan(kFpBytes, kFpBytes));
  return a && b ? std::optional(blst_fp2{{*a, *b}}) : std::nullopt;
}
void write(const blst_fp& value, std::uint8_t* to) {
  std::fill_n(to, 16, 0);
  blst_bendian_from_fp(to + 16, &value);
}
void write(const blst_fp2& value, std::uint8_t* to) {
  write(value.fp[0], to);
  write(value.fp[1], to + kFpBytes);
}

/// blst's functions for a group, by the names that are alike in both.
struct G1 {
  using Affine = blst_p1_affine;
  using Point = blst_p1;
  static constexpr std::size_t kFieldBytes = kFpBytes;
  static constexpr auto read_field = read_fp;
  static constexpr auto is_infinity = blst_p1_affine_is_inf;
  static constexpr auto on_curve = blst_p1_affine_on_curve;
  static constexpr auto in_group = blst_p1_affine_in_g1;
  static constexpr auto from_affine = blst_p1_from_affine;
  static constexpr auto to_affine = blst_p1_to_affine;
  static constexpr auto add = blst_p1_add_or_double_affine;
  static constexpr auto multiply = blst_p1_mult;
  static constexpr auto scratch_bytes = blst_p1s_mult_pippenger_scratch_sizeof;
  static constexpr auto multiply_all = blst_p1s_mult_pippenger;
  /// EIP-2537's discounts in thousandths, by the number of points.
  static constexpr std::array<std::uint16_t, 128> kDiscounts = {
      1000, 949, 848, 797, 764, 750, 738, 728, 719, 712, 705, 698, 692, 687, 682, 677, 673, 669, 665,
      661,  658, 654, 651, 648, 645, 642, 640, 637, 635, 632, 630, 627, 625, 623, 621, 619, 617, 615,
      613,  611, 609, 608, 606, 604, 603, 601, 599, 598, 596, 595, 593, 592, 591, 589, 588, 586, 585,
      584,  582, 581, 580, 579, 577, 576, 575, 574, 573, 572, 570, 569, 568, 567, 566, 565, 564, 563,
      562,  561, 560, 559, 558, 557, 556, 555, 554, 553, 552, 551, 550, 549, 548, 547, 547, 546, 545,
      544,  543, 542, 541, 540, 540, 539, 538, 537, 536, 536, 535, 534, 533, 532, 532, 531, 530, 529,
      528,  528, 527, 526, 525, 525, 524, 523, 522, 522, 521, 520, 520, 519};
};
struct G2 {
  using Affine = blst_p2_affine;
  using Point = blst_p2;
  static constexpr std::size_t kFieldBytes = 2 * kFpBytes;
  static constexpr auto read_field = read_fp2;
  static constexpr auto is_infinity = blst_p2_affine_is_inf;
  static constexpr auto on_curve = blst_p2_affine_on_curve;
  static constexpr auto in_group = blst_p2_affine_in_g2;
  static constexpr auto from_affine = blst_p2_from_affine;
  static constexpr auto to_affine = blst_p2_to_affine;
  static constexpr auto add = blst_p2_add_or_double_affine;
  static constexpr auto multiply = blst_p2_mult;
  static constexpr auto scratch_bytes = blst_p2s_mult_pippenger_scratch_sizeof;
  static constexpr auto multiply_all = blst_p2s_mult_pippenger;
  static constexpr std::array<std::uint16_t, 128> kDiscounts = {
      1000, 1000, 923, 884, 855, 832, 812, 796, 782, 770, 759, 749, 740, 732, 724, 717, 711, 704, 699,
      693,  688,  683, 679, 674, 670, 666, 663, 659, 655, 652, 649, 646, 643, 640, 637, 634, 632, 629,
      627,  624,  622, 620, 618, 615, 613, 611, 609, 607, 606, 604, 602, 600, 598, 597, 595, 593, 592,
      590,  589,  587, 586, 584, 583, 582, 580, 579, 578, 576, 575, 574, 573, 571, 570, 569, 568, 567,
      566,  565,  563, 562, 561, 560, 559, 558, 557, 556, 555, 554, 553, 552, 552, 551, 550, 549, 548,
      547,  546,  545, 545, 544, 543, 542, 541, 541, 540, 539, 538, 537, 537, 536, 535, 535, 534, 533,
      532,  532,  531, 530, 530, 529, 528, 528, 527, 526, 526, 525, 524, 524};
};
template <class Group>
constexpr std::size_t kPointBytes = 2 * Group::kFieldBytes;
template <class Group>
constexpr std::size_t kMultiplyBytes = kPointBytes<Group> + kScalarBytes;
constexpr std::size_t kPairBytes = kPointBytes<G1> + kPointBytes<G2>;

/// Nothing when a coordinate is not below p or the point off the curve; zeros are infinity.
template <class Group>
std::optional<typename Group::Affine> read_point(ByteView bytes) {
  const auto x = Group::read_field(bytes.first(Group::kFieldBytes));
  const auto y = Group::read_field(bytes.subspan(Group::kFieldBytes, Group::kFieldBytes));
  if (!x || !y) return std::nullopt;
  const typename Group::Affine point{*x, *y};
  if (!Group::is_infinity(&point) && !Group::on_curve(&point)) return std::nullopt;
  return point;
}
/// Nothing also when the point is not of the subgroup.
template <class Group>
std::optional<typename Group::Affine> read_member(ByteView bytes) {
  auto point = read_point<Group>(bytes);
  if (point && !Group::is_infinity(&*point) && !Group::in_group(&*point)) return std::nullopt;
  return point;
}

template <class Group>
void write_point(const typename Group::Point& point, Bytes& output) {
  typename Group::Affine affine;
  Group::to_affine(&affine, &point);
  output.assign(kPointBytes<Group>, 0);
  if (Group::is_infinity(&affine)) return;
  write(affine.x, output.data());
  write(affine.y, output.data() + Group::kFieldBytes);
}

/// Little-endian, below the group's order.
std::array<std::uint8_t, kScalarBytes> read_scalar(ByteView bytes) {
  auto out = (U256::from_be(bytes) % kGroupOrder).to_be();
  std::reverse(out.begin(), out.end());
  return out;
}

template <class Group>
bool add(ByteView input, Bytes& output) {
  if (input.size() != 2 * kPointBytes<Group>) return false;
  const auto p = read_point<Group>(input.first(kPointBytes<Group>));
  const auto q = read_point<Group>(input.last(kPointBytes<Group>));
  if (!p || !q) return false;
  typename Group::Point sum;
  Group::from_affine(&sum, &*p);
  Group::add(&sum, &sum, &*q);
  write_point<Group>(sum, output);
  return true;
}

template <class Group>
bool multiply_all(ByteView input, Bytes& output) {
  if (input.empty() || input.size() % kMultiplyBytes<Group> != 0) return false;
  const std::size_t most = input.size() / kMultiplyBytes<Group>;
  std::vector<typename Group::Affine> points;
  std::vector<std::array<std::uint8_t, kScalarBytes>> scalars;
  points.reserve(most);
  scalars.reserve(most);
  for (; !input.empty(); input = input.subspan(kMultiplyBytes<Group>)) {
    const auto point = read_member<Group>(input.first(kPointBytes<Group>));
    if (!point) return false;
    const auto scalar = read_scalar(input.subspan(kPointBytes<Group>, kScalarBytes));
    if (Group::is_infinity(&*point) || all_zero(scalar)) continue;
    points.push_back(*point);
    scalars.push_back(scalar);
  }
  typename Group::Point sum{};
  if (points.size() == 1) {
    Group::from_affine(&sum, points.data());
    Group::multiply(&sum, &sum, scalars[0].data(), 8 * kScalarBytes);
  } else if (!points.empty()) {
    // A null pointer says that the rest follows the one before.
    const typename Group::Affine* const point_list[] = {points.data(), nullptr};
    const byte* const scalar_list[] = {scalars[0].data(), nullptr};
    std::vector<limb_t> scratch(Group::scratch_bytes(points.size()) / sizeof(limb_t) + 1);
    Group::multiply_all(&sum, point_list, points.size(), scalar_list, 8 * kScalarBytes, scratch.data());
  }
  write_point<Group>(sum, output);
  return true;
}

template <class Group>
Gas multiply_gas(ByteView input, Gas one) {
  const std::size_t count = input.size() / kMultiplyBytes<Group>;
  if (count == 0) return 0;
  return count * one * Group::kDiscounts[std::min(count, Group::kDiscounts.size()) - 1] / 1000;
}
}  // namespace

bool bls_g1_add(ByteView input, const Rules&, Bytes& output) {
  return add<G1>(input, output);
}
bool bls_g2_add(ByteView input, const Rules&, Bytes& output) {
  return add<G2>(input, output);
}
bool bls_g1_msm(ByteView input, const Rules&, Bytes& output) {
  return multiply_all<G1>(input, output);
}
bool bls_g2_msm(ByteView input, const Rules&, Bytes& output) {
  return multiply_all<G2>(input, output);
}
Gas bls_g1_msm_gas(ByteView input, const Rules&) {
  return multiply_gas<G1>(input, 12000);
}
Gas bls_g2_msm_gas(ByteView input, const Rules&) {
  return multiply_gas<G2>(input, 22500);
}

bool bls_pairing(ByteView input, const Rules&, Bytes& output) {
  if (input.empty() || input.size() % kPairBytes != 0) return false;
  std::vector<blst_p1_affine> ps;
  std::vector<blst_p2_affine> qs;
  ps.reserve(input.size() / kPairBytes);
  qs.reserve(input.size() / kPairBytes);
  for (; !input.empty(); input = input.subspan(kPairBytes)) {
    const auto p = read_member<G1>(input.first(kPointBytes<G1>));
    const auto q = p ? read_member<G2>(input.subspan(kPointBytes<G1>, kPointBytes<G2>)) : std::nullopt;
    if (!q) return false;
    if (G1::is_infinity(&*p) || G2::is_infinity(&*q)) continue;
    ps.push_back(*p);
    qs.push_back(*q);
  }
  bool is_one = true;
  if (!ps.empty()) {
    const blst_p1_affine* const p_list[] = {ps.data(), nullptr};
    const blst_p2_affine* const q_list[] = {qs.data(), nullptr};
    blst_fp12 product;
    blst_miller_loop_n(&product, q_list, p_list, ps.size());
    blst_final_exp(&product, &product);
    is_one = blst_fp12_is_one(&product);
  }
  output.assign(32, 0);
  output[31] = is_one;
  return true;
}

Gas bls_pairing_gas(ByteView input, const Rules&) {
  return 37700 + 32600 * Gas{input.size() / kPairBytes};
}

bool bls_map_fp_to_g1(ByteView input, const Rules&, Bytes& output) {
  if (input.size() != kFpBytes) return false;
  const auto value = read_fp(input);
  if (!value) return false;
  blst_p1 point;
  blst_map_to_g1(&point, &*value, nullptr);
  write_point<G1>(point, output);
  return true;
}

bool bls_map_fp2_to_g2(ByteView input, const Rules&, Bytes& output) {
  if (input.size() != 2 * kFpBytes) return false;
  const auto value = read_fp2(input);
  if (!value) return false;
  blst_p2 point;
  blst_map_to_g2(&point, &*value, nullptr);
  write_point<G2>(point, output);
  return true;
}

}  // namespace quarry::evm::precompiles
