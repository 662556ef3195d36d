// Modular exponentiation by GMP. Prices are worked out from the three lengths alone, so nothing is allocated
// for an input that cannot be paid for.
#include <gmp.h>

#include "core/u256.hpp"
#include "evm/precompiles.hpp"
#include "evm/precompiles/contracts.hpp"
#include "evm/precompiles/input.hpp"

namespace quarry::evm::precompiles {
namespace {
using Wide = unsigned __int128;

constexpr std::size_t kHeadBytes = 96;
/// Longer bases and moduli cost 8 * 10^11 gas and more by any rule: no block has that.
constexpr std::uint64_t kMostPricedBytes = std::uint64_t{1} << 24;
/// EIP-7823
constexpr std::uint64_t kMostBytesFromOsaka = 1024;

struct Lengths {
  U256 base, exponent, modulus;
};
Lengths read_lengths(ByteView input) {
  const auto head = padded<kHeadBytes>(input);
  const ByteView view = head;
  return {U256::from_be(view.first(32)), U256::from_be(view.subspan(32, 32)), U256::from_be(view.last(32))};
}

Wide words(std::uint64_t bytes) {
  return (Wide{bytes} + 7) / 8;
}

/// How dear one squaring is, by the longer of base and modulus.
Wide complexity(std::uint64_t bytes, const Rules& rules) {
  if (rules.has(Fork::osaka)) return bytes <= 32 ? 16 : 2 * words(bytes) * words(bytes);
  if (rules.has(Fork::berlin)) return words(bytes) * words(bytes);
  const Wide x = bytes;
  if (x <= 64) return x * x;
  if (x <= 1024) return x * x / 4 + 96 * x - 3072;
  return x * x / 16 + 480 * x - 199680;
}

/// "Adjusted exponent length" of EIP-198, "iteration count" of EIP-2565: the bits of the exponent's first
/// word, and 8 (16 from Osaka) for each byte after it. `exponent_bytes` is below 2^64.
Wide iterations(ByteView input, std::uint64_t base_bytes, std::uint64_t exponent_bytes, const Rules& rules) {
  std::array<std::uint8_t, 32> first{};
  const std::size_t read = std::min<std::uint64_t>(exponent_bytes, 32);
  const ByteView there = slice(input, kHeadBytes + base_bytes, read);
  std::copy(there.begin(), there.end(), first.end() - static_cast<std::ptrdiff_t>(read));
  const unsigned bits = U256::from_be(first).bit_length();
  Wide count = bits == 0 ? 0 : bits - 1;
  if (exponent_bytes > 32) count += Wide{exponent_bytes - 32} * (rules.has(Fork::osaka) ? 16 : 8);
  return std::max<Wide>(count, 1);
}

struct Number {
  mpz_t value;
  /// `zeros` more bytes follow the given ones.
  explicit Number(ByteView big_endian, std::size_t zeros = 0) {
    mpz_init(value);
    mpz_import(value, big_endian.size(), 1, 1, 1, 0, big_endian.data());
    mpz_mul_2exp(value, value, 8 * zeros);
  }
  ~Number() { mpz_clear(value); }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
};
}  // namespace

Gas modexp_gas(ByteView input, const Rules& rules) {
  const bool osaka = rules.has(Fork::osaka), berlin = rules.has(Fork::berlin);
  const auto [base, exponent, modulus] = read_lengths(input);
  const U256 longer = std::max(base, modulus);
  if (longer > U256{kMostPricedBytes}) return kUnpayableGas;
  const Gas least = osaka ? 500 : berlin ? 200 : 0;
  const Wide one = complexity(longer.low64(), rules);
  if (one == 0) return least;
  if (!exponent.fits_u64()) return kUnpayableGas;
  const Wide count = iterations(input, base.low64(), exponent.low64(), rules);
  // one is below 2^45 and count below 2^69, so their product fits.
  constexpr Wide kMost = kUnpayableGas;
  if (count > kMost) return kUnpayableGas;
  const Wide price = one * count / (osaka ? 1 : berlin ? 3 : 20);
  return price >= kMost ? kUnpayableGas : std::max(least, static_cast<Gas>(price));
}

bool modexp(ByteView input, const Rules& rules, Bytes& output) {
  const auto lengths = read_lengths(input);
  output.clear();
  if (rules.has(Fork::osaka) &&
      std::max({lengths.base, lengths.exponent, lengths.modulus}) > U256{kMostBytesFromOsaka})
    return false;
  // The exponent's length costs nothing when both others are zero, and does not matter then.
  if (lengths.base.is_zero() && lengths.modulus.is_zero()) return true;
  if (std::max(lengths.base, lengths.modulus) > U256{kMostPricedBytes} || !lengths.exponent.fits_u64())
    return false;
  const std::uint64_t base_bytes = lengths.base.low64(), exponent_bytes = lengths.exponent.low64();
  const std::size_t modulus_bytes = lengths.modulus.low64();
  output.assign(modulus_bytes, 0);

  // A modulus that begins past the input's end is zero. Otherwise base and exponent are there in whole.
  const std::uint64_t exponent_at = kHeadBytes + base_bytes;
  if (exponent_at >= input.size() || exponent_bytes >= input.size() - exponent_at) return true;
  const ByteView there = slice(input, exponent_at + exponent_bytes, modulus_bytes);
  const Number modulus(there, modulus_bytes - there.size());
  if (mpz_cmp_ui(modulus.value, 1) <= 0) return true;
  const Number base(input.subspan(kHeadBytes, base_bytes));
  const Number exponent(input.subspan(exponent_at, exponent_bytes));
  Number result({});
  mpz_powm(result.value, base.value, exponent.value, modulus.value);
  const std::size_t size = (mpz_sizeinbase(result.value, 2) + 7) / 8;
  if (mpz_sgn(result.value) != 0)
    mpz_export(output.data() + (modulus_bytes - size), nullptr, 1, 1, 1, 0, result.value);
  return true;
}

}  // namespace quarry::evm::precompiles
