#include "rpc/trace/replay.hpp"

#include <fmt/format.h>

#include "consensus/block_executor.hpp"
#include "core/sender.hpp"
#include "rpc/lookup.hpp"

namespace quarry::rpc::trace {
namespace {

/// Steps between two looks at the clock: a look takes as long as a step.
constexpr unsigned kStepsALook = 256;

RpcError too_late() {
  return {
      RpcCode::failed,
      "execution timeout\nGive it more time with \"timeout\": \"30s\", trace one transaction rather than its "
      "block, or fewer blocks."};
}
RpcError too_large() {
  return {RpcCode::limit_exceeded,
          fmt::format("the trace is larger than {} MiB\nNarrow it: disableStack, disableStorage, limit, or "
                      "callTracer instead of structLogs; one transaction rather than its block.",
                      kMostTraceBytes >> 20)};
}

}  // namespace

void Guard::on_step(const evm::Step& step) {
  if (stopped) return;
  tracer_.on_step(step);
  late_ = late_ || (++steps_ % kStepsALook == 0 && Clock::now() > until_);
  stopped = late_ || budget_.exceeded();
}

std::optional<RpcError> Guard::verdict() const {
  if (budget_.exceeded()) return too_large();
  if (late_) return too_late();
  return std::nullopt;
}

struct BlockReplay::Impl {
  Impl(const Context& context, const Block& of, std::unique_ptr<StateView> before)
      : block(of),
        state(std::move(before)),
        hashes(context.backend.reader),
        env(context.backend.chain.environment(*of.header)),
        journal(*state, env.rules) {
    env.hashes = &hashes;
    begin_block(journal, context.backend.chain.spec(), env, *of.header);
    if (const auto* engine = context.backend.chain.engine()) engine->begin_block(journal, *of.header);
  }
  const Block& block;
  const std::unique_ptr<StateView> state;
  ChainHashes hashes;
  evm::BlockEnv env;
  evm::Journal journal;
  std::size_t next = 0;
  Gas gas_used = 0;
  std::size_t logs = 0;
};

BlockReplay::BlockReplay(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlockReplay::BlockReplay(BlockReplay&&) noexcept = default;
BlockReplay::~BlockReplay() = default;

Expected<BlockReplay, RpcError> BlockReplay::of(const Context& context, const Block& block) {
  if (block.header->number == 0) return rpc_fail(RpcCode::failed, "genesis is not traceable");
  const auto parent = context.backend.reader.find(block.header->parent_hash);
  if (!parent) {
    return rpc_fail(RpcCode::failed, fmt::format("parent {} not found", block.header->parent_hash.hex()));
  }
  auto state = context.backend.reader.state_at(*parent);
  if (!state) return rpc_fail(state.error());
  return BlockReplay(std::make_unique<Impl>(context, block, std::move(*state)));
}

std::size_t BlockReplay::next() const {
  return impl_->next;
}
bool BlockReplay::at_end() const {
  return impl_->next >= impl_->block.body.transactions.size();
}
evm::Journal& BlockReplay::journal() {
  return impl_->journal;
}
const evm::BlockEnv& BlockReplay::env() const {
  return impl_->env;
}
const Block& BlockReplay::block() const {
  return impl_->block;
}

Expected<evm::TxnOutcome, RpcError> BlockReplay::run(TxnTracer* tracer, Budget& budget,
                                                     std::chrono::milliseconds most_time) {
  auto& in = *impl_;
  const auto& txn = in.block.body.transactions.at(in.next);
  const auto sender = sender_of(txn);
  if (!sender) return rpc_fail(RpcCode::failed, "invalid transaction signature");
  const auto& header = in.block.header;
  const Scene scene{in.journal,
                    in.env,
                    txn,
                    *sender,
                    TxnPlaceInBlock{{header->number, header.hash()}, in.next, hash_of(txn)},
                    in.logs};
  std::optional<Guard> guard;
  if (tracer != nullptr) {
    guard.emplace(*tracer, budget, Clock::now() + most_time);
    tracer->begin(scene);
  }
  auto outcome = evm::execute_transaction(in.journal, in.env, txn, *sender, header->gas_limit - in.gas_used,
                                          {}, guard ? &*guard : nullptr);
  if (guard)
    if (auto verdict = guard->verdict()) return tl::unexpected(std::move(*verdict));
  if (!outcome) {
    return rpc_fail(RpcCode::failed, fmt::format("transaction {} failed: {}", scene.place->hash.hex(),
                                                 outcome.error().detail));
  }
  if (tracer != nullptr) tracer->end(*outcome);
  ++in.next;
  in.gas_used += outcome->gas_used;
  in.logs += outcome->logs.size();
  return std::move(*outcome);
}

std::optional<RpcError> BlockReplay::run_to(std::size_t index, const Deadline& deadline) {
  Budget none;
  while (next() < index && !at_end()) {
    if (deadline.passed()) return too_late();
    if (auto outcome = run(nullptr, none, kTraceTime); !outcome) return outcome.error();
  }
  return std::nullopt;
}

Expected<FoundTxn, RpcError> find_txn(const Context& context, const TxnHash& hash) {
  const auto place = context.backend.reader.find_transaction(hash);
  auto block = place ? context.backend.reader.block(place->block) : std::nullopt;
  if (!block) return rpc_fail(RpcCode::failed, "transaction not found");
  return FoundTxn{std::move(*block), place->index};
}

Expected<evm::TxnOutcome, RpcError> trace_txn(const Context& context, const FoundTxn& found,
                                              TxnTracer& tracer, Budget& budget,
                                              std::chrono::milliseconds most_time) {
  auto replay = BlockReplay::of(context, found.block);
  if (!replay) return tl::unexpected(replay.error());
  if (auto error = replay->run_to(found.index, {})) return tl::unexpected(std::move(*error));
  return replay->run(&tracer, budget, most_time);
}

}  // namespace quarry::rpc::trace
