#include "storage/foreign_state.hpp"

#include <fmt/format.h>

#include <unordered_set>

#include "core/check.hpp"
#include "core/keccak.hpp"
#include "storage/codec.hpp"
#include "storage/database.hpp"
#include "storage/inspect.hpp"
#include "storage/state_sync_store.hpp"
#include "storage/trie_node.hpp"

namespace quarry {
namespace {

constexpr std::size_t kKeyNibbles = 64;
/// Nodes and codes that one step commits, a few MB at most.
constexpr std::size_t kMostInStep = 4096;

using MaybeAccount = std::optional<AddressHash>;

/// Thrown inside this file where a walk meets what is not there; it does not leave it.
struct Missing {
  Error error;
};

std::string place(const MaybeAccount& account, ByteView path) {
  return key_text(Table::node, node_key(account, path));
}

Bytes read_node(NodeSource& source, const MaybeAccount& account, ByteView path, const Hash256& hash) {
  auto rlp = source.node(account, path, hash);
  if (!rlp)
    throw Missing{{fmt::format("the state node {} at {} is not there", hash.hex(), place(account, path)),
                   "It was pruned, or the program that wrote it was stopped before it was written."}};
  if (keccak256(*rlp) != hash)
    throw Missing{{fmt::format("the state node at {} hashes to {}, and should to {}", place(account, path),
                               keccak256(*rlp).hex(), hash.hex()),
                   "The source is damaged."}};
  return *std::move(rlp);
}

trie::NodePtr decode_node(ByteView rlp, const MaybeAccount& account, ByteView path) {
  auto node = trie::decode(rlp);
  if (!node) throw Missing{{fmt::format("the state node at {} does not decode", place(account, path)), ""}};
  return *std::move(node);
}

Bytes key_of(ByteView nibbles) {
  Bytes out;
  for (std::size_t i = 0; i + 1 < nibbles.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(nibbles[i] << 4 | nibbles[i + 1]));
  return out;
}

Bytes read_code(NodeSource& source, const CodeHash& hash) {
  auto code = source.code(hash);
  if (!code) throw Missing{{fmt::format("the code {} is not there", hash.hex()), ""}};
  if (CodeHash{keccak256(*code)} != hash)
    throw Missing{{fmt::format("the code {} hashes to {}", hash.hex(), keccak256(*code).hex()), ""}};
  return *std::move(code);
}

Account account_of(ByteView leaf, ByteView path) {
  const auto account = decode_account(leaf);
  if (!account) throw Missing{{fmt::format("the account at {} does not decode", place({}, path)), ""}};
  return *account;
}

SlotValue slot_of(ByteView leaf, const AddressHash& account, ByteView path) {
  const auto item = rlp::decode(leaf);
  const auto value = item && !item->is_list ? decode_flat_slot(item->payload) : std::nullopt;
  if (!value) throw Missing{{fmt::format("the slot at {} does not decode", place(account, path)), ""}};
  return *value;
}

/// Walks two versions of one trie side by side and visits the leaves that differ, in order of their keys.
template <class Visit>
class TrieDiff {
 public:
  TrieDiff(NodeSource& source, const MaybeAccount& account, Visit visit)
      : source_(source), account_(account), visit_(std::move(visit)) {}

  void run(const RootHash& before, const RootHash& after) {
    walk(Part{root(before), 0}, Part{root(after), 0});
  }

 private:
  /// A node of which the first `skip` nibbles of its own path are behind us. No node: nothing is there.
  struct Part {
    trie::NodePtr node;
    std::size_t skip = 0;
  };

  static trie::NodePtr root(const RootHash& hash) {
    return hash == kEmptyRoot ? trie::NodePtr{} : trie::make<trie::Unloaded>(Hash256{hash});
  }

  void load(Part& part) {
    if (!part.node || part.node->kind != trie::Kind::unloaded) return;
    part.node =
        decode_node(read_node(source_, account_, path_, Hash256{part.node->reference}), account_, path_);
  }

  static bool same(const Part& a, const Part& b) {
    if (!a.node || !b.node) return !a.node && !b.node;
    if (a.skip != b.skip || !a.node->referenced || !b.node->referenced) return false;
    return equal(a.node->reference_view(), b.node->reference_view());
  }

  /// What lies below `nibble`.
  static Part below(const Part& part, std::uint8_t nibble) {
    if (!part.node) return {};
    switch (part.node->kind) {
      case trie::Kind::unloaded:
        break;
      case trie::Kind::leaf: {
        const auto& path = static_cast<const trie::Leaf&>(*part.node).path;
        return part.skip < path.size() && path[part.skip] == nibble ? Part{part.node, part.skip + 1} : Part{};
      }
      case trie::Kind::extension: {
        const auto& extension = static_cast<const trie::Extension&>(*part.node);
        if (extension.path[part.skip] != nibble) return {};
        if (part.skip + 1 == extension.path.size()) return {extension.child, 0};
        return {part.node, part.skip + 1};
      }
      case trie::Kind::branch:
        return {static_cast<const trie::Branch&>(*part.node).children[nibble], 0};
    }
    return {};
  }

  static const Bytes* value_of(const Part& part) {
    if (!part.node || part.node->kind != trie::Kind::leaf) return nullptr;
    const auto& leaf = static_cast<const trie::Leaf&>(*part.node);
    return part.skip == leaf.path.size() ? &leaf.value : nullptr;
  }

  void walk(Part before, Part after) {
    if (same(before, after)) return;
    load(before);
    load(after);
    if (path_.size() == kKeyNibbles) {
      const Bytes *old = value_of(before), *now = value_of(after);
      const bool equal_values = old && now ? *old == *now : old == now;
      if (!equal_values) visit_(ByteView{path_}, old, now);
      return;
    }
    for (std::uint8_t nibble = 0; nibble < 16; ++nibble) {
      Part a = below(before, nibble), b = below(after, nibble);
      if (!a.node && !b.node) continue;
      path_.push_back(nibble);
      walk(std::move(a), std::move(b));
      path_.pop_back();
    }
  }

