#include "core/u256.hpp"

#include <algorithm>
#include <cmath>

#include "core/limb_division.hpp"

namespace quarry {

U256Division divide(const U256& dividend, const U256& divisor) {
  if (divisor.is_zero()) return {};
  if (dividend < divisor) return {.quotient = {}, .remainder = dividend};
  if (dividend.fits_u64())
    return {dividend.limbs[0] / divisor.limbs[0], dividend.limbs[0] % divisor.limbs[0]};
  int m = 4, n = 4;
  while (dividend.limbs[m - 1] == 0) --m;
  while (divisor.limbs[n - 1] == 0) --n;
  std::uint64_t u[5] = {dividend.limbs[0], dividend.limbs[1], dividend.limbs[2], dividend.limbs[3]};
  std::uint64_t d[4] = {divisor.limbs[0], divisor.limbs[1], divisor.limbs[2], divisor.limbs[3]};
  U256Division out;
  limbs::divide(u, m, d, n, [&](int i, std::uint64_t limb) { out.quotient.limbs[i] = limb; });
  std::copy_n(u, n, out.remainder.limbs.begin());
  return out;
}

U256 operator/(const U256& a, const U256& b) {
  return divide(a, b).quotient;
}
U256 operator%(const U256& a, const U256& b) {
  return divide(a, b).remainder;
}

U256 U256::from_be(ByteView bytes) {
  U256 out;
  const std::size_t count = std::min<std::size_t>(bytes.size(), 32);
  for (std::size_t i = 0; i < count; ++i)
    out.limbs[i / 8] |= std::uint64_t{bytes[bytes.size() - 1 - i]} << (8 * (i % 8));
  return out;
}

std::array<std::uint8_t, 32> U256::to_be() const {
  std::array<std::uint8_t, 32> out;
  for (int i = 0; i < 32; ++i) out[31 - i] = static_cast<std::uint8_t>(limbs[i / 8] >> (8 * (i % 8)));
  return out;
}

std::optional<U256> U256::parse(std::string_view text) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  if (text.empty()) return std::nullopt;
  U256 out;
  for (char c : text) {
    unsigned digit;
    if (c >= '0' && c <= '9')
      digit = static_cast<unsigned>(c - '0');
    else if (hex && (c | 32) >= 'a' && (c | 32) <= 'f')
      digit = static_cast<unsigned>((c | 32) - 'a' + 10);
    else
      return std::nullopt;
    if (hex) {
      if (out.limbs[3] >> 60 != 0) return std::nullopt;
      out = out << 4 | U256{digit};
    } else {
      static const U256 limit = U256::max() / U256{10};
      if (out > limit) return std::nullopt;
      const auto sum = checked_add(out * U256{10}, U256{digit});
      if (!sum) return std::nullopt;
      out = *sum;
    }
  }
  return out;
}

std::string U256::to_decimal() const {
  if (is_zero()) return "0";
  constexpr std::uint64_t kChunk = 1'000'000'000'000'000'000u;  // 10^18, the largest that fits
  std::string out;
  U256 rest = *this;
  while (!rest.is_zero()) {
    const auto [quotient, remainder] = divide(rest, U256{kChunk});
    std::uint64_t part = remainder.low64();
    for (int i = 0; i < 18 && (part != 0 || !quotient.is_zero()); ++i, part /= 10)
      out.push_back(static_cast<char>('0' + part % 10));
    rest = quotient;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::string U256::to_quantity() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  const unsigned digits = std::max(1u, (bit_length() + 3) / 4);
  std::string out = "0x";
  for (unsigned i = digits; i-- > 0;) out.push_back(kDigits[limbs[i / 16] >> (4 * (i % 16)) & 15]);
  return out;
}

std::optional<U256> checked_add(const U256& a, const U256& b) {
  const U256 sum = a + b;
  if (sum < a) return std::nullopt;
  return sum;
}

double to_double(const U256& value) {
  double out = 0;
  for (int i = 3; i >= 0; --i) out = std::ldexp(out, 64) + static_cast<double>(value.limbs[i]);
  return out;
}
}  // namespace quarry
