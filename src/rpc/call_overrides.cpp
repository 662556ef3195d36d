#include "rpc/call_overrides.hpp"

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

AccountOverride read_account(Params& params, std::size_t index, const Json& json) {
  FieldReader fields(params, index, json, "OverrideAccount");
  AccountOverride out;
  out.nonce = fields.quantity("nonce");
  out.balance = fields.big_quantity("balance");
  out.code = fields.data("code");
  const auto *all = fields.find("state"), *some = fields.find("stateDiff");
  if (all != nullptr && some != nullptr) fields.reject("an account has both 'state' and 'stateDiff'");
  if (all != nullptr) out.storage = read_slots(fields, *all);
  if (some != nullptr) out.changed = read_slots(fields, *some);
  return out;
}

}  // namespace

StateOverrides read_state_overrides(Params& params, std::size_t index) {
  StateOverrides out;
  if (!params.has(index)) return out;
  FieldReader accounts(params, index, "override.StateOverride");
  for (const auto& [name, json] : accounts.items()) {
    Address address;
    accounts.read_fixed(name, "common.Address", address.bytes);
    out[address] = read_account(params, index, json);
    if (params.error()) break;
  }
  return out;
}

void read_block_overrides(Params& params, std::size_t index, evm::BlockEnv& env) {
  if (!params.has(index)) return;
  FieldReader fields(params, index, "override.BlockOverrides");
  env.number = fields.quantity("number").value_or(env.number);
  env.timestamp = fields.quantity("time").value_or(env.timestamp);
  env.gas_limit = fields.quantity("gasLimit").value_or(env.gas_limit);
  env.difficulty = fields.big_quantity("difficulty").value_or(env.difficulty);
  env.base_fee = fields.big_quantity("baseFeePerGas").value_or(env.base_fee);
  env.blob_base_fee = fields.big_quantity("blobBaseFee").value_or(env.blob_base_fee);
  env.beneficiary = fields.address("feeRecipient").value_or(env.beneficiary);
  if (const auto* random = fields.find("prevRandao")) {
    Hash256 value;
    fields.read_fixed(*random, "common.Hash", value.bytes);
    env.difficulty = U256::from_be(value);
  }
}

std::unique_ptr<StateView> overridden(std::unique_ptr<StateView> base, StateOverrides overrides) {
  if (overrides.empty()) return base;
  return std::make_unique<OverriddenState>(std::move(base), std::move(overrides));
}

}  // namespace quarry::rpc
