#include "rpc/trace/parity_result.hpp"

namespace quarry::rpc::trace {
namespace {

/// How a value differs: "=", {"+": new}, {"-": old} or {"*": {from, to}}. `write` writes one value.
template <class Value, class Write>
void write_delta(JsonText& out, bool was, bool is, const Value& before, const Value& after, Write write) {
  if (was && is && before == after) {
    out.plain("=");
    return;
  }
  out.begin_object();
  if (was && is) {
    out.key("*").begin_object();
    write(out.key("from"), before);
    write(out.key("to"), after);
    out.end_object();
  } else {
    write(out.key(is ? "+" : "-"), is ? after : before);
  }
  out.end_object();
}

void write_number(JsonText& out, const U256& value) {
  out.quantity(value);
}
void write_bytes(JsonText& out, const Bytes& value) {
  out.hex(value);
}
void write_word(JsonText& out, const U256& value) {
  out.hex(value.to_be());
}

bool differs(const AccountSeen& before, const AccountSeen& after) {
  return before.exists != after.exists || before.balance != after.balance || before.nonce != after.nonce ||
         before.code != after.code || before.storage != after.storage;
}

void write_storage(JsonText& out, const AccountSeen& before, const AccountSeen& after) {
  out.begin_object();
  for (const auto& [key, old] : before.storage) {
    const auto now = after.storage.at(key);
    if (now == old) continue;
    write_delta(out.key(to_hex0x(key.to_be())), before.exists, after.exists, old, now, write_word);
  }
  out.end_object();
}

void write_state_diff(JsonText& out, const StateRecorder& state) {
  out.begin_object();
  for (const auto& [address, before] : state.before()) {
    const auto& after = state.after().at(address);
    if ((!before.exists && !after.exists) || !differs(before, after)) continue;
    const bool was = before.exists, is = after.exists;
    out.key(address.hex()).begin_object();
    write_delta(out.key("balance"), was, is, before.balance, after.balance, write_number);
    write_delta(out.key("code"), was, is, before.code, after.code, write_bytes);
    write_delta(out.key("nonce"), was, is, U256{before.nonce}, U256{after.nonce}, write_number);
    write_storage(out.key("storage"), before, after);
    out.end_object();
  }
  out.end_object();
}

}  // namespace

ParityParts read_parity_parts(Params& params, std::size_t index, const Json& list) {
  ParityParts out;
  if (!list.is_array()) {
    params.reject(index, "the parts of a trace are an array of \"trace\", \"stateDiff\" and \"vmTrace\"");
    return out;
  }
  for (const auto& part : list) {
    if (part == "trace") {
      out.trace = true;
    } else if (part == "stateDiff") {
      out.state_diff = true;
    } else if (part == "vmTrace") {
      out.vm_trace = true;
    } else {
      params.reject(index, "no part of a trace is called " + text_of(part) +
                               ": there are trace, stateDiff and vmTrace");
    }
  }
  return out;
}

ParityParts read_parity_parts(Params& params, std::size_t index) {
  return params.has(index) ? read_parity_parts(params, index, params.raw(index)) : ParityParts{};
}

void ParityRecorder::begin(const Scene& scene) {
  calls_.begin(scene);
  if (parts_.state_diff) state_.begin(scene);
  if (parts_.vm_trace) vm_.begin(scene);
}

void ParityRecorder::end(const evm::TxnOutcome& outcome) {
  calls_.end(outcome);
  if (parts_.state_diff) state_.end(outcome);
  output_ = outcome.output;
}

void ParityRecorder::on_step(const evm::Step& step) {
  calls_.on_step(step);
  if (parts_.state_diff) state_.on_step(step);
  if (parts_.vm_trace) vm_.on_step(step);
}

void ParityRecorder::write(JsonText& out) const {
  out.begin_object();
  out.key("output").hex(output_);
  out.key("stateDiff");
  parts_.state_diff ? write_state_diff(out, state_) : static_cast<void>(out.null());
  out.key("trace").begin_array();
  if (parts_.trace) {
    // Where the calls stand is said by the whole.
    for (const auto& call : flat_calls(calls_, false)) {
      write_flat_call(out, calls_, call, {.parity_errors = true, .parity_shape = true, .placed = false});
    }
  }
  out.end_array();
  out.key("vmTrace");
  parts_.vm_trace ? vm_.write(out) : static_cast<void>(out.null());
  if (hash) out.key("transactionHash").hex(*hash);
  out.end_object();
}

}  // namespace quarry::rpc::trace
