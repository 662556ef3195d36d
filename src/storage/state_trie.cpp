#include "storage/state_trie.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "core/keccak.hpp"
#include "storage/codec.hpp"
#include "storage/corruption.hpp"

namespace quarry {

StateDelta inverse(StateDelta delta) {
  for (AccountDelta& account : delta) {
    std::swap(account.before, account.after);
    for (SlotDelta& slot : account.slots) std::swap(slot.before, slot.after);
  }
  return delta;
}

namespace {
/// Changes of a trie, with the bytes that they refer to.
class Changes {
 public:
  explicit Changes(std::size_t most) : keys_(most * kNibbles), most_(most) {
    values_.reserve(most);
    changes_.reserve(most);
  }
  void add(ByteView key, Bytes value) {
    QUARRY_CHECK(changes_.size() < most_ && key.size() == kNibbles / 2);
    std::uint8_t* to = keys_.data() + changes_.size() * kNibbles;
    const ByteView nibbles{to, kNibbles};
    for (const std::uint8_t byte : key) {
      *to++ = byte >> 4;
      *to++ = byte & 15;
    }
    changes_.push_back({nibbles, values_.emplace_back(std::move(value))});
  }
  std::span<const trie::Change> view() const { return changes_; }

 private:
  static constexpr std::size_t kNibbles = 64;
  Bytes keys_;
  std::vector<Bytes> values_;
  std::vector<trie::Change> changes_;
  const std::size_t most_;
};
}  // namespace

trie::NodePtr StateTrie::changed_storage(AccountDelta& delta, trie::Paths& emptied, bool in_place) {
  const RootHash before = delta.before ? delta.before->storage_root : kEmptyRoot;
  auto& trie = storages_.try_emplace(delta.key, Trie{trie::root_node(before), {}}).first->second;
  Changes changes(delta.slots.size());
  for (const SlotDelta& slot : delta.slots)
    changes.add(slot.key, slot.after.is_zero() ? Bytes{} : encode_slot_leaf(slot.after));
  const std::optional<AddressHash> account = delta.key;
  trie::Editor editor(reader_, account, emptied, now_);
  auto out = editor.changed(trie.root, changes.view(), in_place);
  grown_ += editor.grown();
  return out;
}

trie::NodePtr StateTrie::changed_accounts(const StateDelta& delta, trie::Paths& emptied, bool in_place) {
  Changes changes(delta.size());
  for (const AccountDelta& account : delta)
    changes.add(account.key, account.after ? encode_account(*account.after) : Bytes{});
  const std::optional<AddressHash> none;
  trie::Editor editor(reader_, none, emptied, now_);
  auto out = editor.changed(accounts_.root, changes.view(), in_place);
  grown_ += editor.grown();
  return out;
}

StateTrie::Version StateTrie::changed(StateDelta& delta, bool in_place) {
  ++now_;
  Version out;
  std::vector<trie::NodePtr> roots;
  for (AccountDelta& account : delta) {
    if (account.slots.empty()) continue;
    roots.push_back(changed_storage(account, out.storages_emptied.emplace_back(), in_place));
    out.storages.emplace_back(account.key, roots.back());
  }
  trie::hash_tries(roots);
  std::size_t next = 0;
  for (AccountDelta& account : delta) {
    RootHash root = account.before ? account.before->storage_root : kEmptyRoot;
    if (!account.slots.empty()) root = trie::root_hash(roots[next++]);
    if (account.after)
      account.after->storage_root = root;
    else
      out.sound = out.sound && root == kEmptyRoot;
  }
  out.accounts = changed_accounts(delta, out.emptied, in_place);
  trie::hash_tries({&out.accounts, 1});
  out.root = trie::root_hash(out.accounts);
  return out;
}

void StateTrie::take(Version version) {
  accounts_.root = std::move(version.accounts);
  accounts_.emptied.merge(version.emptied);
  for (std::size_t i = 0; i < version.storages.size(); ++i) {
    Trie& trie = storages_.at(version.storages[i].first);
    trie.root = std::move(version.storages[i].second);
    trie.emptied.merge(version.storages_emptied[i]);
  }
  root_ = version.root;
}

void StateTrie::store(Batch& batch) {
  trie::store_trie(batch, std::nullopt, accounts_.root, accounts_.emptied);
  for (auto& [account, trie] : storages_) trie::store_trie(batch, account, trie.root, trie.emptied);
}

void StateTrie::trim(std::size_t most) {
  if (grown_ <= most) return;
  // Halve the age that may stay until enough is gone; what the newest change walked over stays.
  for (std::uint32_t age = now_;; age /= 2) {
    const std::uint32_t since = now_ - age;
    std::size_t left = trie::forget_unused(accounts_.root, since);
    for (auto at = storages_.begin(); at != storages_.end();) {
      const std::size_t nodes = trie::forget_unused(at->second.root, since);
      left += nodes;
      const bool idle = nodes == 0 && at->second.emptied.empty();
      at = idle ? storages_.erase(at) : std::next(at);
    }
    grown_ = left;
    if (left <= most / 2 || age == 0) return;
  }
}

std::optional<Bytes> StateTrie::node(const std::optional<AddressHash>& account, ByteView path) {
  const auto storage = account ? storages_.find(*account) : storages_.end();
  const auto stored = [&] { return reader_->get(Table::node, node_key(account, path)); };
  if (account && storage == storages_.end()) return stored();  // as the table has it
  trie::NodePtr at = account ? storage->second.root : accounts_.root;
  ByteView rest = path;
  while (at) {
    if (at->kind == trie::Kind::unloaded) return stored();
    if (rest.empty()) break;
    if (at->kind == trie::Kind::leaf) return std::nullopt;
    if (at->kind == trie::Kind::extension) {
      auto& extension = static_cast<trie::Extension&>(*at);
      const ByteView step = extension.path;
      if (rest.size() < step.size() || !equal(rest.first(step.size()), step)) return std::nullopt;
      rest = rest.subspan(step.size());
      at = extension.child;
    } else {
      at = static_cast<trie::Branch&>(*at).children[rest[0]];
      rest = rest.subspan(1);
    }
  }
  if (!at) return std::nullopt;
  return trie::encode(*at);
}

}  // namespace quarry
