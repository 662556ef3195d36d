#include "rpc/call_overrides.hpp"

#include <fmt/format.h>

#include <set>

#include "core/address_text.hpp"
#include "core/header.hpp"
#include "core/keccak.hpp"

namespace quarry::rpc {
namespace {

class OverriddenState final : public StateView {
 public:
  OverriddenState(std::unique_ptr<StateView> base, StateOverrides overrides)
      : base_(std::move(base)), overrides_(std::move(overrides)) {
    for (const auto& [address, entry] : overrides_)
      if (entry.code) codes_[CodeHash(keccak256(*entry.code))] = *entry.code;
  }
  std::optional<Account> account(const Address& address) const override {
    auto out = base_->account(address);
    const auto found = overrides_.find(address);
    if (found == overrides_.end()) return out;
    if (!out) {
      out.emplace();
      out->code_hash = kEmptyCodeHash;
      out->storage_root = kEmptyRoot;
    }
    const auto& entry = found->second;
    if (entry.nonce) out->nonce = *entry.nonce;
    if (entry.balance) out->balance = *entry.balance;
    if (entry.code) out->code_hash = CodeHash(keccak256(*entry.code));
    // An empty root would say that there are no slots to ask for.
    if (entry.storage || !entry.changed.empty()) out->storage_root = RootHash{};
    return out;
  }
  SlotValue slot(const Address& address, const SlotKey& key) const override {
    const auto found = overrides_.find(address);
    if (found == overrides_.end()) return base_->slot(address, key);
    const auto& entry = found->second;
    const auto& slots = entry.storage ? *entry.storage : entry.changed;
    const auto at = slots.find(key);
    if (at != slots.end()) return at->second;
    return entry.storage ? SlotValue{} : base_->slot(address, key);
  }
  Bytes code(const CodeHash& hash) const override {
    const auto found = codes_.find(hash);
    return found == codes_.end() ? base_->code(hash) : found->second;
  }

 private:
  const std::unique_ptr<StateView> base_;
  const StateOverrides overrides_;
  std::map<CodeHash, Bytes> codes_;
};

std::map<SlotKey, SlotValue> read_slots(FieldReader& fields, const Json& object) {
  std::map<SlotKey, SlotValue> out;
  if (!object.is_object()) {
    fields.reject("state and stateDiff are objects");
    return out;
  }
  for (const auto& [name, json] : object.items()) {
    SlotKey key;
    SlotValue value;
    fields.read_fixed(name, "common.Hash", key.bytes);
    fields.read_fixed(json, "common.Hash", value.bytes);
    out[key] = value;
  }
  return out;
}

AccountOverride read_account(Params& params, std::size_t index, const Address& address, const Json& json) {
  FieldReader fields(params, index, json, "OverrideAccount");
  AccountOverride out;
  out.nonce = fields.quantity("nonce");
  out.balance = fields.big_quantity("balance");
  out.code = fields.data("code");
  out.move_precompile_to = fields.address("movePrecompileToAddress");
  const auto *all = fields.find("state"), *some = fields.find("stateDiff");
  if (all != nullptr && some != nullptr)
    fields.fail(fmt::format("account {} has both 'state' and 'stateDiff'", checksummed(address)));
  if (all != nullptr) out.storage = read_slots(fields, *all);
  if (some != nullptr) out.changed = read_slots(fields, *some);
  return out;
}

}  // namespace

StateOverrides read_state_overrides(Params& params, std::size_t index) {
  if (!params.has(index)) return {};
  FieldReader accounts(params, index, "override.StateOverride");
  return read_state_overrides(accounts);
}

StateOverrides read_state_overrides(FieldReader& accounts) {
  StateOverrides out;
  for (const auto& [name, json] : accounts.items()) {
    Address address;
    accounts.read_fixed(name, "common.Address", address.bytes);
    out[address] = read_account(accounts.params(), accounts.index(), address, json);
    if (accounts.failed()) break;
  }
  return out;
}

std::vector<Withdrawal> read_withdrawals(FieldReader& fields) {
  std::vector<Withdrawal> out;
  const auto* list = fields.array("withdrawals");
  if (list == nullptr) return out;
  for (const auto& json : *list) {
    FieldReader entry(fields.params(), fields.index(), json, "Withdrawal");
    Withdrawal& one = out.emplace_back();
    one.index = entry.quantity("index").value_or(0);
    one.validator_index = entry.quantity("validatorIndex").value_or(0);
    one.address = entry.address("address").value_or(Address{});
    one.amount_gwei = entry.quantity("amount").value_or(0);
    if (fields.failed()) break;
  }
  return out;
}

BlockOverrides read_block_overrides(FieldReader& fields) {
  BlockOverrides out;
  out.number = fields.quantity("number");
  out.time = fields.quantity("time");
  out.gas_limit = fields.quantity("gasLimit");
  out.difficulty = fields.big_quantity("difficulty");
  out.base_fee = fields.big_quantity("baseFeePerGas");
  out.blob_base_fee = fields.big_quantity("blobBaseFee");
  out.fee_recipient = fields.address("feeRecipient");
  out.prev_randao = fields.hash("prevRandao");
  out.beacon_root = fields.hash("beaconRoot");
  if (fields.find("withdrawals") != nullptr) out.withdrawals = read_withdrawals(fields);
  return out;
}

void read_block_overrides(Params& params, std::size_t index, evm::BlockEnv& env) {
  if (!params.has(index)) return;
  FieldReader fields(params, index, "override.BlockOverrides");
  const auto given = read_block_overrides(fields);
  if (given.beacon_root) {
    fields.fail("block override \"beaconRoot\" is not supported for this RPC method");
  }
  if (given.withdrawals) {
    fields.fail("block override \"withdrawals\" is not supported for this RPC method");
  }
  env.number = given.number.value_or(env.number);
  env.timestamp = given.time.value_or(env.timestamp);
  env.gas_limit = given.gas_limit.value_or(env.gas_limit);
  env.difficulty = given.difficulty.value_or(env.difficulty);
  env.base_fee = given.base_fee.value_or(env.base_fee);
  env.blob_base_fee = given.blob_base_fee.value_or(env.blob_base_fee);
  env.beneficiary = given.fee_recipient.value_or(env.beneficiary);
  if (given.prev_randao) env.difficulty = U256::from_be(*given.prev_randao);
}

std::optional<RpcError> move_precompiles(const StateOverrides& overrides, evm::PrecompileMap& precompiles) {
  std::set<Address> taken;
  const auto refuse = [](const Address& address, std::string_view why) {
    return RpcError{RpcCode::failed, fmt::format("account {} {}", checksummed(address), why)};
  };
  for (const auto& [address, entry] : overrides) {
    if (taken.count(address) != 0) return refuse(address, "has already been overridden by a precompile");
    const auto found = precompiles.find(address);
    const auto* precompile = found == precompiles.end() ? nullptr : found->second;
    if (entry.move_precompile_to) {
      const auto& to = *entry.move_precompile_to;
      if (precompile == nullptr) return refuse(address, "is not a precompile");
      if (overrides.count(to) != 0) return refuse(to, "is already overridden");
      precompiles[to] = precompile;
      taken.insert(to);
    }
    if (precompile != nullptr) precompiles.erase(address);
  }
  return std::nullopt;
}

std::unique_ptr<StateView> overridden(std::unique_ptr<StateView> base, StateOverrides overrides) {
  if (overrides.empty()) return base;
  return std::make_unique<OverriddenState>(std::move(base), std::move(overrides));
}

}  // namespace quarry::rpc
