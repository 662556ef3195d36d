#pragma once
/// \file
/// What callers ask of a trace: geth's TraceConfig and TraceCallConfig.

#include <chrono>

#include "rpc/params.hpp"
#include "rpc/trace/replay.hpp"

namespace quarry::rpc::trace {

struct TraceOptions {
  TracerChoice tracer;
  std::chrono::milliseconds time = kTraceTime;
  // Of a call only.
  Json state_overrides, block_overrides;  ///< null: none
  std::optional<std::uint64_t> txn_index;
};

/// Reads {tracer, tracerConfig, timeout, reexec, enableMemory, disableStack, …}; errors are left in `params`.
TraceOptions read_trace_options(Params& params, std::size_t index);

/// A count in an object's field: a JSON number, or a quantity.
std::optional<std::uint64_t> read_count(FieldReader& fields, std::string_view name);

/// Go's durations: "5s", "1m30s", "250ms". Nothing when it is none.
std::optional<std::chrono::milliseconds> read_duration(std::string_view text);

}  // namespace quarry::rpc::trace
