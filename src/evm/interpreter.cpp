/// \file
/// Runs a frame instruction by instruction, with a tracer or without.

#include "evm/instructions.hpp"
#include "evm/instructions_words.hpp"

namespace quarry::evm {
namespace {
/// The two halves of an opcode. No charge: the base gas is all.
struct Halves {
  Op op;
  Instruction charge;
  Instruction act;
};

template <void (*Act)(U256*)>
Status on_words(Run&, U256* top) {
  Act(top);
  return Status::success;
}
Status nothing(Run&, U256*) {
  return Status::success;
}
Status invalid(Run&, U256*) {
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

constexpr Halves kHalves[] = {
    {Op::stop, nullptr, nothing},
    {Op::add, nullptr, on_words<instr::add>},
    {Op::mul, nullptr, on_words<instr::mul>},
    {Op::sub, nullptr, on_words<instr::sub>},
    {Op::div, nullptr, on_words<instr::div>},
    {Op::sdiv, nullptr, on_words<instr::sdiv>},
    {Op::mod, nullptr, on_words<instr::mod>},
    {Op::smod, nullptr, on_words<instr::smod>},
    {Op::addmod, nullptr, on_words<instr::addmod>},
    {Op::mulmod, nullptr, on_words<instr::mulmod>},
    {Op::exp, instr::charge_exp, on_words<instr::exp>},
    {Op::signextend, nullptr, on_words<instr::signextend>},
    {Op::lt, nullptr, on_words<instr::lt>},
    {Op::gt, nullptr, on_words<instr::gt>},
    {Op::slt, nullptr, on_words<instr::slt>},
    {Op::sgt, nullptr, on_words<instr::sgt>},
    {Op::eq, nullptr, on_words<instr::eq>},
    {Op::iszero, nullptr, on_words<instr::iszero>},
    {Op::and_, nullptr, on_words<instr::and_>},
    {Op::or_, nullptr, on_words<instr::or_>},
    {Op::xor_, nullptr, on_words<instr::xor_>},
    {Op::not_, nullptr, on_words<instr::not_>},
    {Op::byte, nullptr, on_words<instr::byte>},
    {Op::shl, nullptr, on_words<instr::shl>},
    {Op::shr, nullptr, on_words<instr::shr>},
    {Op::sar, nullptr, on_words<instr::sar>},
    {Op::clz, nullptr, on_words<instr::clz>},
    {Op::keccak256, instr::charge_keccak256, instr::keccak256},
    {Op::address, nullptr, instr::address},
    {Op::balance, instr::charge_account, instr::balance},
    {Op::origin, nullptr, instr::origin},
    {Op::caller, nullptr, instr::caller},
    {Op::callvalue, nullptr, instr::callvalue},
    {Op::calldataload, nullptr, instr::calldataload},
    {Op::calldatasize, nullptr, instr::calldatasize},
    {Op::calldatacopy, instr::charge_copy, instr::calldatacopy},
    {Op::codesize, nullptr, instr::codesize},
    {Op::codecopy, instr::charge_copy, instr::codecopy},
    {Op::gasprice, nullptr, instr::gasprice},
    {Op::extcodesize, instr::charge_account, instr::extcodesize},
    {Op::extcodecopy, instr::charge_extcodecopy, instr::extcodecopy},
    {Op::returndatasize, nullptr, instr::returndatasize},
    {Op::returndatacopy, instr::charge_returndatacopy, instr::returndatacopy},
    {Op::extcodehash, instr::charge_account, instr::extcodehash},
    {Op::blockhash, nullptr, instr::blockhash},
    {Op::coinbase, nullptr, instr::coinbase},
    {Op::timestamp, nullptr, instr::timestamp},
    {Op::number, nullptr, instr::number},
    {Op::difficulty, nullptr, instr::difficulty},
    {Op::gaslimit, nullptr, instr::gaslimit},
    {Op::chainid, nullptr, instr::chainid},
    {Op::selfbalance, nullptr, instr::selfbalance},
    {Op::basefee, nullptr, instr::basefee},
    {Op::blobhash, nullptr, instr::blobhash},
    {Op::blobbasefee, nullptr, instr::blobbasefee},
    {Op::pop, nullptr, nothing},
    {Op::mload, instr::charge_word_access, instr::mload},
    {Op::mstore, instr::charge_word_access, instr::mstore},
    {Op::mstore8, instr::charge_mstore8, instr::mstore8},
    {Op::sload, instr::charge_sload, instr::sload},
    {Op::sstore, instr::charge_sstore, instr::sstore},
    {Op::jump, nullptr, instr::jump},
    {Op::jumpi, nullptr, instr::jumpi},
    {Op::pc, nullptr, instr::pc},
    {Op::msize, nullptr, instr::msize},
    {Op::gas, nullptr, instr::gas},
    {Op::jumpdest, nullptr, nothing},
    {Op::tload, nullptr, instr::tload},
    {Op::tstore, instr::charge_tstore, instr::tstore},
    {Op::mcopy, instr::charge_mcopy, instr::mcopy},
    {Op::log0, charge_log<0>, log<0>},
    {Op::log1, charge_log<1>, log<1>},
    {Op::log2, charge_log<2>, log<2>},
    {Op::log3, charge_log<3>, log<3>},
    {Op::log4, charge_log<4>, log<4>},
    {Op::create, instr::charge_create, instr::create},
    {Op::call, instr::charge_call, instr::call},
    {Op::callcode, instr::charge_callcode, instr::callcode},
    {Op::return_, instr::charge_output, instr::return_},
    {Op::delegatecall, instr::charge_delegatecall, instr::delegatecall},
    {Op::create2, instr::charge_create2, instr::create2},
    {Op::staticcall, instr::charge_staticcall, instr::staticcall},
    {Op::revert, instr::charge_output, instr::revert},
    {Op::invalid, nullptr, invalid},
    {Op::selfdestruct, instr::charge_selfdestruct, instr::selfdestruct},
};

constexpr auto kByByte = [] {
  std::array<Halves, 256> table{};
  for (const Halves& row : kHalves) table[static_cast<std::uint8_t>(row.op)] = row;
  for (unsigned byte = 0x5f; byte <= 0x7f; ++byte) table[byte].act = instr::push;
  for (unsigned byte = 0x80; byte <= 0x8f; ++byte) table[byte].act = instr::dup;
  for (unsigned byte = 0x90; byte <= 0x9f; ++byte) table[byte].act = instr::swap;
  return table;
}();

constexpr bool every_opcode_acts() {
#define QUARRY_OPCODE(byte, id, name, in, out, gas, since, immediate) \
  if (kByByte[byte].act == nullptr) return false;
#include "evm/opcode_list.inc"
#undef QUARRY_OPCODE
  return true;
}
static_assert(every_opcode_acts());

constexpr bool ends_frame(std::uint8_t op) {
  return op == static_cast<std::uint8_t>(Op::stop) || op == static_cast<std::uint8_t>(Op::return_) ||
         op == static_cast<std::uint8_t>(Op::selfdestruct);
}

/// Everything that an instruction has to pay, and what its place on the stack asks for.
Status prepare(Run& run, std::uint8_t op, const OpcodeTable::Entry& entry, U256* top) {
  const std::ptrdiff_t height = top - run.frame.space.stack.data();
  if (!entry.defined()) return Status::undefined_opcode;
  if (height < entry.needs) return Status::stack_underflow;
  if (height > entry.room) return Status::stack_overflow;
  if (!run.charge(entry.gas)) return Status::out_of_gas;
  const Instruction charge = kByByte[op].charge;
  return charge != nullptr ? charge(run, top) : Status::success;
}

void tell(Run& run, std::uint8_t op, U256* top, std::int64_t gas_before, Status status) {
  const U256* const bottom = run.frame.space.stack.data() + 1;
  Step step;
  step.pc = run.pc;
  step.opcode = op;
  step.gas_left = static_cast<Gas>(gas_before);
  step.gas_cost = static_cast<Gas>(gas_before - run.frame.gas_left);
  step.depth = run.message().depth;
  step.stack = {bottom, static_cast<std::size_t>(top + 1 - bottom)};
  step.memory = {run.memory().data(), run.memory().size()};
  step.return_data = run.frame.return_data;
  step.refund = run.journal().refund();
  step.message = &run.message();
  step.status = status;
  run.frame.vm.tracer()->on_step(step);
}

Status step_through(Run& run) {
  const OpcodeTable& table = run.code.table();
  const bool traced = run.frame.vm.tracer() != nullptr;
  U256* top = run.frame.space.stack.data();
  for (;;) {
    run.pc = run.next;
    const std::uint8_t op = run.code.data()[run.pc];
    const OpcodeTable::Entry& entry = table[op];
    const std::int64_t gas_before = run.frame.gas_left;
    Status status = prepare(run, op, entry, top);
    if (traced) tell(run, op, top, gas_before, status);
    run.next = run.pc + 1 + entry.immediate;
    if (status == Status::success) status = kByByte[op].act(run, top);
    if (status != Status::success) {
      run.frame.fault = {status, op, run.pc};
      return status;
    }
    if (ends_frame(op)) return Status::success;
    top += entry.grows;
  }
}
}  // namespace

Status interpret(Frame& frame) {
  Run run(frame);
  return step_through(run);
}

}  // namespace quarry::evm
