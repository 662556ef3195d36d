#include "consensus/state_cache.hpp"

namespace quarry {

void StateCache::make_room() const {
  if (++entries_ <= kMostEntries) return;
  accounts_.clear();
  entries_ = 1;
}

StateCache::Entry& StateCache::entry(const Address& address) const {
  const auto found = accounts_.find(address);
  if (found != accounts_.end()) return found->second;
  make_room();
  return accounts_[address];
}

std::optional<Account> StateCache::account(const Address& address) const {
  Entry& found = entry(address);
  if (!found.known) {
    found.account = base_.account(address);
    found.known = true;
  }
  return found.account;
}

SlotValue StateCache::slot(const Address& address, const SlotKey& key) const {
  if (const auto account = accounts_.find(address); account != accounts_.end())
    if (const auto found = account->second.slots.find(key); found != account->second.slots.end())
      return found->second;
  const SlotValue value = base_.slot(address, key);
  make_room();
  entry(address).slots[key] = value;
  return value;
}

/// Only what is here already follows: what a block wrote and did not read is not of interest yet. A storage
/// root is storage's to compute, so an account whose slots changed is read again when it is asked for.
void StateCache::apply(const StateDiff& diff) {
  for (const auto& [address, change] : diff.accounts) {
    const auto found = accounts_.find(address);
    if (found == accounts_.end()) continue;
    Entry& entry = found->second;
    const bool same_storage = change.after && !change.storage_cleared && change.slots.empty();
    if (!change.after || change.storage_cleared) {
      entries_ -= entry.slots.size();
      entry.slots.clear();
    }
    if (!change.after) {
      entry.account.reset();
      entry.known = true;
    } else if (same_storage && entry.known) {
      const RootHash root = entry.account ? entry.account->storage_root : kEmptyRoot;
      entry.account = change.after;
      entry.account->storage_root = root;
    } else {
      entry.known = false;
    }
    for (const auto& [key, value] : change.slots)
      if (const auto slot = entry.slots.find(key); slot != entry.slots.end()) slot->second = value;
  }
}

void StateCache::clear() {
  accounts_.clear();
  entries_ = 0;
}

}  // namespace quarry
