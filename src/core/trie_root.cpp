#include "core/trie_root.hpp"

#include <algorithm>

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

/// What a parent holds of a node: its RLP when short, else its hash.
void write_reference(rlp::Writer& to, const Bytes& node) {
  if (node.size() < 32)
    to.raw(node);
  else
    to.write(keccak256(node));
}

/// The RLP of the node over `entries`, whose keys agree in their first `depth` nibbles.
Bytes node_rlp(std::span<const Entry> entries, std::size_t depth) {
  rlp::Writer to;
  const auto mark = to.begin_list();
  const Bytes& key = entries.front().first;
  if (entries.size() == 1) {
    to.write(ByteView{hex_prefix(ByteView{key}.subspan(depth), true)})
        .write(ByteView{entries.front().second});
    to.end_list(mark);
    return to.take();
  }
  if (const std::size_t shared = shared_nibbles(entries, depth); shared > 0) {
    to.write(ByteView{hex_prefix(ByteView{key}.subspan(depth, shared), false)});
    write_reference(to, node_rlp(entries, depth + shared));
    to.end_list(mark);
    return to.take();
  }
  // A key that ends here comes first: its value is the branch's own.
  Bytes value;
  if (key.size() == depth) {
    value = entries.front().second;
    entries = entries.subspan(1);
  }
  for (std::uint8_t nibble = 0; nibble < 16; ++nibble) {
    const auto end = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& entry) { return entry.first[depth] != nibble; });
    const auto count = static_cast<std::size_t>(end - entries.begin());
    if (count == 0)
      to.write(ByteView{});
    else
      write_reference(to, node_rlp(entries.first(count), depth + 1));
    entries = entries.subspan(count);
    if (entries.empty()) {
      for (++nibble; nibble < 16; ++nibble) to.write(ByteView{});
      break;
    }
  }
  to.write(ByteView{value}).end_list(mark);
  return to.take();
}

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
  return RootHash{keccak256(node_rlp(entries, 0))};
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
