#include "core/trie_roots.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "core/header.hpp"
#include "core/keccak.hpp"
#include "core/rlp.hpp"

namespace quarry {
namespace {
constexpr std::uint32_t kNoNode = ~std::uint32_t{0};
constexpr std::uint8_t kEmptyString = 0x80;
constexpr std::size_t kLongForm = 56;  // payloads from this size on say how long their length is

std::size_t string_size(ByteView text) {
  return text.size() == 1 && text[0] < kEmptyString ? 1 : rlp::size_with_prefix(text.size());
}

/// The prefix of a list (`base` 0xc0) or a string (0x80).
void put_prefix(Bytes& to, std::uint8_t base, std::size_t length) {
  if (length < kLongForm) return to.push_back(static_cast<std::uint8_t>(base + length));
  std::uint8_t digits = 0;
  for (std::size_t rest = length; rest > 0; rest >>= 8) ++digits;
  to.push_back(static_cast<std::uint8_t>(base + kLongForm - 1 + digits));
  for (int shift = 8 * (digits - 1); shift >= 0; shift -= 8)
    to.push_back(static_cast<std::uint8_t>(length >> shift));
}

void put_string(Bytes& to, ByteView text) {
  if (text.size() != 1 || text[0] >= kEmptyString) put_prefix(to, kEmptyString, text.size());
  append(to, text);
}

/// A path in hex-prefix form (appendix C).
struct HexPrefix {
  static constexpr std::size_t kMostNibbles = 126;  // keys of ours have 64 at most
  std::array<std::uint8_t, kMostNibbles / 2 + 1> bytes;
  std::size_t size = 0;
  HexPrefix(ByteView nibbles, bool is_leaf) {
    QUARRY_CHECK(nibbles.size() <= kMostNibbles);
    const std::uint8_t flag = is_leaf ? 0x20 : 0;
    const bool odd = nibbles.size() % 2 != 0;
    bytes[size++] = odd ? flag | 0x10 | nibbles[0] : flag;
    for (std::size_t i = odd ? 1 : 0; i < nibbles.size(); i += 2)
      bytes[size++] = static_cast<std::uint8_t>(nibbles[i] << 4 | nibbles[i + 1]);
  }
  ByteView view() const { return {bytes.data(), size}; }
};
}  // namespace

void TrieRoots::put(ByteView key, ByteView value) {
  entries_.push_back({nibbles_.size(), key.size() * 2, value});
  for (const std::uint8_t byte : key) {
    nibbles_.push_back(byte >> 4);
    nibbles_.push_back(byte & 15);
  }
}

void TrieRoots::close(std::size_t first_entry) {
  const auto first = static_cast<std::uint32_t>(first_entry);
  const auto count = static_cast<std::uint32_t>(entries_.size() - first_entry);
  roots_.push_back(count == 0 ? kNoNode : make(first, count, 0));
}

void TrieRoots::add(std::span<const std::pair<Bytes, Bytes>> sorted_entries) {
  const std::size_t first = entries_.size();
  for (const auto& [key, value] : sorted_entries) put(key, value);
  close(first);
}

void TrieRoots::add_list(std::span<const ByteView> values) {
  const std::size_t first = entries_.size();
  const auto put_index = [&](std::size_t index) {
    std::array<std::uint8_t, 9> key;
    std::size_t size = 0;
    if (index == 0) {
      key[size++] = kEmptyString;
    } else if (index < kEmptyString) {
      key[size++] = static_cast<std::uint8_t>(index);
    } else {
      std::uint8_t digits = 0;
      for (std::size_t rest = index; rest > 0; rest >>= 8) ++digits;
      key[size++] = static_cast<std::uint8_t>(kEmptyString + digits);
      for (int shift = 8 * (digits - 1); shift >= 0; shift -= 8)
        key[size++] = static_cast<std::uint8_t>(index >> shift);
    }
    put({key.data(), size}, values[index]);
  };
  // In the order of the keys: an index of one byte is its own RLP, and 0 is the empty string.
  for (std::size_t i = 1; i < std::min<std::size_t>(values.size(), kEmptyString); ++i) put_index(i);
  if (!values.empty()) put_index(0);
  for (std::size_t i = kEmptyString; i < values.size(); ++i) put_index(i);
  close(first);
}

ByteView TrieRoots::key_of(const Node& node) const {
  const Entry& entry = entries_[node.first];
  return {nibbles_.data() + entry.key, entry.length};
}

/// How many nibbles from the node's depth on all its entries share; sorted, so first and last decide.
std::uint32_t TrieRoots::shared_nibbles(const Node& node) const {
  const Entry& a = entries_[node.first];
  const Entry& b = entries_[node.first + node.count - 1];
  std::uint32_t at = node.depth;
  while (at < a.length && at < b.length && nibbles_[a.key + at] == nibbles_[b.key + at]) ++at;
  return at - node.depth;
}

void TrieRoots::adopt(std::uint32_t parent, std::size_t place, std::uint32_t child) {
  nodes_[parent].children[place] = child + 1;
  nodes_[parent].height = std::max(nodes_[parent].height, nodes_[child].height + 1);
}

std::uint32_t TrieRoots::make(std::uint32_t first, std::uint32_t count, std::uint32_t depth) {
  const auto at = static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back({.first = first, .count = count, .depth = depth});
  if (count == 1) return at;
  if (const std::uint32_t shared = shared_nibbles(nodes_[at]); shared > 0) {
    nodes_[at].shared = shared;
    adopt(at, 0, make(first, count, depth + shared));
    return at;
  }
  const std::uint32_t end = first + count;
  // A key that ends here comes first: its value is the branch's own.
  if (entries_[first].length == depth) ++first;
  const auto nibble_of = [&](std::uint32_t entry) { return nibbles_[entries_[entry].key + depth]; };
  while (first < end) {
    const std::uint8_t nibble = nibble_of(first);
    std::uint32_t next = first + 1;
    while (next < end && nibble_of(next) == nibble) ++next;
    adopt(at, nibble, make(first, next - first, depth + 1));
    first = next;
  }
  return at;
}

void TrieRoots::encode(const Node& node) {
  const ByteView key = key_of(node);
  const ByteView value = entries_[node.first].value;
  if (node.count == 1 || node.shared > 0) {
    const bool leaf = node.count == 1;
    const HexPrefix path(leaf ? key.subspan(node.depth) : key.subspan(node.depth, node.shared), leaf);
    const ByteView below = leaf ? value : nodes_[node.children[0] - 1].held();
    put_prefix(encoded_, 0xc0, string_size(path.view()) + (leaf ? string_size(below) : below.size()));
    put_string(encoded_, path.view());
    if (leaf)
      put_string(encoded_, below);
    else
      append(encoded_, below);
    return;
  }
  const ByteView own = key.size() == node.depth ? value : ByteView{};
  std::size_t length = string_size(own);
  for (const std::uint32_t child : node.children) length += child == 0 ? 1 : nodes_[child - 1].size;
  put_prefix(encoded_, 0xc0, length);
  for (const std::uint32_t child : node.children) {
    if (child == 0)
      encoded_.push_back(kEmptyString);
    else
      append(encoded_, nodes_[child - 1].held());
  }
  put_string(encoded_, own);
}

/// Works out the references of nodes of one height.
void TrieRoots::hash_level(std::span<const std::uint32_t> level) {
  std::vector<std::size_t> ends;
  ends.reserve(level.size());
  encoded_.clear();
  for (const std::uint32_t at : level) {
    encode(nodes_[at]);
    ends.push_back(encoded_.size());
  }
  std::vector<ByteView> inputs;
  inputs.reserve(level.size());
  for (std::size_t i = 0, begin = 0; i < ends.size(); begin = ends[i++])
    inputs.push_back(ByteView{encoded_}.subspan(begin, ends[i] - begin));
  std::vector<Hash256> hashes(inputs.size());
  keccak256_batch(inputs, hashes);
  for (std::size_t i = 0; i < level.size(); ++i) {
    Node& node = nodes_[level[i]];
    if (inputs[i].size() < hashes[i].bytes.size()) {
      std::copy(inputs[i].begin(), inputs[i].end(), node.reference.begin());
      node.size = static_cast<std::uint8_t>(inputs[i].size());
    } else {
      node.reference[0] = kEmptyString + 32;
      std::copy(hashes[i].begin(), hashes[i].end(), node.reference.begin() + 1);
      node.size = 33;
    }
  }
}

std::vector<RootHash> TrieRoots::finish() {
  std::vector<std::vector<std::uint32_t>> levels;
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].height >= levels.size()) levels.resize(nodes_[i].height + 1);
    levels[nodes_[i].height].push_back(i);
  }
  // Encodings of a level are kept until they are hashed: not of arbitrarily many nodes.
  constexpr std::size_t kMostAtOnce = 1024;
  for (const auto& level : levels)
    for (std::size_t at = 0; at < level.size(); at += kMostAtOnce)
      hash_level(std::span(level).subspan(at, std::min(kMostAtOnce, level.size() - at)));
  std::vector<RootHash> out;
  for (const std::uint32_t root : roots_) {
    if (root == kNoNode)
      out.push_back(kEmptyRoot);
    else if (const Node& node = nodes_[root]; node.size == 33)
      out.emplace_back(*Hash256::from(node.held().subspan(1)));
    else
      out.emplace_back(keccak256(node.held()));
  }
  nibbles_.clear(), entries_.clear(), nodes_.clear(), roots_.clear();
  return out;
}

}  // namespace quarry
