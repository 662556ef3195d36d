/// \file
/// What a frame can ask about itself, its transaction and its block (Yellow Paper H.2, 3s and 4s).

#include "evm/arithmetic.hpp"
#include "evm/instructions.hpp"

namespace quarry::evm::instr {
namespace {
Status put(U256* where, const U256& word) {
  *where = word;
  return Status::success;
}
const BlockEnv& block(const Run& run) {
  return run.frame.vm.block();
}
}  // namespace

Status address(Run& run, U256* top) {
  return put(top + 1, to_word(run.message().recipient));
}
Status origin(Run& run, U256* top) {
  return put(top + 1, to_word(run.frame.vm.txn().origin));
}
Status caller(Run& run, U256* top) {
  return put(top + 1, to_word(run.message().sender));
}
Status callvalue(Run& run, U256* top) {
  return put(top + 1, run.message().value);
}
Status calldatasize(Run& run, U256* top) {
  return put(top + 1, run.message().input.size());
}
Status codesize(Run& run, U256* top) {
  return put(top + 1, run.code.size());
}
Status gasprice(Run& run, U256* top) {
  return put(top + 1, run.frame.vm.txn().gas_price);
}
Status returndatasize(Run& run, U256* top) {
  return put(top + 1, run.frame.return_data.size());
}
Status coinbase(Run& run, U256* top) {
  return put(top + 1, to_word(block(run).beneficiary));
}
Status timestamp(Run& run, U256* top) {
  return put(top + 1, block(run).timestamp);
}
Status number(Run& run, U256* top) {
  return put(top + 1, block(run).number);
}
Status difficulty(Run& run, U256* top) {
  return put(top + 1, block(run).difficulty);
}
Status gaslimit(Run& run, U256* top) {
  return put(top + 1, block(run).gas_limit);
}
Status chainid(Run& run, U256* top) {
  return put(top + 1, block(run).chain_id);
}
Status selfbalance(Run& run, U256* top) {
  return put(top + 1, run.frame.account.balance);
}
Status basefee(Run& run, U256* top) {
  return put(top + 1, block(run).base_fee);
}
Status blobbasefee(Run& run, U256* top) {
  return put(top + 1, block(run).blob_base_fee);
}

Status blobhash(Run& run, U256* top) {
  const auto& hashes = run.frame.vm.txn().blob_hashes;
  const bool there = top[0].fits_u64() && top[0].low64() < hashes.size();
  return put(top, there ? to_word(hashes[top[0].low64()]) : U256{});
}

Status blockhash(Run& run, U256* top) {
  constexpr std::uint64_t kReach = 256;
  const BlockEnv& env = block(run);
  const bool within =
      top[0].fits_u64() && top[0].low64() < env.number && env.number - top[0].low64() <= kReach;
  if (!within || env.hashes == nullptr) return put(top, {});
  return put(top, to_word(env.hashes->block_hash(top[0].low64())));
}

Status gas(Run& run, U256* top) {
  return put(top + 1, static_cast<std::uint64_t>(run.frame.gas_left));
}

}  // namespace quarry::evm::instr
