#include "core/trie_root.hpp"

#include "core/trie_roots.hpp"

namespace quarry {
namespace {
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

RootHash trie_root(std::span<const std::pair<Bytes, Bytes>> sorted_entries) {
  TrieRoots roots;
  roots.add(sorted_entries);
  return roots.finish().front();
}

RootHash ordered_trie_root(std::span<const Bytes> values) {
  const std::vector<ByteView> views(values.begin(), values.end());
  TrieRoots roots;
  roots.add_list(views);
  return roots.finish().front();
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
