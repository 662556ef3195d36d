#include "rpc/simulate/layered_state.hpp"

namespace quarry::rpc {

std::optional<Account> LayeredState::account(const Address& address) const {
  const auto found = accounts_.find(address);
  return found == accounts_.end() ? base_.account(address) : found->second;
}

SlotValue LayeredState::slot(const Address& address, const SlotKey& key) const {
  const auto found = storages_.find(address);
  if (found == storages_.end()) return base_.slot(address, key);
  const auto at = found->second.slots.find(key);
  if (at != found->second.slots.end()) return at->second;
  return found->second.cleared ? SlotValue{} : base_.slot(address, key);
}

Bytes LayeredState::code(const CodeHash& hash) const {
  const auto found = codes_.find(hash);
  return found == codes_.end() ? base_.code(hash) : found->second;
}

RootHash LayeredState::apply(const StateDiff& diff) {
  const RootHash root = tries_.apply(diff);
  for (const auto& [hash, code] : diff.codes) codes_[hash] = code;
  for (const auto& [address, change] : diff.accounts) {
    accounts_[address] = tries_.account(address);
    const bool cleared = !change.after || change.storage_cleared;
    if (!cleared && change.slots.empty()) continue;
    auto& storage = storages_[address];
    if (cleared) storage = {.cleared = true, .slots = {}};
    for (const auto& [key, value] : change.slots) storage.slots[key] = value;
  }
  return root;
}

}  // namespace quarry::rpc