  NodeSource& source_;
  const MaybeAccount account_;
  Visit visit_;
  Bytes path_;
};

void diff_storage(NodeSource& source, HashedDiff::AccountChange& change, const RootHash& before,
                  const RootHash& after) {
  TrieDiff walk(source, change.key, [&](ByteView path, const Bytes*, const Bytes* now) {
    const auto key = *SlotHash::from(key_of(path));
    change.slots.emplace_back(key, now ? slot_of(*now, change.key, path) : SlotValue{});
  });
  walk.run(before, after);
}

/// Takes one state over, children before parents.
class Loader {
 public:
  Loader(StateSyncStore& store, NodeSource& source, StateSyncRecord record,
         const std::function<void(std::uint64_t)>& progress)
      : store_(store), source_(source), record_(record), progress_(progress) {}

  /// `anew`: what the tables hold goes first.
  void run(bool anew) {
    step_.wipe = anew;
    step_.record = record_;
    Bytes path;
    if (record_.root != kEmptyRoot) walk({}, Hash256{record_.root}, path);
    commit();
  }

 private:
  void walk(const MaybeAccount& account, const Hash256& hash, Bytes& path) {
    if (!step_.wipe && store_.node_hash({account, path}) == hash) return;  // with all that is below it
    Bytes rlp = read_node(source_, account, path, hash);
    visit(account, *decode_node(rlp, account, path), path);
    step_.nodes.push_back({{account, path}, std::move(rlp)});
    count();
  }

  void visit(const MaybeAccount& account, const trie::Node& node, Bytes& path) {
    const std::size_t size = path.size();
    switch (node.kind) {
      case trie::Kind::unloaded:
        walk(account, Hash256{node.reference}, path);
        break;
      case trie::Kind::leaf: {
        const auto& leaf = static_cast<const trie::Leaf&>(node);
        append(path, leaf.path);
        if (!account) visit_account(leaf.value, path);
        break;
      }
      case trie::Kind::extension:
      case trie::Kind::branch:
        trie::for_each_child(node, [&](const trie::NodePtr& child, ByteView nibbles) {
          append(path, nibbles);
          descend(account, *child, path);
          path.resize(size);
        });
        break;
    }
    path.resize(size);
  }

  void descend(const MaybeAccount& account, const trie::Node& child, Bytes& path) {
    if (path.size() > kKeyNibbles)
      throw Missing{{fmt::format("the state trie at {} is deeper than keys are long",
                                 place(account, ByteView{path}.first(kKeyNibbles))),
                     ""}};
    visit(account, child, path);
  }

  void visit_account(ByteView leaf, const Bytes& path) {
    if (path.size() != kKeyNibbles) throw Missing{{"an account's key is not 32 bytes long", ""}};
    const Account account = account_of(leaf, path);
    const auto key = *AddressHash::from(key_of(path));
    if (account.code_hash != kEmptyCodeHash && codes_.insert(account.code_hash).second &&
        !store_.has_code(account.code_hash)) {
      step_.codes.push_back({account.code_hash, read_code(source_, account.code_hash)});
      count();
    }
    Bytes below;
    if (account.storage_root != kEmptyRoot) walk(key, Hash256{account.storage_root}, below);
  }

  void count() {
    ++record_.written;
    if (step_.nodes.size() + step_.codes.size() >= kMostInStep) commit();
  }

  void commit() {
    step_.record = record_;
    if (auto done = store_.write(step_); !done) throw Missing{done.error()};
    step_ = {};
    if (progress_) progress_(record_.written);
  }

  StateSyncStore& store_;
  NodeSource& source_;
  StateSyncRecord record_;
  const std::function<void(std::uint64_t)>& progress_;
  StateWrites step_;
  std::unordered_set<CodeHash> codes_;
};

}  // namespace

Result<HashedDiff> diff_states(NodeSource& source, const RootHash& before, const RootHash& after) {
  HashedDiff out;
  try {
    TrieDiff walk(source, std::nullopt, [&](ByteView path, const Bytes* old, const Bytes* now) {
      const auto was = old ? std::optional(account_of(*old, path)) : std::nullopt;
      auto& change = out.accounts.emplace_back();
      change.key = *AddressHash::from(key_of(path));
      if (now) change.after = account_of(*now, path);
      diff_storage(source, change, was ? was->storage_root : kEmptyRoot,
                   change.after ? change.after->storage_root : kEmptyRoot);
      if (!change.after || change.after->code_hash == kEmptyCodeHash) return;
      if (was && was->code_hash == change.after->code_hash) return;
      out.codes.push_back({change.after->code_hash, read_code(source, change.after->code_hash)});
    });
    walk.run(before, after);
  } catch (const Missing& missing) {
    return tl::unexpected(missing.error);
  }
  return out;
}

Result<> load_state(Database& database, NodeSource& source, const BlockId& id, const RootHash& root,
                    const std::function<void(std::uint64_t)>& progress) {
  StateSyncStore store(database);
  StateSyncRecord record{id, root, false, 0};
  const auto before = store.record();
  const bool goes_on = before && before->pivot == id && before->root == root;
  if (goes_on) record = *before;
  try {
    Loader(store, source, record, progress).run(!goes_on);
  } catch (const Missing& missing) {
    return tl::unexpected(missing.error);
  }
  return {};
}

bool has_root(NodeSource& source, const RootHash& root) {
  return root == kEmptyRoot || source.node(std::nullopt, {}, Hash256{root}).has_value();
}

}  // namespace quarry
