#include "rpc/trace/call_frames.hpp"

#include <fmt/format.h>

#include "evm/opcodes.hpp"
#include "evm/precompiles.hpp"
#include "rpc/call.hpp"

namespace quarry::rpc::trace {
namespace {

constexpr std::uint8_t kCreate = 0xf0, kCreate2 = 0xf5, kSelfdestruct = 0xff, kLog0 = 0xa0, kLog4 = 0xa4;
/// What a frame takes besides its input and output, as text.
constexpr std::size_t kFrameBytes = 400;

std::uint8_t opcode_of(evm::CallKind kind) {
  switch (kind) {
    case evm::CallKind::call:
      return 0xf1;
    case evm::CallKind::callcode:
      return 0xf2;
    case evm::CallKind::delegatecall:
      return 0xf4;
    case evm::CallKind::staticcall:
      return 0xfa;
    case evm::CallKind::create:
      return kCreate;
    case evm::CallKind::create2:
      return kCreate2;
  }
  return 0;
}

/// Writes a frame and, within it, those it called. The depth of calls bounds the recursion.
class TreeWriter {
 public:
  TreeWriter(const CallRecorder& recorder, JsonText& out) : frames_(recorder.frames()), out_(out) {}

  void write(std::size_t index, Gas gas, Gas gas_used, bool lost) {
    const auto& frame = frames_[index];
    lost = lost || frame.failed();
    out_.begin_object();
    out_.key("from").hex(frame.from);
    out_.key("gas").quantity(gas);
    out_.key("gasUsed").quantity(gas_used);
    if (!frame.failed() || !frame.creates()) out_.key("to").hex(frame.to);
    out_.key("input").hex(frame.input);
    write_outcome(frame);
    write_calls(index, lost);
    // What a failed frame logged, and all below it, is gone.
    if (!lost && !frame.logs.empty()) write_logs(frame.logs);
    if (frame.value) out_.key("value").quantity(*frame.value);
    out_.key("type").plain(type_of(frame));
    out_.end_object();
  }

 private:
  void write_outcome(const CallFrame& frame) {
    if (!frame.output.empty() && (!frame.failed() || frame.reverted())) out_.key("output").hex(frame.output);
    if (!frame.failed()) return;
    out_.key("error").raw(text_of(frame.error));
    if (!frame.reverted()) return;
    if (const auto reason = revert_reason(frame.output)) out_.key("revertReason").raw(text_of(*reason));
  }

  void write_calls(std::size_t index, bool lost) {
    if (frames_[index].calls == 0) return;
    out_.key("calls").begin_array();
    for (auto child = index + 1; child < frames_[index].next; child = frames_[child].next) {
      write(child, frames_[child].gas, frames_[child].gas_used, lost);
    }
    out_.end_array();
  }

  void write_logs(const std::vector<CallLog>& logs) {
    out_.key("logs").begin_array();
    for (const auto& entry : logs) {
      out_.begin_object();
      out_.key("address").hex(entry.log.address);
      out_.key("topics").begin_array();
      for (const auto& topic : entry.log.topics) out_.hex(topic);
      out_.end_array();
      out_.key("data").hex(entry.log.data);
      out_.key("index").quantity(entry.index);
      out_.key("position").quantity(entry.position);
      out_.end_object();
    }
    out_.end_array();
  }

