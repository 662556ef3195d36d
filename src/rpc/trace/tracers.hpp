#pragma once
/// \file
/// Tracers of one transaction: what watches it run, and writes what it saw as geth's debug_trace* methods
/// answer it. One file a tracer.

#include <memory>

#include "core/block_id.hpp"
#include "evm/transition.hpp"
#include "rpc/json_rpc.hpp"
#include "rpc/json_text.hpp"

namespace quarry::rpc::trace {

/// Bytes that what one request traces may take, about: each tracer tells what it keeps or writes. An answer
/// is copied once or twice on its way out, so this is a third of what a request can make the node use.
inline constexpr std::size_t kMostTraceBytes = std::size_t{64} << 20;

class Budget {
 public:
  explicit Budget(std::size_t bytes = kMostTraceBytes) : left_(bytes) {}
  void spend(std::size_t bytes) { left_ = bytes < left_ ? left_ - bytes : 0; }
  bool exceeded() const { return left_ == 0; }

 private:
  std::size_t left_;
};

/// Where a transaction stands.
struct TxnPlaceInBlock {
  BlockId block;
  std::size_t index = 0;
  TxnHash hash;
};

/// The transaction that is about to run. All of it outlives the run.
struct Scene {
  evm::Journal& journal;  ///< the state before it, and the same after it
  const evm::BlockEnv& env;
  const Transaction& txn;
  Address sender;
  std::optional<TxnPlaceInBlock> place;  ///< none: it is only asked about
  std::size_t first_log = 0;             ///< logs of the block before it
};

class TxnTracer : public evm::Tracer {
 public:
  /// Before anything is paid.
  virtual void begin(const Scene&) {}
  /// After everything is.
  virtual void end(const evm::TxnOutcome&) {}
  /// What it saw, as one JSON value.
  virtual void write(JsonText& out) const = 0;
};

/// What structLogs have.
struct LogOptions {
  bool memory = false;
  bool stack = true;
  bool storage = true;
  bool return_data = false;
  std::uint64_t limit = 0;  ///< bytes of steps; zero: as many as there are
};

/// geth's options of a trace.
struct TracerChoice {
  std::string name;  ///< empty: structLogs
  Json config = Json::object();
  LogOptions logs;
};

/// Nothing of these throws. `budget` outlives the tracer.
std::unique_ptr<TxnTracer> make_struct_logger(const LogOptions& options, Budget& budget);
struct CallTracerOptions {
  bool only_top_call = false;
  bool with_log = false;
};
std::unique_ptr<TxnTracer> make_call_tracer(const CallTracerOptions& options, Budget& budget);
struct PrestateOptions {
  bool diff = false;
  bool code = true;
  bool storage = true;
};
std::unique_ptr<TxnTracer> make_prestate_tracer(const PrestateOptions& options, Budget& budget);
std::unique_ptr<TxnTracer> make_four_byte_tracer(Budget& budget);
std::unique_ptr<TxnTracer> make_noop_tracer();

/// The tracer that was asked for. The error's text says which there are.
Result<std::unique_ptr<TxnTracer>> make_tracer(const TracerChoice& choice, Budget& budget);

}  // namespace quarry::rpc::trace
