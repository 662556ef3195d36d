/// \file
/// The quick way: decoded instructions, a computed goto from each to the next, gas and the stack's top in
/// registers.

#include "evm/halves.hpp"
#include "evm/interpreter.hpp"

namespace quarry::evm {
namespace {
using halves::ends_frame;
using halves::Halves;
using halves::kByByte;

/// Where `size` bytes at `offset` are, nullptr when memory has to grow for them.
QUARRY_IN_LOOP std::uint8_t* memory_within(Memory& memory, std::uint64_t offset, std::uint64_t size) {
  return offset < memory.size() && memory.size() - offset >= size ? memory.data() + offset : nullptr;
}
QUARRY_IN_LOOP std::uint8_t* memory_within(Memory& memory, const U256& offset, std::uint64_t size) {
  return offset.fits_u64() ? memory_within(memory, offset.low64(), size) : nullptr;
}

/// The memory instructions where memory is large enough; false where it is not, and for all others.
template <std::uint8_t Byte>
QUARRY_IN_LOOP bool done_within_memory(Memory& memory, U256* top) {
  if constexpr (Op{Byte} == Op::mload) {
    const std::uint8_t* at = memory_within(memory, top[0], 32);
    if (at != nullptr) top[0] = load_word(at);
    return at != nullptr;
  }
  if constexpr (Op{Byte} == Op::mstore) {
    std::uint8_t* at = memory_within(memory, top[0], 32);
    if (at != nullptr) store_word(at, top[-1]);
    return at != nullptr;
  }
  if constexpr (Op{Byte} == Op::mstore8) {
    std::uint8_t* at = memory_within(memory, top[0], 1);
    if (at != nullptr) *at = static_cast<std::uint8_t>(top[-1].low64());
    return at != nullptr;
  }
  return false;
}

/// Both halves of an instruction, the gas being where they look for it.
template <std::uint8_t Byte>
QUARRY_IN_LOOP Status carry_out(Run& run, U256* top, std::int64_t& gas) {
  constexpr Halves kRow = kByByte[Byte];
  run.frame.gas_left = gas;
  Status status = Status::success;
  if constexpr (kRow.charges) status = kRow.charge(run, top);
  if (status == Status::success) status = kRow.act(run, top);
  gas = run.frame.gas_left;
  return status;
}

/// The instruction that a jump to `pc` goes to; 0: it is no target.
QUARRY_IN_LOOP std::uint64_t target_of(const Decoded& decoded, const U256& pc) {
  return pc.fits_u64() && pc.low64() < decoded.targets.size() ? decoded.targets[pc.low64()] : 0;
}

Status end(Run& run, std::size_t instruction, std::int64_t gas, Status status) {
  run.frame.gas_left = gas;
  if (status == Status::success || status == Status::revert) return status;
  const std::size_t pc = run.code.decoded().pc_of(instruction);
  run.frame.fault = {status, run.code.data()[pc], pc};
  return status;
}

Status leave(Run& run, std::size_t instruction, std::int64_t gas, U256* top) {
  run.frame.gas_left = gas;
  run.next = run.code.decoded().pc_of(instruction);
  return run_carefully(run, top);
}

/// Watched or not, so that blocks, which have no deadline, do not pay for looking out for one.
template <bool Watched>
Status run_decoded(Run& run) {
  static const void* const kLabels[] = {
#define QUARRY_OPCODE(byte, id, name, in, out, gas, since, immediate) &&do_##id,
#include "evm/opcode_list.inc"
#undef QUARRY_OPCODE
#define QUARRY_FUSED(id) &&do_##id,
#define QUARRY_FUSED_BINARY(id) \
  &&do_##id##_first, &&do_##id##_first_wide, &&do_##id##_second, &&do_##id##_swapped,
#include "evm/fused.inc"
#undef QUARRY_FUSED
#undef QUARRY_FUSED_BINARY
  };
  const Decoded& decoded = run.code.decoded();
  const Decoded::Instruction* const code = decoded.code.data();
  const Decoded::Instruction* ip = code;
  const U256* const constants = decoded.constants.data();
  const U256* const bottom = run.frame.space.stack.data();
  Memory& memory = run.memory();
  U256* top = run.frame.space.stack.data();
  std::int64_t gas = run.frame.gas_left;
  Status status = Status::success;
  std::int64_t look_at = gas;
#include "evm/quick_handlers.inc"
}
}  // namespace

Status run_quickly(Run& run) {
  return run.frame.vm.block().deadline == nullptr ? run_decoded<false>(run) : run_decoded<true>(run);
}

}  // namespace quarry::evm
