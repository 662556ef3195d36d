#pragma once
/// \file
/// Small states for tests, with all their trie nodes: built here from the Yellow Paper's definition (appendix
/// D), so that what the node's own trie does can be held against it.

#include <map>
#include <optional>
#include <random>
#include <vector>

#include "core/account.hpp"
#include "core/keccak.hpp"
#include "core/trie_root.hpp"
#include "storage/state_sync_store.hpp"

namespace quarry::test {

struct TrieNode {
  Bytes path;  ///< nibbles
  Bytes rlp;
};

/// All nodes that are referred to by hash, root included; keys have 32 bytes.
class TrieModel {
 public:
  explicit TrieModel(const std::map<Hash256, Bytes>& entries) {
    if (entries.empty()) return;
    std::vector<std::pair<Bytes, ByteView>> rows;
    for (const auto& [key, value] : entries) {
      Bytes nibbles;
      for (const std::uint8_t byte : key) {
        nibbles.push_back(byte >> 4);
        nibbles.push_back(byte & 15);
      }
      rows.emplace_back(std::move(nibbles), value);
    }
    const Bytes root_rlp = build(rows, 0);
    root = RootHash{keccak256(root_rlp)};
    nodes.push_back({{}, root_rlp});
  }
  RootHash root = kEmptyRoot;
  std::vector<TrieNode> nodes;  ///< children before parents

 private:
  using Rows = std::span<const std::pair<Bytes, ByteView>>;

  void refer(rlp::Writer& to, Rows rows, std::size_t depth) {
    Bytes node = build(rows, depth);
    if (node.size() < 32) {
      to.raw(node);
      return;
    }
    to.write(keccak256(node));
    nodes.push_back({Bytes(rows[0].first.begin(), rows[0].first.begin() + static_cast<std::ptrdiff_t>(depth)),
                     std::move(node)});
  }

  Bytes build(Rows rows, std::size_t depth) {
    rlp::Writer to;
    const auto mark = to.begin_list();
    const Bytes& key = rows[0].first;
    if (rows.size() == 1) {
      to.write(ByteView{hex_prefix(ByteView{key}.subspan(depth), true)}).write(rows[0].second).end_list(mark);
      return to.take();
    }
    std::size_t shared = 0;
    while (key[depth + shared] == rows.back().first[depth + shared]) ++shared;
    if (shared > 0) {
      to.write(ByteView{hex_prefix(ByteView{key}.subspan(depth, shared), false)});
      refer(to, rows, depth + shared);
      to.end_list(mark);
      return to.take();
    }
    std::size_t at = 0;
    for (std::uint8_t nibble = 0; nibble < 16; ++nibble) {
      std::size_t end = at;
      while (end < rows.size() && rows[end].first[depth] == nibble) ++end;
      if (end == at)
        to.write(ByteView{});
      else
        refer(to, rows.subspan(at, end - at), depth + 1);
      at = end;
    }
    to.write(ByteView{}).end_list(mark);
    return to.take();
  }
};

struct AccountModel {
  std::uint64_t nonce = 0;
  Wei balance;
  std::map<Hash256, Bytes> slots;  ///< hashed key -> value without leading zeros
  Bytes code;
};

/// Accounts by hashed address, and the nodes of all their tries.
class StateModel {
 public:
  std::map<Hash256, AccountModel> accounts;

  /// Computes root, nodes and codes from `accounts`.
  void seal() {
    std::map<Hash256, Bytes> leaves;
    for (const auto& [key, account] : accounts) {
      std::map<Hash256, Bytes> slots;
      for (const auto& [slot, value] : account.slots) slots[slot] = rlp::encode(ByteView{value});
      TrieModel storage(slots);
      for (auto& node : storage.nodes) keep({AddressHash{key}, node.path}, node.rlp);
      Account out{account.nonce, account.balance, storage.root, kEmptyCodeHash};
      if (!account.code.empty()) {
        out.code_hash = CodeHash{keccak256(account.code)};
        by_hash[Hash256{out.code_hash}] = account.code;
      }
      leaves[key] = encode_account(out);
    }
    TrieModel trie(leaves);
    for (auto& node : trie.nodes) keep({std::nullopt, node.path}, node.rlp);
    root = trie.root;
  }

  RootHash root;
  std::map<std::pair<std::optional<AddressHash>, Bytes>, Bytes> by_path;
  std::map<Hash256, Bytes> by_hash;  ///< what GetNodeData answers

 private:
  void keep(const NodePath& path, const Bytes& rlp) {
    by_hash[keccak256(rlp)] = rlp;
    by_path[{path.account, path.nibbles}] = rlp;
  }
};

inline Hash256 random_hash(std::mt19937_64& random) {
  Hash256 out;
  for (auto& byte : out.bytes) byte = static_cast<std::uint8_t>(random());
  return out;
}

/// Keys that share their first bytes with others, so that extensions and deep branches come up.
inline Hash256 clustered_hash(std::mt19937_64& random) {
  Hash256 out = random_hash(random);
  const std::size_t fixed = random() % 4;
  for (std::size_t i = 0; i < fixed; ++i) out.bytes[i] = static_cast<std::uint8_t>(random() % 2 * 0x11);
  return out;
}

inline Bytes random_value(std::mt19937_64& random, std::size_t most) {
  Bytes out(1 + random() % most);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random() | 1);
  return out;
}

inline AccountModel random_account(std::mt19937_64& random) {
  AccountModel out;
  out.nonce = random() % 5;
  out.balance = Wei{random()};
  if (random() % 4 == 0)
    for (std::size_t i = random() % 20; i-- > 0;)
      out.slots[clustered_hash(random)] = random_value(random, 32);
  if (random() % 4 == 0) out.code = random_value(random, 300);
  if (random() % 8 == 0) out.code = {0x60, 0x00};  // shared by many
  return out;
}

/// Changes, removes and adds some accounts and slots.
inline void mutate(StateModel& state, std::mt19937_64& random, std::size_t changes) {
  for (std::size_t i = 0; i < changes; ++i) {
    const auto what = random() % 4;
    auto it = state.accounts.lower_bound(clustered_hash(random));
    if (what == 0 || it == state.accounts.end()) {
      state.accounts[clustered_hash(random)] = random_account(random);
    } else if (what == 1) {
      state.accounts.erase(it);
    } else if (what == 2) {
      it->second.slots.clear();
      ++it->second.nonce;
    } else {
      it->second.balance += Wei{1};
      it->second.slots[clustered_hash(random)] = random_value(random, 32);
    }
  }
}

}  // namespace quarry::test
