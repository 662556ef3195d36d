#include "state_model.hpp"

#include "storage/meta.hpp"
#include "storage/state_store.hpp"
#include "storage/state_writer.hpp"

namespace quarry::test {
namespace {

/// The flat tables as a state difference from nothing.
RootHash flat_root(const Database& database, std::map<AddressHash, Account>& accounts) {
  std::map<AddressHash, std::vector<std::pair<Bytes, Bytes>>> slots;
  Cursor slot = database.cursor(Table::slot);
  for (slot.seek_to_first(); slot.valid(); slot.next()) {
    EXPECT_EQ(slot.key().size(), 64u);
    EXPECT_FALSE(slot.value().empty());
    slots[*AddressHash::from(slot.key().first(32))].emplace_back(
        to_bytes(slot.key().subspan(32)), encode_slot_leaf(*decode_flat_slot(slot.value())));
  }
  std::vector<std::pair<Bytes, Bytes>> entries;
  Cursor account = database.cursor(Table::account);
  for (account.seek_to_first(); account.valid(); account.next()) {
    const auto key = *AddressHash::from(account.key());
    const auto value = *decode_flat_account(account.value());
    EXPECT_EQ(value.storage_root, root_of(slots[key])) << key.hex();
    slots.erase(key);
    accounts[key] = value;
    entries.emplace_back(to_bytes(key), encode_account(value));
  }
  for (const auto& [key, rest] : slots) EXPECT_TRUE(rest.empty()) << "slots without an account " << key.hex();
  return root_of(std::move(entries));
}

/// Walks a trie by hash from `root` and notes the keys of its rows.
void walk(const Database& database, const std::optional<AddressHash>& account, ByteView rlp, Bytes path,
          std::set<Bytes>& keys);

void walk_row(const Database& database, const std::optional<AddressHash>& account, const Hash256& hash,
              const Bytes& path, std::set<Bytes>& keys) {
  const Bytes key = node_key(account, path);
  const auto rlp = database.get(Table::node, key);
  ASSERT_TRUE(rlp) << "no node at " << to_hex(key);
  ASSERT_EQ(keccak256(*rlp), hash) << "at " << to_hex(key);
  keys.insert(key);
  walk(database, account, *rlp, path, keys);
}

void walk_child(const Database& database, const std::optional<AddressHash>& account, const rlp::Item& child,
                Bytes path, std::set<Bytes>& keys) {
  if (child.is_list)
    walk(database, account, child.raw, std::move(path), keys);
  else if (!child.payload.empty())
    walk_row(database, account, *Hash256::from(child.payload), path, keys);
}

void walk(const Database& database, const std::optional<AddressHash>& account, ByteView rlp, Bytes path,
          std::set<Bytes>& keys) {
  auto list = *rlp::decode_list(rlp);
  std::vector<rlp::Item> items;
  while (!list.at_end()) items.push_back(*list.next());
  if (items.size() == 17) {
    for (std::uint8_t nibble = 0; nibble < 16; ++nibble) {
      Bytes below = path;
      below.push_back(nibble);
      walk_child(database, account, items[nibble], below, keys);
    }
    return;
  }
  ASSERT_EQ(items.size(), 2u);
  const ByteView prefix = items[0].payload;
  if ((prefix[0] & 0x20) != 0) return;  // a leaf
  if ((prefix[0] & 0x10) != 0) path.push_back(prefix[0] & 15);
  for (const std::uint8_t byte : prefix.subspan(1)) {
    path.push_back(byte >> 4);
    path.push_back(byte & 15);
  }
  walk_child(database, account, items[1], path, keys);
}

}  // namespace

RootHash checked_root(const Database& database) {
  std::map<AddressHash, Account> accounts;
  const RootHash root = flat_root(database, accounts);
  std::set<Bytes> expected;
  if (root != kEmptyRoot) walk_row(database, std::nullopt, Hash256{root}, {}, expected);
  for (const auto& [key, account] : accounts)
    if (account.storage_root != kEmptyRoot)
      walk_row(database, key, Hash256{account.storage_root}, {}, expected);
  std::set<Bytes> found;
  Cursor cursor = database.cursor(Table::node);
  for (cursor.seek_to_first(); cursor.valid(); cursor.next()) found.insert(to_bytes(cursor.key()));
  EXPECT_EQ(found, expected) << "rows of nodes that are not in the trie, or nodes without a row";
  const auto head = StateStore(database).head();
  EXPECT_TRUE(head);
  if (head) {
    EXPECT_EQ(head->root, root);
  }
  return root;
}

}  // namespace quarry::test
