// geth's data dirs: a real one of 1.7.3, and the same chain as other versions would keep it.
#include "node/geth_migrate.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <leveldb/db.h>
#include <leveldb/write_batch.h>
#include <snappy.h>
#include <sys/file.h>
#include <unistd.h>

#include <map>
#include <set>

#include "core/keccak.hpp"
#include "fixtures.hpp"
#include "node/geth_freezer.hpp"
#include "node/geth_source.hpp"
#include "node/local_chain.hpp"
#include "node/options.hpp"
#include "storage/codec.hpp"
#include "storage/state_store.hpp"
#include "storage/verify.hpp"

using namespace quarry;
namespace fs = std::filesystem;

namespace {

constexpr BlockNum kHead = 360;
const std::string kHeadHash = "0x74e542762c20f24db9941d1d8c9f8456edfcccdff9aef1e2e4d2a2451ba4a019";

fs::path fixture() {
  return test::unpacked("geth-1.7.3/datadir.tar.xz") / "datadir";
}
bool has_fixture() {
  return fs::exists(test::fixtures_dir() / "geth-1.7.3" / "datadir.tar.xz");
}

Result<int> migrate(const fs::path& from, const fs::path& datadir) {
  NodeOptions options;
  options.datadir = datadir;
  options.ethash_cache_dir = datadir / "ethash";
  options.args = {"geth", from.string()};
  return migrate_geth(options);
}

using Rows = std::map<std::string, std::string>;

Rows rows_of_fixture(const fs::path& aside) {
  auto db = geth::LevelDb::open((fixture() / "geth" / "chaindata").string(), aside.string());
  if (!db) throw std::runtime_error(db.error().what);
  Rows out;
  (*db)->each({}, [&](ByteView key, ByteView value) {
    out[std::string{as_text(key)}] = as_text(value);
    return true;
  });
  return out;
}

/// A data dir with these rows.
void write_source(const fs::path& datadir, const Rows& rows) {
  const fs::path chaindata = datadir / "geth" / "chaindata";
  fs::create_directories(chaindata);
  leveldb::Options options;
  options.create_if_missing = true;
  leveldb::DB* opened = nullptr;
  ASSERT_TRUE(leveldb::DB::Open(options, chaindata.string(), &opened).ok());
  const std::unique_ptr<leveldb::DB> db(opened);
  leveldb::WriteBatch batch;
  for (const auto& [key, value] : rows) batch.Put(key, value);
  ASSERT_TRUE(db->Write({}, &batch).ok());
}

/// Every file of a folder with its bytes, and when it was last changed.
std::map<std::string, std::pair<Bytes, fs::file_time_type>> picture_of(const fs::path& folder) {
  std::map<std::string, std::pair<Bytes, fs::file_time_type>> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    out[entry.path().string()] = {entry.is_regular_file() ? test::read_file(entry.path()) : Bytes{},
                                  entry.last_write_time()};
  return out;
}

struct Migrated {
  std::unique_ptr<Database> database;
  Heads heads() const { return ChainStore(*database).heads(); }
};
Migrated open_migrated(const fs::path& datadir) {
  return {*Database::open({.path = DataDirPaths(datadir).chaindata.string()})};
}

void expect_sound(const fs::path& datadir) {
  VerifyOptions how{.depth = VerifyDepth::deep};
  how.identity = [](std::string_view) -> Result<HeaderIdentity> { return HeaderIdentity::keccak_rlp; };
  const auto report = verify_database(DataDirPaths(datadir).chaindata.string(), how);
  ASSERT_TRUE(report) << report.error().what;
  for (const Finding& one : report->findings) ADD_FAILURE() << one.where << ": " << one.what;
}

/// The keys of all nodes and codes below a root, as geth keeps them by hash.
void mark_state(const Rows& rows, const std::string& hash, bool accounts, std::set<std::string>& out) {
  const auto found = rows.find(hash);
  if (found == rows.end() || !out.insert(hash).second) return;
  const std::function<void(const rlp::Item&)> visit = [&](const rlp::Item& node) {
    rlp::Reader reader(node.payload);
    std::vector<rlp::Item> items;
    while (!reader.at_end()) items.push_back(*reader.next());
    const bool is_leaf = items.size() == 2 && (items[0].payload[0] & 0x20) != 0;
    if (is_leaf) {
      if (!accounts) return;
      const auto account = decode_account(items[1].payload);
      if (account->code_hash != kEmptyCodeHash) out.insert(std::string{as_text(account->code_hash)});
      mark_state(rows, std::string{as_text(account->storage_root)}, false, out);
      return;
    }
    for (std::size_t i = items.size() == 2 ? 1 : 0; i < items.size(); ++i) {
      if (items[i].is_list)
        visit(items[i]);
      else if (items[i].payload.size() == 32)
        mark_state(rows, std::string{as_text(items[i].payload)}, accounts, out);
    }
  };
  visit(*rlp::decode(as_bytes(found->second)));
}

std::string text_of(ByteView bytes) {
  return std::string{as_text(bytes)};
}

/// The state root of a block in the rows.
std::string root_at(const Rows& rows, BlockNum number) {
  const std::string hash = rows.at("h" + text_of(number_key(number)) + "n");
  const auto header =
      decode_header(as_bytes(rows.at("h" + text_of(number_key(number)) + hash)), HeaderIdentity::keccak_rlp);
  return text_of((*header)->state_root);
}

/// Only the states of these blocks stay, as in a geth that prunes.
void prune(Rows& rows, std::initializer_list<BlockNum> kept) {
  std::set<std::string> marked;
  for (const BlockNum number : kept) mark_state(rows, root_at(rows, number), true, marked);
  std::erase_if(rows, [&](const auto& row) { return row.first.size() == 32 && !marked.contains(row.first); });
}

void put_entry(std::string& index, std::uint16_t file, std::uint64_t offset) {
  for (const int shift : {8, 0}) index.push_back(static_cast<char>(file >> shift));
  for (const int shift : {24, 16, 8, 0}) index.push_back(static_cast<char>(offset >> shift));
}

/// A freezer's table as geth writes it, a new data file every `per_file` items; `removed` items were before.
void write_table(const fs::path& folder, const std::string& name, bool compressed,
                 const std::vector<std::string>& items, std::size_t per_file, std::uint32_t removed = 0) {
  fs::create_directories(folder);
  const std::string kind = compressed ? "c" : "r";
  std::string index, data;
  put_entry(index, 0, removed);
  std::uint16_t file = 0;
  const auto write_data = [&] {
    char number[5];
    std::snprintf(number, sizeof number, "%04d", file);
    std::ofstream(folder / (name + "." + number + "." + kind + "dat"), std::ios::binary) << data;
  };
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0 && i % per_file == 0) {
      write_data();
      data.clear();
      ++file;
    }
    std::string packed = items[i];
    if (compressed) snappy::Compress(items[i].data(), items[i].size(), &packed);
    data += packed;
    put_entry(index, file, data.size());
  }
  write_data();
  std::ofstream(folder / (name + "." + kind + "idx"), std::ios::binary) << index;
}

