// Downloads random states into a real database and compares what is there then: nodes, flat entries, code.
#include "consensus/state_sync.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "state_model.hpp"
#include "storage/chain_store.hpp"
#include "storage/codec.hpp"
#include "storage/database.hpp"
#include "storage/node_server.hpp"
#include "storage/state_writer.hpp"

namespace quarry::sync {
namespace {
using test::StateModel;

struct TempDatabase {
  TempDatabase() {
    std::string name = (std::filesystem::temp_directory_path() / "quarry-state-sync-XXXXXX").string();
    path = mkdtemp(name.data());
    open();
  }
  ~TempDatabase() {
    database.reset();
    std::filesystem::remove_all(path);
  }
  void open() {
    database.reset();
    DatabaseOptions options;
    options.path = path;
    auto opened = Database::open(options);
    ASSERT_TRUE(opened) << opened.error().what;
    database = std::move(*opened);
    store.emplace(*database);
  }
  std::string path;
  std::unique_ptr<Database> database;
  std::optional<StateSyncStore> store;
};

using Rows = std::map<Bytes, Bytes>;

Rows rows_of(const Database& database, Table table) {
  Rows out;
  Cursor cursor = database.cursor(table);
  for (cursor.seek_to_first(); cursor.valid(); cursor.next())
    out[to_bytes(cursor.key())] = to_bytes(cursor.value());
  return out;
}

Bytes key(ByteView first, ByteView second = {}) {
  Bytes out = to_bytes(first);
  append(out, second);
  return out;
}

/// The tables hold this state and nothing besides.
void expect_state(const Database& database, const StateModel& state) {
  Rows nodes, accounts, slots;
  for (const auto& [path, rlp] : state.by_path) nodes[node_key(path.first, path.second)] = rlp;
  for (const auto& [address, account] : state.accounts) {
    std::map<Hash256, Bytes> leaves;
    for (const auto& [slot, value] : account.slots) {
      slots[key(address, slot)] = value;
      leaves[slot] = rlp::encode(ByteView{value});
    }
    Account flat{account.nonce, account.balance, test::TrieModel(leaves).root, kEmptyCodeHash};
    if (!account.code.empty()) {
      flat.code_hash = CodeHash{keccak256(account.code)};
      EXPECT_EQ(database.get(Table::code, flat.code_hash), account.code);
    }
    accounts[key(address)] = encode_flat_account(flat);
  }
  EXPECT_EQ(rows_of(database, Table::node), nodes);
  EXPECT_EQ(rows_of(database, Table::account), accounts);
  EXPECT_EQ(rows_of(database, Table::slot), slots);
}

StateModel random_state(std::mt19937_64& random, std::size_t accounts) {
  StateModel out;
  for (std::size_t i = 0; i < accounts; ++i)
    out.accounts[test::clustered_hash(random)] = test::random_account(random);
  out.seal();
  return out;
}

StateModel changed(const StateModel& from, std::mt19937_64& random, std::size_t changes) {
  StateModel out;
  out.accounts = from.accounts;
  test::mutate(out, random, changes);
  out.seal();
  return out;
}

std::vector<Bytes> answer(const StateModel& state, const std::vector<Hash256>& hashes, std::size_t most) {
  std::vector<Bytes> out;
  for (const Hash256& hash : hashes)
    if (const auto it = state.by_hash.find(hash); it != state.by_hash.end() && out.size() < most)
      out.push_back(it->second);
  return out;
}

/// Answers `rounds` requests; true when the state is complete.
bool download(StateSyncStore& store, StateSync& sync, StateSyncRecord record, const StateModel& state,
              std::mt19937_64& random, std::size_t rounds) {
  for (std::size_t i = 0; i < rounds && !sync.done(); ++i) {
    if (auto request = sync.next(1)) {
      const auto judged = sync.on_nodes(1, *request, answer(state, request->hashes, 1 + random() % 60));
      EXPECT_EQ(judged.kind, Judgement::Kind::good) << judged.why;
    }
    if (random() % 2 == 0) continue;
    if (auto writes = sync.take(true)) {
      writes->record = record;
      EXPECT_TRUE(store.write(*writes));
    }
  }
  return sync.done();
}

TEST(StateSyncTest, BringsAStateToTheByte) {
  std::mt19937_64 random(1);
  TempDatabase disk;
  const StateModel state = random_state(random, 400);
  const StateSyncRecord record{{9, {}}, state.root, false, 0};
  StateSync sync(*disk.store, record.pivot, state.root);
  EXPECT_TRUE(download(*disk.store, sync, record, state, random, 100'000));
  expect_state(*disk.database, state);
  EXPECT_EQ(sync.stats().unexpected, 0u);
  EXPECT_EQ(disk.store->record(), record);
}

TEST(StateSyncTest, AnEmptyStateNeedsNothing) {
  TempDatabase disk;
  StateSync sync(*disk.store, {9, {}}, kEmptyRoot);
  EXPECT_TRUE(sync.done());
  EXPECT_FALSE(sync.next(1));
}

/// Killed again and again, with the pivot moved now and then, over a genesis state that is wiped first.
TEST(StateSyncTest, ResumesAndFollowsAMovingPivot) {
  TempDatabase disk;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    StateModel state = random_state(random, 20 + random() % 200);
    StateSyncRecord record{{9, {}}, state.root, false, 0};
    StateWrites first;
    first.wipe = true;
    first.record = record;
    ASSERT_TRUE(disk.store->write(first));
    bool done = false;
    for (int kills = 0; !done; ++kills) {
      ASSERT_LT(kills, 1'000);
      StateSync sync(*disk.store, record.pivot, state.root);
      done = download(*disk.store, sync, record, state, random, 1 + random() % 40);  // a path can take 20
      if (done || random() % 6 != 0 || kills > 60) continue;
      state = changed(state, random, 1 + random() % 20);
      record = {{record.pivot.number + 1, {}}, state.root, true, 0};
    }
    expect_state(*disk.database, state);
  }
}

TEST(StateSyncTest, ReusesWhatAnOlderPivotBrought) {
  std::mt19937_64 random(5);
  TempDatabase disk;
  const StateModel old = random_state(random, 500);
  StateSync before(*disk.store, {1, {}}, old.root);
  ASSERT_TRUE(download(*disk.store, before, {{1, {}}, old.root, false, 0}, old, random, 100'000));
  const StateModel state = changed(old, random, 5);
  StateSync after(*disk.store, {2, {}}, state.root);
  ASSERT_TRUE(download(*disk.store, after, {{2, {}}, state.root, true, 0}, state, random, 100'000));
  EXPECT_LT(after.stats().fetched, before.stats().fetched / 5);
  expect_state(*disk.database, state);
}

TEST(StateSyncTest, RefusesWhatItDidNotAskFor) {
  std::mt19937_64 random(2);
  TempDatabase disk;
  const StateModel state = random_state(random, 50);
  StateSync sync(*disk.store, {9, {}}, state.root);
  const auto request = sync.next(1);
  ASSERT_TRUE(request);
  const auto judged = sync.on_nodes(1, *request, {Bytes{1, 2, 3}});
  EXPECT_EQ(judged.kind, Judgement::Kind::lie);
  EXPECT_NE(judged.why.find(keccak256(Bytes{1, 2, 3}).hex()), std::string::npos) << judged.why;
  EXPECT_EQ(sync.stats().unexpected, 1u);
  EXPECT_FALSE(sync.next(1)) << "asks the same peer again for what it did not bring";
  EXPECT_TRUE(sync.next(2));
}

TEST(StateSyncTest, ANodeThatIsNoneIsFoundOut) {
  std::mt19937_64 random(3);
  TempDatabase disk;
  const std::vector<Bytes> broken{{0xc0},          {0xc2, 0x80, 0x80}, {0xc1}, rlp::encode(std::uint64_t{77}),
                                  Bytes(40, 0xff), {0xc2, 0x20, 0x01}};
  for (const Bytes& node : broken) {
    StateSync sync(*disk.store, {9, {}}, RootHash{keccak256(node)});
    const auto request = sync.next(1);
    const auto judged = sync.on_nodes(1, *request, {node});
    EXPECT_EQ(judged.kind, Judgement::Kind::lie) << to_hex(node);
    EXPECT_TRUE(sync.malformed());
  }
}

TEST(StateSyncTest, PrefersThePeerThatServedTheParentAndTurnsToOthersWhenItIsGone) {
  std::mt19937_64 random(4);
  TempDatabase disk;
  const StateModel state = random_state(random, 2'000);
  StateSync sync(*disk.store, {9, {}}, state.root);
  auto root = sync.next(1);
  ASSERT_TRUE(root);
  EXPECT_EQ(sync.on_nodes(1, *root, answer(state, root->hashes, 384)).kind, Judgement::Kind::good);
  const auto own = sync.next(1);
  ASSERT_TRUE(own);
  EXPECT_GT(own->hashes.size(), 1u);
  sync.give_back(1, *own);
  sync.forget(1);
  const auto other = sync.next(2);
  ASSERT_TRUE(other);
  EXPECT_EQ(other->hashes.size(), own->hashes.size());
  EXPECT_EQ(sync.on_nodes(2, *other, {}).kind, Judgement::Kind::lacking);
  EXPECT_TRUE(sync.nobody_has({2}));
  sync.walk_again();
  const auto again = sync.next(2);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->hashes, std::vector<Hash256>{Hash256{state.root}});
}

TEST(StateSyncTest, StopsAskingWhileTheDiskIsBehind) {
  std::mt19937_64 random(6);
  TempDatabase disk;
  const StateModel state = random_state(random, 16'000);
  StateSync sync(*disk.store, {9, {}}, state.root);
  std::size_t most = 0;
  while (auto request = sync.next(1)) {
    EXPECT_LE(request->hashes.size(), kNodesAsked);
    (void)sync.on_nodes(1, *request, answer(state, request->hashes, kNodesAsked));
    most = std::max(most, sync.unwritten());
  }
  EXPECT_GE(most, kNodesUnwritten) << "the state is too small to tell";
  // One answer may complete all that waited for it on its path.
  EXPECT_LE(most, kNodesUnwritten + 2 * kNodesAsked);
  EXPECT_FALSE(sync.done());
}

/// The state that the node's own trie wrote, as two of its sessions serve it, one of which ends midway.
TEST(StateSyncTest, CopiesAStateFromOurOwnNodeServer) {
  std::mt19937_64 random(8);
  TempDatabase source, target;
  std::vector<GenesisAccount> accounts(600);
  for (auto& account : accounts) {
    for (auto& byte : account.address.bytes) byte = static_cast<std::uint8_t>(random());
    account.balance = Wei{random()};
    if (random() % 3 == 0) account.code = test::random_value(random, 200);
    for (std::size_t i = random() % 4 == 0 ? random() % 40 : 0; i-- > 0;) {
      SlotValue value;
      value.bytes[random() % 32] = static_cast<std::uint8_t>(random() | 1);
      account.storage.emplace_back(SlotKey{test::random_hash(random)}, value);
    }
  }
  Batch batch;
  Header header;
  header.state_root = write_genesis_state(batch, accounts);
  const auto sealed = seal_header(header, HeaderIdentity::keccak_rlp);
  const BlockId id{0, sealed.hash()};
  ChainWriter to(batch);
  to.put_header(sealed, U256{1});
  to.set_canonical(id);
  to.set_heads({id, id, id});
  ASSERT_TRUE(source.database->commit(std::move(batch)));

  std::map<PeerKey, NodeServer> sessions;
  sessions.emplace(1, NodeServer(*source.database));
  sessions.emplace(2, NodeServer(*source.database));
  const StateSyncRecord record{id, header.state_root, false, 0};
  StateSync sync(*target.store, id, header.state_root);
  for (int round = 0; !sync.done(); ++round) {
    ASSERT_LT(round, 2'000);
    if (round == 6) {
      sessions.erase(1);
      sync.forget(1);
    }
    std::vector<PeerKey> peers;
    bool asked = false;
    for (auto& [key, session] : sessions) {
      peers.push_back(key);
      const auto request = sync.next(key);
      if (!request) continue;
      asked = true;
      std::vector<Bytes> nodes;
      for (const Hash256& hash : request->hashes)
        if (auto bytes = session.get(hash)) nodes.push_back(std::move(*bytes));
      EXPECT_NE(sync.on_nodes(key, *request, std::move(nodes)).kind, Judgement::Kind::lie);
    }
    if (auto writes = sync.take(true)) {
      writes->record = record;
      ASSERT_TRUE(target.store->write(*writes));
    }
    if (!asked && sync.nobody_has(peers)) sync.walk_again();
  }
  for (const Table table : {Table::account, Table::slot, Table::node, Table::code})
    EXPECT_EQ(rows_of(*target.database, table), rows_of(*source.database, table));
}

}  // namespace
}  // namespace quarry::sync
