// Addition, multiplication and pairing check on BN254 (EIP-196, EIP-197; prices since Istanbul: EIP-1108).
#include <vector>

#include "evm/precompiles/bn254/pairing.hpp"
#include "evm/precompiles/contracts.hpp"
#include "evm/precompiles/input.hpp"

namespace quarry::evm::precompiles {
namespace {
using namespace bn254;
constexpr std::size_t kPairBytes = 192;

/// 64 bytes: x, y; nothing when off the field or the curve.
std::optional<G1> read_g1(ByteView bytes) {
  const auto x = Fp::from_be(bytes.first(32)), y = Fp::from_be(bytes.subspan(32, 32));
  if (!x || !y) return std::nullopt;
  const G1 point{*x, *y};
  return on_curve(point) ? std::optional(point) : std::nullopt;
}

/// 32 bytes of the imaginary part, then 32 of the real one.
std::optional<Fp2> read_fp2(ByteView bytes) {
  const auto b = Fp::from_be(bytes.first(32)), a = Fp::from_be(bytes.subspan(32, 32));
  return a && b ? std::optional(Fp2{*a, *b}) : std::nullopt;
}

/// 128 bytes: x, y; nothing when off the field, the curve or the subgroup.
std::optional<G2> read_g2(ByteView bytes) {
  const auto x = read_fp2(bytes.first(64)), y = read_fp2(bytes.subspan(64, 64));
  if (!x || !y) return std::nullopt;
  const G2 point{*x, *y};
  return on_curve(point) && in_subgroup(point) ? std::optional(point) : std::nullopt;
}

void write_g1(const G1& point, Bytes& output) {
  output.clear();
  append(output, point.x.to_be());
  append(output, point.y.to_be());
}
}  // namespace

bool bn254_add(ByteView input, const Rules&, Bytes& output) {
  const auto data = padded<128>(input);
  const auto p = read_g1(ByteView(data).first(64)), q = read_g1(ByteView(data).last(64));
  if (!p || !q) return false;
  write_g1(add(*p, *q), output);
  return true;
}

bool bn254_multiply(ByteView input, const Rules&, Bytes& output) {
  const auto data = padded<96>(input);
  const auto point = read_g1(ByteView(data).first(64));
  if (!point) return false;
  write_g1(multiply(*point, U256::from_be(ByteView(data).last(32))), output);
  return true;
}

bool bn254_pairing(ByteView input, const Rules&, Bytes& output) {
  if (input.size() % kPairBytes != 0) return false;
  std::vector<Pair> pairs;
  pairs.reserve(input.size() / kPairBytes);
  for (; !input.empty(); input = input.subspan(kPairBytes)) {
    const auto p = read_g1(input.first(64));
    const auto q = p ? read_g2(input.subspan(64, 128)) : std::nullopt;
    if (!q) return false;
    pairs.push_back({*p, *q});
  }
  output.assign(32, 0);
  output[31] = pairing_product(pairs) == Fp12::one();
  return true;
}

Gas bn254_add_gas(ByteView, const Rules& rules) {
  return rules.has(Fork::istanbul) ? 150 : 500;
}
Gas bn254_multiply_gas(ByteView, const Rules& rules) {
  return rules.has(Fork::istanbul) ? 6000 : 40000;
}
Gas bn254_pairing_gas(ByteView input, const Rules& rules) {
  const Gas pairs = input.size() / kPairBytes;
  return rules.has(Fork::istanbul) ? 45000 + 34000 * pairs : 100000 + 80000 * pairs;
}

}  // namespace quarry::evm::precompiles
