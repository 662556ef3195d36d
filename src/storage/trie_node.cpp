#include "storage/trie_node.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "core/rlp.hpp"
#include "core/trie_root.hpp"

namespace quarry::trie {
namespace {

void destroy(Node* node) {
  switch (node->kind) {
    case Kind::unloaded:
      delete static_cast<Unloaded*>(node);
      break;
    case Kind::leaf:
      delete static_cast<Leaf*>(node);
      break;
    case Kind::extension:
      delete static_cast<Extension*>(node);
      break;
    case Kind::branch:
      delete static_cast<Branch*>(node);
      break;
  }
}

/// A node in a node of 31 bytes in a node of 31 bytes …: each takes at least three.
constexpr int kMostEmbedding = 12;

void write_reference(rlp::Writer& to, const Node& child) {
  QUARRY_CHECK(child.referenced);
  if (child.embedded())
    to.raw(child.reference_view());
  else
    to.write(child.reference_view());
}

struct ShortPath {
  Bytes nibbles;
  bool is_leaf;
};

/// Undoes hex_prefix (appendix C); only its own forms are taken.
std::optional<ShortPath> read_hex_prefix(ByteView text) {
  if (text.empty() || text[0] > 0x3f) return std::nullopt;
  const bool odd = (text[0] & 0x10) != 0;
  if (!odd && (text[0] & 0x0f) != 0) return std::nullopt;
  ShortPath out{{}, (text[0] & 0x20) != 0};
  if (odd) out.nibbles.push_back(text[0] & 0x0f);
  for (const std::uint8_t byte : text.subspan(1)) {
    out.nibbles.push_back(byte >> 4);
    out.nibbles.push_back(byte & 15);
  }
  return out;
}

std::optional<NodePtr> decode_at(ByteView rlp, int depth);

/// A child in its parent: nothing, a hash, or the node itself.
std::optional<NodePtr> decode_child(const rlp::Item& item, int depth) {
  if (item.is_list) return item.raw.size() < 32 ? decode_at(item.raw, depth + 1) : std::nullopt;
  if (item.payload.empty()) return NodePtr{};
  const auto hash = Hash256::from(item.payload);
  if (!hash) return std::nullopt;
  return make<Unloaded>(*hash);
}

std::optional<NodePtr> decode_short(const std::array<rlp::Item, 17>& items, int depth) {
  if (items[0].is_list) return std::nullopt;
  const auto path = read_hex_prefix(items[0].payload);
  if (!path) return std::nullopt;
  if (path->is_leaf) {
    if (items[1].is_list || items[1].payload.empty()) return std::nullopt;
    return make<Leaf>(path->nibbles, to_bytes(items[1].payload));
  }
  auto child = decode_child(items[1], depth);
  if (!child || !*child || path->nibbles.empty()) return std::nullopt;
  return make<Extension>(path->nibbles, *std::move(child));
}

std::optional<NodePtr> decode_branch(const std::array<rlp::Item, 17>& items, int depth) {
  if (items[16].is_list || !items[16].payload.empty()) return std::nullopt;
  NodePtr out = make<Branch>();
  for (std::size_t i = 0; i < 16; ++i) {
    auto child = decode_child(items[i], depth);
    if (!child) return std::nullopt;
    static_cast<Branch&>(*out).children[i] = *std::move(child);
  }
  return out;
}

std::optional<NodePtr> decode_at(ByteView rlp, int depth) {
  if (depth > kMostEmbedding) return std::nullopt;
  auto list = rlp::decode_list(rlp);
  if (!list) return std::nullopt;
  std::array<rlp::Item, 17> items;
  std::size_t count = 0;
  for (; !list->at_end(); ++count) {
    auto item = list->next();
    if (!item || count == items.size()) return std::nullopt;
    items[count] = *item;
  }
  std::optional<NodePtr> out;
  if (count == 2) out = decode_short(items, depth);
  if (count == 17) out = decode_branch(items, depth);
  if (!out) return std::nullopt;
  Node& node = **out;
  node.stored = true;
  if (rlp.size() < 32) {
    std::copy(rlp.begin(), rlp.end(), node.reference.begin());
    node.reference_size = static_cast<std::uint8_t>(rlp.size());
    node.referenced = true;
  }
  return out;
}

}  // namespace

NodePtr::NodePtr(Node* node) : node_(node) {
  ++node_->owners;
}
NodePtr::NodePtr(const NodePtr& other) : node_(other.node_) {
  if (node_ != nullptr) ++node_->owners;
}
NodePtr::~NodePtr() {
  if (node_ != nullptr && --node_->owners == 0) destroy(node_);
}

Bytes encode(const Node& node) {
  rlp::Writer to;
  const auto mark = to.begin_list();
  switch (node.kind) {
    case Kind::unloaded:
      QUARRY_CHECK(node.kind != Kind::unloaded);
      break;
    case Kind::leaf: {
      const auto& leaf = static_cast<const Leaf&>(node);
      to.write(ByteView{hex_prefix(leaf.path, true)}).write(ByteView{leaf.value});
      break;
    }
    case Kind::extension: {
      const auto& extension = static_cast<const Extension&>(node);
      to.write(ByteView{hex_prefix(extension.path, false)});
      write_reference(to, *extension.child);
      break;
    }
    case Kind::branch: {
      for (const NodePtr& child : static_cast<const Branch&>(node).children) {
        if (child)
          write_reference(to, *child);
        else
          to.write(ByteView{});
      }
      to.write(ByteView{});
      break;
    }
  }
  to.end_list(mark);
  return to.take();
}

std::optional<NodePtr> decode(ByteView rlp) {
  return decode_at(rlp, 0);
}

Bytes to_nibbles(ByteView key) {
  Bytes out;
  out.reserve(key.size() * 2);
  for (const std::uint8_t byte : key) {
    out.push_back(byte >> 4);
    out.push_back(byte & 15);
  }
  return out;
}

}  // namespace quarry::trie
