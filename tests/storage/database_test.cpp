// The database's promises: what is committed stays, what is not is not there, and errors say what to do.
#include "storage/database.hpp"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "killed_writer.hpp"
#include "state_model.hpp"
#include "storage/chain_store.hpp"
#include "storage/meta.hpp"
#include "storage/state_store.hpp"
#include "storage/state_writer.hpp"

using namespace quarry;
using namespace quarry::test;

namespace {

Bytes text(std::string_view value) {
  return to_bytes(as_bytes(value));
}

void put(Database& database, Table table, std::string_view key, std::string_view value) {
  Batch batch;
  batch.put(table, as_bytes(key), as_bytes(value));
  ASSERT_TRUE(database.commit(std::move(batch)));
}

}  // namespace

TEST(Database, CommitsWholeBatchesInOrder) {
  TempDir folder;
  const auto database = open_database(folder.path());
  Batch batch;
  batch.put(Table::body, as_bytes("a"), as_bytes("1"));
  batch.put(Table::body, as_bytes("b"), as_bytes("2"));
  batch.put(Table::code, as_bytes("a"), as_bytes("3"));
  batch.erase(Table::body, as_bytes("a"));
  batch.put(Table::body, as_bytes("c"), as_bytes("4"));
  batch.erase_range(Table::body, as_bytes("c"), as_bytes("d"));
  batch.put(Table::body, as_bytes("d"), {});
  EXPECT_EQ(batch.count(), 7u);
  ASSERT_TRUE(database->commit(std::move(batch), Durability::sync));
  EXPECT_FALSE(database->has(Table::body, as_bytes("a")));
  EXPECT_EQ(database->get(Table::body, as_bytes("b")), text("2"));
  EXPECT_EQ(database->get(Table::code, as_bytes("a")), text("3"));
  EXPECT_FALSE(database->has(Table::body, as_bytes("c")));
  EXPECT_EQ(database->get(Table::body, as_bytes("d")), Bytes{});
}

TEST(Database, SnapshotsAndCursorsSeeTheirMoment) {
  TempDir folder;
  const auto database = open_database(folder.path());
  put(*database, Table::meta, "k", "old");
  const Snapshot before = database->snapshot();
  Cursor cursor = database->cursor(Table::meta);
  put(*database, Table::meta, "k", "new");
  put(*database, Table::meta, "l", "new");
  EXPECT_EQ(before.get(Table::meta, as_bytes("k")), text("old"));
  EXPECT_FALSE(before.has(Table::meta, as_bytes("l")));
  cursor.seek(as_bytes("k"));
  ASSERT_TRUE(cursor.valid());
  EXPECT_EQ(as_text(cursor.value()), "old");
  cursor.seek_to_last();
  EXPECT_EQ(as_text(cursor.key()), "schema");
  cursor.seek_back(as_bytes("m"));
  EXPECT_EQ(as_text(cursor.key()), "k");
  cursor.previous();
  EXPECT_FALSE(cursor.valid());
}

TEST(Database, SecondOpenIsRefused) {
  TempDir folder;
  const auto database = open_database(folder.path());
  const auto second = Database::open({.path = folder.path().string()});
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().what.starts_with("datadir already used by another process"))
      << second.error().what;
  EXPECT_FALSE(second.error().remedy.empty());
}

TEST(Database, IsLookedAtWhileItRuns) {
  TempDir folder;
  const auto database = open_database(folder.path());
  put(*database, Table::meta, "k", "v");
  const auto looking = Database::open({.path = folder.path().string(), .read_only = true});
  ASSERT_TRUE(looking) << looking.error().what;
  EXPECT_EQ((*looking)->get(Table::meta, as_bytes("k")), text("v"));
}

TEST(Database, NewerSchemaIsRefusedAndUnchanged) {
  TempDir folder;
  const auto newer = number_key(kSchemaVersion + 1);
  {
    const auto database = open_database(folder.path());
    Batch batch;
    batch.put(Table::meta, as_bytes(meta::kSchema), newer);
    ASSERT_TRUE(database->commit(std::move(batch)));
  }
  for (int i = 0; i < 2; ++i) {
    const auto refused = Database::open({.path = folder.path().string()});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().what.find("schema version " + std::to_string(kSchemaVersion + 1)),
              std::string::npos)
        << refused.error().what;
    EXPECT_NE(refused.error().what.find("reads " + std::to_string(kSchemaVersion)), std::string::npos);
    EXPECT_NE(refused.error().remedy.find("newer"), std::string::npos);
  }
}

/// Killed while it was being made: some tables are there, or none.
TEST(Database, HalfMadeIsFinished) {
  TempDir folder;
  {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, folder.path().string(), &raw).ok());
    rocksdb::ColumnFamilyHandle* one = nullptr;
    ASSERT_TRUE(raw->CreateColumnFamily({}, "header", &one).ok());
    raw->DestroyColumnFamilyHandle(one);
    delete raw;
  }
  const auto database = open_database(folder.path());
  put(*database, Table::log_index, "k", "v");
  EXPECT_EQ(database->get(Table::log_index, as_bytes("k")), text("v"));
}

