#pragma once
/// \file
/// What a caller wants to be otherwise while a call runs: accounts, and the block (geth's override sets).

#include <map>
#include <memory>

#include "core/state_diff.hpp"
#include "evm/env.hpp"
#include "rpc/params.hpp"

namespace quarry::rpc {

struct AccountOverride {
  std::optional<std::uint64_t> nonce;
  std::optional<Wei> balance;
  std::optional<Bytes> code;
  /// All of the storage; without it `changed` lies over what there is.
  std::optional<std::map<SlotKey, SlotValue>> storage;
  std::map<SlotKey, SlotValue> changed;
};
using StateOverrides = std::map<Address, AccountOverride>;

/// Reads {"0x<address>": {balance, nonce, code, state, stateDiff}}; none when the parameter is missing.
StateOverrides read_state_overrides(Params& params, std::size_t index);
/// Reads {number, time, gasLimit, feeRecipient, prevRandao, baseFeePerGas, blobBaseFee, difficulty} into
/// `env`.
void read_block_overrides(Params& params, std::size_t index, evm::BlockEnv& env);

/// `base` with the overrides over it.
std::unique_ptr<StateView> overridden(std::unique_ptr<StateView> base, StateOverrides overrides);

}  // namespace quarry::rpc
