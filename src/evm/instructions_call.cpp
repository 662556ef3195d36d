/// \file
/// Calls and creations (Yellow Paper H.2, f0s; EIP-150, 161, 214, 1014, 2929, 3860, 7702).

#include "evm/arithmetic.hpp"
#include "evm/instructions.hpp"

namespace quarry::evm {
namespace {
constexpr std::int64_t kCallValueGas = 9000;
constexpr std::int64_t kNewAccountGas = 25000;
constexpr Gas kCallStipend = 2300;
/// EIP-3860, in bytes.
constexpr std::uint64_t kMostInitcode = 49152;

/// Where a call's operands are, counted from the stack's top.
struct CallShape {
  CallKind kind;
  int value;  ///< 0: there is none
  int input;
  int output;
};
constexpr CallShape kCall{CallKind::call, 2, 3, 5};
constexpr CallShape kCallcode{CallKind::callcode, 2, 3, 5};
constexpr CallShape kDelegatecall{CallKind::delegatecall, 0, 2, 4};
constexpr CallShape kStaticcall{CallKind::staticcall, 0, 2, 4};

bool moves_value(const CallShape& shape, const U256* top) {
  return shape.value != 0 && !top[-shape.value].is_zero();
}

/// The account whose code the target runs is paid for too (EIP-7702).
Status charge_delegation(Run& run) {
  const auto delegate = delegation_of(run.journal().code_bytes(*run.target));
  if (!delegate) return Status::success;
  const bool cold = run.journal().warm_up(run.journal().account(*delegate));
  return run.charge(cold ? kColdAccountGas : kWarmGas) ? Status::success : Status::out_of_gas;
}

/// Memory grows once, to where the farther of both areas ends.
Status charge_call_memory(Run& run, const U256* top, const CallShape& shape) {
  const auto end = [top](int at) {
    const U256 &offset = top[-at], &size = top[-at - 1];
    return size.is_zero() ? U256{} : checked_add(offset, size).value_or(U256::max());
  };
  const int farther = end(shape.input) > end(shape.output) ? shape.input : shape.output;
  return charge_memory(run, top[-farther], top[-farther - 1]);
}

/// What the call itself costs, without what it forwards.
Status charge_call_itself(Run& run, U256* top, const CallShape& shape) {
  if (charge_call_memory(run, top, shape) != Status::success) return Status::out_of_gas;
  if (charge_access(run, top[-1], kColdAccountGas - kWarmGas) != Status::success) return Status::out_of_gas;
  std::int64_t gas = 0;
  const bool moves = moves_value(shape, top);
  if (moves) gas += kCallValueGas;
  if (shape.kind == CallKind::call && (moves || !run.prices.only_value_makes_accounts) &&
      run.journal().is_dead(*run.target))
    gas += kNewAccountGas;
  if (!run.charge(gas)) return Status::out_of_gas;
  return run.prices.delegations ? charge_delegation(run) : Status::success;
}

Status charge_any_call(Run& run, U256* top, const CallShape& shape) {
  if (shape.kind == CallKind::call && run.message().is_static && moves_value(shape, top))
    return Status::write_protection;
  const Status status = charge_call_itself(run, top, shape);
  if (status != Status::success) return status;
  const auto left = static_cast<Gas>(run.frame.gas_left);
  const Gas asked = top[0].fits_u64() ? top[0].low64() : ~Gas{0};
  if (run.prices.call_keeps_64th)
    run.forwarded = std::min(asked, left - left / 64);
  else if (asked > left)
    return Status::out_of_gas;
  else
    run.forwarded = asked;
  run.frame.gas_left -= static_cast<std::int64_t>(run.forwarded);
  return Status::success;
}

/// Both ends of what memory a call uses are there before it is made, so that nothing moves.
ByteView input_of(Run& run, const U256* top, const CallShape& shape) {
  memory_at(run, top[-shape.output], top[-shape.output - 1]);
  const std::uint8_t* data = memory_at(run, top[-shape.input], top[-shape.input - 1]);
  return {data, top[-shape.input - 1].low64()};
}

Message message_of(Run& run, const U256* top, const CallShape& shape) {
  const Message& own = run.message();
  const bool keeps_storage = shape.kind == CallKind::callcode || shape.kind == CallKind::delegatecall;
  const bool delegates = shape.kind == CallKind::delegatecall;
  Message message;
  message.kind = shape.kind;
  message.is_static = own.is_static || shape.kind == CallKind::staticcall;
  message.depth = own.depth + 1;
  message.gas = run.forwarded + (moves_value(shape, top) ? kCallStipend : 0);
  message.code_address = to_address(top[-1]);
  message.sender = delegates ? own.sender : own.recipient;
  message.recipient = keeps_storage ? own.recipient : message.code_address;
  if (delegates)
    message.value = own.value;
  else if (shape.value != 0)
    message.value = top[-shape.value];
  message.input = input_of(run, top, shape);
  return message;
}

bool gave_output(Status status) {
  return status == Status::success || status == Status::revert;
}

Status any_call(Run& run, U256* top, const CallShape& shape) {
  const CallResult result = run.frame.vm.call(message_of(run, top, shape));
  run.frame.gas_left += static_cast<std::int64_t>(result.gas_left);
  run.frame.return_data = gave_output(result.status) ? result.output : ByteView{};
  const U256& offset = top[-shape.output];
  const std::uint64_t size =
      std::min<std::uint64_t>(top[-shape.output - 1].low64(), run.frame.return_data.size());
  if (size > 0) std::memcpy(run.memory().data() + offset.low64(), run.frame.return_data.data(), size);
  top[-shape.output - 1] = static_cast<std::uint64_t>(result.status == Status::success);
  return Status::success;
}

Status charge_any_create(Run& run, U256* top, std::int64_t word_gas) {
  if (run.message().is_static) return Status::write_protection;
  if (charge_memory(run, top[-1], top[-2]) != Status::success) return Status::out_of_gas;
  if (run.prices.counts_initcode) {
    if (top[-2].low64() > kMostInitcode) return Status::initcode_too_large;
    word_gas += 2;
  }
  return charge_words(run, word_gas, top[-2]) ? Status::success : Status::out_of_gas;
}

/// The result goes to `result`, the deepest word taken.
Status any_create(Run& run, U256* top, CallKind kind, U256& result) {
  const auto left = static_cast<Gas>(run.frame.gas_left);
  Message message;
  message.kind = kind;
  message.depth = run.message().depth + 1;
  message.gas = run.prices.create_keeps_64th ? left - left / 64 : left;
  message.sender = run.message().recipient;
  message.value = top[0];
  message.input = {memory_at(run, top[-1], top[-2]), top[-2].low64()};
  if (kind == CallKind::create2) message.salt = top[-3];
  run.frame.gas_left -= static_cast<std::int64_t>(message.gas);
  const CallResult made = run.frame.vm.call(message);
  run.frame.gas_left += static_cast<std::int64_t>(made.gas_left);
  run.frame.return_data = made.status == Status::revert ? made.output : ByteView{};
  result = made.status == Status::success ? to_word(made.created) : U256{};
  return Status::success;
}
}  // namespace

namespace instr {
Status charge_call(Run& run, U256* top) {
  return charge_any_call(run, top, kCall);
}
Status charge_callcode(Run& run, U256* top) {
  return charge_any_call(run, top, kCallcode);
}
Status charge_delegatecall(Run& run, U256* top) {
  return charge_any_call(run, top, kDelegatecall);
}
Status charge_staticcall(Run& run, U256* top) {
  return charge_any_call(run, top, kStaticcall);
}
Status charge_create(Run& run, U256* top) {
  return charge_any_create(run, top, 0);
}
Status charge_create2(Run& run, U256* top) {
  constexpr std::int64_t kHashWordGas = 6;
  return charge_any_create(run, top, kHashWordGas);
}
Status call(Run& run, U256* top) {
  return any_call(run, top, kCall);
}
Status callcode(Run& run, U256* top) {
  return any_call(run, top, kCallcode);
}
Status delegatecall(Run& run, U256* top) {
  return any_call(run, top, kDelegatecall);
}
Status staticcall(Run& run, U256* top) {
  return any_call(run, top, kStaticcall);
}
Status create(Run& run, U256* top) {
  return any_create(run, top, CallKind::create, top[-2]);
}
Status create2(Run& run, U256* top) {
  return any_create(run, top, CallKind::create2, top[-3]);
}
}  // namespace instr
}  // namespace quarry::evm