/// Blocks below `end` go from the rows into a freezer, as from 1.9 on.
void freeze(Rows& rows, const fs::path& ancient, BlockNum end) {
  std::map<std::string, std::vector<std::string>> tables;
  for (BlockNum number = 0; number < end; ++number) {
    const std::string key = text_of(number_key(number)), hash = rows.at("h" + key + "n");
    const auto move = [&](const std::string& table, const std::string& row) {
      tables[table].push_back(rows.at(row));
      if (number > 0) rows.erase(row);  // geth keeps block 0 in both
    };
    tables["hashes"].push_back(hash);
    if (number > 0) rows.erase("h" + key + "n");
    move("headers", "h" + key + hash);
    move("bodies", "b" + key + hash);
    move("receipts", "r" + key + hash);
    move("diffs", "h" + key + hash + "t");
  }
  for (const auto& [name, items] : tables)
    write_table(ancient, name, name != "hashes" && name != "diffs", items, 70);
}

}  // namespace

TEST(GethMigrate, ADataDirOfGeth173ComesOverWithAllItsHistory) {
  if (!has_fixture()) GTEST_SKIP() << "SKIPPED: no geth-1.7.3 data dir; set QUARRY_FIXTURES";
  test::TempDir folder;
  const auto before = picture_of(fixture());
  const auto done = migrate(fixture(), folder.path());
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(picture_of(fixture()), before) << "the source was written to";
  expect_sound(folder.path());
  const auto migrated = open_migrated(folder.path());
  EXPECT_EQ(migrated.heads().block, (BlockId{kHead, *BlockHash::from_hex(kHeadHash)}));
  EXPECT_EQ(StateStore(*migrated.database).oldest_state(), 0U);
  const auto genesis = load_genesis(*migrated.database);
  ASSERT_TRUE(genesis) << genesis.error().what;
  EXPECT_EQ(genesis->spec.chain_id, U256{1999});
  EXPECT_TRUE(fs::exists(folder.path() / "static-nodes.json"));
  EXPECT_EQ(test::read_file(folder.path() / "quarry" / "nodekey"),
            test::read_file(fixture() / "geth" / "nodekey"));
  EXPECT_FALSE(fs::is_empty(folder.path() / "keystore"));
  EXPECT_FALSE(fs::exists(folder.path() / "quarry" / "migrate-geth"));
}

