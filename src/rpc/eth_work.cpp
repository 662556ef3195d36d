// The eth namespace: work for ethash miners of other processes.

#include "rpc/json_text.hpp"
#include "rpc/methods.hpp"

namespace quarry::rpc {
namespace {

Answer get_work(const Context& context, Params&) {
  const auto work = context.backend.miner.work();
  if (!work) return rpc_fail(work.error());
  JsonText out;
  out.begin_array();
  for (const auto& hash : {work->seal_hash, work->seed_hash, work->boundary}) out.hex(hash);
  return out.quantity(work->number).end_array().take();
}

/// False for what is stale, unknown or wrong: the miner asks for other work then.
Answer submit_work(const Context& context, Params& params) {
  const auto nonce = params.fixed<SealNonce>(0, "types.BlockNonce");
  const auto seal_hash = params.fixed<Hash256>(1, "common.Hash");
  const auto mix = params.fixed<MixHash>(2, "common.Hash");
  if (params.error()) return tl::unexpected(*params.error());
  return bool_answer(context.backend.miner.submit_work(seal_hash, nonce, mix));
}

Answer submit_hashrate(const Context& context, Params& params) {
  const auto rate = params.quantity(0);
  const auto id = params.fixed<Hash256>(1, "common.Hash");
  if (params.error()) return tl::unexpected(*params.error());
  return bool_answer(context.backend.miner.submit_hashrate(id, rate));
}

constexpr Method kMethods[] = {
    {"eth_getWork", Where::worker, get_work, "",
     "what an ethash miner of another process searches: the header's hash without its seal, the seed's hash, "
     "the boundary, the block's number",
     "[Hash|Quantity]"},
    {"eth_submitHashrate", Where::worker, submit_hashrate, "rate, miner",
     "counts such a miner's speed in for ten seconds", "Boolean"},
    {"eth_submitWork", Where::worker, submit_work, "sealNonce, sealHash, mix",
     "takes a seal that such a miner found; false: it is stale or wrong", "Boolean"},
};

}  // namespace

std::span<const Method> eth_work_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
