// Proofs and roots of a block's state, against a model that builds each trie anew.
#include "storage/trie_view.hpp"

#include <gtest/gtest.h>

#include "core/keccak.hpp"
#include "core/trie_root.hpp"
#include "state_model.hpp"
#include "storage/codec.hpp"
#include "storage/state_store.hpp"
#include "storage/state_writer.hpp"

using namespace quarry;
using namespace quarry::test;

namespace {

/// Random blocks over an empty genesis.
class Chain {
 public:
  explicit Chain(unsigned blocks) : database_(open_database(folder_.path())) {
    Batch batch;
    write_genesis_state(batch, {});
    EXPECT_TRUE(database_->commit(std::move(batch)));
    StateWriter writer(*database_);
    RandomBlocks random(7);
    for (unsigned i = 0; i < blocks; ++i) {
      const StateDiff diff = random.next(models.back(), 30);
      Model next = models.back();
      test::apply(next, diff);
      roots.push_back(writer.apply(models.size(), diff));
      models.push_back(std::move(next));
      diffs.push_back(diff);
      Batch blocks_batch;
      writer.flush(blocks_batch);
      EXPECT_TRUE(database_->commit(std::move(blocks_batch)));
    }
  }
  const Database& database() const { return *database_; }

  std::vector<Model> models = std::vector<Model>(1);
  std::vector<RootHash> roots = {kEmptyRoot};
  std::vector<StateDiff> diffs = {{}};

 private:
  TempDir folder_;
  std::unique_ptr<Database> database_;
};

/// What EIP-1186's verifier does: follows `key` from `root` through the nodes, which hash to what their
/// parents say. The value; empty when the nodes show that there is none; nothing when they prove neither.
std::optional<Bytes> verified(const RootHash& root, ByteView key, const std::vector<Bytes>& proof) {
  Bytes nibbles;
  for (const auto byte : key) {
    nibbles.push_back(byte >> 4);
    nibbles.push_back(byte & 15);
  }
  if (proof.empty()) return root == kEmptyRoot ? std::optional(Bytes{}) : std::nullopt;
  Bytes wanted = to_bytes(Hash256{root});
  std::size_t depth = 0, next = 0;
  for (;;) {
    Bytes node = wanted;
    if (wanted.size() == 32) {
      if (next == proof.size() || to_bytes(keccak256(proof[next])) != wanted) return std::nullopt;
      node = proof[next++];
    }
    auto list = rlp::decode_list(node);
    if (!list) return std::nullopt;
    std::vector<Bytes> items;
    while (!list->at_end()) {
      rlp::Reader before = *list;
      const auto item = list->next();
      if (!item) return std::nullopt;
      // A node inside this one stays as it is; a string gives its bytes.
      Bytes text;
      items.push_back(before.read(text) ? text : to_bytes(item->raw));
    }
    if (items.size() == 17) {
      wanted = items[nibbles[depth++]];
      if (wanted.empty()) return next == proof.size() ? std::optional(Bytes{}) : std::nullopt;
      continue;
    }
    Bytes path;
    const bool leaf = (items[0][0] & 0x20) != 0;
    if ((items[0][0] & 0x10) != 0) path.push_back(items[0][0] & 15);
    for (std::size_t i = 1; i < items[0].size(); ++i) {
      path.push_back(items[0][i] >> 4);
      path.push_back(items[0][i] & 15);
    }
    const ByteView rest = ByteView(nibbles).subspan(depth);
    if (rest.size() < path.size() || !equal(rest.first(path.size()), path))
      return next == proof.size() ? std::optional(Bytes{}) : std::nullopt;
    if (leaf) return next == proof.size() ? std::optional(items[1]) : std::nullopt;
    depth += path.size();
    wanted = items[1];
  }
}

Bytes account_leaf(const Model& model, const Address& address) {
  const auto found = model.find(address);
  if (found == model.end()) return {};
  Account account = found->second.account;
  account.storage_root = storage_root(found->second.slots);
  return encode_account(account);
}

/// Every account and slot that the model may have is proved, there or not.
void expect_proved(TrieView& view, const Model& model) {
  const RootHash root = model_root(model);
  ASSERT_EQ(view.root(), root);
  for (std::uint64_t number = 0; number < 200; ++number) {
    const auto address = numbered<Address>(number);
    const auto leaf = account_leaf(model, address);
    ASSERT_EQ(verified(root, hash_of(address), view.prove(address)), leaf) << number;
    const auto found = model.find(address);
    if (found == model.end()) {
      EXPECT_TRUE(view.prove(address, SlotKey{}).empty());
      continue;
    }
    for (std::uint64_t key = 0; key < 40; key += 3) {
      const auto slot = numbered<SlotKey>(key);
      const auto at = found->second.slots.find(slot);
      const auto value = at == found->second.slots.end() ? Bytes{} : encode_slot_leaf(at->second);
      ASSERT_EQ(verified(storage_root(found->second.slots), hash_of(slot), view.prove(address, slot)), value);
    }
  }
}

TrieView::Bounds unbounded() {
  return {.most_time = std::chrono::hours(1)};
}

}  // namespace

TEST(TrieView, ProvesWhatIsAndWhatIsNotAtEveryBlock) {
  const Chain chain(12);
  for (const BlockNum number : {0, 1, 5, 11, 12}) {
    auto view = TrieView::at(chain.database(), number, unbounded());
    ASSERT_TRUE(view) << view.error().what;
    expect_proved(**view, chain.models[number]);
  }
}

TEST(TrieView, ChangesLaidOverGiveTheRootsOfTheBlocksThatMakeThem) {
  const Chain chain(12);
  auto view = TrieView::at(chain.database(), 3, unbounded());
  ASSERT_TRUE(view);
  for (BlockNum number = 4; number <= 12; ++number) {
    ASSERT_EQ((*view)->apply(chain.diffs[number]), chain.roots[number]) << number;
    expect_proved(**view, chain.models[number]);
  }
}

TEST(TrieView, SaysHowFarBackItGoes) {
  const Chain chain(12);
  const auto far = TrieView::at(chain.database(), 2, {.most_keys = 60, .most_time = std::chrono::hours(1)});
  ASSERT_FALSE(far);
  EXPECT_NE(far.error().what.find("too far back"), std::string::npos);
  EXPECT_NE(far.error().remedy.find("to 12 can be had"), std::string::npos);
  EXPECT_TRUE(TrieView::at(chain.database(), 12, {.most_keys = 0, .most_time = std::chrono::hours(1)}));
  EXPECT_FALSE(TrieView::at(chain.database(), 13, unbounded()));
}