TEST(GethMigrate, ASecondRunAddsNothing) {
  if (!has_fixture()) GTEST_SKIP() << "SKIPPED: no geth-1.7.3 data dir; set QUARRY_FIXTURES";
  test::TempDir folder;
  ASSERT_TRUE(migrate(fixture(), folder.path()));
  ASSERT_TRUE(migrate(fixture(), folder.path()));
  expect_sound(folder.path());
}

TEST(GethMigrate, APrunedSourceGivesItsHeadState) {
  if (!has_fixture()) GTEST_SKIP() << "SKIPPED: no geth-1.7.3 data dir; set QUARRY_FIXTURES";
  test::TempDir folder;
  Rows rows = rows_of_fixture(folder.path() / "aside");
  prune(rows, {0, kHead});
  write_source(folder.path() / "geth", rows);
  const auto done = migrate(folder.path() / "geth", folder.path() / "ours");
  ASSERT_TRUE(done) << done.error().what;
  expect_sound(folder.path() / "ours");
  const auto migrated = open_migrated(folder.path() / "ours");
  EXPECT_EQ(migrated.heads().block.number, kHead);
  EXPECT_EQ(StateStore(*migrated.database).oldest_state(), kHead);
}

TEST(GethMigrate, OldBlocksAreReadFromTheFreezer) {
  if (!has_fixture()) GTEST_SKIP() << "SKIPPED: no geth-1.7.3 data dir; set QUARRY_FIXTURES";
  for (const char* place : {"ancient", "ancient/chain"}) {
    test::TempDir folder;
    Rows rows = rows_of_fixture(folder.path() / "aside");
    freeze(rows, folder.path() / "geth" / "geth" / "chaindata" / place, 300);
    write_source(folder.path() / "geth", rows);
    const auto done = migrate(folder.path() / "geth", folder.path() / "ours");
    ASSERT_TRUE(done) << done.error().what;
    expect_sound(folder.path() / "ours");
    EXPECT_EQ(open_migrated(folder.path() / "ours").heads().block.number, kHead);
  }
}

