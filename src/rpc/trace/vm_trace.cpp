#include "rpc/trace/vm_trace.hpp"

#include <algorithm>

#include "evm/code.hpp"
#include "evm/opcodes.hpp"
#include "rpc/trace/call_frames.hpp"

namespace quarry::rpc::trace {
namespace {

using evm::Op;

constexpr std::size_t kWord = 32;
/// What one instruction takes besides its words and bytes, about.
constexpr std::size_t kOperationBytes = 160;

/// Which operands, counted from the top, say where an instruction writes memory. MLOAD counts as OpenEthereum
/// has it.
struct WriteRow {
  Op op;
  std::uint8_t offset;
  std::uint8_t size;        ///< the operand …
  std::uint8_t fixed_size;  ///< … unless it is this many bytes
};
constexpr WriteRow kWrites[] = {
    {Op::mload, 0, 0, 32},       {Op::mstore, 0, 0, 32},      {Op::mstore8, 0, 0, 1},
    {Op::calldatacopy, 0, 2, 0}, {Op::codecopy, 0, 2, 0},     {Op::returndatacopy, 0, 2, 0},
    {Op::mcopy, 0, 2, 0},        {Op::extcodecopy, 1, 3, 0},  {Op::call, 5, 6, 0},
    {Op::callcode, 5, 6, 0},     {Op::delegatecall, 4, 5, 0}, {Op::staticcall, 4, 5, 0},
};

U256 operand(const evm::Step& step, std::size_t from_top) {
  return step.stack[step.stack.size() - 1 - from_top];
}

}  // namespace

std::optional<VmRecorder::Range> VmRecorder::memory_written(const evm::Step& step) {
  const auto* row = std::find_if(std::begin(kWrites), std::end(kWrites), [&](const WriteRow& write) {
    return static_cast<std::uint8_t>(write.op) == step.opcode;
  });
  if (row == std::end(kWrites) || step.stack.size() <= std::max(row->offset, row->size)) return std::nullopt;
  const U256 size = row->fixed_size != 0 ? U256{row->fixed_size} : operand(step, row->size);
  if (size.is_zero()) return std::nullopt;
  return Range{operand(step, row->offset), size};
}

void VmRecorder::on_enter(const evm::Message& message) {
  auto frame = std::make_unique<Frame>();
  const bool creates = message.kind == evm::CallKind::create || message.kind == evm::CallKind::create2;
  if (creates) {
    frame->code = to_bytes(message.input);
  } else if (const auto* code = journal_->code(journal_->account(message.code_address))) {
    frame->code = to_bytes(evm::bytes_of(*code));
  }
  budget_.spend(frame->code.size());
  auto* const entered = frame.get();
  if (open_.empty()) {
    root_ = std::move(frame);
  } else if (!open_.back()->operations.empty()) {
    open_.back()->operations.back().sub = std::move(frame);
  }
  open_.push_back(entered);
}

/// The instruction before `next` has run: what it left is what the next one finds.
void VmRecorder::finish(Frame& frame, const evm::Step& next) {
  auto& last = frame.operations.back();
  last.gas_left = next.gas_left;
  const auto* info = evm::find_opcode(last.opcode);
  const std::size_t count = info == nullptr ? 0 : std::min<std::size_t>(info->out, next.stack.size());
  last.pushed.assign(next.stack.end() - static_cast<std::ptrdiff_t>(count), next.stack.end());
  if (last.writes) last.memory = memory_slice(next.memory, last.writes->offset, last.writes->size);
  budget_.spend(count * kWord + last.memory.size());
  frame.waits = false;
}

void VmRecorder::on_step(const evm::Step& step) {
  if (open_.empty()) return;
  Frame& frame = *open_.back();
  if (frame.waits) finish(frame, step);
  budget_.spend(kOperationBytes);
  auto& operation = frame.operations.emplace_back();
  operation.pc = step.pc;
  operation.opcode = step.opcode;
  operation.cost = step.gas_cost;
  operation.writes = memory_written(step);
  if (step.opcode == static_cast<std::uint8_t>(Op::sstore) && step.stack.size() >= 2)
    operation.store = std::pair(operand(step, 0), operand(step, 1));
  frame.waits = true;
}

void VmRecorder::on_exit(const evm::Message&, const evm::CallResult& result) {
  if (open_.empty()) return;
  Frame& frame = *open_.back();
  open_.pop_back();
  const bool ended = result.status == evm::Status::success || result.status == evm::Status::revert;
  // What ends a frame leaves nothing on the stack.
  if (frame.waits && ended) frame.operations.back().gas_left = result.gas_left;
  frame.waits = false;
  if (open_.empty() || !frame.operations.empty()) return;
  // A precompile, or an account without code.
  if (!open_.back()->operations.empty()) open_.back()->operations.back().sub.reset();
}

void VmRecorder::write_operation(JsonText& out, const Operation& operation) {
  out.begin_object();
  out.key("cost").number(operation.cost);
  out.key("ex");
  if (operation.gas_left) {
    out.begin_object().key("mem");
    if (operation.writes) {
      out.begin_object();
      out.key("data").hex(operation.memory);
      out.key("off").number(operation.writes->offset.low64());
      out.end_object();
    } else {
      out.null();
    }
    out.key("push").begin_array();
    for (const auto& word : operation.pushed) out.quantity(word);
    out.end_array().key("store");
    if (operation.store) {
      out.begin_object();
      out.key("key").quantity(operation.store->first);
      out.key("val").quantity(operation.store->second);
      out.end_object();
    } else {
      out.null();
    }
    out.key("used").number(*operation.gas_left);
    out.end_object();
  } else {
    out.null();
  }
  out.key("pc").number(operation.pc);
  out.key("sub");
  operation.sub ? write_frame(out, *operation.sub) : static_cast<void>(out.null());
  out.end_object();
}

void VmRecorder::write_frame(JsonText& out, const Frame& frame) {
  out.begin_object();
  out.key("code").hex(frame.code);
  out.key("ops").begin_array();
  for (const auto& operation : frame.operations) write_operation(out, operation);
  out.end_array().end_object();
}

void VmRecorder::write(JsonText& out) const {
  root_ ? write_frame(out, *root_) : static_cast<void>(out.null());
}

}  // namespace quarry::rpc::trace
