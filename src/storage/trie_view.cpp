#include "storage/trie_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "storage/change_set.hpp"
#include "storage/codec.hpp"
#include "storage/corruption.hpp"
#include "storage/state_store.hpp"
#include "storage/trie_edit.hpp"

namespace quarry {
namespace {

using Clock = std::chrono::steady_clock;

/// One trie and where its stored nodes are.
struct Trie {
  trie::NodePtr root;
  std::optional<AddressHash> account;  ///< whose storage; none: the account trie
};

/// Values by hashed key, in the order of the keys; an empty one removes.
template <class Key>
using Values = std::map<Key, Bytes>;

template <class Key>
void lay_over(const DatabaseReader& reader, Trie& trie, const Values<Key>& values) {
  if (values.empty()) return;
  std::vector<Bytes> keys;
  keys.reserve(values.size());
  std::vector<trie::Change> changes;
  for (const auto& [key, value] : values)
    changes.push_back({keys.emplace_back(trie::to_nibbles(key)), value});
  trie::Paths emptied;  // nothing is stored
  trie.root = trie::Editor(&reader, trie.account, emptied, 1).update(trie.root, changes);
  if (trie.root) trie::hash_tries({&trie.root, 1});
}

/// Where the way goes on below `node`: how many nibbles it takes, and the child's place. Zero: it ends here.
std::pair<std::size_t, trie::NodePtr*> step(trie::Node& node, ByteView rest) {
  switch (node.kind) {
    case trie::Kind::unloaded:
    case trie::Kind::leaf:
      break;
    case trie::Kind::extension: {
      auto& extension = static_cast<trie::Extension&>(node);
      const auto size = extension.path.size();
      if (rest.size() < size || !equal(rest.first(size), extension.path)) break;
      return {size, &extension.child};
    }
    case trie::Kind::branch:
      if (rest.empty()) break;
      return {1, &static_cast<trie::Branch&>(node).children[rest[0]]};
  }
  return {0, nullptr};
}

std::vector<Bytes> path_to(const DatabaseReader& reader, Trie& trie, ByteView key) {
  std::vector<Bytes> out;
  const Bytes nibbles = trie::to_nibbles(key);
  const ByteView path = nibbles;
  trie::Paths emptied;
  trie::Editor editor(&reader, trie.account, emptied, 1);
  std::size_t depth = 0;
  for (trie::NodePtr* at = &trie.root; at != nullptr && *at;) {
    editor.load(*at, path.first(depth));
    if (depth == 0 || !(*at)->embedded()) out.push_back(trie::encode(**at));
    const auto [taken, next] = step(**at, path.subspan(depth));
    depth += taken;
    at = next;
  }
  return out;
}

}  // namespace

struct TrieView::Impl {
  Impl(const Database& from, BlockNum block)
      : snapshot(from.snapshot()), number(block), changes(snapshot.cursor(Table::change)) {}

  Result<> open(const Bounds& bounds);
  Result<> collect(BlockNum head, const Bounds& bounds);
  Bytes value_of(const AddressHash& account, const std::optional<SlotHash>& slot) const;
  std::optional<Account> account(const AddressHash& key) const;
  Trie& storage(const AddressHash& key);
  void change(const AddressHash& key, const AccountChange& change, Values<AddressHash>& values);

