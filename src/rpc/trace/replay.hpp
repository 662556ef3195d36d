#pragma once
/// \file
/// Runs a block's transactions again, on its parent's state, watched or not.

#include <chrono>
#include <memory>

#include "rpc/chain_hashes.hpp"
#include "rpc/methods.hpp"
#include "rpc/trace/tracers.hpp"

namespace quarry::rpc::trace {

/// One transaction may be traced so long unless the caller says otherwise: geth's bound.
inline constexpr std::chrono::milliseconds kTraceTime{5000};
/// One request may trace so long in all, whatever the caller says: one thread traces, and others wait.
inline constexpr std::chrono::milliseconds kMostTraceTime{60'000};

using Clock = std::chrono::steady_clock;

/// When a request has to end.
struct Deadline {
  Clock::time_point at = Clock::now() + kMostTraceTime;
  bool passed() const { return Clock::now() > at; }
};

/// Stands before a tracer, and stops the run when time or room is up. One run.
class Guard final : public evm::Tracer {
 public:
  Guard(evm::Tracer& tracer, const Budget& budget, Clock::time_point until)
      : tracer_(tracer), budget_(budget), until_(until) {}
  void on_step(const evm::Step& step) override;
  void on_enter(const evm::Message& message) override { tracer_.on_enter(message); }
  void on_exit(const evm::Message& message, const evm::CallResult& result) override {
    tracer_.on_exit(message, result);
  }
  void on_selfdestruct(const Address& from, const Address& beneficiary, const Wei& balance) override {
    tracer_.on_selfdestruct(from, beneficiary, balance);
  }
  /// Why it was stopped; nothing when it was not.
  std::optional<RpcError> verdict() const;

 private:
  evm::Tracer& tracer_;
  const Budget& budget_;
  const Clock::time_point until_;
  unsigned steps_ = 0;
  bool late_ = false;
};

/// One thread. The block need not be on the canonical chain, but its parent's state must be here.
class BlockReplay {
 public:
  /// `block` outlives this.
  static Expected<BlockReplay, RpcError> of(const Context& context, const Block& block);
  BlockReplay(BlockReplay&&) noexcept;
  ~BlockReplay();

  /// The transaction that run() runs next.
  std::size_t next() const;
  bool at_end() const;
  /// Runs it; `tracer` may be nullptr.
  Expected<evm::TxnOutcome, RpcError> run(TxnTracer* tracer, Budget& budget,
                                          std::chrono::milliseconds most_time);
  /// Runs transactions unwatched until `index` is the next one.
  std::optional<RpcError> run_to(std::size_t index, const Deadline& deadline);

  evm::Journal& journal();
  const evm::BlockEnv& env() const;
  const Block& block() const;

 private:
  struct Impl;
  explicit BlockReplay(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Where a transaction that a request names stands; geth's error when it is none.
struct FoundTxn {
  Block block;
  std::size_t index = 0;
};
Expected<FoundTxn, RpcError> find_txn(const Context& context, const TxnHash& hash);

/// Runs the transaction watched by `tracer`, and those before it.
Expected<evm::TxnOutcome, RpcError> trace_txn(const Context& context, const FoundTxn& found,
                                              TxnTracer& tracer, Budget& budget,
                                              std::chrono::milliseconds most_time = kTraceTime);

}  // namespace quarry::rpc::trace
