/// \file
/// Runs a frame instruction by instruction, with a tracer or without.

#include "evm/interpreter.hpp"

#include <limits>

#include "evm/halves.hpp"

namespace quarry::evm {
using halves::ends_frame;
using halves::kByByte;

namespace {
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

}  // namespace

Status run_carefully(Run& run, U256* top) {
  const OpcodeTable& table = run.code.table();
  const bool traced = run.frame.vm.tracer() != nullptr;
  const Deadline* const deadline = run.frame.vm.block().deadline;
  std::int64_t look_at = deadline == nullptr ? std::numeric_limits<std::int64_t>::min() : run.frame.gas_left;
  for (;;) {
    run.pc = run.next;
    const std::uint8_t op = run.code.data()[run.pc];
    const OpcodeTable::Entry& entry = table[op];
    const std::int64_t gas_before = run.frame.gas_left;
    Status status = prepare(run, op, entry, top);
    if (run.frame.gas_left < look_at) {
      if (deadline->passed()) status = Status::out_of_gas;
      look_at = run.frame.gas_left - kGasALook;
    }
    if (traced) {
      tell(run, op, top, gas_before, status);
      if (run.frame.vm.tracer()->stopped) status = Status::out_of_gas;
    }
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

Status interpret(Frame& frame) {
  const Deadline* const deadline = frame.vm.block().deadline;
  if (deadline != nullptr && deadline->passed()) return Status::out_of_gas;
  Run run(frame);
  const bool quickly = frame.vm.tracer() == nullptr && !run.code.decoded().code.empty();
  return quickly ? run_quickly(run) : run_carefully(run, frame.space.stack.data());
}

}  // namespace quarry::evm
