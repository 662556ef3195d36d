// GetNodeData's answers: whole states walked by hash alone.
#include "storage/node_server.hpp"

#include <gtest/gtest.h>

#include "state_model.hpp"
#include "storage/chain_store.hpp"
#include "storage/state_store.hpp"
#include "storage/state_writer.hpp"

using namespace quarry;
using namespace quarry::test;

namespace {

/// A chain whose headers carry the state's roots.
class ServedChain {
 public:
  ServedChain() : database_(open_database(folder_.path())) {
    Batch batch;
    write_genesis_state(batch, {});
    add_header(batch, kEmptyRoot);
    EXPECT_TRUE(database_->commit(std::move(batch)));
    writer_ = std::make_unique<StateWriter>(*database_);
  }

  void grow(unsigned blocks, unsigned accounts) {
    for (; blocks > 0; --blocks) {
      const StateDiff diff = random_.next(models_.back(), accounts);
      Model next = models_.back();
      test::apply(next, diff);
      const RootHash root = writer_->apply(models_.size(), diff);
      models_.push_back(std::move(next));
      Batch batch;
      writer_->flush(batch);
      add_header(batch, root);
      ASSERT_TRUE(database_->commit(std::move(batch)));
    }
  }

  const Database& database() const { return *database_; }
  const std::vector<Model>& models() const { return models_; }
  RootHash root(BlockNum number) const {
    return (*ChainStore(*database_).canonical_header(number))->state_root;
  }

 private:
  void add_header(Batch& batch, const RootHash& root) {
    Header header;
    header.number = next_number_++;
    header.state_root = root;
    const auto sealed = seal_header(header, HeaderIdentity::keccak_rlp);
    const BlockId id{header.number, sealed.hash()};
    ChainWriter to(batch);
    to.put_header(sealed, U256{1});
    to.set_canonical(id);
    to.set_heads({id, id, id});
  }

  TempDir folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<StateWriter> writer_;
  RandomBlocks random_{11};
  std::vector<Model> models_ = std::vector<Model>(1);
  BlockNum next_number_ = 0;
};

/// What a peer does that knows nothing but a root: asks, reads the hashes in the answers, asks on.
class Walker {
 public:
  explicit Walker(NodeServer& server) : server_(server) {}

  /// Reads a whole state.
  void walk_state(const RootHash& root) {
    ask_trie(Hash256{root}, {}, [&](Bytes key, ByteView value) {
      const auto account = decode_account(value);
      ASSERT_TRUE(account);
      const auto address = *AddressHash::from(key);
      accounts[address] = *account;
      if (account->code_hash != kEmptyCodeHash) {
        const auto code = server_.get(Hash256{account->code_hash});
        ASSERT_TRUE(code);
        ASSERT_EQ(keccak256(*code), Hash256{account->code_hash});
      }
      if (account->storage_root == kEmptyRoot) return;
      ask_trie(Hash256{account->storage_root}, {},
               [&](Bytes slot, ByteView leaf) { slots[address][*SlotHash::from(slot)] = to_bytes(leaf); });
    });
  }

  std::map<AddressHash, Account> accounts;
  std::map<AddressHash, std::map<SlotHash, Bytes>> slots;

 private:
  template <class OnLeaf>
  void ask_trie(const Hash256& hash, Bytes path, const OnLeaf& on_leaf) {
    const auto rlp = server_.get(hash);
    ASSERT_TRUE(rlp) << "path of " << path.size() << " nibbles";
    ASSERT_EQ(keccak256(*rlp), hash);
    read_node(*rlp, std::move(path), on_leaf);
  }
  template <class OnLeaf>
  void read_child(const rlp::Item& item, Bytes path, const OnLeaf& on_leaf) {
    if (item.is_list)
      read_node(item.raw, std::move(path), on_leaf);
    else if (!item.payload.empty())
      ask_trie(*Hash256::from(item.payload), std::move(path), on_leaf);
  }
  template <class OnLeaf>
  void read_node(ByteView rlp, Bytes path, const OnLeaf& on_leaf) {
    auto list = *rlp::decode_list(rlp);
    std::vector<rlp::Item> items;
    while (!list.at_end()) items.push_back(*list.next());
    if (items.size() == 17) {
      for (std::uint8_t nibble = 0; nibble < 16; ++nibble) {
        Bytes below = path;
        below.push_back(nibble);
        read_child(items[nibble], below, on_leaf);
      }
      return;
    }
    const ByteView prefix = items[0].payload;
    if ((prefix[0] & 0x10) != 0) path.push_back(prefix[0] & 15);
    for (const std::uint8_t byte : prefix.subspan(1)) {
      path.push_back(byte >> 4);
      path.push_back(byte & 15);
    }
    if ((prefix[0] & 0x20) == 0) return read_child(items[1], std::move(path), on_leaf);
    Bytes key;
    for (std::size_t i = 0; i < 64; i += 2)
      key.push_back(static_cast<std::uint8_t>(path[i] << 4 | path[i + 1]));
    on_leaf(key, items[1].payload);
  }

