#include "storage/trie_node.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "core/rlp.hpp"
#include "core/trie_root.hpp"

namespace quarry::trie {
namespace {

/// A node in a node of 31 bytes in a node of 31 bytes …: each takes at least three.
constexpr int kMostEmbedding = 12;

/// Bytes of a branch with sixteen hashes; a list's prefix has three at most here, and a hash one of its own.
constexpr std::size_t kMostBranchBytes = 3 + 16 * 33 + 1;
constexpr std::uint8_t kEmptyString = 0x80, kListBase = 0xc0;

/// Appends the prefix of a list whose items have so many bytes (Yellow Paper, appendix B).
void append_list_prefix(Bytes& to, std::size_t payload) {
  if (payload < 56) return to.push_back(static_cast<std::uint8_t>(kListBase + payload));
  append(to, rlp::list_prefix(payload));
}

/// A child in its parent: its hash as a string, or itself. Gives the place after it.
std::uint8_t* put_reference(std::uint8_t* to, const Node& child) {
  QUARRY_CHECK(child.referenced);
  if (!child.embedded()) *to++ = kEmptyString + 32;
  return std::copy_n(child.reference.data(), child.reference_size, to);
}

void encode_branch(Bytes& to, const Branch& branch) {
  std::array<std::uint8_t, kMostBranchBytes> items;
  std::uint8_t* end = items.data();
  for (const NodePtr& child : branch.children) {
    if (child)
      end = put_reference(end, *child);
    else
      *end++ = kEmptyString;
  }
  *end++ = kEmptyString;  // no value
  const ByteView payload{items.data(), static_cast<std::size_t>(end - items.data())};
  append_list_prefix(to, payload.size());
  append(to, payload);
}

/// Hex-prefix encoding (appendix C); a path has 64 nibbles at most.
struct HexPrefix {
  std::array<std::uint8_t, 33> bytes;
  std::size_t size = 0;
  HexPrefix(ByteView nibbles, bool is_leaf) {
    QUARRY_CHECK(nibbles.size() <= 64);
    const bool odd = nibbles.size() % 2 != 0;
    const std::uint8_t flag = is_leaf ? 0x20 : 0;
    bytes[size++] = odd ? flag | 0x10 | nibbles[0] : flag;
    for (std::size_t i = odd ? 1 : 0; i < nibbles.size(); i += 2)
      bytes[size++] = static_cast<std::uint8_t>(nibbles[i] << 4 | nibbles[i + 1]);
  }
  ByteView view() const { return {bytes.data(), size}; }
};

void encode_short(Bytes& to, ByteView path, bool is_leaf, ByteView value, const Node* child) {
  Bytes items;
  items.reserve(36 + value.size() + 36);
  rlp::Writer writer(items);
  writer.write(HexPrefix(path, is_leaf).view());
  if (child == nullptr) {
    writer.write(value);
  } else {
    std::array<std::uint8_t, 33> reference;
    const auto* end = put_reference(reference.data(), *child);
    writer.raw({reference.data(), static_cast<std::size_t>(end - reference.data())});
  }
  append_list_prefix(to, items.size());
  append(to, items);
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

void encode_to(Bytes& to, const Node& node) {
  switch (node.kind) {
    case Kind::unloaded:
      QUARRY_CHECK(node.kind != Kind::unloaded);
      break;
    case Kind::leaf: {
      const auto& leaf = static_cast<const Leaf&>(node);
      return encode_short(to, leaf.path, true, leaf.value, nullptr);
    }
    case Kind::extension: {
      const auto& extension = static_cast<const Extension&>(node);
      return encode_short(to, extension.path, false, {}, &*extension.child);
    }
    case Kind::branch:
      return encode_branch(to, static_cast<const Branch&>(node));
  }
}

Bytes encode(const Node& node) {
  Bytes out;
  encode_to(out, node);
  return out;
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
