#pragma once
/// \file
/// Instructions that need more than the stack, in two halves: what they charge beyond their base gas, which
/// may fail, and what they do. A tracer looks in between.

#include "evm/analysis.hpp"
#include "evm/frame.hpp"
#include "evm/vm.hpp"

namespace quarry::evm {

/// One frame while it runs.
struct Run {
  Frame& frame;
  const GasPrices& prices;
  const Code& code;
  std::size_t pc = 0;    ///< of the instruction
  std::size_t next = 0;  ///< of the one that follows

  // What the first half found for the second.
  Slot* slot = nullptr;
  AccountState* target = nullptr;
  Gas forwarded = 0;

  explicit Run(Frame& of) : frame(of), prices(of.code.table().prices), code(of.code) {}
  Journal& journal() const { return frame.vm.journal(); }
  const Message& message() const { return frame.message; }
  Memory& memory() const { return frame.space.memory; }

  /// False when there is not so much.
  [[nodiscard]] bool charge(std::int64_t gas) { return (frame.gas_left -= gas) >= 0; }
};

/// Gets the stack's top, with as many words below as the opcode takes. A charge changes no word, and no state
/// but what is warm and the refund. An action finds its memory paid for, puts its result where the deepest
/// word was that it takes, and sets `next` if it jumps. Anything but success ends the frame.
using Instruction = Status (*)(Run& run, U256* top);

namespace instr {
// Memory and hashing.
Status charge_keccak256(Run& run, U256* top);
Status charge_word_access(Run& run, U256* top);
Status charge_mstore8(Run& run, U256* top);
Status charge_copy(Run& run, U256* top);
Status charge_extcodecopy(Run& run, U256* top);
Status charge_returndatacopy(Run& run, U256* top);
Status charge_mcopy(Run& run, U256* top);
Status charge_output(Run& run, U256* top);
Status keccak256(Run& run, U256* top);
Status mload(Run& run, U256* top);
Status mstore(Run& run, U256* top);
Status mstore8(Run& run, U256* top);
Status mcopy(Run& run, U256* top);
Status msize(Run& run, U256* top);
Status calldataload(Run& run, U256* top);
Status calldatacopy(Run& run, U256* top);
Status codecopy(Run& run, U256* top);
Status extcodecopy(Run& run, U256* top);
Status returndatacopy(Run& run, U256* top);
Status return_(Run& run, U256* top);
Status revert(Run& run, U256* top);

// What the frame, the transaction and the block are.
Status address(Run& run, U256* top);
Status origin(Run& run, U256* top);
Status caller(Run& run, U256* top);
Status callvalue(Run& run, U256* top);
Status calldatasize(Run& run, U256* top);
Status codesize(Run& run, U256* top);
Status gasprice(Run& run, U256* top);
Status returndatasize(Run& run, U256* top);
Status blockhash(Run& run, U256* top);
Status coinbase(Run& run, U256* top);
Status timestamp(Run& run, U256* top);
Status number(Run& run, U256* top);
Status difficulty(Run& run, U256* top);
Status gaslimit(Run& run, U256* top);
Status chainid(Run& run, U256* top);
Status selfbalance(Run& run, U256* top);
Status basefee(Run& run, U256* top);
Status blobhash(Run& run, U256* top);
Status blobbasefee(Run& run, U256* top);
Status gas(Run& run, U256* top);

// State.
Status charge_account(Run& run, U256* top);
Status charge_sload(Run& run, U256* top);
Status charge_sstore(Run& run, U256* top);
Status charge_tstore(Run& run, U256* top);
Status charge_log(Run& run, U256* top, unsigned topics);
Status charge_selfdestruct(Run& run, U256* top);
Status balance(Run& run, U256* top);
Status extcodesize(Run& run, U256* top);
Status extcodehash(Run& run, U256* top);
Status sload(Run& run, U256* top);
Status sstore(Run& run, U256* top);
Status tload(Run& run, U256* top);
Status tstore(Run& run, U256* top);
Status log(Run& run, U256* top, unsigned topics);
Status selfdestruct(Run& run, U256* top);

// Calls and creations.
Status charge_call(Run& run, U256* top);
Status charge_callcode(Run& run, U256* top);
Status charge_delegatecall(Run& run, U256* top);
Status charge_staticcall(Run& run, U256* top);
Status charge_create(Run& run, U256* top);
Status charge_create2(Run& run, U256* top);
Status call(Run& run, U256* top);
Status callcode(Run& run, U256* top);
Status delegatecall(Run& run, U256* top);
Status staticcall(Run& run, U256* top);
Status create(Run& run, U256* top);
Status create2(Run& run, U256* top);

// Arithmetic with a price of its own, and control.
Status charge_exp(Run& run, U256* top);
Status push(Run& run, U256* top);
Status jump(Run& run, U256* top);
Status jumpi(Run& run, U256* top);
Status pc(Run& run, U256* top);
}  // namespace instr

/// Charges for memory of `size` bytes from `offset`; out of gas as well where both reach what no gas pays
/// for.
Status charge_memory(Run& run, const U256& offset, const U256& size);
/// Makes that memory be there, and gives its place; nullptr for no bytes.
std::uint8_t* memory_at(Run& run, const U256& offset, const U256& size);
/// `gas` a word for `size` bytes; false when there is not so much.
bool charge_words(Run& run, std::int64_t gas, const U256& size);
/// Charges `cold` when the account is touched for the first time (EIP-2929), and keeps it as the target.
Status charge_access(Run& run, const U256& address, std::int64_t cold);

}  // namespace quarry::evm
