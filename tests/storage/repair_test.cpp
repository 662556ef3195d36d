// What is damaged is mended where something else says what it was, and named where nothing does.
#include "storage/repair.hpp"

#include <gtest/gtest.h>

#include "storage/database_files.hpp"
#include "storage/state_store.hpp"
#include "storage/verify.hpp"
#include "stored_chain.hpp"

using namespace quarry;
using namespace quarry::test;
namespace fs = std::filesystem;

namespace {

constexpr BlockNum kBlocks = 60;

RepairOptions options() {
  return {[](std::string_view) -> Result<HeaderIdentity> { return HeaderIdentity::keccak_rlp; },
          [](std::string_view, Batch& batch) -> Result<> {
            write_genesis_state(batch, {});
            return {};
          }};
}

std::string findings(const fs::path& path) {
  VerifyOptions how{.depth = VerifyDepth::deep};
  how.identity = options().identity;
  const auto report = verify_database(path.string(), how);
  if (!report) return report.error().what;
  std::string out;
  for (const Finding& one : report->findings) out += one.where + ": " + one.what + "\n";
  return out;
}

struct Ruin {
  TempDir folder;
  fs::path path = folder.path() / "db";
  StoredChain chain;

  explicit Ruin(BlockNum blocks = kBlocks) {
    const auto database = open_database(path);
    extend(*database, chain, blocks);
  }
  /// Commits what `change` puts into a batch.
  template <class Change>
  void damage(Change change) {
    const auto database = open_database(path);
    Batch batch;
    change(*database, batch);
    EXPECT_TRUE(database->commit(std::move(batch)));
  }
  RepairReport repair() {
    EXPECT_NE(findings(path), "") << "it is damaged first";
    const auto report = repair_database(path.string(), options());
    if (!report) {
      ADD_FAILURE() << report.error().what;
      return {};
    }
    EXPECT_EQ(findings(path), "");
    EXPECT_TRUE(fs::exists(report->copy));
    return *report;
  }
  BlockNum head() const { return ChainStore(*open_database(path)).heads().block.number; }
};

void erase_all(Batch& batch, Table table) {
  batch.erase_range(table, {}, Bytes(65, 0xff));
}

}  // namespace

TEST(Repair, IndexesAreMadeAnew) {
  Ruin ruin;
  ruin.damage([](const Database&, Batch& batch) {
    erase_all(batch, Table::number);
    batch.erase_range(Table::canonical, number_key(10), number_key(30));
  });
  const auto report = ruin.repair();
  EXPECT_TRUE(report.lost.empty());
  EXPECT_EQ(ruin.head(), kBlocks);
}

TEST(Repair, TriesComeFromTheFlatStateAndBack) {
  Ruin ruin;
  ruin.damage([](const Database&, Batch& batch) { erase_all(batch, Table::node); });
  EXPECT_TRUE(ruin.repair().lost.empty());
  ruin.damage([](const Database&, Batch& batch) { erase_all(batch, Table::slot); });
  EXPECT_TRUE(ruin.repair().lost.empty());
  ruin.damage([](const Database&, Batch& batch) { erase_all(batch, Table::account); });
  EXPECT_TRUE(ruin.repair().lost.empty());
  EXPECT_EQ(ruin.head(), kBlocks);
}

TEST(Repair, ALostBodyTakesTheChainBackToBeforeIt) {
  Ruin ruin;
  ruin.damage([](const Database& database, Batch& batch) {
    batch.erase(Table::body, block_key(*ChainStore(database).canonical_id(41)));
  });
  const auto report = ruin.repair();
  EXPECT_FALSE(report.lost.empty());
  EXPECT_EQ(ruin.head(), 40U);
}

