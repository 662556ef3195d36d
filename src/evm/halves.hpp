#pragma once
/// \file
/// Which functions carry each opcode out.

#include "evm/instructions.hpp"
#include "evm/instructions_words.hpp"

// Into the interpreter's loop; not so under a sanitizer, which gives each temporary of each instruction a
// place of its own in the frame, and there can be 1025 frames.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define QUARRY_IN_LOOP inline __attribute__((noinline))
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define QUARRY_IN_LOOP inline __attribute__((noinline))
#endif
#endif
#if !defined(QUARRY_IN_LOOP)
#define QUARRY_IN_LOOP inline __attribute__((always_inline))
#endif

namespace quarry::evm::halves {

/// What carries an opcode out.
struct Halves {
  Op op;
  Instruction charge;  ///< nullptr: the base gas is all
  Instruction act;
  void (*words)(U256*);  ///< the same as `act` where only the stack is asked for, else nullptr
  // Whether `charge` and `words` are there: GCC's sanitizers know no constant comparison of functions.
  bool charges;
  bool only_words;
};

template <U256 (*F)(const U256&)>
QUARRY_IN_LOOP void unary(U256* top) {
  top[0] = F(top[0]);
}
template <U256 (*F)(const U256&, const U256&)>
QUARRY_IN_LOOP void binary(U256* top) {
  top[-1] = F(top[0], top[-1]);
}
template <U256 (*F)(const U256&, const U256&, const U256&)>
QUARRY_IN_LOOP void ternary(U256* top) {
  top[-2] = F(top[0], top[-1], top[-2]);
}
template <int Depth>
QUARRY_IN_LOOP void dup(U256* top) {
  top[1] = top[1 - Depth];
}
template <int Depth>
QUARRY_IN_LOOP void swap(U256* top) {
  const U256 upper = top[0], lower = top[-Depth];
  top[0] = lower;
  top[-Depth] = upper;
}
inline void nothing(U256*) {}

/// A word that comes from the code, and an operation of two words with one of them from there.
template <class Word>
QUARRY_IN_LOOP void put(U256* top, const Word& word) {
  *top = word;
}
QUARRY_IN_LOOP void put_loaded(U256* top, const std::uint8_t* from) {
  *top = load_word(from);
}
template <U256 (*F)(const U256&, const U256&), class Word>
QUARRY_IN_LOOP void word_first(U256* top, const Word& word) {
  top[0] = F(word, top[0]);
}
template <U256 (*F)(const U256&, const U256&)>
QUARRY_IN_LOOP void word_second(U256* top, std::uint32_t word) {
  top[0] = F(top[0], word);
}
template <U256 (*F)(const U256&, const U256&)>
QUARRY_IN_LOOP void swapped(U256* top) {
  top[-1] = F(top[-1], top[0]);
}

template <void (*Act)(U256*)>
Status on_words(Run&, U256* top) {
  Act(top);
  return Status::success;
}
inline Status invalid(Run&, U256*) {
  return Status::invalid_opcode;
}
template <unsigned Topics>
Status charge_log(Run& run, U256* top) {
  return instr::charge_log(run, top, Topics);
}
template <unsigned Topics>
Status log(Run& run, U256* top) {
  return instr::log(run, top, Topics);
}

/// A row of an instruction of words.
template <void (*Words)(U256*)>
constexpr Halves words(Op op) {
  return {op, nullptr, on_words<Words>, Words, false, true};
}
constexpr Halves plain(Op op, Instruction act) {
  return {op, nullptr, act, nullptr, false, false};
}
constexpr Halves charged(Op op, Instruction charge, Instruction act) {
  return {op, charge, act, nullptr, true, false};
}

inline constexpr Halves kHalves[] = {
    words<nothing>(Op::stop),
    words<binary<instr::add>>(Op::add),
    words<binary<instr::mul>>(Op::mul),
    words<binary<instr::sub>>(Op::sub),
    words<binary<instr::div>>(Op::div),
    words<binary<instr::sdiv>>(Op::sdiv),
    words<binary<instr::mod>>(Op::mod),
    words<binary<instr::smod>>(Op::smod),
    words<ternary<instr::addmod>>(Op::addmod),
    words<ternary<instr::mulmod>>(Op::mulmod),
    charged(Op::exp, instr::charge_exp, on_words<binary<instr::exp>>),
    words<binary<instr::signextend>>(Op::signextend),
    words<binary<instr::lt>>(Op::lt),
    words<binary<instr::gt>>(Op::gt),
    words<binary<instr::slt>>(Op::slt),
    words<binary<instr::sgt>>(Op::sgt),
    words<binary<instr::eq>>(Op::eq),
    words<unary<instr::iszero>>(Op::iszero),
    words<binary<instr::and_>>(Op::and_),
    words<binary<instr::or_>>(Op::or_),
    words<binary<instr::xor_>>(Op::xor_),
    words<unary<instr::not_>>(Op::not_),
    words<binary<instr::byte>>(Op::byte),
    words<binary<instr::shl>>(Op::shl),
    words<binary<instr::shr>>(Op::shr),
    words<binary<instr::sar>>(Op::sar),
    words<unary<instr::clz>>(Op::clz),
    charged(Op::keccak256, instr::charge_keccak256, instr::keccak256),
    plain(Op::address, instr::address),
    charged(Op::balance, instr::charge_account, instr::balance),
    plain(Op::origin, instr::origin),
    plain(Op::caller, instr::caller),
    plain(Op::callvalue, instr::callvalue),
    plain(Op::calldataload, instr::calldataload),
    plain(Op::calldatasize, instr::calldatasize),
    charged(Op::calldatacopy, instr::charge_copy, instr::calldatacopy),
    plain(Op::codesize, instr::codesize),
    charged(Op::codecopy, instr::charge_copy, instr::codecopy),
    plain(Op::gasprice, instr::gasprice),
    charged(Op::extcodesize, instr::charge_account, instr::extcodesize),
    charged(Op::extcodecopy, instr::charge_extcodecopy, instr::extcodecopy),
    plain(Op::returndatasize, instr::returndatasize),
    charged(Op::returndatacopy, instr::charge_returndatacopy, instr::returndatacopy),
    charged(Op::extcodehash, instr::charge_account, instr::extcodehash),
    plain(Op::blockhash, instr::blockhash),
    plain(Op::coinbase, instr::coinbase),
    plain(Op::timestamp, instr::timestamp),
    plain(Op::number, instr::number),
    plain(Op::difficulty, instr::difficulty),
    plain(Op::gaslimit, instr::gaslimit),
    plain(Op::chainid, instr::chainid),
    plain(Op::selfbalance, instr::selfbalance),
    plain(Op::basefee, instr::basefee),
    plain(Op::blobhash, instr::blobhash),
    plain(Op::blobbasefee, instr::blobbasefee),
    words<nothing>(Op::pop),
    charged(Op::mload, instr::charge_word_access, instr::mload),
    charged(Op::mstore, instr::charge_word_access, instr::mstore),
    charged(Op::mstore8, instr::charge_mstore8, instr::mstore8),
    charged(Op::sload, instr::charge_sload, instr::sload),
    charged(Op::sstore, instr::charge_sstore, instr::sstore),
    plain(Op::jump, instr::jump),
    plain(Op::jumpi, instr::jumpi),
    plain(Op::pc, instr::pc),
    plain(Op::msize, instr::msize),
    plain(Op::gas, instr::gas),
    words<nothing>(Op::jumpdest),
    plain(Op::tload, instr::tload),
    charged(Op::tstore, instr::charge_tstore, instr::tstore),
    charged(Op::mcopy, instr::charge_mcopy, instr::mcopy),
    charged(Op::log0, charge_log<0>, log<0>),
    charged(Op::log1, charge_log<1>, log<1>),
    charged(Op::log2, charge_log<2>, log<2>),
    charged(Op::log3, charge_log<3>, log<3>),
    charged(Op::log4, charge_log<4>, log<4>),
    charged(Op::create, instr::charge_create, instr::create),
    charged(Op::call, instr::charge_call, instr::call),
    charged(Op::callcode, instr::charge_callcode, instr::callcode),
    charged(Op::return_, instr::charge_output, instr::return_),
    charged(Op::delegatecall, instr::charge_delegatecall, instr::delegatecall),
    charged(Op::create2, instr::charge_create2, instr::create2),
    charged(Op::staticcall, instr::charge_staticcall, instr::staticcall),
    charged(Op::revert, instr::charge_output, instr::revert),
    plain(Op::invalid, invalid),
    charged(Op::selfdestruct, instr::charge_selfdestruct, instr::selfdestruct),
};

template <int... Depth>
constexpr void set_depths(std::array<Halves, 256>& table, std::integer_sequence<int, Depth...>) {
  ((table[0x80 + Depth] = words<dup<Depth + 1>>(Op{0x80 + Depth})), ...);
  ((table[0x90 + Depth] = words<swap<Depth + 1>>(Op{0x90 + Depth})), ...);
}

inline constexpr auto kByByte = [] {
  std::array<Halves, 256> table{};
  for (const Halves& row : kHalves) table[static_cast<std::uint8_t>(row.op)] = row;
  for (unsigned byte = 0x5f; byte <= 0x7f; ++byte) table[byte] = plain(Op(byte), instr::push);
  set_depths(table, std::make_integer_sequence<int, 16>{});
  return table;
}();

constexpr bool every_opcode_acts() {
#define QUARRY_OPCODE(byte, id, name, in, out, gas, since, immediate) \
  if (kByByte[byte].op != Op::id) return false;
#include "evm/opcode_list.inc"
#undef QUARRY_OPCODE
  return true;
}
static_assert(every_opcode_acts());

/// After it the frame has succeeded.
constexpr bool ends_frame(std::uint8_t op) {
  return op == static_cast<std::uint8_t>(Op::stop) || op == static_cast<std::uint8_t>(Op::return_) ||
         op == static_cast<std::uint8_t>(Op::selfdestruct);
}

}  // namespace quarry::evm::halves
