#pragma once
/// \file
/// A transaction's calls one after the other, as OpenEthereum had them: geth's flatCallTracer, and the trace_
/// methods.

#include "rpc/trace/call_frames.hpp"

namespace quarry::rpc::trace {

struct FlatOptions {
  bool parity_errors = false;  ///< "Reverted" rather than "execution reverted"
  bool precompiles = false;    ///< show calls of precompiles too
  /// As OpenEthereum and not as geth: the outermost frame without what the transaction pays before it, a
  /// result that is null where there is none, and no fields of a place that there is not.
  bool parity_shape = false;
  bool placed = true;  ///< with the block and the transaction, where they are known
};

/// One frame as it is shown.
struct FlatCall {
  const CallFrame* frame;
  std::vector<std::size_t> address;  ///< traceAddress
  std::size_t subtraces = 0;
};
/// Those that are shown, in order. `recorder` outlives them.
std::vector<FlatCall> flat_calls(const CallRecorder& recorder, bool precompiles);

void write_flat_call(JsonText& out, const CallRecorder& recorder, const FlatCall& call,
                     const FlatOptions& options);

std::unique_ptr<TxnTracer> make_flat_call_tracer(const FlatOptions& options, Budget& budget);

}  // namespace quarry::rpc::trace
