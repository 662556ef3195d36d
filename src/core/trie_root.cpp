#include "core/trie_root.hpp"

#include <algorithm>
#include <array>

#include "core/keccak.hpp"

namespace quarry {
namespace {
using Entry = std::pair<Bytes, Bytes>;  // nibbles, value

/// How many nibbles from `depth` on all entries share; sorted, so first and last decide.
std::size_t shared_nibbles(std::span<const Entry> entries, std::size_t depth) {
  const Bytes& first = entries.front().first;
  const Bytes& last = entries.back().first;
  std::size_t at = depth;
  while (at < first.size() && at < last.size() && first[at] == last[at]) ++at;
  return at - depth;
}

/// A node over entries whose keys agree in their first `depth` nibbles. Nodes are made first and hashed then,
/// all of a height at once, since many hashes together cost a third of one after the other.
struct Node {
  std::span<const Entry> entries;
  std::size_t depth = 0;
  std::size_t shared = 0;                    ///< nibbles of an extension; none: a leaf or a branch
  std::size_t height = 0;                    ///< over the lowest node below
  std::array<std::uint32_t, 16> children{};  ///< a branch's, by nibble; an extension's is the first. 0: none
  Bytes reference;  ///< what a parent holds: the node's RLP when short, else its hash as a string
};

class Tree {
 public:
  /// At least one entry, sorted.
  explicit Tree(std::span<const Entry> entries) : nodes_(1) { make(entries, 0); }

  Hash256 root() {
    std::vector<std::vector<std::uint32_t>> levels(nodes_[kRoot].height + 1);
    for (std::uint32_t i = kRoot; i < nodes_.size(); ++i) levels[nodes_[i].height].push_back(i);
    for (const auto& level : levels) finish(level);
    const Bytes& reference = nodes_[kRoot].reference;
    return reference.size() == kReference ? *Hash256::from(ByteView{reference}.subspan(1))
                                          : keccak256(reference);
  }

 private:
  static constexpr std::uint32_t kRoot = 1;  ///< the first is no node, so that 0 means none
  static constexpr std::size_t kReference = 33;

  std::uint32_t make(std::span<const Entry> entries, std::size_t depth) {
    const auto at = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({.entries = entries, .depth = depth});
    if (entries.size() == 1) return at;
    const std::size_t shared = shared_nibbles(entries, depth);
    nodes_[at].shared = shared;
    if (shared > 0) {
      adopt(at, 0, make(entries, depth + shared));
      return at;
    }
    // A key that ends here comes first: its value is the branch's own.
    if (entries.front().first.size() == depth) entries = entries.subspan(1);
    while (!entries.empty()) {
      const std::uint8_t nibble = entries.front().first[depth];
      const auto end = std::find_if(entries.begin(), entries.end(),
                                    [&](const Entry& entry) { return entry.first[depth] != nibble; });
      const auto count = static_cast<std::size_t>(end - entries.begin());
      adopt(at, nibble, make(entries.first(count), depth + 1));
      entries = entries.subspan(count);
    }
    return at;
  }

  void adopt(std::uint32_t parent, std::size_t place, std::uint32_t child) {
    nodes_[parent].children[place] = child;
    nodes_[parent].height = std::max(nodes_[parent].height, nodes_[child].height + 1);
  }

  Bytes encode(const Node& node) const {
    rlp::Writer to;
    const auto mark = to.begin_list();
    const ByteView key = node.entries.front().first;
    if (node.entries.size() == 1) {
      to.write(ByteView{hex_prefix(key.subspan(node.depth), true)})
          .write(ByteView{node.entries.front().second});
    } else if (node.shared > 0) {
      to.write(ByteView{hex_prefix(key.subspan(node.depth, node.shared), false)});
      to.raw(nodes_[node.children[0]].reference);
    } else {
      for (const std::uint32_t child : node.children) {
        if (child == 0)
          to.write(ByteView{});
        else
          to.raw(nodes_[child].reference);
      }
      to.write(key.size() == node.depth ? ByteView{node.entries.front().second} : ByteView{});
    }
    to.end_list(mark);
    return to.take();
  }

  /// Works out the references of the nodes of one height.
  void finish(std::span<const std::uint32_t> level) {
    std::vector<Bytes> encodings;
    std::vector<std::uint32_t> hashed;
    for (const std::uint32_t at : level) {
      Bytes rlp = encode(nodes_[at]);
      if (rlp.size() < 32) {
        nodes_[at].reference = std::move(rlp);
        continue;
      }
      hashed.push_back(at);
      encodings.push_back(std::move(rlp));
    }
    const std::vector<ByteView> inputs(encodings.begin(), encodings.end());
    std::vector<Hash256> hashes(inputs.size());
    keccak256_batch(inputs, hashes);
    for (std::size_t i = 0; i < hashed.size(); ++i)
      nodes_[hashed[i]].reference = rlp::encode(hashes[i].view());
  }

  std::vector<Node> nodes_;
};

Bytes to_nibbles(ByteView key) {
  Bytes out;
  out.reserve(key.size() * 2);
  for (std::uint8_t byte : key) {
    out.push_back(byte >> 4);
    out.push_back(byte & 15);
  }
  return out;
}

template <class T, class Encode>
RootHash root_of(const std::vector<T>& items, Encode encode) {
  std::vector<Bytes> values;
  values.reserve(items.size());
  for (const T& item : items) values.push_back(encode(item));
  return ordered_trie_root(values);
}
}  // namespace

Bytes hex_prefix(ByteView nibbles, bool is_leaf) {
  Bytes out;
  out.reserve(nibbles.size() / 2 + 1);
  const std::uint8_t flag = is_leaf ? 0x20 : 0;
  const bool odd = nibbles.size() % 2 != 0;
  out.push_back(odd ? flag | 0x10 | nibbles[0] : flag);
  for (std::size_t i = odd ? 1 : 0; i < nibbles.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(nibbles[i] << 4 | nibbles[i + 1]));
  return out;
}

RootHash trie_root(std::span<const Entry> sorted_entries) {
  if (sorted_entries.empty()) return kEmptyRoot;
  std::vector<Entry> entries;
  entries.reserve(sorted_entries.size());
  for (const auto& [key, value] : sorted_entries) entries.emplace_back(to_nibbles(key), value);
  return RootHash{Tree(entries).root()};
}

RootHash ordered_trie_root(std::span<const Bytes> values) {
  std::vector<Entry> entries;
  entries.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    entries.emplace_back(rlp::encode(std::uint64_t{i}), values[i]);
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.first < b.first; });
  return trie_root(entries);
}

RootHash transactions_root(const std::vector<Transaction>& transactions) {
  return root_of(transactions, encode_transaction);
}
RootHash receipts_root(const std::vector<Receipt>& receipts) {
  return root_of(receipts, encode_receipt);
}
RootHash withdrawals_root(const std::vector<Withdrawal>& withdrawals) {
  return root_of(withdrawals, [](const Withdrawal& one) {
    rlp::Writer to;
    const auto mark = to.begin_list();
    to.write(one.index).write(one.validator_index).write(one.address).write(one.amount_gwei).end_list(mark);
    return to.take();
  });
}
}  // namespace quarry