/// Nodes under their paths, one state only; code under its prefix; hashed addresses without preimages.
TEST(GethMigrate, AStateByPathIsReadToo) {
  if (!has_fixture()) GTEST_SKIP() << "SKIPPED: no geth-1.7.3 data dir; set QUARRY_FIXTURES";
  test::TempDir folder;
  ASSERT_TRUE(migrate(fixture(), folder.path() / "first"));
  Rows rows = rows_of_fixture(folder.path() / "aside");
  std::erase_if(
      rows, [](const auto& row) { return row.first.size() == 32 || row.first.starts_with("secure-key-"); });
  {
    const auto first = open_migrated(folder.path() / "first");
    Cursor nodes = first.database->cursor(Table::node);
    for (nodes.seek_to_first(); nodes.valid(); nodes.next()) {
      const bool storage = nodes.key()[0] == 's';
      const ByteView packed = nodes.key().subspan(storage ? 33 : 1);
      std::string path;
      for (std::size_t i = 0; i < packed.back(); ++i)
        path.push_back(static_cast<char>(i % 2 == 0 ? packed[i / 2] >> 4 : packed[i / 2] & 15));
      const std::string prefix = storage ? "O" + text_of(nodes.key().subspan(1, 32)) : "A";
      rows[prefix + path] = text_of(nodes.value());
    }
    Cursor codes = first.database->cursor(Table::code);
    for (codes.seek_to_first(); codes.valid(); codes.next())
      rows["c" + text_of(codes.key())] = text_of(codes.value());
  }
  write_source(folder.path() / "geth", rows);
  const auto done = migrate(folder.path() / "geth", folder.path() / "ours");
  ASSERT_TRUE(done) << done.error().what;
  expect_sound(folder.path() / "ours");
  const auto migrated = open_migrated(folder.path() / "ours");
  EXPECT_EQ(migrated.heads().block.number, kHead);
  EXPECT_EQ(StateStore(*migrated.database).oldest_state(), kHead);
}

/// A geth that was killed: its head's state was never written. The blocks after the newest state are
/// executed.
TEST(GethMigrate, BlocksWithoutStateAreExecuted) {
  if (!has_fixture()) GTEST_SKIP() << "SKIPPED: no geth-1.7.3 data dir; set QUARRY_FIXTURES";
  test::TempDir folder;
  Rows rows = rows_of_fixture(folder.path() / "aside");
  prune(rows, {0, 340});
  write_source(folder.path() / "geth", rows);
  const auto done = migrate(folder.path() / "geth", folder.path() / "ours");
  ASSERT_TRUE(done) << done.error().what << "\n" << done.error().remedy;
  expect_sound(folder.path() / "ours");
  const auto migrated = open_migrated(folder.path() / "ours");
  EXPECT_EQ(migrated.heads().block.number, kHead);
  EXPECT_EQ(StateStore(*migrated.database).oldest_state(), 340U);
}

TEST(GethMigrate, WhatADamagedSourceLacksIsNamed) {
  if (!has_fixture()) GTEST_SKIP() << "SKIPPED: no geth-1.7.3 data dir; set QUARRY_FIXTURES";
  test::TempDir folder;
  const Rows whole = rows_of_fixture(folder.path() / "aside");
  const std::string key = text_of(number_key(200)), hash = whole.at("h" + key + "n");
  const std::pair<std::string, const char*> cases[] = {{"b" + key + hash, "body"},
                                                       {"r" + key + hash, "receipts"},
                                                       {"h" + key + hash, "header"},
                                                       {"h" + key + hash + "t", "total difficulty"},
                                                       {"h" + key + "n", "no block of this height"}};
  int at = 0;
  for (const auto& [row, what] : cases) {
    Rows rows = whole;
    if (rows.erase(row) == 0) continue;
    const fs::path source = folder.path() / std::to_string(at++);
    write_source(source, rows);
    const auto done = migrate(source, source / "ours");
    if (std::string_view{what} == "receipts" && done) continue;  // a block without transactions has none
    ASSERT_FALSE(done) << what;
    EXPECT_NE(done.error().what.find("block 200"), std::string::npos) << done.error().what;
    EXPECT_NE(done.error().what.find(what), std::string::npos) << done.error().what;
    // Mended, it goes on where it was.
    leveldb::DB* opened = nullptr;
    ASSERT_TRUE(leveldb::DB::Open({}, (source / "geth" / "chaindata").string(), &opened).ok());
    ASSERT_TRUE(opened->Put({}, row, whole.at(row)).ok());
    delete opened;
    ASSERT_TRUE(migrate(source, source / "ours"));
    expect_sound(source / "ours");
  }
}

