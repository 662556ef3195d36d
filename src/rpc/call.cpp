#include "rpc/call.hpp"

#include <fmt/format.h>

#include "evm/precompiles.hpp"
#include "rpc/bounded_state.hpp"
#include "rpc/call_overrides.hpp"
#include "rpc/chain_hashes.hpp"
#include "rpc/pending.hpp"

namespace quarry::rpc {
struct CallSite::Impl {
  Impl(std::unique_ptr<StateView> base, evm::BlockEnv block, const Context& context)
      : limits(context.backend.call_limits),
        state(std::move(base), limits.most_time),
        hashes(context.backend.reader),
        env(std::move(block)) {
    env.hashes = &hashes;
    env.deadline = &state;
  }
  const CallLimits limits;
  BoundedState state;
  ChainHashes hashes;
  evm::PrecompileMap precompiles;  ///< when they are not those of the rules
  evm::BlockEnv env;
};

CallSite::CallSite(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CallSite::CallSite(CallSite&&) noexcept = default;
CallSite::~CallSite() = default;

Expected<CallSite, RpcError> CallSite::of(const Context& context, Params& params, std::size_t index) {
  auto place = state_place(context, params, index);
  if (!place) return tl::unexpected(place.error());
  auto env = context.backend.chain.environment(place->header);
  auto overrides = read_state_overrides(params, index + 1);
  read_block_overrides(params, index + 2, env);
  if (params.error()) return tl::unexpected(*params.error());
  evm::PrecompileMap precompiles;
  if (!overrides.empty()) precompiles = evm::precompiles_of(env.rules);
  if (auto error = move_precompiles(overrides, precompiles)) return tl::unexpected(*error);
  const bool moved = !overrides.empty();
  auto view = overridden(std::move(place->state), std::move(overrides));
  CallSite out(std::make_unique<Impl>(std::move(view), std::move(env), context));
  if (moved) out.impl_->precompiles = std::move(precompiles);
  if (moved) out.impl_->env.precompiles = &out.impl_->precompiles;
  return out;
}

namespace {
/// As Go prints it.
std::string duration_text(std::chrono::milliseconds time) {
  const auto ms = time.count();
  if (ms < 1000) return fmt::format("{}ms", ms);
  if (ms < 60'000) return fmt::format("{}s", static_cast<double>(ms) / 1000);
  return fmt::format("{}m{}s", ms / 60'000, static_cast<double>(ms % 60'000) / 1000);
}
}  // namespace

RpcError aborted(const CallLimits& limits) {
  return {RpcCode::failed, "execution aborted (timeout = " + duration_text(limits.most_time) + ")"};
}

const StateView& CallSite::state() const {
  return impl_->state;
}
const evm::BlockEnv& CallSite::env() const {
  return impl_->env;
}
bool CallSite::out_of_time() const {
  return impl_->state.passed();
}
RpcError CallSite::timeout() const {
  return aborted(impl_->limits);
}

Expected<evm::TxnOutcome, evm::TxnError> CallSite::run(const CallArgs& args, Gas gas, evm::Tracer* tracer) {
  evm::Journal journal(impl_->state, impl_->env.rules);
  return run_on(journal, args, gas, tracer);
}

Expected<evm::TxnOutcome, evm::TxnError> CallSite::run_on(evm::Journal& journal, const CallArgs& args,
                                                          Gas gas, evm::Tracer* tracer) {
  auto txn = args.transaction();
  txn.gas_limit = gas;
  txn.chain_id = impl_->env.chain_id;
  auto env = impl_->env;
  // Who names no price pays none: not the base fee either, which code then sees as zero.
  if (txn.max_fee_per_gas.is_zero()) env.base_fee = {};
  if (txn.max_fee_per_blob_gas.is_zero()) env.blob_base_fee = {};
  evm::TxnOptions options;
  options.check_nonce = options.check_signature = options.check_sender_code = options.check_gas_cap = false;
  return evm::execute_transaction(journal, env, txn, args.from.value_or(Address{}),
                                  std::numeric_limits<Gas>::max(), options, tracer);
}

}  // namespace quarry::rpc