TEST(Repair, LostReceiptsTakeTheStateBackAndKeepTheBlocks) {
  Ruin ruin;
  ruin.damage([](const Database& database, Batch& batch) {
    batch.erase(Table::receipt, block_key(*ChainStore(database).canonical_id(41)));
  });
  const auto report = repair_database(ruin.path.string(), options());
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->state, 40U);
  EXPECT_EQ(report->executable, kBlocks);
  EXPECT_EQ(ruin.head(), 40U);
}

TEST(Repair, ALostHeaderDropsWhatStandsOnIt) {
  Ruin ruin;
  ruin.damage([](const Database& database, Batch& batch) {
    batch.erase(Table::header, block_key(*ChainStore(database).canonical_id(31)));
  });
  const auto report = ruin.repair();
  EXPECT_FALSE(report.lost.empty());
  EXPECT_EQ(report.executable, 30U);
}

TEST(Repair, AGapInTheHistoryShortensIt) {
  Ruin ruin;
  ruin.damage([](const Database&, Batch& batch) { batch.erase(Table::undo, number_key(20)); });
  const auto report = ruin.repair();
  EXPECT_EQ(report.lost.size(), 1U);
  EXPECT_EQ(ruin.head(), kBlocks);
  EXPECT_EQ(StateStore(*open_database(ruin.path)).oldest_state(), 20U);
}

TEST(Repair, AStateThatIsGoneBeginsAnew) {
  Ruin ruin;
  ruin.damage([](const Database&, Batch& batch) {
    erase_all(batch, Table::node);
    erase_all(batch, Table::account);
  });
  const auto report = ruin.repair();
  EXPECT_FALSE(report.lost.empty());
  EXPECT_EQ(report.state, 0U);
  EXPECT_EQ(report.executable, kBlocks) << "all blocks are there to be executed";
}

/// Whatever file is unreadable, what comes out is sound.
TEST(Repair, EveryUnreadableFileIsPutAside) {
  TempDir folder;
  const fs::path whole = folder.path() / "whole";
  {
    const auto database = open_database(whole);
    StoredChain chain;
    extend(*database, chain, kBlocks);
    ASSERT_TRUE(database->flush_memtables());
  }
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(whole))
    if (entry.path().extension() == ".sst") names.push_back(entry.path().filename().string());
  std::size_t mended = 0;
  for (const std::string& name : names) {
    const fs::path path = folder.path() / "db";
    fs::remove_all(path);
    fs::copy(whole, path);
    Bytes bytes = read_file(path / name);
    bytes[bytes.size() / 3] ^= 1;
    std::ofstream(path / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    const auto report = repair_database(path.string(), options());
    if (!report) {  // the genesis or block 0 was in it
      EXPECT_FALSE(report.error().remedy.empty()) << report.error().what;
      continue;
    }
    ++mended;
    EXPECT_FALSE(report->lost.empty());
    // Receipts above the state come again when blocks are executed, which storage cannot.
    if (report->state == report->executable) {
      EXPECT_EQ(findings(path), "") << name;
    }
  }
  EXPECT_GE(mended, names.size() / 2);
}

TEST(Repair, ATruncatedLogCostsWhatItHeld) {
  constexpr BlockNum kFew = 10;  // so that the log is kept at the end
  Ruin ruin(kFew);
  fs::path log;
  for (const auto& entry : fs::directory_iterator(ruin.path))
    if (entry.path().extension() == ".log" && entry.file_size() > 1000) log = entry.path();
  ASSERT_FALSE(log.empty());
  fs::resize_file(log, fs::file_size(log) - 100);
  const auto report = ruin.repair();
  EXPECT_FALSE(report.lost.empty());
  EXPECT_EQ(ruin.head(), kFew - 1);
}

TEST(Repair, WhatIsSoundStaysAsItIs) {
  Ruin ruin;
  const auto before = [&] { return dump(*open_database(ruin.path), kStateTables); };
  const auto rows = before();
  const auto report = repair_database(ruin.path.string(), options());
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->lost.empty());
  EXPECT_EQ(before(), rows);
}
