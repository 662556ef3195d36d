#pragma once
/// \file
/// What a caller wants to be otherwise while a call runs: accounts, and the block (geth's override sets).

#include <map>
#include <memory>

#include "core/block.hpp"
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
  /// Where the precompile that is at the account goes.
  std::optional<Address> move_precompile_to;
};
using StateOverrides = std::map<Address, AccountOverride>;

/// geth's BlockOverrides; where a name is not given the block's own value stays.
struct BlockOverrides {
  std::optional<BlockNum> number;
  std::optional<Timestamp> time;
  std::optional<Gas> gas_limit;
  std::optional<U256> difficulty;  ///< nothing after the merge
  std::optional<U256> base_fee, blob_base_fee;
  std::optional<Address> fee_recipient;
  std::optional<Hash256> prev_randao;
  std::optional<Hash256> beacon_root;
  std::optional<std::vector<Withdrawal>> withdrawals;
};

/// Reads {"0x<address>": {balance, nonce, code, state, stateDiff}}; none when the parameter is missing.
StateOverrides read_state_overrides(Params& params, std::size_t index);
/// The same of an object inside a parameter.
StateOverrides read_state_overrides(FieldReader& accounts);
/// Reads the field "withdrawals": [{index, validatorIndex, address, amount}, …]; none when it is missing.
std::vector<Withdrawal> read_withdrawals(FieldReader& fields);
/// Reads an object inside a parameter.
BlockOverrides read_block_overrides(FieldReader& fields);
/// Reads {number, time, gasLimit, feeRecipient, prevRandao, baseFeePerGas, blobBaseFee, difficulty} into
/// `env`.
void read_block_overrides(Params& params, std::size_t index, evm::BlockEnv& env);

/// Moves precompiles as the overrides say. What is overridden is none any more.
std::optional<RpcError> move_precompiles(const StateOverrides& overrides, evm::PrecompileMap& precompiles);

/// `base` with the overrides over it.
std::unique_ptr<StateView> overridden(std::unique_ptr<StateView> base, StateOverrides overrides);

}  // namespace quarry::rpc
