#include "rpc/trace/flat_calls.hpp"

#include <algorithm>
#include <cctype>

namespace quarry::rpc::trace {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

/// OpenEthereum's words; nothing for what it had no words for.
std::optional<std::string_view> parity_error(evm::Status status) {
  using enum evm::Status;
  switch (status) {
    case out_of_gas:
    case code_store_gas:
    case code_too_large:
      return "Out of gas";
    case revert:
      return "Reverted";
    case stack_underflow:
      return "Stack underflow";
    case stack_overflow:
      return "Out of stack";
    case invalid_jump:
      return "Bad jump destination";
    case undefined_opcode:
    case invalid_opcode:
      return "Bad instruction";
    case write_protection:
      return "Mutable Call In Static Context";
    case return_data_bounds:
      return "Out of bounds";
    case precompile_failed:
      return "Built-in failed";
    case success:
    case code_reserved:
    case contract_collision:
    case initcode_too_large:
    case call_depth:
    case insufficient_balance:
    case nonce_overflow:
      break;
  }
  return std::nullopt;
}

bool is_hidden(const CallFrame& frame, bool precompiles) {
  const auto type = type_of(frame);
  return !precompiles && frame.precompile && frame.depth > 0 && (type == "CALL" || type == "STATICCALL");
}

void write_action(JsonText& out, const CallFrame& frame, Gas gas, bool parity_shape) {
  out.begin_object();
  if (frame.destructs()) {
    out.key("address").hex(frame.from);
    out.key("balance").quantity(frame.value.value_or(Wei{}));
    out.key("refundAddress").hex(frame.to);
    out.end_object();
    return;
  }
  if (!frame.creates()) out.key("callType").plain(lower(type_of(frame)));
  if (frame.creates() && parity_shape) out.key("creationMethod").plain(lower(type_of(frame)));
  out.key("from").hex(frame.from);
  out.key("gas").quantity(gas);
  out.key(frame.creates() ? "init" : "input").hex(frame.input);
  if (!frame.creates()) out.key("to").hex(frame.to);
  out.key("value").quantity(frame.value.value_or(Wei{}));
  out.end_object();
}

/// A frame that failed has none, unless it gave a reason.
void write_result(JsonText& out, const CallFrame& frame, Gas gas_used, bool parity_shape) {
  const bool lost = frame.failed() && (parity_shape || !frame.reverted());
  if (frame.destructs() || lost) {
    if (parity_shape && !frame.failed()) out.key("result").null();
    return;
  }
  out.key("result").begin_object();
  if (frame.creates() && !frame.failed()) out.key("address").hex(frame.to);
  if (frame.creates()) out.key("code").hex(frame.output);
  out.key("gasUsed").quantity(gas_used);
  if (!frame.creates()) out.key("output").hex(frame.output);
  out.end_object();
}

void write_place(JsonText& out, const std::optional<TxnPlaceInBlock>& place, bool first_half) {
  if (first_half) {
    out.key("blockHash");
    place ? out.hex(place->block.hash) : out.null();
    out.key("blockNumber").number(place ? place->block.number : 0);
    return;
  }
  out.key("transactionHash");
  place ? out.hex(place->hash) : out.null();
  out.key("transactionPosition").number(place ? place->index : 0);
}

class FlatCallTracer final : public CallRecorder {
 public:
  FlatCallTracer(const FlatOptions& options, Budget& budget) : CallRecorder({}, budget), flat_(options) {}
  void write(JsonText& out) const override {
    out.begin_array();
    for (const auto& call : flat_calls(*this, flat_.precompiles)) write_flat_call(out, *this, call, flat_);
    out.end_array();
  }

 private:
  const FlatOptions flat_;
};

}  // namespace

std::vector<FlatCall> flat_calls(const CallRecorder& recorder, bool precompiles) {
  const auto& frames = recorder.frames();
  std::vector<FlatCall> out;
  std::vector<std::size_t> way;  // places in `out` of the frames above this one
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (is_hidden(frames[i], precompiles)) continue;
    way.resize(frames[i].depth);
    FlatCall call{&frames[i], {}, 0};
    if (!way.empty()) {
      auto& above = out[way.back()];
      call.address = above.address;
      call.address.push_back(above.subtraces++);
    }
    way.push_back(out.size());
    out.push_back(std::move(call));
  }
  return out;
}

void write_flat_call(JsonText& out, const CallRecorder& recorder, const FlatCall& call,
                     const FlatOptions& options) {
  const auto& frame = *call.frame;
  const bool outermost = frame.depth == 0 && !options.parity_shape;
  const bool placed = options.placed && (recorder.place() || !options.parity_shape);
  const auto gas = outermost ? recorder.gas_limit() : frame.gas;
  const auto gas_used = outermost ? recorder.gas_used() : frame.gas_used;
  out.begin_object();
  write_action(out.key("action"), frame, gas, options.parity_shape);
  if (placed) write_place(out, recorder.place(), true);
  if (frame.failed()) {
    const auto words = options.parity_errors ? parity_error(frame.status) : std::nullopt;
    out.key("error").raw(text_of(words ? std::string(*words) : frame.error));
  }
  write_result(out, frame, gas_used, options.parity_shape);
  out.key("subtraces").number(call.subtraces);
  out.key("traceAddress").begin_array();
  for (const auto at : call.address) out.number(at);
  out.end_array();
  if (placed) write_place(out, recorder.place(), false);
  out.key("type").plain(frame.destructs() ? "suicide" : frame.creates() ? "create" : "call");
  out.end_object();
}

std::unique_ptr<TxnTracer> make_flat_call_tracer(const FlatOptions& options, Budget& budget) {
  return std::make_unique<FlatCallTracer>(options, budget);
}

}  // namespace quarry::rpc::trace
