/// \file
/// The stack, jumps, and EXP's price (EIP-160).

#include "evm/arithmetic.hpp"
#include "evm/instructions.hpp"

namespace quarry::evm::instr {
Status charge_exp(Run& run, U256* top) {
  const std::int64_t bytes = (top[-1].bit_length() + 7) / 8;
  return run.charge(run.prices.exp_byte * bytes) ? Status::success : Status::out_of_gas;
}

Status push(Run& run, U256* top) {
  top[1] = U256::from_be({run.code.data() + run.pc + 1, run.next - run.pc - 1});
  return Status::success;
}
Status jump(Run& run, U256* top) {
  if (!top[0].fits_u64() || !run.code.is_jump_target(top[0].low64())) return Status::invalid_jump;
  run.next = top[0].low64();
  return Status::success;
}
Status jumpi(Run& run, U256* top) {
  return top[-1].is_zero() ? Status::success : jump(run, top);
}
Status pc(Run& run, U256* top) {
  top[1] = run.pc;
  return Status::success;
}

}  // namespace quarry::evm::instr
