// Tries by path against published vectors and against tries built at once.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "state_model.hpp"
#include "storage/trie_edit.hpp"

using namespace quarry;
using namespace quarry::test;

namespace {

/// One trie over a database's node table, changed by batches.
class StoredTrie {
 public:
  explicit StoredTrie(Database& database) : database_(database) {}

  RootHash update(const std::map<Bytes, Bytes>& changes) {
    std::vector<Bytes> keys;
    for (const auto& [key, value] : changes) keys.push_back(trie::to_nibbles(key));
    std::vector<trie::Change> list;
    std::size_t next = 0;
    for (const auto& [key, value] : changes) list.push_back({keys[next++], value});
    const std::optional<AddressHash> none;
    root_ = trie::Editor(&database_, none, emptied_, ++now_).update(root_, list);
    trie::hash_tries({&root_, 1});
    return trie::root_hash(root_);
  }
  /// Puts the trie on disk and forgets it, so that it is read back.
  void store() {
    Batch batch;
    trie::store_trie(batch, std::nullopt, root_, emptied_);
    ASSERT_TRUE(database_.commit(std::move(batch)));
    root_ = trie::root_node(trie::root_hash(root_));
  }

 private:
  Database& database_;
  trie::NodePtr root_;
  trie::Paths emptied_;
  std::uint32_t now_ = 0;
};

std::size_t rows(const Database& database) {
  return dump(database, {Table::node}).size();
}

Bytes text_or_hex(const std::string& text) {
  return text.starts_with("0x") ? *from_hex(text) : to_bytes(as_bytes(text));
}

struct Step {
  Bytes key;
  Bytes value;  ///< empty: remove
};

std::vector<Step> steps_of(const nlohmann::json& in) {
  std::vector<Step> out;
  const auto add = [&](const std::string& key, const nlohmann::json& value) {
    out.push_back({text_or_hex(key), value.is_null() ? Bytes{} : text_or_hex(value.get<std::string>())});
  };
  if (in.is_object())
    for (const auto& [key, value] : in.items()) add(key, value);
  else
    for (const auto& pair : in) add(pair[0].get<std::string>(), pair[1]);
  return out;
}

/// Keys hashed first, as the state's tries have them.
void run_secure(const std::string& file, int orders) {
  const auto path = unpacked("ethereum-tests.tar.xz") / "TrieTests" / file;
  QUARRY_NEEDS_FIXTURE(path);
  const auto cases = nlohmann::json::parse(read_file(path));
  ASSERT_FALSE(cases.empty());
  TempDir folder;
  const auto database = open_database(folder.path());
  std::mt19937 random(1);
  for (const auto& [name, one] : cases.items()) {
    auto steps = steps_of(one["in"]);
    for (auto& step : steps) step.key = to_bytes(keccak256(step.key));
    for (int order = 0; order < orders; ++order) {
      StoredTrie trie(*database);
      RootHash root;
      for (const Step& step : steps) {
        root = trie.update({{step.key, step.value}});
        if (random() % 2 == 0) trie.store();
      }
      EXPECT_EQ(root.hex(), one["root"].get<std::string>()) << name << ", order " << order;
      std::map<Bytes, Bytes> none;
      for (const Step& step : steps) none[step.key] = {};
      EXPECT_EQ(trie.update(none), kEmptyRoot);
      trie.store();
      EXPECT_EQ(rows(*database), 0u) << name;
      std::shuffle(steps.begin(), steps.end(), random);
    }
  }
}

}  // namespace

TEST(TrieVectors, HexEncodedSecure) {
  run_secure("hex_encoded_securetrie_test.json", 1);
}
TEST(TrieVectors, AnyOrderSecure) {
  run_secure("trieanyorder_secureTrie.json", 20);
}

/// The cases with keys of one length: the state has no others. (In the rest a key is another's prefix.)
TEST(TrieVectors, PlainKeysOfOneLength) {
  const auto path = unpacked("ethereum-tests.tar.xz") / "TrieTests" / "trietest.json";
  QUARRY_NEEDS_FIXTURE(path);
  TempDir folder;
  const auto database = open_database(folder.path());
  int ran = 0;
  const auto cases = nlohmann::json::parse(read_file(path));
  for (const auto& [name, one] : cases.items()) {
    const auto steps = steps_of(one["in"]);
    const auto same_length = [&](const Step& step) { return step.key.size() == steps[0].key.size(); };
    if (!std::all_of(steps.begin(), steps.end(), same_length)) continue;
    StoredTrie trie(*database);
    RootHash root;
    for (const Step& step : steps) {
      root = trie.update({{step.key, step.value}});
      trie.store();
    }
    EXPECT_EQ(root.hex(), one["root"].get<std::string>()) << name;
    ++ran;
  }
  EXPECT_GT(ran, 0);
}

/// Short keys and values: nodes stand inside their parents, grow out of them and shrink back.
TEST(Trie, RandomChangesAgreeWithTriesBuiltAtOnce) {
  for (const std::size_t key_size : {1u, 2u, 32u}) {
    TempDir folder;
    const auto database = open_database(folder.path());
    StoredTrie trie(*database);
    std::map<Bytes, Bytes> model;
    std::mt19937_64 random(key_size);
    for (int round = 0; round < 400; ++round) {
      std::map<Bytes, Bytes> changes;
      for (auto left = random() % (round % 20 == 0 ? 60 : 6); left > 0; --left) {
        Bytes key(key_size, static_cast<std::uint8_t>(random() % 4));
        key.back() = static_cast<std::uint8_t>(random() % 64);
        if (key_size == 32) key[random() % 3] = static_cast<std::uint8_t>(random() % 20);
        const bool remove = random() % (round / 100 % 2 == 0 ? 4 : 2) == 0;
        changes[key] = remove ? Bytes{} : Bytes(random() % (random() % 5 == 0 ? 60 : 3) + 1, 7);
      }
      for (const auto& [key, value] : changes) {
        if (value.empty())
          model.erase(key);
        else
          model[key] = value;
      }
      ASSERT_EQ(trie.update(changes), root_of({model.begin(), model.end()})) << key_size << " " << round;
      if (random() % 3 == 0) trie.store();
    }
    std::map<Bytes, Bytes> none;
    for (const auto& [key, value] : model) none[key] = {};
    EXPECT_EQ(trie.update(none), kEmptyRoot);
    trie.store();
    EXPECT_EQ(rows(*database), 0u) << "rows left behind, keys of " << key_size;
  }
}

TEST(TrieNode, WhatIsNoNodeIsRefused) {
  const auto refused = [](const std::string& hex) { return !trie::decode(*from_hex(hex)).has_value(); };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("80"));
  EXPECT_TRUE(refused("c0"));
  EXPECT_FALSE(refused("c22001"));  // a leaf with an empty path and the value 01
  EXPECT_TRUE(refused("c22080"));   // a leaf without a value
  EXPECT_TRUE(refused("c24001"));   // no such prefix
  EXPECT_TRUE(refused("c20101"));   // padding that is not zero
  EXPECT_TRUE(refused("c21180"));   // an extension to nothing
  Bytes deep = *from_hex("c22001");
  for (int i = 0; i < 40; ++i) {  // extensions inside each other
    rlp::Writer to;
    const auto mark = to.begin_list();
    to.write(Bytes{0x11}).raw(deep).end_list(mark);
    deep = to.take();
  }
  EXPECT_FALSE(trie::decode(deep));
}
