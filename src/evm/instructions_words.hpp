#pragma once
/// \file
/// Instructions that know nothing but the stack. Each takes the stack's top and leaves its result where the
/// deepest word it takes was.

#include <utility>

#include "evm/arithmetic.hpp"

namespace quarry::evm::instr {

inline void add(U256* top) {
  top[-1] = top[0] + top[-1];
}
inline void mul(U256* top) {
  top[-1] = top[0] * top[-1];
}
inline void sub(U256* top) {
  top[-1] = top[0] - top[-1];
}
inline void div(U256* top) {
  top[-1] = divide(top[0], top[-1]).quotient;
}
inline void sdiv(U256* top) {
  top[-1] = signed_divide(top[0], top[-1]);
}
inline void mod(U256* top) {
  top[-1] = divide(top[0], top[-1]).remainder;
}
inline void smod(U256* top) {
  top[-1] = signed_modulo(top[0], top[-1]);
}
inline void addmod(U256* top) {
  top[-2] = add_modulo(top[0], top[-1], top[-2]);
}
inline void mulmod(U256* top) {
  top[-2] = multiply_modulo(top[0], top[-1], top[-2]);
}
inline void exp(U256* top) {
  top[-1] = power(top[0], top[-1]);
}
inline void signextend(U256* top) {
  top[-1] = sign_extended(top[0], top[-1]);
}

inline void lt(U256* top) {
  top[-1] = static_cast<std::uint64_t>(top[0] < top[-1]);
}
inline void gt(U256* top) {
  top[-1] = static_cast<std::uint64_t>(top[-1] < top[0]);
}
inline void slt(U256* top) {
  top[-1] = static_cast<std::uint64_t>(signed_less(top[0], top[-1]));
}
inline void sgt(U256* top) {
  top[-1] = static_cast<std::uint64_t>(signed_less(top[-1], top[0]));
}
inline void eq(U256* top) {
  top[-1] = static_cast<std::uint64_t>(top[0] == top[-1]);
}
inline void iszero(U256* top) {
  top[0] = static_cast<std::uint64_t>(top[0].is_zero());
}
inline void and_(U256* top) {
  top[-1] = top[0] & top[-1];
}
inline void or_(U256* top) {
  top[-1] = top[0] | top[-1];
}
inline void xor_(U256* top) {
  top[-1] = top[0] ^ top[-1];
}
inline void not_(U256* top) {
  top[0] = ~top[0];
}
inline void byte(U256* top) {
  top[-1] = byte_of(top[0], top[-1]);
}
inline void shl(U256* top) {
  top[-1] = shifted_left(top[0], top[-1]);
}
inline void shr(U256* top) {
  top[-1] = shifted_right(top[0], top[-1]);
}
inline void sar(U256* top) {
  top[-1] = shifted_right_signed(top[0], top[-1]);
}
/// EIP-7939.
inline void clz(U256* top) {
  top[0] = 256 - top[0].bit_length();
}

inline void pop(U256*) {}

}  // namespace quarry::evm::instr