  NodeServer& server_;
};

void expect_walk(NodeServer& server, const RootHash& root, const Model& model) {
  Walker walker(server);
  walker.walk_state(root);
  if (testing::Test::HasFatalFailure()) return;
  ASSERT_EQ(walker.accounts.size(), model.size());
  for (const auto& [address, one] : model) {
    const AddressHash key = hash_of(address);
    ASSERT_TRUE(walker.accounts.contains(key));
    EXPECT_EQ(walker.accounts[key].balance, one.account.balance);
    EXPECT_EQ(walker.slots[key].size(), one.slots.size());
    for (const auto& [slot, value] : one.slots)
      EXPECT_EQ(walker.slots[key][hash_of(slot)], encode_slot_leaf(value));
  }
}

}  // namespace

TEST(NodeServer, WholeStatesOfHeadAndOfHundredBlocksAgoByHashOnly) {
  ServedChain chain;
  chain.grow(160, 12);
  for (const BlockNum number : {160u, 159u, 130u, 60u, 32u}) {
    NodeServer server(chain.database());
    expect_walk(server, chain.root(number), chain.models()[number]);
  }
  // One session may ask for one state after another.
  NodeServer server(chain.database());
  expect_walk(server, chain.root(60), chain.models()[60]);
  expect_walk(server, chain.root(160), chain.models()[160]);
  server.release();
  expect_walk(server, chain.root(60), chain.models()[60]);
}

TEST(NodeServer, EveryPivotThatAnOldGethDraws) {
  // Up to 320 below the head when it begins, and the head is further when it asks for the state.
  ServedChain chain;
  chain.grow(400, 6);
  for (const BlockNum number : {400u - 64, 400u - 261, 400u - 320, 1u}) {
    NodeServer server(chain.database());
    expect_walk(server, chain.root(number), chain.models()[number]);
  }
}

TEST(NodeServer, StateStaysWholeWhileTheHeadMovesOn) {
  ServedChain chain;
  chain.grow(40, 20);
  NodeServer server(chain.database());
  ASSERT_TRUE(server.get(Hash256{chain.root(30)}));
  chain.grow(60, 20);
  expect_walk(server, chain.root(30), chain.models()[30]);
}

TEST(NodeServer, NothingForOldRootsAndUnknownHashes) {
  ServedChain chain;
  constexpr BlockNum kHead = kServedStates + 20;
  chain.grow(kHead, 3);
  NodeServer server(chain.database());
  EXPECT_FALSE(server.get(Hash256{chain.root(kHead - kServedStates - 1)}));
  EXPECT_FALSE(server.get(keccak256(as_bytes("no such node"))));
  // A node below the root is not found before the root was asked for.
  const auto rlp = NodeServer(chain.database()).get(Hash256{chain.root(kHead)});
  ASSERT_TRUE(rlp);
  auto list = *rlp::decode_list(*rlp);
  std::optional<Hash256> child;
  while (!child && !list.at_end()) child = Hash256::from(list.next()->payload);
  ASSERT_TRUE(child);
  EXPECT_FALSE(server.get(*child));
  ASSERT_TRUE(server.get(Hash256{chain.root(kHead)}));
  EXPECT_TRUE(server.get(*child));
  EXPECT_EQ(server.get(Hash256{kEmptyRoot}), Bytes{0x80});
}