  const std::vector<CallFrame>& frames_;
  JsonText& out_;
};

}  // namespace

bool CallFrame::creates() const {
  return opcode == kCreate || opcode == kCreate2;
}
bool CallFrame::destructs() const {
  return opcode == kSelfdestruct;
}

std::string_view type_of(const CallFrame& frame) {
  const auto* info = evm::find_opcode(frame.opcode);
  return info != nullptr ? info->name : "UNKNOWN";
}

std::string name_of(std::uint8_t opcode) {
  if (const auto* info = evm::find_opcode(opcode)) return std::string(info->name);
  return fmt::format("opcode {:#x} not defined", opcode);
}

std::string error_text(evm::Status status, std::uint8_t opcode, std::size_t height, const Rules& rules) {
  const std::string text(evm::to_string(status));
  const auto& entry = evm::opcode_table(rules)[opcode];
  if (status == evm::Status::stack_underflow) return fmt::format("{} ({} <=> {})", text, height, entry.needs);
  if (status == evm::Status::stack_overflow) {
    return fmt::format("stack limit reached {} ({})", height, entry.room);
  }
  if (status == evm::Status::undefined_opcode || status == evm::Status::invalid_opcode) {
    return text + ": " + name_of(opcode);
  }
  return text;
}

Bytes memory_slice(ByteView memory, const U256& offset, const U256& size) {
  Bytes out(size.low64());
  const auto from =
      std::min<std::uint64_t>(offset.fits_u64() ? offset.low64() : memory.size(), memory.size());
  const auto count = std::min<std::uint64_t>(out.size(), memory.size() - from);
  std::copy_n(memory.begin() + static_cast<std::ptrdiff_t>(from), count, out.begin());
  return out;
}

void CallRecorder::begin(const Scene& scene) {
  rules_ = scene.env.rules;
  place_ = scene.place;
  log_count_ = scene.first_log;
  gas_limit_ = scene.txn.gas_limit;
}

void CallRecorder::end(const evm::TxnOutcome& outcome) {
  gas_used_ = outcome.gas_used;
}

CallFrame& CallRecorder::push(std::uint8_t opcode, unsigned depth) {
  if (!open_.empty()) ++frames_[open_.back().frame].calls;
  auto& frame = frames_.emplace_back();
  frame.opcode = opcode;
  frame.depth = depth;
  frame.next = frames_.size();
  return frame;
}

void CallRecorder::on_enter(const evm::Message& message) {
  if (options_.only_top_call && message.depth > 0) return;
  auto& frame = push(opcode_of(message.kind), message.depth);
  const bool delegates = message.kind == evm::CallKind::delegatecall;
  frame.from = delegates ? message.recipient : message.sender;
  frame.to = frame.creates() ? message.recipient : message.code_address;
  if (message.kind != evm::CallKind::staticcall) frame.value = message.value;
  frame.gas = message.gas;
  frame.input = to_bytes(message.input);
  frame.precompile = !frame.creates() && evm::find_precompile(frame.to, rules_) != nullptr;
  budget_.spend(kFrameBytes + 2 * frame.input.size());
  open_.push_back({frames_.size() - 1, log_count_});
}

void CallRecorder::on_exit(const evm::Message& message, const evm::CallResult& result) {
  if (options_.only_top_call && message.depth > 0) return;
  const auto open = open_.back();
  open_.pop_back();
  auto& frame = frames_[open.frame];
  frame.next = frames_.size();
  frame.gas_used = message.gas - result.gas_left;
  frame.output = to_bytes(result.output);
  frame.status = result.status;
  budget_.spend(2 * frame.output.size());
  if (!frame.failed()) return;
  log_count_ = open.logs_before;
  frame.error = error_text(result.status, open.opcode, open.height, rules_);
}

void CallRecorder::on_selfdestruct(const Address& from, const Address& beneficiary, const Wei& balance) {
  if (options_.only_top_call || open_.empty()) return;
  auto& frame = push(kSelfdestruct, frames_[open_.back().frame].depth + 1);
  frame.from = from;
  frame.to = beneficiary;
  frame.value = balance;
  budget_.spend(kFrameBytes);
}

void CallRecorder::on_step(const evm::Step& step) {
  if (open_.empty() || (options_.only_top_call && step.depth > 0)) return;
  open_.back().opcode = step.opcode;
  open_.back().height = step.stack.size();
  const bool logs = step.opcode >= kLog0 && step.opcode <= kLog4 && step.status == evm::Status::success;
  if (logs && options_.with_log) add_log(step);
}

void CallRecorder::add_log(const evm::Step& step) {
  auto& frame = frames_[open_.back().frame];
  auto& entry = frame.logs.emplace_back();
  const auto* top = &step.stack.back();
  entry.log.address = step.message->recipient;
  for (int i = 0; i < step.opcode - kLog0; ++i) entry.log.topics.emplace_back(top[-2 - i].to_be());
  entry.log.data = memory_slice(step.memory, top[0], top[-1]);
  entry.index = log_count_++;
  entry.position = frame.calls;
  budget_.spend(kFrameBytes + 2 * entry.log.data.size());
}

void CallRecorder::write(JsonText& out) const {
  if (frames_.empty()) {
    out.null();
    return;
  }
  TreeWriter(*this, out).write(0, gas_limit_, gas_used_, false);
}

std::unique_ptr<TxnTracer> make_call_tracer(const CallTracerOptions& options, Budget& budget) {
  return std::make_unique<CallRecorder>(options, budget);
}

}  // namespace quarry::rpc::trace
