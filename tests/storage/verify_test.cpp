// Whatever is damaged is found and named; what is sound is called so.
#include "storage/verify.hpp"

#include <gtest/gtest.h>

#include "storage/database_files.hpp"
#include "storage/inspect.hpp"
#include "stored_chain.hpp"

using namespace quarry;
using namespace quarry::test;
namespace fs = std::filesystem;

namespace {

VerifyReport verify(const fs::path& path, VerifyDepth depth = VerifyDepth::deep) {
  VerifyOptions how{.depth = depth};
  how.identity = [](std::string_view genesis) -> Result<HeaderIdentity> {
    if (genesis != kGenesisText) return fail("not that genesis");
    return HeaderIdentity::keccak_rlp;
  };
  auto report = verify_database(path.string(), how);
  if (!report) throw std::runtime_error(report.error().what);
  return *std::move(report);
}

std::string text_of(const VerifyReport& report) {
  std::string out;
  for (const Finding& one : report.findings) out += one.where + ": " + one.what + "\n";
  return out;
}

void build(const fs::path& path, BlockNum blocks) {
  const auto database = open_database(path);
  StoredChain chain;
  extend(*database, chain, blocks);
}

struct Row {
  Table table{};
  Bytes key, value;
};

/// Some rows of every table.
std::vector<Row> sample(const fs::path& path, std::size_t each) {
  const auto database = open_database(path);
  std::mt19937 random(9);
  std::vector<Row> out;
  for (const TableRow& table : kTables) {
    std::vector<Row> rows;
    Cursor cursor = database->cursor(table.table);
    for (cursor.seek_to_first(); cursor.valid(); cursor.next())
      rows.push_back({table.table, to_bytes(cursor.key()), to_bytes(cursor.value())});
    std::shuffle(rows.begin(), rows.end(), random);
    rows.resize(std::min(rows.size(), each));
    out.insert(out.end(), rows.begin(), rows.end());
  }
  return out;
}

void put(const fs::path& path, const Row& row, const std::optional<Bytes>& value) {
  const auto database = open_database(path);
  Batch batch;
  if (value)
    batch.put(row.table, row.key, *value);
  else
    batch.erase(row.table, row.key);
  ASSERT_TRUE(database->commit(std::move(batch)));
}

/// Code that no account has any more is kept and nobody's damage.
bool is_used(const Row& row, const Model& model) {
  if (row.table != Table::code) return true;
  return std::any_of(model.begin(), model.end(),
                     [&](const auto& one) { return equal(one.second.account.code_hash, row.key); });
}

bool is_schema(const Row& row) {
  return row.table == Table::meta && as_text(row.key) == meta::kSchema;
}

void flip(const fs::path& file, std::uint64_t at) {
  Bytes bytes = read_file(file);
  bytes.at(at) ^= 0x10;
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

TEST(Verify, ASoundDatabaseIsSound) {
  TempDir folder;
  build(folder.path(), 40);
  const auto report = verify(folder.path());
  EXPECT_TRUE(report.fine()) << text_of(report);
  EXPECT_TRUE(report.findings.empty()) << text_of(report);
  std::map<std::string, std::uint64_t> checked(report.checked.begin(), report.checked.end());
  EXPECT_EQ(checked["headers"], 41U + 8U);
  EXPECT_EQ(checked["change sets"], 40U);
  EXPECT_EQ(checked["blocks taken back"], 40U);
  EXPECT_GT(checked["trie nodes"], 10U);
  EXPECT_GT(checked["slots"], 10U);
  EXPECT_TRUE(verify(folder.path(), VerifyDepth::quick).findings.empty());
}

TEST(Verify, EveryLostOrChangedRowIsFound) {
  TempDir folder;
  StoredChain chain;
  {
    const auto database = open_database(folder.path());
    extend(*database, chain, 25);
  }
  std::mt19937 random(4);
  for (const Row& row : sample(folder.path(), 6)) {
    if (is_schema(row) || !is_used(row, chain.model)) continue;
    const std::string name = std::string(table_name(row.table)) + " " + key_text(row.table, row.key);
    put(folder.path(), row, std::nullopt);
    EXPECT_FALSE(verify(folder.path()).fine()) << name << " was lost";
    Bytes changed = row.value.empty() ? Bytes{1} : row.value;
    if (!row.value.empty())
      changed[random() % changed.size()] ^= static_cast<std::uint8_t>(1 << random() % 8);
    put(folder.path(), row, changed);
    EXPECT_FALSE(verify(folder.path()).fine())
        << name << " was changed from " << to_hex(row.value) << " to " << to_hex(changed);
    put(folder.path(), row, row.value);
  }
  EXPECT_TRUE(verify(folder.path()).fine()) << text_of(verify(folder.path()));
}

TEST(Verify, EveryRowTooMuchIsFound) {
  TempDir folder;
  build(folder.path(), 10);
  for (Row row : sample(folder.path(), 2)) {
    if (row.table == Table::meta || row.table == Table::code) continue;
    row.key[row.key.size() / 2] ^= 1;
    put(folder.path(), row, row.value);
    EXPECT_FALSE(verify(folder.path()).fine())
        << table_name(row.table) << " " << key_text(row.table, row.key);
    put(folder.path(), row, std::nullopt);
  }
  EXPECT_TRUE(verify(folder.path()).fine());
}

TEST(Verify, AFlippedByteOfATableFileIsFoundAndNamed) {
  TempDir folder;
  build(folder.path(), 30);
  ASSERT_TRUE(open_database(folder.path())->flush_memtables());
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder.path()))
    if (entry.path().extension() == ".sst") files.push_back(entry.path());
  ASSERT_GE(files.size(), 8U);
  EXPECT_TRUE(verify(folder.path()).fine());
  constexpr std::uint64_t kFooter = 53;  // it has bytes that mean nothing
  std::mt19937 random(2);
  for (const fs::path& file : files) {
    for (int i = 0; i < 4; ++i) {
      const std::uint64_t at = random() % (fs::file_size(file) - kFooter);
      flip(file, at);
      const auto report = verify(folder.path(), VerifyDepth::whole);
      flip(file, at);
      ASSERT_FALSE(report.fine()) << file << " byte " << at;
      EXPECT_NE(text_of(report).find(file.filename().string()), std::string::npos) << text_of(report);
    }
  }
  fs::resize_file(files[0], fs::file_size(files[0]) - 1);
  auto report = verify(folder.path(), VerifyDepth::quick);
  EXPECT_FALSE(report.fine());
  EXPECT_NE(text_of(report).find(files[0].filename().string()), std::string::npos) << text_of(report);
}

