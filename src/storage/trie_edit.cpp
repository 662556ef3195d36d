#include "storage/trie_edit.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "core/header.hpp"
#include "core/keccak.hpp"
#include "storage/codec.hpp"
#include "storage/corruption.hpp"

namespace quarry::trie {
namespace {

Bytes concat(ByteView a, ByteView b) {
  Bytes out;
  out.reserve(a.size() + b.size());
  append(out, a);
  append(out, b);
  return out;
}

std::size_t shared_length(ByteView a, ByteView b) {
  const auto [end, unused] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(end - a.begin());
}

/// The first entries that agree with the front one in nibble `depth`.
std::span<const Change> same_nibble(std::span<const Change> changes, std::size_t depth) {
  const std::uint8_t nibble = changes.front().key[depth];
  const auto end = std::find_if(changes.begin(), changes.end(),
                                [&](const Change& change) { return change.key[depth] != nibble; });
  return changes.first(static_cast<std::size_t>(end - changes.begin()));
}

}  // namespace

namespace {
/// Its reference and its row are those of what it was.
void mark_changed(Node& node) {
  node.referenced = node.stored = false;
}

/// Every node of a version is hashed, so those that are not were made or changed since.
bool is_changed(const NodePtr& now, const NodePtr& before) {
  return now != before || (now && !now->referenced);
}
}  // namespace

NodePtr root_node(const RootHash& root) {
  return root == kEmptyRoot ? NodePtr{} : make<Unloaded>(Hash256{root});
}

RootHash root_hash(const NodePtr& root) {
  if (!root) return kEmptyRoot;
  QUARRY_CHECK(root->referenced);
  if (root->reference_size == 32) return RootHash{root->reference};
  return RootHash{keccak256(root->reference_view())};
}

template <class T, class... Args>
NodePtr Editor::fresh(Args&&... args) {
  ++grown_;
  NodePtr out = make<T>(std::forward<Args>(args)...);
  out->used = now_;
  return out;
}

void Editor::load(NodePtr& slot, ByteView path) {
  if (slot->kind == Kind::unloaded) {
    QUARRY_CHECK(reader_ != nullptr);
    const Bytes rlp = intact(*reader_, Table::node, reader_->get(Table::node, node_key(account_, path)));
    NodePtr loaded = intact(*reader_, Table::node, decode(rlp));
    if (!loaded->referenced) {
      loaded->reference = slot->reference;
      loaded->reference_size = slot->reference_size;
      loaded->referenced = true;
    }
    slot = std::move(loaded);
    ++grown_;
  }
  slot->used = now_;
}

NodePtr Editor::update(NodePtr& slot, bool own, std::size_t depth, std::span<const Change> changes) {
  if (changes.empty()) return slot;
  if (!slot) return build(changes, depth);
  const ByteView path = changes.front().key.first(depth);
  load(slot, path);
  own = own && slot->owners == 1;
  const NodePtr node = slot;
  NodePtr out;
  switch (node->kind) {
    case Kind::unloaded:
      QUARRY_CHECK(node->kind != Kind::unloaded);
      break;
    case Kind::leaf:
      out = update_leaf(node, own, depth, changes);
      break;
    case Kind::extension:
      out = update_extension(node, own, depth, changes);
      break;
    case Kind::branch:
      out = update_branch(node, own, depth, changes);
      break;
  }
  if (!out) emptied_.insert(to_bytes(path));
  return out;
}

NodePtr Editor::update_leaf(const NodePtr& node, bool own, std::size_t depth,
                            std::span<const Change> changes) {
  auto& leaf = static_cast<Leaf&>(*node);
  // Mostly it is this leaf's value that changes.
  if (changes.size() == 1 && equal(changes[0].key.subspan(depth), leaf.path)) {
    const ByteView value = changes[0].value;
    if (value.empty()) return {};
    if (equal(value, leaf.value)) return node;
    if (!own) return fresh<Leaf>(leaf.path, to_bytes(value));
    leaf.value.assign(value.begin(), value.end());
    mark_changed(leaf);
    return node;
  }
  const Bytes key = concat(changes.front().key.first(depth), leaf.path);
  // The leaf is one more entry, unless a change names its key.
  std::vector<Change> entries(changes.begin(), changes.end());
  const auto at = std::lower_bound(entries.begin(), entries.end(), ByteView{key},
                                   [](const Change& change, ByteView wanted) {
                                     return std::lexicographical_compare(change.key.begin(), change.key.end(),
                                                                         wanted.begin(), wanted.end());
                                   });
  const bool named = at != entries.end() && equal(at->key, key);
  if (!named) entries.insert(at, {key, leaf.value});
  std::erase_if(entries, [](const Change& entry) { return entry.value.empty(); });
  const bool as_before =
      entries.size() == 1 && equal(entries[0].key, key) && equal(entries[0].value, leaf.value);
  return as_before ? node : build(entries, depth);
}

NodePtr Editor::update_extension(const NodePtr& node, bool own, std::size_t depth,
                                 std::span<const Change> changes) {
  auto& extension = static_cast<Extension&>(*node);
  const ByteView path = extension.path;
  const auto shared_with = [&](const Change& change) {
    return shared_length(change.key.subspan(depth), path);
  };
  // Removing a key that does not lie below changes nothing.
  const auto is_idle = [&](const Change& change) {
    return change.value.empty() && shared_with(change) < path.size();
  };
  std::vector<Change> kept;
  if (std::any_of(changes.begin(), changes.end(), is_idle)) {
    std::remove_copy_if(changes.begin(), changes.end(), std::back_inserter(kept), is_idle);
    changes = kept;
  }
  if (changes.empty()) return node;
  // Sorted, so first and last share the least with anything.
  const std::size_t shared = std::min(shared_with(changes.front()), shared_with(changes.back()));
  if (shared < path.size()) return split_extension(extension, shared, depth, changes);
  const std::size_t below = depth + path.size();
  const NodePtr child = update(extension.child, own, below, changes);
  if (!is_changed(child, extension.child)) return node;
  if (own && child == extension.child) {
    mark_changed(extension);
    return node;
  }
  return join(path, child, changes.front().key.first(below));
}

NodePtr Editor::split_extension(const Extension& extension, std::size_t shared, std::size_t depth,
                                std::span<const Change> changes) {
  const ByteView path = extension.path;
  const NodePtr branch = fresh<Branch>();
  const ByteView rest = path.subspan(shared + 1);
  static_cast<Branch&>(*branch).children[path[shared]] =
      rest.empty() ? extension.child : fresh<Extension>(rest, extension.child);
  const NodePtr below = update_branch(branch, true, depth + shared, changes);
  if (shared == 0) return below;
  return join(path.first(shared), below, changes.front().key.first(depth + shared));
}

NodePtr Editor::update_branch(const NodePtr& node, bool own, std::size_t depth,
                              std::span<const Change> changes) {
  auto& old = static_cast<Branch&>(*node);
  const ByteView path = changes.front().key.first(depth);
  bool lost = !node->referenced;  // one that was made for this may have a single child
  NodePtr changed;
  while (!changes.empty()) {
    const auto group = same_nibble(changes, depth);
    changes = changes.subspan(group.size());
    const std::uint8_t nibble = group.front().key[depth];
    NodePtr child = update(old.children[nibble], own, depth + 1, group);
    if (!is_changed(child, old.children[nibble])) continue;
    if (!changed) {
      changed = own ? node : fresh<Branch>();
      if (!own) static_cast<Branch&>(*changed).children = old.children;
    }
    lost = lost || !child;
    static_cast<Branch&>(*changed).children[nibble] = std::move(child);
  }
  if (changed) mark_changed(*changed);
  const NodePtr& out = changed ? changed : node;
  return lost ? collapse(out, path) : out;
}

/// A branch needs two children: with one it becomes what that child is, with a longer path.
NodePtr Editor::collapse(const NodePtr& node, ByteView path) {
  auto& children = static_cast<Branch&>(*node).children;
  std::size_t count = 0;
  std::uint8_t last = 0;
  for (std::uint8_t nibble = 0; nibble < 16; ++nibble) {
    if (!children[nibble]) continue;
    ++count;
    last = nibble;
  }
  if (count == 0) return {};
  if (count > 1) return node;
  const Bytes child_path = concat(path, {&last, 1});
  load(children[last], child_path);
  return join({&last, 1}, children[last], child_path);
}

/// What stands at a place from which `prefix` leads to `child` (at `path`) and nowhere else. Leaves and
/// extensions take the prefix in, so that nothing stands at `path` any more.
NodePtr Editor::join(ByteView prefix, const NodePtr& child, ByteView path) {
  if (!child) return {};
  switch (child->kind) {
    case Kind::unloaded:
      QUARRY_CHECK(child->kind != Kind::unloaded);
      break;
    case Kind::leaf: {
      const auto& leaf = static_cast<const Leaf&>(*child);
      emptied_.insert(to_bytes(path));
      return fresh<Leaf>(concat(prefix, leaf.path), leaf.value);
    }
    case Kind::extension: {
      const auto& extension = static_cast<const Extension&>(*child);
      emptied_.insert(to_bytes(path));
      return fresh<Extension>(concat(prefix, extension.path), extension.child);
    }
    case Kind::branch:
      break;
  }
  return fresh<Extension>(prefix, child);
}

/// A trie of its own for entries that agree in their first `depth` nibbles; removals are left out.
NodePtr Editor::build(std::span<const Change> entries, std::size_t depth) {
  std::vector<Change> kept;
  const auto removes = [](const Change& entry) { return entry.value.empty(); };
  if (std::any_of(entries.begin(), entries.end(), removes)) {
    std::remove_copy_if(entries.begin(), entries.end(), std::back_inserter(kept), removes);
    entries = kept;
  }
  if (entries.empty()) return {};
  const ByteView first = entries.front().key.subspan(depth);
  if (entries.size() == 1) return fresh<Leaf>(first, to_bytes(entries.front().value));
  const std::size_t shared = shared_length(first, entries.back().key.subspan(depth));
  if (shared == 0) return build_branch(entries, depth);
  return fresh<Extension>(first.first(shared), build_branch(entries, depth + shared));
}

NodePtr Editor::build_branch(std::span<const Change> entries, std::size_t depth) {
  NodePtr out = fresh<Branch>();
  while (!entries.empty()) {
    const auto group = same_nibble(entries, depth);
    entries = entries.subspan(group.size());
    static_cast<Branch&>(*out).children[group.front().key[depth]] = build(group, depth + 1);
  }
  return out;
}

namespace {

template <class Visit>
void for_each_child(Node& node, Visit&& visit) {
  switch (node.kind) {
    case Kind::unloaded:
    case Kind::leaf:
      break;
    case Kind::extension: {
      auto& extension = static_cast<Extension&>(node);
      visit(extension.child, ByteView{extension.path});
      break;
    }
    case Kind::branch: {
      auto& children = static_cast<Branch&>(node).children;
      for (std::uint8_t nibble = 0; nibble < 16; ++nibble)
        if (children[nibble]) visit(children[nibble], ByteView{&nibble, 1});
      break;
    }
  }
}

/// Sorts nodes without a reference by their height over the lowest such node; gives the node's own, or -1.
int collect(Node& node, std::vector<std::vector<Node*>>& levels) {
  if (node.referenced) return -1;
  int height = 0;
  for_each_child(node,
                 [&](NodePtr& child, ByteView) { height = std::max(height, collect(*child, levels) + 1); });
  if (levels.size() <= static_cast<std::size_t>(height)) levels.resize(static_cast<std::size_t>(height) + 1);
  levels[static_cast<std::size_t>(height)].push_back(&node);
  return height;
}

/// A leaf of an account has about so many; a full branch four times that.
constexpr std::size_t kUsualNodeBytes = 128;

void hash_level(std::span<Node* const> nodes) {
  Bytes encodings;  // of those long enough to be hashed, one after the other
  std::vector<Node*> hashed;
  std::vector<std::size_t> ends;
  encodings.reserve(nodes.size() * kUsualNodeBytes);
  for (Node* node : nodes) {
    const std::size_t begin = encodings.size();
    encode_to(encodings, *node);
    const std::size_t size = encodings.size() - begin;
    node->referenced = true;
    node->reference_size = static_cast<std::uint8_t>(std::min<std::size_t>(size, 32));
    if (size < 32) {
      std::copy_n(encodings.begin() + static_cast<std::ptrdiff_t>(begin), size, node->reference.begin());
      encodings.resize(begin);
      continue;
    }
    hashed.push_back(node);
    ends.push_back(encodings.size());
  }
  std::vector<ByteView> inputs;
  inputs.reserve(ends.size());
  std::size_t begin = 0;
  for (const std::size_t end : ends)
    inputs.push_back(ByteView{encodings}.subspan(begin, end - begin)), begin = end;
  std::vector<Hash256> hashes(inputs.size());
  keccak256_batch(inputs, hashes);
  for (std::size_t i = 0; i < hashed.size(); ++i) hashed[i]->reference = hashes[i].bytes;
}

void store_new(Batch& batch, const std::optional<AddressHash>& account, Node& node, Bytes& path) {
  if (node.stored) return;
  node.stored = true;
  const Bytes key = node_key(account, path);
  // A short node stands inside its parent; only a root always has a row of its own.
  if (path.empty() || !node.embedded())
    batch.put(Table::node, key, encode(node));
  else
    batch.erase(Table::node, key);
  for_each_child(node, [&](NodePtr& child, ByteView step) {
    append(path, step);
    store_new(batch, account, *child, path);
    path.resize(path.size() - step.size());
  });
}

/// Does the trie have no node at `path`? What is not loaded has not changed.
bool is_empty_at(const NodePtr& root, ByteView path) {
  const NodePtr* at = &root;
  while (*at && !path.empty()) {
    Node& node = **at;
    switch (node.kind) {
      case Kind::unloaded:
        return false;
      case Kind::leaf:
        return true;
      case Kind::extension: {
        auto& extension = static_cast<Extension&>(node);
        if (shared_length(extension.path, path) < extension.path.size()) return true;
        path = path.subspan(extension.path.size());
        at = &extension.child;
        break;
      }
      case Kind::branch:
        at = &static_cast<Branch&>(node).children[path[0]];
        path = path.subspan(1);
        break;
    }
  }
  return !*at;
}

}  // namespace

void hash_tries(std::span<const NodePtr> roots) {
  std::vector<std::vector<Node*>> levels;
  for (const NodePtr& root : roots)
    if (root) collect(*root, levels);
  for (const auto& level : levels) hash_level(level);
}

void store_trie(Batch& batch, const std::optional<AddressHash>& account, const NodePtr& root,
                Paths& emptied) {
  Bytes path;
  if (root) store_new(batch, account, *root, path);
  for (const Bytes& empty : emptied)
    if (is_empty_at(root, empty)) batch.erase(Table::node, node_key(account, empty));
  emptied.clear();
}

std::size_t forget_unused(NodePtr& root, std::uint32_t since) {
  if (!root || root->kind == Kind::unloaded) return 0;
  if (root->stored && !root->embedded() && root->used < since) {
    root = make<Unloaded>(Hash256{root->reference});
    return 0;
  }
  std::size_t count = 1;
  for_each_child(*root, [&](NodePtr& child, ByteView) { count += forget_unused(child, since); });
  return count;
}

}  // namespace quarry::trie
