// The log's form as another reads it: what is whole is found whole, what is damaged is named.
#include "storage/database_files.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "state_model.hpp"
#include "storage/chain_store.hpp"

using namespace quarry;
using namespace quarry::test;
namespace fs = std::filesystem;

namespace {

void put(Database& database, std::string_view key, std::size_t bytes) {
  Batch batch;
  batch.put(Table::body, as_bytes(key), Bytes(bytes, static_cast<std::uint8_t>(bytes)));
  ASSERT_TRUE(database.commit(std::move(batch)));
}

/// A commit that goes around the log: its files number their changes too.
void put_many(Database& database) {
  Batch batch;
  for (int i = 0; i < 2000; ++i) batch.put(Table::body, as_bytes("many" + std::to_string(i)), Bytes(1000));
  ASSERT_TRUE(database.commit(std::move(batch), Durability::sync));
}

/// Commits of every size around the log's block of 32 KiB.
void fill(const fs::path& path) {
  const auto database = open_database(path);
  for (std::size_t i = 0; i < 12; ++i) put(*database, std::to_string(i), 32'730 + i * 3);
  for (std::size_t i = 0; i < 100; ++i) put(*database, std::to_string(100 + i), i * 7);
}

fs::path newest_log(const fs::path& folder) {
  fs::path out;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".log" && entry.file_size() > 0 &&
        (out.empty() || entry.path().filename() > out.filename()))
      out = entry.path();
  return out;
}

void flip(const fs::path& file, std::uint64_t at) {
  Bytes bytes = read_file(file);
  bytes.at(at) ^= 0x40;
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

/// A copy as a kill would leave it: no note of a clean end.
void copy_running(const fs::path& from, const fs::path& to) {
  fs::remove_all(to);
  ASSERT_TRUE(link_database(from.string(), to.string()));
}

}  // namespace

TEST(DatabaseFiles, WholeLogsHaveNoFault) {
  TempDir folder;
  {
    const auto database = open_database(folder.path() / "db");
    for (std::size_t i = 0; i < 12; ++i) put(*database, std::to_string(i), 10'900 + i);
    EXPECT_TRUE(check_logs((folder.path() / "db").string()).empty()) << "while it is open";
  }
  EXPECT_TRUE(check_logs((folder.path() / "db").string()).empty());
  fill(folder.path() / "db");
  EXPECT_TRUE(check_logs((folder.path() / "db").string()).empty());
}

TEST(DatabaseFiles, EveryFlippedBitOfALogIsFound) {
  TempDir folder;
  const auto path = folder.path() / "db";
  {
    const auto database = open_database(path);
    for (std::size_t i = 0; i < 3; ++i) put(*database, std::to_string(i), 20'000);
  }
  const auto log = newest_log(path);
  ASSERT_GT(fs::file_size(log), 60'000U);
  std::mt19937 random(5);
  for (int i = 0; i < 60; ++i) {
    const std::uint64_t at = i < 20 ? static_cast<std::uint64_t>(i) : random() % fs::file_size(log);
    flip(log, at);
    const auto faults = check_logs(path.string());
    flip(log, at);
    ASSERT_EQ(faults.size(), 1U) << "byte " << at;
    EXPECT_EQ(faults[0].path, log.string());
    EXPECT_FALSE(faults[0].harmless) << at << ": " << faults[0].what;
  }
  EXPECT_TRUE(check_logs(path.string()).empty());
}

TEST(DatabaseFiles, ALogCutAfterACleanEndIsFoundWhereverItIsCut) {
  TempDir folder;
  const auto path = folder.path() / "db";
  {
    const auto database = open_database(path);
    for (std::size_t i = 0; i < 50; ++i) put(*database, std::to_string(i), 100);
  }
  const auto log = newest_log(path);
  const std::uint64_t size = fs::file_size(log);
  for (std::uint64_t left = size - 1; left > 0; left -= left > 150 ? 97 : 1) {
    fs::resize_file(log, left);
    const auto faults = check_logs(path.string());
    ASSERT_EQ(faults.size(), 1U) << left;
    EXPECT_FALSE(faults[0].harmless);
    EXPECT_NE(faults[0].what.find(std::to_string(size)), std::string::npos) << faults[0].what;
  }
  fs::remove(log);
  ASSERT_EQ(check_logs(path.string()).size(), 1U);
}

/// What a killed writer leaves: its last record may be cut, which was not committed.
TEST(DatabaseFiles, ALogCutByAKillIsNoDamageNowOrLater) {
  TempDir folder;
  const auto path = folder.path() / "db", killed = folder.path() / "killed";
  const auto database = open_database(path);
  for (std::size_t i = 0; i < 20; ++i) put(*database, std::to_string(i), 1000);
  copy_running(path, killed);
  const auto log = newest_log(killed);
  fs::resize_file(log, fs::file_size(log) - 10);
  auto faults = check_logs(killed.string());
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_TRUE(faults[0].harmless) << faults[0].what;
  // Another owner goes on: the cut log stays until its tables are written out.
  {
    const auto next = open_database(killed);
    put(*next, "x", 10);
    for (const LogFault& fault : check_logs(killed.string())) EXPECT_TRUE(fault.harmless) << fault.what;
  }
  for (const LogFault& fault : check_logs(killed.string())) EXPECT_TRUE(fault.harmless) << fault.what;
  // But a log that lost records upon which the next one builds is damaged.
  copy_running(path, killed);
  { put(*open_database(killed), "x", 10); }
  fs::remove(killed / "CLOSED");
  fs::path older;
  for (const auto& entry : fs::directory_iterator(killed))
    if (entry.path().extension() == ".log" && entry.file_size() > 10'000) older = entry.path();
  ASSERT_FALSE(older.empty());
  fs::resize_file(older, fs::file_size(older) / 2);
  faults = check_logs(killed.string());
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].path, older.string());
  EXPECT_FALSE(faults[0].harmless);
}

/// A writer killed within the first record of its log leaves nothing whole, with an older log beside it or
/// with none; the next one is killed between its commits, and what it committed is there.
TEST(DatabaseFiles, WhatFollowsALogOfWhichAKillLeftNothingIsKept) {
  for (const int shape : {0, 1, 2, 3}) {
    const bool older_log = (shape & 1) != 0, takes_files_in = (shape & 2) != 0;
    SCOPED_TRACE(shape);
    TempDir folder;
    const auto path = folder.path() / "db";
    auto database = open_database(path);
    put(*database, "a", 1000);
    if (!older_log) {
      ASSERT_TRUE(database->flush_memtables());
    }
    fs::path now = path;
    for (int owner = 0; owner < 6; ++owner) {
      const auto killed = folder.path() / std::to_string(owner);
      copy_running(now, killed);
      if (owner % 2 == 1) {
        const auto log = newest_log(killed);
        ASSERT_FALSE(log.empty());
        fs::resize_file(log, fs::file_size(log) / 2);
      }
      for (const LogFault& fault : check_logs(killed.string())) EXPECT_TRUE(fault.harmless) << fault.what;
      database = open_database(now = killed);
      EXPECT_TRUE(database->has(Table::body, as_bytes("a")));
      for (int before = 1; before < owner; before += 2)
        EXPECT_TRUE(database->has(Table::body, as_bytes(std::to_string(before)))) << owner << before;
      if (takes_files_in) put_many(*database);
      put(*database, std::to_string(owner), 40'000);
      for (const LogFault& fault : check_logs(killed.string())) EXPECT_TRUE(fault.harmless) << fault.what;
    }
  }
}

TEST(DatabaseFiles, LogsAroundFilesThatWereTakenInHaveNoFault) {
  TempDir folder;
  const auto path = folder.path() / "db", killed = folder.path() / "killed";
  auto database = open_database(path);
  for (int i = 0; i < 6; ++i) {
    for (const Table table : {Table::meta, Table::header}) {
      Batch small;
      small.put(table, as_bytes("1"), Bytes(1000));
      small.put(Table::body, as_bytes("1"), Bytes(1000));
      ASSERT_TRUE(database->commit(std::move(small)));
      for (const LogFault& fault : check_logs(path.string())) ADD_FAILURE() << i << ' ' << fault.what;
    }
    put_many(*database);
    for (const LogFault& fault : check_logs(path.string())) ADD_FAILURE() << i << ' ' << fault.what;
  }
  copy_running(path, killed);
  for (const LogFault& fault : check_logs(killed.string())) EXPECT_TRUE(fault.harmless) << fault.what;
}

TEST(DatabaseFiles, ACopyIsOneInstantOfABusyDatabase) {
  TempDir folder;
  const auto database = open_database(folder.path() / "db");
  std::atomic<bool> stop = false;
  // Two rows that always agree, and enough bytes that files come and go.
  std::thread writer([&] {
    for (std::uint64_t i = 1; !stop; ++i) {
      Batch batch;
      batch.put(Table::body, as_bytes("a"), as_bytes(std::to_string(i)));
      batch.put(Table::meta, as_bytes("b"), as_bytes(std::to_string(i)));
      batch.put(Table::code, as_bytes(std::to_string(i)), Bytes(30'000, static_cast<std::uint8_t>(i)));
      ASSERT_TRUE(database->commit(std::move(batch)));
      if (i % 50 == 0) usleep(20'000);
    }
  });
  std::uint64_t last = 0;
  for (int i = 0; i < 5; ++i) {
    const auto to = folder.path() / ("copy" + std::to_string(i));
    const auto bytes = link_database((folder.path() / "db").string(), to.string());
    ASSERT_TRUE(bytes) << bytes.error().what;
    const auto looking = Database::open({.path = to.string(), .read_only = true});
    ASSERT_TRUE(looking) << looking.error().what;
    const auto a = (*looking)->get(Table::body, as_bytes("a"));
    const auto b = (*looking)->get(Table::meta, as_bytes("b"));
    ASSERT_EQ(a.has_value(), b.has_value());
    if (!a) continue;
    EXPECT_EQ(*a, *b);
    const std::uint64_t now = std::stoull(std::string{as_text(*a)});
    EXPECT_GE(now, last);
    last = now;
    for (std::uint64_t each = 1; each <= now; ++each)
      ASSERT_TRUE((*looking)->has(Table::code, as_bytes(std::to_string(each)))) << each << " of " << now;
    fs::remove_all(to);
  }
  stop = true;
  writer.join();
}