  const Snapshot snapshot;
  const BlockNum number;
  mutable Cursor changes;
  /// What changed after the block.
  std::map<AddressHash, std::set<SlotHash>> later;
  Trie accounts;
  std::map<AddressHash, Trie> storages;                     ///< those that were asked for
  std::map<AddressHash, std::optional<Account>> laid_over;  ///< by apply
};

Result<> TrieView::Impl::open(const Bounds& bounds) {
  const auto head = read_state_head(snapshot);
  const auto oldest = read_oldest_state(snapshot);
  if (!head || !oldest) return fail("the state is not here yet: it is being downloaded");
  if (number > head->number || number < *oldest) {
    return fail(fmt::format("the state of block {} is not kept", number),
                fmt::format("States of the blocks {} to {} can be read.", *oldest, head->number));
  }
  accounts.root = trie::root_node(head->root);
  if (auto collected = collect(head->number, bounds); !collected) return collected;
  Values<AddressHash> values;
  for (const auto& [key, slots] : later) {
    const auto then = account(key);
    values[key] = then ? encode_account(*then) : Bytes{};
  }
  lay_over(snapshot, accounts, values);
  return {};
}

/// From the head downwards, so that the error can say how far back one may ask.
Result<> TrieView::Impl::collect(BlockNum head, const Bounds& bounds) {
  const auto until = Clock::now() + bounds.most_time;
  std::size_t keys = 0;
  for (BlockNum at = head; at > number; --at) {
    const auto undo = intact(snapshot, Table::undo, snapshot.get(Table::undo, number_key(at)));
    for (const auto& account : intact(snapshot, Table::undo, decode_undo(at, undo)).accounts) {
      const auto [entry, added] = later.try_emplace(account.key);
      const auto before = entry->second.size();
      for (const auto& [slot, value] : account.slots) entry->second.insert(slot);
      keys += (added ? 1 : 0) + entry->second.size() - before;
    }
    if (keys <= bounds.most_keys && Clock::now() <= until) continue;
    return fail(
        fmt::format("the state trie of block {} lies too far back: {} accounts and slots changed since "
                    "block {}",
                    number, keys, at - 1),
        fmt::format("Proofs of the blocks {} to {} can be had.", at, head));
  }
  return {};
}

/// As the flat tables have it after the block: empty when there is none.
Bytes TrieView::Impl::value_of(const AddressHash& account, const std::optional<SlotHash>& slot) const {
  const Bytes key = change_key(account, slot, number + 1);
  changes.seek(key);
  const auto subject = key.size() - sizeof(BlockNum);
  if (changes.valid() && changes.key().size() == key.size() &&
      equal(changes.key().first(subject), ByteView{key}.first(subject)))
    return to_bytes(changes.value());
  auto value =
      slot ? snapshot.get(Table::slot, slot_key(account, *slot)) : snapshot.get(Table::account, account);
  return value ? std::move(*value) : Bytes{};
}

std::optional<Account> TrieView::Impl::account(const AddressHash& key) const {
  if (const auto found = laid_over.find(key); found != laid_over.end()) return found->second;
  const Bytes value = value_of(key, std::nullopt);
  if (value.empty()) return std::nullopt;
  return intact(snapshot, Table::account, decode_flat_account(value));
}

Trie& TrieView::Impl::storage(const AddressHash& key) {
  const auto [entry, added] = storages.try_emplace(key, Trie{{}, key});
  if (!added) return entry->second;
  const auto now = snapshot.get(Table::account, key);
  if (now) {
    entry->second.root =
        trie::root_node(intact(snapshot, Table::account, decode_flat_account(*now)).storage_root);
  }
  const auto changed = later.find(key);
  if (changed == later.end()) return entry->second;
  Values<SlotHash> values;
  for (const auto& slot : changed->second) {
    const auto value = intact(snapshot, Table::slot, decode_flat_slot(value_of(key, slot)));
    values[slot] = value.is_zero() ? Bytes{} : encode_slot_leaf(value);
  }
  lay_over(snapshot, entry->second, values);
  return entry->second;
}

void TrieView::Impl::change(const AddressHash& key, const AccountChange& change,
                            Values<AddressHash>& values) {
  const auto before = account(key);
  if (!change.after || change.storage_cleared || !before) storages[key] = Trie{{}, key};
  if (!change.after) {
    laid_over[key] = std::nullopt;
    values[key] = {};
    return;
  }
  auto after = *change.after;
  if (change.slots.empty() && storages.count(key) == 0) {
    after.storage_root = before->storage_root;
  } else {
    auto& trie = storage(key);
    Values<SlotHash> slots;
    for (const auto& [slot, value] : change.slots)
      slots[hash_of(slot)] = value.is_zero() ? Bytes{} : encode_slot_leaf(value);
    lay_over(snapshot, trie, slots);
    after.storage_root = trie::root_hash(trie.root);
  }
  laid_over[key] = after;
  values[key] = encode_account(after);
}

Result<std::unique_ptr<TrieView>> TrieView::at(const Database& database, BlockNum number,
                                               const Bounds& bounds) {
  auto impl = std::make_unique<Impl>(database, number);
  if (auto opened = impl->open(bounds); !opened) return tl::unexpected(opened.error());
  return std::unique_ptr<TrieView>(new TrieView(std::move(impl)));
}

TrieView::TrieView(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TrieView::~TrieView() = default;

RootHash TrieView::root() const {
  return trie::root_hash(impl_->accounts.root);
}

std::optional<Account> TrieView::account(const Address& address) const {
  return impl_->account(hash_of(address));
}

std::vector<Bytes> TrieView::prove(const Address& address) {
  return path_to(impl_->snapshot, impl_->accounts, hash_of(address));
}

std::vector<Bytes> TrieView::prove(const Address& address, const SlotKey& slot) {
  const auto key = hash_of(address);
  if (!impl_->account(key)) return {};
  return path_to(impl_->snapshot, impl_->storage(key), hash_of(slot));
}

RootHash TrieView::apply(const StateDiff& diff) {
  Values<AddressHash> values;
  for (const auto& [address, change] : diff.accounts) impl_->change(hash_of(address), change, values);
  lay_over(impl_->snapshot, impl_->accounts, values);
  return root();
}

}  // namespace quarry
