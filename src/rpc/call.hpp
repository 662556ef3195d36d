#pragma once
/// \file
/// Transactions that are only asked about: run on a block's state, with nothing kept.

#include "evm/transition.hpp"
#include "rpc/call_args.hpp"
#include "rpc/lookup.hpp"

namespace quarry::rpc {

/// One block's state and what calls can ask about the block. One thread.
class CallSite {
 public:
  /// The block is parameter `index`, pending the block after the head on the head's state; overrides of the
  /// state and of the block are the parameters after it.
  static Expected<CallSite, RpcError> of(const Context& context, Params& params, std::size_t index);
  CallSite(CallSite&&) noexcept;
  ~CallSite();

  /// What others than transactions see: accounts as they are after the block.
  const StateView& state() const;
  const evm::BlockEnv& env() const;
  Gas block_gas_limit() const { return env().gas_limit; }

  /// Runs the call with so much gas. The error is of the call as a whole: it never began. `tracer` may be
  /// nullptr.
  Expected<evm::TxnOutcome, evm::TxnError> run(const CallArgs& args, Gas gas, evm::Tracer* tracer = nullptr);
  /// The same on what calls before it left in `journal`, which lies over state().
  Expected<evm::TxnOutcome, evm::TxnError> run_on(evm::Journal& journal, const CallArgs& args, Gas gas,
                                                  evm::Tracer* tracer = nullptr);
  /// Some call took longer than the bound: its outcome means nothing.
  bool out_of_time() const;
  /// The error that answers it then.
  RpcError timeout() const;

 private:
  struct Impl;
  explicit CallSite(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The error of what took longer than --rpc.evmtimeout.
RpcError aborted(const CallLimits& limits);

/// geth's answer to a call that failed: code 3 with the data when it was reverted, otherwise its text and,
/// for an instruction of a later fork, how to switch that on.
RpcError failure_of(const evm::TxnOutcome& outcome, const Rules& rules);

/// The reason in what a revert gave: of require(…, "reason") and of panics; nothing for other data.
std::optional<std::string> revert_reason(ByteView data);

/// The least gas with which the call succeeds.
Expected<Gas, RpcError> estimate_gas(CallSite& site, CallArgs args, Gas most_gas);

}  // namespace quarry::rpc
