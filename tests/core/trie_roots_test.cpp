// Roots of many lists at once against the definition, written down plainly.
#include "core/trie_roots.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "core/keccak.hpp"
#include "core/rlp.hpp"
#include "core/trie_root.hpp"

namespace quarry {
namespace {
using Entries = std::map<Bytes, Bytes>;  // nibbles left, value

Bytes node(const Entries& entries);

void put_reference(rlp::Writer& to, const Entries& entries) {
  if (entries.empty()) {
    to.write(ByteView{});
    return;
  }
  const Bytes rlp = node(entries);
  if (rlp.size() < 32)
    to.raw(rlp);
  else
    to.write(keccak256(rlp));
}

/// Yellow Paper, appendix D.
Bytes node(const Entries& entries) {
  rlp::Writer to;
  const auto mark = to.begin_list();
  const Bytes& first = entries.begin()->first;
  const Bytes& last = entries.rbegin()->first;
  const auto shared = static_cast<std::size_t>(
      std::mismatch(first.begin(), first.end(), last.begin(), last.end()).first - first.begin());
  if (entries.size() == 1) {
    to.write(ByteView{hex_prefix(first, true)}).write(ByteView{entries.begin()->second});
  } else if (shared > 0) {
    Entries rest;
    for (const auto& [key, value] : entries)
      rest[Bytes(key.begin() + static_cast<long>(shared), key.end())] = value;
    to.write(ByteView{hex_prefix(ByteView{first}.first(shared), false)});
    put_reference(to, rest);
  } else {
    std::array<Entries, 16> below;
    for (const auto& [key, value] : entries)
      if (!key.empty()) below[key[0]][Bytes(key.begin() + 1, key.end())] = value;
    for (const Entries& each : below) put_reference(to, each);
    to.write(first.empty() ? ByteView{entries.begin()->second} : ByteView{});
  }
  to.end_list(mark);
  return to.take();
}

RootHash plain_root(const std::vector<Bytes>& values) {
  Entries entries;
  for (std::size_t i = 0; i < values.size(); ++i) {
    Bytes key;
    for (const std::uint8_t byte : rlp::encode(std::uint64_t{i})) {
      key.push_back(byte >> 4);
      key.push_back(byte & 15);
    }
    entries[key] = values[i];
  }
  return RootHash{keccak256(entries.empty() ? Bytes{0x80} : node(entries))};
}

Bytes some_bytes(std::mt19937& random, std::size_t most) {
  Bytes out(1 + random() % most);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
  return out;
}
}  // namespace

TEST(TrieRoots, ManyListsHaveTheRootsThatTheyHaveAlone) {
  std::mt19937 random(3);
  std::vector<std::vector<Bytes>> lists;
  for (const std::size_t size :
       {0, 1, 2, 3, 15, 16, 17, 18, 127, 128, 129, 130, 255, 256, 257, 300, 700, 0, 25})
    for (const std::size_t most : {2, 40, 300}) {
      auto& list = lists.emplace_back();
      for (std::size_t i = 0; i < size; ++i) list.push_back(some_bytes(random, most));
    }
  TrieRoots together;
  std::vector<std::vector<ByteView>> views;
  for (const auto& list : lists) views.emplace_back(list.begin(), list.end());
  for (const auto& each : views) together.add_list(each);
  const auto roots = together.finish();
  ASSERT_EQ(roots.size(), lists.size());
  for (std::size_t i = 0; i < lists.size(); ++i) {
    EXPECT_EQ(roots[i], plain_root(lists[i])) << "a list of " << lists[i].size();
    EXPECT_EQ(roots[i], ordered_trie_root(lists[i]));
  }
  EXPECT_TRUE(together.finish().empty());
}

TEST(TrieRoots, KeysOfAnyFormHaveTheDefinedRoot) {
  std::mt19937 random(4);
  for (int round = 0; round < 50; ++round) {
    std::map<Bytes, Bytes> sorted;
    for (int i = 0; i < 40; ++i) sorted[some_bytes(random, 3)] = some_bytes(random, 50);
    Entries nibbles;
    for (const auto& [key, value] : sorted) {
      Bytes path;
      for (const std::uint8_t byte : key) {
        path.push_back(byte >> 4);
        path.push_back(byte & 15);
      }
      nibbles[path] = value;
    }
    const std::vector<std::pair<Bytes, Bytes>> entries(sorted.begin(), sorted.end());
    EXPECT_EQ(trie_root(entries), RootHash{keccak256(node(nibbles))});
  }
}

}  // namespace quarry