TEST(Verify, ATruncatedLogIsFoundAndNamed) {
  TempDir folder;
  build(folder.path(), 10);
  fs::path log;
  for (const auto& entry : fs::directory_iterator(folder.path()))
    if (entry.path().extension() == ".log" && entry.file_size() > 1000) log = entry.path();
  ASSERT_FALSE(log.empty());
  fs::resize_file(log, fs::file_size(log) - 200);
  const auto report = verify(folder.path(), VerifyDepth::quick);
  EXPECT_FALSE(report.fine());
  EXPECT_NE(text_of(report).find(log.filename().string()), std::string::npos) << text_of(report);
}

TEST(Verify, ItLooksBesideAnOwnerThatWrites) {
  TempDir folder;
  const auto database = open_database(folder.path());
  StoredChain chain;
  for (int round = 0; round < 5; ++round) {
    extend(*database, chain, 20);
    if (round % 2 == 1) {
      ASSERT_TRUE(database->flush_memtables());
    }
    const auto report = verify(folder.path());
    EXPECT_TRUE(report.fine()) << text_of(report);
  }
}

TEST(Verify, SealsAreShownToTheJudge) {
  TempDir folder;
  build(folder.path(), 300);
  std::uint64_t seen = 0;
  VerifyOptions how;
  how.identity = [](std::string_view) -> Result<HeaderIdentity> { return HeaderIdentity::keccak_rlp; };
  how.seals = [&](std::span<const SealedHeader> headers) {
    std::vector<std::string> out(headers.size());
    for (std::size_t i = 0; i < headers.size(); ++i, ++seen)
      if (headers[i]->number == 77) out[i] = "is wrong";
    return out;
  };
  const auto report = verify_database(folder.path().string(), how);
  ASSERT_TRUE(report);
  EXPECT_EQ(seen, 300U + 60U);
  EXPECT_EQ(report->damage, 1U);
  EXPECT_NE(text_of(*report).find("block 77"), std::string::npos) << text_of(*report);
}

TEST(Verify, WhatCannotBeOpenedIsAnError) {
  TempDir folder;
  EXPECT_FALSE(verify_database((folder.path() / "none").string(), {}));
}
