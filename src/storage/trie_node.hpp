#pragma once
/// \file
/// Nodes of a Merkle-Patricia trie in memory (Yellow Paper, appendix D), as a tree whose parts are shared
/// between versions: changing one leaf makes new nodes from it up to the root and leaves the others alone,
/// so the trie before a block stays at hand while the block is tried. Private to storage.
///
/// Everything here belongs to one thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <utility>

#include "core/bytes.hpp"
#include "core/fixed_bytes.hpp"

namespace quarry::trie {

struct Node;

/// Counts the owners of a node. Not thread-safe, and so much cheaper than shared_ptr where a branch's
/// sixteen children are copied.
class NodePtr {
 public:
  NodePtr() = default;
  explicit inline NodePtr(Node* node);
  inline NodePtr(const NodePtr& other);
  NodePtr(NodePtr&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  NodePtr& operator=(NodePtr other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  inline ~NodePtr();

  Node* operator->() const { return node_; }
  Node& operator*() const { return *node_; }
  explicit operator bool() const { return node_ != nullptr; }
  friend bool operator==(const NodePtr& a, const NodePtr& b) { return a.node_ == b.node_; }

 private:
  Node* node_ = nullptr;
};

enum class Kind : std::uint8_t {
  unloaded,   ///< known by its hash only: its bytes are in the node table
  leaf,       ///< the rest of the key, and the value
  extension,  ///< nibbles that all keys below share, and one child
  branch,     ///< sixteen children, at least two of them there; no value: no key is a prefix of another
};

struct Node {
  const Kind kind;
  /// `reference` is worked out.
  bool referenced = false;
  /// In the node table as it stands here (or inside its parent there).
  bool stored = false;
  /// 32 for a hash; less for a node so short that it stands inside its parent.
  std::uint8_t reference_size = 0;
  std::uint32_t owners = 0;
  /// When it was last walked over; see forget_unused.
  std::uint32_t used = 0;
  std::array<std::uint8_t, 32> reference;

  ByteView reference_view() const { return {reference.data(), reference_size}; }
  bool embedded() const { return referenced && reference_size < 32; }

 protected:
  explicit Node(Kind what) : kind(what) {}
};

/// Nodes come and go by the hundred a block: those of a kind that go are kept for those that come, a thread's
/// own.
template <class T>
class Pooled {
 public:
  static void* operator new(std::size_t size) {
    Free& free = free_nodes();
    if (free.first == nullptr) return ::operator new(size);
    --free.count;
    return std::exchange(free.first, free.first->next);
  }
  static void operator delete(void* memory) {
    Free& free = free_nodes();
    if (free.count >= kMostFree) return ::operator delete(memory);
    ++free.count;
    free.first = new (memory) Link{free.first};
  }

 private:
  /// Some hundred bytes each.
  static constexpr std::size_t kMostFree = 4096;
  struct Link {
    Link* next;
  };
  struct Free {
    Link* first = nullptr;
    std::size_t count = 0;
    ~Free() {
      while (first != nullptr) ::operator delete(std::exchange(first, first->next));
      count = kMostFree;  // what is destroyed later still, with the thread, goes at once
    }
  };
  static Free& free_nodes() {
    thread_local Free free;
    return free;
  }
};

struct Unloaded : Node, Pooled<Unloaded> {
  explicit Unloaded(const Hash256& hash) : Node(Kind::unloaded) {
    reference = hash.bytes;
    reference_size = 32;
    referenced = stored = true;
  }
};
struct Leaf : Node, Pooled<Leaf> {
  Leaf(ByteView rest, Bytes what) : Node(Kind::leaf), path(to_bytes(rest)), value(std::move(what)) {}
  const Bytes path;  ///< nibbles, one a byte
  Bytes value;
};
struct Extension : Node {
  Extension(ByteView shared, NodePtr below)
      : Node(Kind::extension), path(to_bytes(shared)), child(std::move(below)) {}
  const Bytes path;
  NodePtr child;
};
struct Branch : Node, Pooled<Branch> {
  Branch() : Node(Kind::branch) {}
  std::array<NodePtr, 16> children;
};

/// Calls visit(child, nibbles) for each child of an extension or a branch, with the nibbles that lead to it.
template <class Visit>
void for_each_child(const Node& node, const Visit& visit) {
  if (node.kind == Kind::extension) {
    const auto& extension = static_cast<const Extension&>(node);
    visit(extension.child, ByteView{extension.path});
  } else if (node.kind == Kind::branch) {
    const auto& children = static_cast<const Branch&>(node).children;
    for (std::uint8_t nibble = 0; nibble < 16; ++nibble)
      if (children[nibble]) visit(children[nibble], ByteView{&nibble, 1});
  }
}

/// Frees a node that nobody owns any more.
void destroy(Node* node);

inline NodePtr::NodePtr(Node* node) : node_(node) {
  ++node_->owners;
}
inline NodePtr::NodePtr(const NodePtr& other) : node_(other.node_) {
  if (node_ != nullptr) ++node_->owners;
}
inline NodePtr::~NodePtr() {
  if (node_ != nullptr && --node_->owners == 0) destroy(node_);
}

template <class T, class... Args>
NodePtr make(Args&&... args) {
  return NodePtr(new T(std::forward<Args>(args)...));
}

/// The node's RLP; every child's reference is worked out.
Bytes encode(const Node& node);
/// The same, appended to `to`.
void encode_to(Bytes& to, const Node& node);
/// Reads a node that was stored. Children inside it are decoded, others unloaded. Nothing when it is not
/// well-formed or is nested deeper than a trie can be.
std::optional<NodePtr> decode(ByteView rlp);

/// The nibbles of a key, one a byte.
Bytes to_nibbles(ByteView key);

}  // namespace quarry::trie
