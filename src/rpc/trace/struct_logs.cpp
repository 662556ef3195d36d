// structLogs: every instruction, with the stack, memory and storage it finds.

#include <map>

#include "rpc/trace/call_frames.hpp"

namespace quarry::rpc::trace {
namespace {

constexpr std::uint8_t kSload = 0x54, kSstore = 0x55;
constexpr std::size_t kWord = 32;

/// How geth's interpreter ends such a step: before the tracer looks, so that the step carries the error.
/// Other failures come of the instruction itself, after it.
std::optional<std::string> error_of(const evm::Step& step, const Rules& rules) {
  switch (step.status) {
    case evm::Status::out_of_gas:
    case evm::Status::stack_underflow:
    case evm::Status::stack_overflow:
    case evm::Status::initcode_too_large:
      return error_text(step.status, step.opcode, step.stack.size(), rules);
    case evm::Status::success:
    case evm::Status::revert:
    case evm::Status::invalid_jump:
    case evm::Status::undefined_opcode:
    case evm::Status::invalid_opcode:
    case evm::Status::write_protection:
    case evm::Status::return_data_bounds:
    case evm::Status::precompile_failed:
    case evm::Status::code_store_gas:
    case evm::Status::code_too_large:
    case evm::Status::code_reserved:
    case evm::Status::contract_collision:
    case evm::Status::call_depth:
    case evm::Status::insufficient_balance:
    case evm::Status::nonce_overflow:
      break;
  }
  return std::nullopt;
}

class StructLogger final : public TxnTracer {
 public:
  StructLogger(const LogOptions& options, Budget& budget) : options_(options), budget_(budget) {
    logs_.begin_array();
  }

  void begin(const Scene& scene) override {
    journal_ = &scene.journal;
    rules_ = scene.env.rules;
  }

  void end(const evm::TxnOutcome& outcome) override {
    gas_used_ = outcome.gas_used;
    failed_ = outcome.status != evm::Status::success;
    if (!failed_ || outcome.status == evm::Status::revert) output_ = outcome.output;
  }

  void on_step(const evm::Step& step) override {
    const auto before = logs_.size();
    if (options_.limit != 0 && before > options_.limit) return;
    logs_.begin_object();
    logs_.key("pc").number(step.pc);
    logs_.key("op").plain(name_of(step.opcode));
    logs_.key("gas").number(step.gas_left);
    logs_.key("gasCost").number(step.gas_cost);
    logs_.key("depth").number(step.depth + 1);
    if (const auto error = error_of(step, rules_)) logs_.key("error").plain(*error);
    if (options_.stack) write_stack(step.stack);
    if (options_.return_data && !step.return_data.empty()) logs_.key("returnData").hex(step.return_data);
    if (options_.memory && !step.memory.empty()) write_memory(step.memory);
    if (options_.storage) look_at_storage(step);
    if (step.refund != 0) logs_.key("refund").number(step.refund);
    logs_.end_object();
    budget_.spend(logs_.size() - before);
  }

  void write(JsonText& out) const override {
    out.begin_object();
    out.key("gas").number(gas_used_);
    out.key("failed").boolean(failed_);
    out.key("returnValue").hex(output_);
    out.key("structLogs").raw(JsonText(logs_).end_array().take());
    out.end_object();
  }

 private:
  void write_stack(std::span<const U256> stack) {
    logs_.key("stack").begin_array();
    for (const auto& word : stack) logs_.quantity(word);
    logs_.end_array();
  }

  void write_memory(ByteView memory) {
    logs_.key("memory").begin_array();
    for (; memory.size() >= kWord; memory = memory.subspan(kWord)) logs_.hex(memory.first(kWord));
    logs_.end_array();
  }

  /// The slots of the contract that were read or written so far, where one is.
  void look_at_storage(const evm::Step& step) {
    const bool reads = step.opcode == kSload && !step.stack.empty();
    const bool writes = step.opcode == kSstore && step.stack.size() >= 2;
    if (!reads && !writes) return;
    const auto& contract = step.message->recipient;
    const U256 slot = step.stack.back();
    auto& known = storage_[contract];
    known[slot] = writes ? step.stack[step.stack.size() - 2]
                         : journal_->slot(journal_->account(contract), slot).current;
    logs_.key("storage").begin_object();
    for (const auto& [key, value] : known) logs_.key(to_hex0x(key.to_be())).hex(value.to_be());
    logs_.end_object();
  }

  const LogOptions options_;
  Budget& budget_;
  evm::Journal* journal_ = nullptr;
  Rules rules_;
  JsonText logs_;
  std::map<Address, std::map<U256, U256>> storage_;
  Gas gas_used_ = 0;
  bool failed_ = false;
  Bytes output_;
};

}  // namespace

std::unique_ptr<TxnTracer> make_struct_logger(const LogOptions& options, Budget& budget) {
  return std::make_unique<StructLogger>(options, budget);
}

}  // namespace quarry::rpc::trace
