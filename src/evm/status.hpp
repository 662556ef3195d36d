#pragma once
/// \file
/// How an execution ended.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/forks.hpp"

namespace quarry::evm {

/// Everything but `success` and `revert` takes all the gas of its call frame (Yellow Paper 9.4.2).
enum class Status : std::uint8_t {
  success,
  revert,
  out_of_gas,
  stack_underflow,
  stack_overflow,
  invalid_jump,
  undefined_opcode,    ///< no instruction under the rules in force
  invalid_opcode,      ///< INVALID, 0xfe
  write_protection,    ///< a change of state inside STATICCALL (EIP-214)
  return_data_bounds,  ///< RETURNDATACOPY past the end (EIP-211)
  precompile_failed,   ///< a precompile refused its input
  code_store_gas,      ///< not enough gas to store the code of a new contract
  code_too_large,      ///< EIP-170
  code_reserved,       ///< code of a new contract starts with 0xef (EIP-3541)
  contract_collision,  ///< the address of a new contract is taken (EIP-684, EIP-7610)
  initcode_too_large,  ///< EIP-3860, as an instruction
  // The call is not begun: the caller keeps the gas it gave.
  call_depth,
  insufficient_balance,
  nonce_overflow,  ///< the creator's nonce is 2^64 - 1 (EIP-2681)
};
/// geth's text: "out of gas", "execution reverted", "invalid opcode: PUSH0" without the name.
std::string_view to_string(Status status);

/// What and where it went wrong in the frame that failed, for errors that help.
struct Fault {
  Status status = Status::success;
  std::uint8_t opcode = 0;
  std::size_t pc = 0;
};
/// One line for people. An opcode of a later fork is named with its fork and the key that switches it on:
/// "PUSH0 needs Shanghai; this chain is at London: set shanghaiBlock".
std::string describe(const Fault& fault, const Rules& rules);

}  // namespace quarry::evm
