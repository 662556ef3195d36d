#pragma once
/// \file
/// What trace_call and trace_replayTransaction answer: the output, the calls, what changed in the
/// state and what every instruction did, in OpenEthereum's shapes.

#include "rpc/params.hpp"
#include "rpc/trace/flat_calls.hpp"
#include "rpc/trace/prestate.hpp"
#include "rpc/trace/vm_trace.hpp"

namespace quarry::rpc::trace {

/// Which parts were asked for.
struct ParityParts {
  bool trace = false;
  bool state_diff = false;
  bool vm_trace = false;
};
/// Reads ["trace", "stateDiff", "vmTrace"] as parameter `index` or as a part of it; errors are left in
/// `params`.
ParityParts read_parity_parts(Params& params, std::size_t index);
ParityParts read_parity_parts(Params& params, std::size_t index, const Json& list);

class ParityRecorder final : public TxnTracer {
 public:
  ParityRecorder(const ParityParts& parts, Budget& budget)
      : parts_(parts), calls_({}, budget), state_({.diff = true}, budget), vm_(budget) {}

  void begin(const Scene& scene) override;
  void end(const evm::TxnOutcome& outcome) override;
  void on_step(const evm::Step& step) override;
  void on_enter(const evm::Message& message) override {
    calls_.on_enter(message);
    if (parts_.vm_trace) vm_.on_enter(message);
  }
  void on_exit(const evm::Message& message, const evm::CallResult& result) override {
    calls_.on_exit(message, result);
    if (parts_.vm_trace) vm_.on_exit(message, result);
  }
  void on_selfdestruct(const Address& from, const Address& beneficiary, const Wei& balance) override {
    calls_.on_selfdestruct(from, beneficiary, balance);
  }
  void write(JsonText& out) const override;

  /// Written as well, as a replayed block's results have it.
  std::optional<TxnHash> hash;

 private:
  const ParityParts parts_;
  CallRecorder calls_;
  StateRecorder state_;
  VmRecorder vm_;
  Bytes output_;
};

}  // namespace quarry::rpc::trace