TEST(GethMigrate, ARunningGethIsLeftAlone) {
  test::TempDir folder;
  Rows rows;
  rows["LastBlock"] = std::string(32, 'x');
  write_source(folder.path(), rows);
  const fs::path lock = folder.path() / "geth" / "LOCK";
  std::ofstream(lock) << "";
  const int file = open(lock.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(flock(file, LOCK_EX | LOCK_NB), 0);
  const auto refused = migrate(folder.path(), folder.path() / "ours");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("running"), std::string::npos) << refused.error().what;
  EXPECT_FALSE(refused.error().remedy.empty());
  close(file);
}

TEST(GethMigrate, WhatIsNoGethDataDirIsSaid) {
  test::TempDir folder;
  EXPECT_FALSE(migrate(folder.path() / "none", folder.path() / "ours"));
  fs::create_directories(folder.path() / "empty");
  EXPECT_FALSE(migrate(folder.path() / "empty", folder.path() / "ours"));
  const fs::path pebble = folder.path() / "pebble" / "geth" / "chaindata";
  fs::create_directories(pebble);
  std::ofstream(pebble / "marker.manifest.000001.MANIFEST-000001") << "";
  const auto refused = migrate(folder.path() / "pebble", folder.path() / "ours");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("Pebble"), std::string::npos) << refused.error().what;
  write_source(folder.path() / "no-chain", {{"DatabaseVersion", "\x03"}});
  const auto empty = migrate(folder.path() / "no-chain", folder.path() / "ours");
  ASSERT_FALSE(empty);
  EXPECT_NE(empty.error().what.find("no head block"), std::string::npos) << empty.error().what;
}

TEST(GethMigrate, AnotherChainInTheDataDirIsNotTouched) {
  if (!has_fixture()) GTEST_SKIP() << "SKIPPED: no geth-1.7.3 data dir; set QUARRY_FIXTURES";
  test::TempDir folder;
  ASSERT_TRUE(migrate(fixture(), folder.path() / "ours"));
  {
    const auto migrated = open_migrated(folder.path() / "ours");
    Batch batch;
    ChainWriter(batch).set_canonical({0, {}});
    ASSERT_TRUE(migrated.database->commit(std::move(batch)));
  }
  const auto node_key = DataDirPaths(folder.path() / "ours").quarry / "nodekey";
  ASSERT_TRUE(fs::remove(node_key));
  const auto refused = migrate(fixture(), folder.path() / "ours");
  ASSERT_FALSE(refused);
  EXPECT_FALSE(fs::exists(node_key)) << "nor do geth's keys come in";
  EXPECT_NE(refused.error().what.find("another chain"), std::string::npos) << refused.error().what;
}

TEST(GethFreezer, ItemsAreFoundAcrossFilesAndAfterRemovals) {
  for (const bool compressed : {true, false}) {
    test::TempDir folder;
    std::vector<std::string> items;
    for (int i = 0; i < 25; ++i)
      items.push_back(std::string(static_cast<std::size_t>(i * 37), static_cast<char>('a' + i)));
    write_table(folder.path(), "t", compressed, items, 4, 100);
    const auto table = geth::FreezerTable::open(folder.path(), "t");
    ASSERT_TRUE(table) << table.error().what;
    EXPECT_EQ((*table)->begin(), 100U);
    EXPECT_EQ((*table)->end(), 125U);
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto item = (*table)->get(100 + i);
      ASSERT_TRUE(item) << item.error().what;
      EXPECT_EQ(as_text(*item), items[i]);
    }
    EXPECT_FALSE((*table)->get(99));
    EXPECT_FALSE((*table)->get(125));
  }
}

