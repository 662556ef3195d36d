#pragma once
/// \file
/// Changing, hashing and storing tries (Yellow Paper, appendix D). Private to storage; one thread.

#include <optional>
#include <set>
#include <span>
#include <vector>

#include "core/fixed_bytes.hpp"
#include "storage/database.hpp"
#include "storage/trie_node.hpp"

namespace quarry::trie {

/// A new value for a key, or none to remove it. The bytes are the caller's and outlive the call.
struct Change {
  ByteView key;    ///< nibbles, one a byte
  ByteView value;  ///< empty: remove
};

/// Paths where a stored node was replaced by nothing: candidates for erasure when the trie is stored.
using Paths = std::set<Bytes>;

/// The root node of the trie that hashes to `root`, not loaded yet.
NodePtr root_node(const RootHash& root);
/// The root of a hashed trie.
RootHash root_hash(const NodePtr& root);

/// Reads nodes as they are needed and makes changed versions of tries.
class Editor {
 public:
  /// Nodes come from `reader`'s node table; none for tries that are only built. `account` as in node_key.
  /// `emptied` collects; `now` marks the nodes that are walked over.
  Editor(const DatabaseReader* reader, const std::optional<AddressHash>& account, Paths& emptied,
         std::uint32_t now)
      : reader_(reader), account_(account), emptied_(emptied), now_(now) {}

  /// The trie with `changes` made, which are sorted by key without repetition; keys are of one length. Nodes
  /// that had to be read are put into `root`'s tree too. Not hashed.
  NodePtr update(NodePtr& root, std::span<const Change> changes) { return update(root, false, 0, changes); }
  /// The same; `in_place` where the trie before is not wanted any more: nodes that no other version has are
  /// changed where they are, which spares copying branches with their sixteen children.
  NodePtr changed(NodePtr& root, std::span<const Change> changes, bool in_place) {
    return update(root, in_place, 0, changes);
  }
  /// Makes sure that the node at `slot`, whose path is `path`, is in memory.
  void load(NodePtr& slot, ByteView path);
  /// Nodes made or read by this editor.
  std::size_t grown() const { return grown_; }

 private:
  // `own`: the nodes above belong to nobody else, and may be changed.
  NodePtr update(NodePtr& slot, bool own, std::size_t depth, std::span<const Change> changes);
  NodePtr update_leaf(const NodePtr& node, bool own, std::size_t depth, std::span<const Change> changes);
  NodePtr update_extension(const NodePtr& node, bool own, std::size_t depth, std::span<const Change> changes);
  NodePtr split_extension(const Extension& extension, std::size_t shared, std::size_t depth,
                          std::span<const Change> changes);
  NodePtr update_branch(const NodePtr& node, bool own, std::size_t depth, std::span<const Change> changes);
  NodePtr collapse(const NodePtr& node, ByteView path);
  NodePtr build(std::span<const Change> entries, std::size_t depth);
  NodePtr build_branch(std::span<const Change> entries, std::size_t depth);
  NodePtr join(ByteView prefix, const NodePtr& child, ByteView path);
  template <class T, class... Args>
  NodePtr fresh(Args&&... args);

  const DatabaseReader* reader_;
  const std::optional<AddressHash>& account_;
  Paths& emptied_;
  std::uint32_t now_;
  std::size_t grown_ = 0;
};

/// Works out the references of all new nodes of `roots`, level by level from below, so that many are hashed
/// at once.
void hash_tries(std::span<const NodePtr> roots);

/// Puts what is new in the hashed trie under `root` into `batch` and erases what is gone. Empties `emptied`.
void store_trie(Batch& batch, const std::optional<AddressHash>& account, const NodePtr& root, Paths& emptied);

/// Unloads stored nodes that were last walked over before `since`; gives how many are left in memory.
std::size_t forget_unused(NodePtr& root, std::uint32_t since);

}  // namespace quarry::trie
