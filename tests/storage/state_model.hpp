#pragma once
/// \file
/// The state as plain maps, with roots built from scratch: what storage is held against.

#include <map>
#include <random>
#include <set>

#include "core/keccak.hpp"
#include "core/state_diff.hpp"
#include "core/trie_root.hpp"
#include "fixtures.hpp"
#include "storage/codec.hpp"
#include "storage/database.hpp"

namespace quarry::test {

inline std::unique_ptr<Database> open_database(const std::filesystem::path& path) {
  auto database = Database::open({.path = path.string(), .cache_bytes = std::size_t{16} << 20});
  if (!database) throw std::runtime_error(database.error().what);
  return *std::move(database);
}

struct ModelAccount {
  Account account;
  std::map<SlotKey, SlotValue> slots;  ///< none is zero
};
using Model = std::map<Address, ModelAccount>;

inline RootHash root_of(std::vector<std::pair<Bytes, Bytes>> entries) {
  std::sort(entries.begin(), entries.end());
  return trie_root(entries);
}

inline RootHash storage_root(const std::map<SlotKey, SlotValue>& slots) {
  std::vector<std::pair<Bytes, Bytes>> entries;
  for (const auto& [key, value] : slots)
    entries.emplace_back(to_bytes(hash_of(key)), encode_slot_leaf(value));
  return root_of(std::move(entries));
}

inline RootHash model_root(const Model& model) {
  std::vector<std::pair<Bytes, Bytes>> entries;
  for (const auto& [address, one] : model) {
    Account account = one.account;
    account.storage_root = storage_root(one.slots);
    entries.emplace_back(to_bytes(hash_of(address)), encode_account(account));
  }
  return root_of(std::move(entries));
}

inline void apply(Model& model, const StateDiff& diff) {
  for (const auto& [address, change] : diff.accounts) {
    if (!change.after) {
      model.erase(address);
      continue;
    }
    ModelAccount& one = model[address];
    if (change.storage_cleared) one.slots.clear();
    one.account = *change.after;
    for (const auto& [key, value] : change.slots) {
      if (value.is_zero())
        one.slots.erase(key);
      else
        one.slots[key] = value;
    }
  }
}

template <class T>
T numbered(std::uint64_t number) {
  T out;
  for (std::size_t i = 0; i < 8; ++i)
    out.bytes[T::kSize - 1 - i] = static_cast<std::uint8_t>(number >> 8 * i);
  return out;
}

/// Seeded blocks: new accounts, changed ones, ones that go with their storage, storage that is cleared.
class RandomBlocks {
 public:
  explicit RandomBlocks(std::uint64_t seed, unsigned addresses = 200, unsigned slots = 40)
      : random_(seed), addresses_(addresses), slots_(slots) {}

  StateDiff next(const Model& model, unsigned accounts) {
    StateDiff diff;
    for (unsigned i = 0; i < accounts; ++i) {
      const Address address = numbered<Address>(below(addresses_));
      const auto known = model.find(address);
      AccountChange& change = diff.accounts[address];
      change = {};
      if (known != model.end() && below(6) == 0) continue;   // gone
      if (known == model.end() && below(12) == 0) continue;  // never was, and still is not
      change.after = known == model.end() ? Account{} : known->second.account;
      change.after->balance += U256{below(1000)};
      change.after->nonce += below(2);
      change.storage_cleared = known != model.end() && below(8) == 0;
      if (below(3) == 0) add_slots(change);
      if (below(10) == 0) add_code(diff, change);
    }
    return diff;
  }

  std::uint64_t below(std::uint64_t end) { return random_() % end; }

 private:
  void add_slots(AccountChange& change) {
    for (std::uint64_t left = below(12); left > 0; --left) {
      const auto key = numbered<SlotKey>(below(slots_));
      change.slots[key] =
          below(3) == 0 ? SlotValue{} : numbered<SlotValue>(below(4) == 0 ? random_() : below(300));
    }
  }
  void add_code(StateDiff& diff, AccountChange& change) {
    const Bytes code(below(50) + 1, static_cast<std::uint8_t>(below(256)));
    change.after->code_hash = CodeHash{keccak256(code)};
    diff.codes[change.after->code_hash] = code;
  }

  std::mt19937_64 random_;
  unsigned addresses_, slots_;
};

/// Every row of the given tables, for comparing databases.
inline std::map<std::pair<Table, Bytes>, Bytes> dump(const Database& database,
                                                     std::initializer_list<Table> tables) {
  std::map<std::pair<Table, Bytes>, Bytes> out;
  for (const Table table : tables) {
    Cursor cursor = database.cursor(table);
    for (cursor.seek_to_first(); cursor.valid(); cursor.next())
      out[{table, to_bytes(cursor.key())}] = to_bytes(cursor.value());
  }
  return out;
}
inline constexpr std::initializer_list<Table> kStateTables = {Table::account, Table::slot, Table::node,
                                                              Table::change,  Table::undo, Table::meta};

/// The root over the flat tables, and that the node table holds exactly the nodes of that state.
RootHash checked_root(const Database& database);

}  // namespace quarry::test
