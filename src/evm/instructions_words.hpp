#pragma once
/// \file
/// Instructions that know nothing but the stack: of the word on top, the one below it, the one below that.

#include <utility>

#include "evm/arithmetic.hpp"

namespace quarry::evm::instr {

inline U256 flag(bool value) {
  return static_cast<std::uint64_t>(value);
}

inline U256 add(const U256& a, const U256& b) {
  return a + b;
}
inline U256 mul(const U256& a, const U256& b) {
  return a * b;
}
inline U256 sub(const U256& a, const U256& b) {
  return a - b;
}
inline U256 div(const U256& a, const U256& b) {
  return divide(a, b).quotient;
}
inline U256 sdiv(const U256& a, const U256& b) {
  return signed_divide(a, b);
}
inline U256 mod(const U256& a, const U256& b) {
  return divide(a, b).remainder;
}
inline U256 smod(const U256& a, const U256& b) {
  return signed_modulo(a, b);
}
inline U256 exp(const U256& a, const U256& b) {
  return power(a, b);
}
inline U256 signextend(const U256& a, const U256& b) {
  return sign_extended(a, b);
}
inline U256 lt(const U256& a, const U256& b) {
  return flag(a < b);
}
inline U256 gt(const U256& a, const U256& b) {
  return flag(b < a);
}
inline U256 slt(const U256& a, const U256& b) {
  return flag(signed_less(a, b));
}
inline U256 sgt(const U256& a, const U256& b) {
  return flag(signed_less(b, a));
}
inline U256 eq(const U256& a, const U256& b) {
  return flag(a == b);
}
inline U256 and_(const U256& a, const U256& b) {
  return a & b;
}
inline U256 or_(const U256& a, const U256& b) {
  return a | b;
}
inline U256 xor_(const U256& a, const U256& b) {
  return a ^ b;
}
inline U256 byte(const U256& a, const U256& b) {
  return byte_of(a, b);
}
inline U256 shl(const U256& a, const U256& b) {
  return shifted_left(a, b);
}
inline U256 shr(const U256& a, const U256& b) {
  return shifted_right(a, b);
}
inline U256 sar(const U256& a, const U256& b) {
  return shifted_right_signed(a, b);
}

inline U256 addmod(const U256& a, const U256& b, const U256& c) {
  return add_modulo(a, b, c);
}
inline U256 mulmod(const U256& a, const U256& b, const U256& c) {
  return multiply_modulo(a, b, c);
}

inline U256 iszero(const U256& a) {
  return flag(a.is_zero());
}
inline U256 not_(const U256& a) {
  return ~a;
}
/// EIP-7939.
inline U256 clz(const U256& a) {
  return 256 - a.bit_length();
}

}  // namespace quarry::evm::instr
