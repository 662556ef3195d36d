// Batches that are written as sorted files: the same as any other batch, and whole whenever the process dies.
#include "storage/sorted_files.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "killed_writer.hpp"
#include "state_model.hpp"
#include "storage/codec.hpp"
#include "storage/database.hpp"

using namespace quarry;
using namespace quarry::test;

namespace {
/// More than a batch needs to be written as files.
constexpr std::uint64_t kRecords = 1500;

Bytes record(std::uint64_t number, std::uint64_t of) {
  Bytes out(1000, static_cast<std::uint8_t>(number));
  append(out, number_key(of));
  return out;
}

/// Batch `of` has records kRecords * of, …; what it overwrites; and its number.
Batch batch_of(std::uint64_t of) {
  Batch out;
  for (std::uint64_t i = 0; i < kRecords; ++i) {
    const std::uint64_t number = of * kRecords + (i * 7) % kRecords;
    out.put(Table::body, number_key(number), record(number, 0));
    out.put(Table::body, number_key(number), record(number, of));
    out.put(Table::txn, hash_of(Address::from(Bytes(20, static_cast<std::uint8_t>(i))).value()),
            number_key(of));
    if (i % 100 == 0) out.erase(Table::txn, as_bytes("erased"));
  }
  out.put(Table::meta, as_bytes("last"), number_key(of));
  return out;
}

std::uint64_t last_of(const Database& database) {
  return *read_number(database.get(Table::meta, as_bytes("last")).value());
}

void expect_whole(const Database& database, std::uint64_t last) {
  for (std::uint64_t number = 0; number < (last + 1) * kRecords; number += 97)
    ASSERT_EQ(database.get(Table::body, number_key(number)), record(number, number / kRecords)) << number;
  EXPECT_EQ(database.get(Table::txn, hash_of(Address{})), to_bytes(number_key(last)));
  EXPECT_FALSE(database.has(Table::txn, as_bytes("erased")));
  Cursor cursor = database.cursor(Table::body);
  cursor.seek_to_last();
  ASSERT_TRUE(cursor.valid());
  EXPECT_EQ(read_number(cursor.key()), (last + 1) * kRecords - 1)
      << "records of a batch that was not committed";
}
}  // namespace

TEST(SortedFiles, ALargeBatchIsTakenInWhole) {
  TempDir folder;
  {
    const auto database = open_database(folder.path());
    Batch before;
    before.put(Table::body, number_key(3), as_bytes("old"));
    before.put(Table::txn, as_bytes("erased"), as_bytes("old"));
    ASSERT_TRUE(database->commit(std::move(before)));
    const Snapshot snapshot = database->snapshot();
    for (std::uint64_t of = 0; of < 4; ++of) {
      Batch batch = batch_of(of);
      ASSERT_GT(batch.size_bytes(), std::size_t{1} << 20);
      ASSERT_TRUE(database->commit(std::move(batch), Durability::sync));
      EXPECT_TRUE(batch.empty());
      expect_whole(*database, of);
    }
    EXPECT_EQ(snapshot.get(Table::body, number_key(3)), to_bytes(as_bytes("old")));
    EXPECT_FALSE(database->files().empty());
    Batch after;
    after.put(Table::txn, as_bytes("erased"), as_bytes("new"));
    ASSERT_TRUE(database->commit(std::move(after)));
    EXPECT_TRUE(database->has(Table::txn, as_bytes("erased")));
    Batch again;
    again.erase(Table::txn, as_bytes("erased"));
    ASSERT_TRUE(database->commit(std::move(again)));
  }
  EXPECT_FALSE(std::filesystem::exists(sorted_files_folder(folder.path())));
  expect_whole(*open_database(folder.path()), 3);
}

TEST(SortedFiles, WhatAKilledWriterLeftIsRemoved) {
  TempDir folder;
  ASSERT_TRUE(open_database(folder.path())->commit(batch_of(0), Durability::sync));
  const auto left = std::filesystem::path(sorted_files_folder(folder.path()));
  std::filesystem::create_directory(left);
  std::filesystem::copy_file("/proc/self/exe", left / "0.sst");
  expect_whole(*open_database(folder.path()), 0);
  EXPECT_FALSE(std::filesystem::exists(left));
}

/// Not a test: the process that the next one kills.
TEST(SortedFiles, DISABLED_Writer) {
  auto task = writer_task();
  if (!task) GTEST_SKIP();
  const auto database = open_database(task->folder);
  for (std::uint64_t of = database->has(Table::meta, as_bytes("last")) ? last_of(*database) + 1 : 0;; ++of) {
    if (!database->commit(batch_of(of), Durability::sync)) _exit(2);
    task->committed();
  }
}

TEST(SortedFiles, KilledAtAnyInstantTheBatchIsThereOrNot) {
  TempDir folder;
  std::mt19937 random(5);
  std::uint64_t last = 0;
  for (int round = 0; round < 6; ++round) {
    ASSERT_NO_FATAL_FAILURE(run_and_kill_writer("SortedFiles.DISABLED_Writer", folder.path(), 0,
                                                std::chrono::microseconds(random() % 60'000)));
    const auto database = open_database(folder.path());
    const std::uint64_t now = last_of(*database);
    EXPECT_GE(now, last);
    if (round > 0) {
      EXPECT_GT(now, last) << "nothing was committed in this round";
    }
    last = now;
    expect_whole(*database, last);
  }
}
