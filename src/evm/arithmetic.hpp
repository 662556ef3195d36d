#pragma once
/// \file
/// Words as instructions use them: signed, modulo others, as bytes and as addresses.

#include <cstring>

#include "core/fixed_bytes.hpp"
#include "core/u256.hpp"

namespace quarry::evm {

inline U256 negated(const U256& a) {
  return U256{} - a;
}
inline bool is_negative(const U256& a) {
  return a.limbs[3] >> 63 != 0;
}
/// Two's complement, towards zero; zero for a divisor of zero.
U256 signed_divide(const U256& a, const U256& b);
/// With the dividend's sign.
U256 signed_modulo(const U256& a, const U256& b);
inline bool signed_less(const U256& a, const U256& b) {
  return is_negative(a) != is_negative(b) ? is_negative(a) : a < b;
}
/// Of the whole sum or product; zero for a modulus of zero.
U256 add_modulo(const U256& a, const U256& b, const U256& modulus);
U256 multiply_modulo(const U256& a, const U256& b, const U256& modulus);
U256 power(U256 base, const U256& exponent);
/// `value` as a signed number of `index` + 1 bytes.
U256 sign_extended(const U256& index, const U256& value);
/// Byte `index` from the top.
inline U256 byte_of(const U256& index, const U256& value) {
  if (!index.fits_u64() || index.limbs[0] >= 32) return {};
  const auto from_low = static_cast<unsigned>(31 - index.limbs[0]);
  return value.limbs[from_low / 8] >> (8 * (from_low % 8)) & 0xff;
}

inline U256 shifted_left(const U256& by, const U256& value) {
  return by.fits_u64() && by.limbs[0] < 256 ? value << static_cast<unsigned>(by.limbs[0]) : U256{};
}

inline U256 shifted_right(const U256& by, const U256& value) {
  return by.fits_u64() && by.limbs[0] < 256 ? value >> static_cast<unsigned>(by.limbs[0]) : U256{};
}

inline U256 shifted_right_signed(const U256& by, const U256& value) {
  if (!is_negative(value)) return shifted_right(by, value);
  if (!by.fits_u64() || by.limbs[0] >= 256) return U256::max();
  return ~(~value >> static_cast<unsigned>(by.limbs[0]));
}

inline U256 load_word(const std::uint8_t* from) {
  std::uint64_t words[4];
  std::memcpy(words, from, sizeof words);
  return {__builtin_bswap64(words[0]), __builtin_bswap64(words[1]), __builtin_bswap64(words[2]),
          __builtin_bswap64(words[3])};
}
inline void store_word(std::uint8_t* to, const U256& word) {
  const std::uint64_t words[4] = {__builtin_bswap64(word.limbs[3]), __builtin_bswap64(word.limbs[2]),
                                  __builtin_bswap64(word.limbs[1]), __builtin_bswap64(word.limbs[0])};
  std::memcpy(to, words, sizeof words);
}

/// The low 20 bytes.
inline Address to_address(const U256& word) {
  std::uint8_t bytes[32];
  store_word(bytes, word);
  Address out;
  std::memcpy(out.data(), bytes + 12, out.size());
  return out;
}
inline U256 to_word(const Address& address) {
  std::uint8_t bytes[32] = {};
  std::memcpy(bytes + 12, address.data(), address.size());
  return load_word(bytes);
}
template <class Tag>
U256 to_word(const FixedBytes<Tag, 32>& hash) {
  return load_word(hash.data());
}

}  // namespace quarry::evm
