#pragma once
/// \file
/// Roots of many tries at once, each built from all its entries (Yellow Paper, appendix D). Nodes are made
/// first and hashed then, those of one height of all tries together: many hashes in SIMD lanes cost a fifth
/// of one after the other.

#include <array>
#include <span>
#include <utility>
#include <vector>

#include "core/bytes.hpp"
#include "core/fixed_bytes.hpp"

namespace quarry {

class TrieRoots {
 public:
  /// A list's trie: keys are the RLP of the index (0, 1, …). The values' bytes live until finish().
  void add_list(std::span<const ByteView> values);
  /// A trie over entries sorted by key, keys unique.
  void add(std::span<const std::pair<Bytes, Bytes>> sorted_entries);
  /// A root for each that was added, in that order; then none is.
  std::vector<RootHash> finish();

 private:
  struct Entry {
    std::size_t key;     ///< where its nibbles begin in nibbles_
    std::size_t length;  ///< how many
    ByteView value;
  };
  struct Node {
    std::uint32_t first, count;                ///< entries
    std::uint32_t depth;                       ///< nibbles that they share with all above
    std::uint32_t shared = 0;                  ///< nibbles of an extension; none: a leaf or a branch
    std::uint32_t height = 0;                  ///< over the lowest node below
    std::array<std::uint32_t, 16> children{};  ///< place + 1; an extension's is the first. 0: none
    std::uint8_t size = 0;                     ///< of the reference
    std::array<std::uint8_t, 33> reference{};  ///< what a parent holds: the RLP when short, or its hash's
    ByteView held() const { return {reference.data(), size}; }
  };

  void put(ByteView key, ByteView value);
  void close(std::size_t first_entry);
  std::uint32_t make(std::uint32_t first, std::uint32_t count, std::uint32_t depth);
  void adopt(std::uint32_t parent, std::size_t place, std::uint32_t child);
  std::uint32_t shared_nibbles(const Node& node) const;
  ByteView key_of(const Node& node) const;
  void encode(const Node& node);
  void hash_level(std::span<const std::uint32_t> level);

  std::vector<std::uint8_t> nibbles_;  ///< of all keys, one a byte
  std::vector<Entry> entries_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> roots_;  ///< places in nodes_; kNoNode: an empty trie
  Bytes encoded_;                     ///< the nodes of one level, one after the other
};

}  // namespace quarry