/// A newer version's table, of which nothing is known here.
TEST(Database, UnknownTableIsRefused) {
  TempDir folder;
  { open_database(folder.path()); }
  {
    rocksdb::DB* raw = nullptr;
    std::vector<rocksdb::ColumnFamilyDescriptor> tables;
    for (const TableRow& table : kTables)
      tables.emplace_back(std::string{table.family}, rocksdb::ColumnFamilyOptions{});
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    ASSERT_TRUE(rocksdb::DB::Open({}, folder.path().string(), tables, &handles, &raw).ok());
    handles.push_back(nullptr);
    ASSERT_TRUE(raw->CreateColumnFamily({}, "witness", &handles.back()).ok());
    for (auto* handle : handles) raw->DestroyColumnFamilyHandle(handle);
    delete raw;
  }
  const auto refused = Database::open({.path = folder.path().string()});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("newer version"), std::string::npos) << refused.error().what;
  EXPECT_NE(refused.error().what.find("witness"), std::string::npos) << refused.error().what;
}

TEST(Database, FolderThatCannotBeMadeIsNamed) {
  const auto refused = Database::open({.path = "/proc/no/such/place"});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("/proc/no/such/place"), std::string::npos);
}

/// A value that does not decode must end the process, not be built upon.
TEST(DatabaseDeathTest, DamagedValuesStopTheProcess) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        TempDir folder;
        const auto database = open_database(folder.path());
        put(*database, Table::meta, meta::kHeads, "rubbish");
        ChainStore(*database).heads();
      },
      testing::ExitedWithCode(1), "damaged");
}

namespace {

constexpr BlockNum kMostBlocks = 100'000;

/// Commits blocks until it is killed: state, header and heads of each in one batch, now and then several
/// blocks, now and then one taken back.
[[noreturn]] void commit_for_ever(WriterTask task) {
  const auto database = open_database(task.folder);
  StateWriter writer(*database);
  RandomBlocks random(task.seed);
  Model model;  // only steers what is changed
  BlockId head{};
  while (writer.number() < kMostBlocks) {
    Batch batch;
    ChainWriter chain(batch);
    if (writer.number() > 3 && random.below(5) == 0 && !writer.revert(writer.number())) _exit(3);
    for (auto count = random.below(4) + 1; count > 0; --count) {
      const StateDiff diff = random.next(model, 20);
      test::apply(model, diff);
      Header header;
      header.number = writer.number() + 1;
      header.state_root = writer.apply(header.number, diff);
      const auto sealed = seal_header(header, HeaderIdentity::keccak_rlp);
      head = {header.number, sealed.hash()};
      chain.put_header(sealed, U256{header.number});
      chain.set_canonical(head);
    }
    chain.set_heads({head, head, head});
    writer.flush(batch);
    if (!database->commit(std::move(batch))) _exit(2);
    task.committed();
  }
  _exit(0);
}

}  // namespace

/// Not a test: the process that KilledAtAnyInstantItIsWhole kills.
TEST(Database, DISABLED_Committer) {
  const auto task = writer_task();
  if (!task) GTEST_SKIP();
  commit_for_ever(*task);
}

TEST(Database, KilledAtAnyInstantItIsWhole) {
  TempDir folder;
  {
    const auto database = open_database(folder.path());
    Batch batch;
    write_genesis_state(batch, {});
    ASSERT_TRUE(database->commit(std::move(batch)));
  }
  std::mt19937 random(7);
  BlockNum last = 0;
  for (unsigned round = 0; round < 8; ++round) {
    ASSERT_NO_FATAL_FAILURE(run_and_kill_writer("Database.DISABLED_Committer", folder.path(), round + 1,
                                                std::chrono::microseconds(random() % 400'000)));
    const auto database = open_database(folder.path());
    const ChainStore chain(*database);
    const Heads heads = chain.heads();
    const auto header = chain.header(heads.block);
    ASSERT_TRUE(header);
    EXPECT_EQ(checked_root(*database), (*header)->state_root);
    EXPECT_EQ(StateStore(*database).head()->number, heads.block.number);
    EXPECT_EQ(chain.canonical_hash(heads.block.number), heads.block.hash);
    EXPECT_NE(heads.block.number, last) << "nothing was committed in this round";
    last = heads.block.number;
    // The chain can be taken back over the kill, to the roots in the headers.
    StateWriter writer(*database);
    for (BlockNum number = heads.block.number; number > heads.block.number / 2 + 1; --number) {
      ASSERT_TRUE(writer.revert(number));
      ASSERT_EQ(writer.root(), (*chain.canonical_header(number - 1))->state_root) << number - 1;
    }
  }
}

/// A file that may not grow, as on a full disk: the commit says so, and what was before is kept.
TEST(Database, CommitThatDoesNotFitFails) {
  TempDir folder;
  { put(*open_database(folder.path()), Table::meta, "k", "v"); }
  const pid_t child = fork();
  if (child == 0) {
    const auto database = open_database(folder.path());
    signal(SIGXFSZ, SIG_IGN);
    const rlimit bound{std::size_t{256} << 10, std::size_t{256} << 10};
    setrlimit(RLIMIT_FSIZE, &bound);
    Batch batch;
    batch.put(Table::body, as_bytes("big"), Bytes(std::size_t{1} << 20, 1));
    const auto refused = database->commit(std::move(batch));
    const bool good = !refused && refused.error().what.find("writing the database") != std::string::npos &&
                      !refused.error().remedy.empty() &&
                      database->get(Table::meta, as_bytes("k")) == text("v");
    _exit(good ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  const auto database = open_database(folder.path());
  EXPECT_EQ(database->get(Table::meta, as_bytes("k")), text("v"));
  EXPECT_FALSE(database->has(Table::body, as_bytes("big")));
}