TEST(GethFreezer, DamageIsAnErrorAndNoCrash) {
  test::TempDir folder;
  write_table(folder.path(), "t", true, {std::string(100, 'a'), std::string(100, 'b')}, 10);
  const Bytes index = test::read_file(folder.path() / "t.cidx");
  for (std::size_t at = 0; at < index.size(); ++at) {
    for (const std::uint8_t bit : {0x01, 0x80}) {
      Bytes changed = index;
      changed[at] ^= bit;
      std::ofstream(folder.path() / "t.cidx", std::ios::binary)
          .write(reinterpret_cast<const char*>(changed.data()), static_cast<std::streamsize>(changed.size()));
      const auto table = geth::FreezerTable::open(folder.path(), "t");
      if (!table) continue;
      for (std::uint64_t number = (*table)->begin(); number < (*table)->end(); ++number)
        (void)(*table)->get(number);
    }
  }
  EXPECT_EQ(*geth::FreezerTable::open(folder.path(), "none"), nullptr);
}

TEST(GethReceipts, AllThreeFormsAreRead) {
  Transaction legacy, fee;
  fee.type = TxnType::fee_market;
  const auto encode = [](std::size_t fields, ByteView outcome) {
    rlp::Writer to;
    const auto all = to.begin_list();
    for (int i = 0; i < 2; ++i) {
      const auto one = to.begin_list();
      to.write(outcome).write(std::uint64_t{21000} * static_cast<std::uint64_t>(i + 1));
      if (fields == 7) to.write(Bloom{});
      if (fields >= 6) to.write(Hash256{}).write(Address{});
      const auto logs = to.begin_list();
      const auto log = to.begin_list();
      const std::array<std::uint8_t, 3> data{1, 2, 3};
      to.write(Address{});
      const auto topics = to.begin_list();
      to.write(Hash256{}).end_list(topics).write(ByteView{data});
      if (fields == 7) to.write(std::uint64_t{5}).write(Hash256{});  // what can be worked out
      to.end_list(log).end_list(logs);
      if (fields >= 6) to.write(std::uint64_t{21000});
      to.end_list(one);
    }
    to.end_list(all);
    return to.take();
  };
  const RootHash root{keccak256({})};
  for (const std::size_t fields : {7, 6, 3}) {
    const auto rooted = geth::decode_receipts(encode(fields, root), {legacy, fee});
    ASSERT_TRUE(rooted) << fields;
    EXPECT_EQ(std::get<RootHash>((*rooted)[0].outcome), root);
    EXPECT_EQ((*rooted)[1].type, TxnType::fee_market);
    EXPECT_EQ((*rooted)[1].cumulative_gas_used, 42000U);
    ASSERT_EQ((*rooted)[1].logs.size(), 1U);
    EXPECT_EQ((*rooted)[1].logs[0].data, (Bytes{1, 2, 3}));
    EXPECT_EQ((*rooted)[0].logs_bloom, bloom_of((*rooted)[0].logs));
    const std::array<std::uint8_t, 1> good{1};
    EXPECT_TRUE(std::get<bool>((*geth::decode_receipts(encode(fields, good), {legacy, fee}))[0].outcome));
    EXPECT_FALSE(std::get<bool>((*geth::decode_receipts(encode(fields, {}), {legacy, fee}))[0].outcome));
    EXPECT_FALSE(geth::decode_receipts(encode(fields, root), {legacy})) << "more receipts than transactions";
    EXPECT_FALSE(geth::decode_receipts(encode(fields, root), {legacy, fee, fee}));
  }
  EXPECT_FALSE(geth::decode_receipts(as_bytes("rubbish"), {legacy}));
}
