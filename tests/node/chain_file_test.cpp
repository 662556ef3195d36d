/// Chain files: whole, gzipped, cut short, bent.
#include "node/chain_file.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "fixtures.hpp"
#include "node/progress.hpp"

using namespace quarry;

namespace {
constexpr auto kRlp = HeaderIdentity::keccak_rlp;

Bytes block_rlp(BlockNum number, std::size_t extra = 10) {
  Header header;
  header.number = number;
  header.extra_data.assign(extra, 7);
  return encode_block(Block{seal_header(header, kRlp), {}});
}

/// Blocks until the end or an error.
struct Reading {
  std::vector<BlockNum> numbers;
  std::optional<Error> error;
};
Reading read_all(const std::filesystem::path& path) {
  Reading out;
  auto reader = ChainFileReader::open(path, kRlp);
  if (!reader) return out.error = reader.error(), out;
  while (true) {
    auto block = reader->next();
    if (!block) return out.error = block.error(), out;
    if (!*block) return out;
    out.numbers.push_back((**block).header->number);
  }
}
void put(const std::filesystem::path& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}
}  // namespace

TEST(ChainFile, WhatIsWrittenIsReadPlainAndGzipped) {
  const test::TempDir folder;
  for (const char* name : {"chain.rlp", "chain.rlp.gz"}) {
    auto writer = ChainFileWriter::create(folder.path() / name);
    ASSERT_TRUE(writer) << writer.error().what;
    for (BlockNum number = 0; number < 100; ++number)
      ASSERT_TRUE(writer->write(block_rlp(number, number * 100)));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / name));
    ASSERT_TRUE(writer->finish());
    const Reading reading = read_all(folder.path() / name);
    EXPECT_FALSE(reading.error) << reading.error->what;
    ASSERT_EQ(reading.numbers.size(), 100u);
    EXPECT_EQ(reading.numbers.back(), 99u);
  }
  // The name says nothing when reading.
  std::filesystem::rename(folder.path() / "chain.rlp.gz", folder.path() / "renamed.rlp");
  EXPECT_EQ(read_all(folder.path() / "renamed.rlp").numbers.size(), 100u);
  EXPECT_LT(std::filesystem::file_size(folder.path() / "renamed.rlp"),
            std::filesystem::file_size(folder.path() / "chain.rlp") / 5);
  // Without compression the bytes are the blocks' alone, as geth has them.
  EXPECT_EQ(test::read_file(folder.path() / "chain.rlp")[0], block_rlp(0)[0]);
}

TEST(ChainFile, UnfinishedWriteLeavesNothing) {
  const test::TempDir folder;
  {
    auto writer = ChainFileWriter::create(folder.path() / "chain.rlp");
    ASSERT_TRUE(writer->write(block_rlp(1)));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_FALSE(ChainFileWriter::create(folder.path() / "no" / "chain.rlp"));
  EXPECT_FALSE(ChainFileWriter::create(folder.path())) << "a folder is no file";
}

TEST(ChainFile, CutShortAnywhereIsToldWithItsPlace) {
  const test::TempDir folder;
  const auto path = folder.path() / "cut.rlp";
  Bytes whole = block_rlp(1, 300);
  const std::size_t first = whole.size();
  append(whole, block_rlp(2, 300));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    put(path, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
    const Reading reading = read_all(path);
    const bool at_an_end = length == 0 || length == first;
    EXPECT_EQ(reading.error.has_value(), !at_an_end) << length;
    EXPECT_EQ(reading.numbers.size(), length >= first ? 1u : 0u) << length;
    if (length > first) {
      EXPECT_NE(reading.error->what.find("byte " + std::to_string(first) + ", after block 1"),
                std::string::npos)
          << reading.error->what;
    }
  }
}

TEST(ChainFile, DamageIsToldAndNeverCrashes) {
  const test::TempDir folder;
  const auto path = folder.path() / "bent.rlp";
  const Bytes whole = block_rlp(1);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes bent = whole;
    bent[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    put(path, bent);
    const Reading reading = read_all(path);  // a bit in a field's content makes another, well-formed block
    EXPECT_TRUE(reading.error || reading.numbers.size() == 1) << bit;
  }
  put(path, {0x83, 1, 2, 3});
  EXPECT_NE(read_all(path).error->what.find("RLP list should begin here"), std::string::npos);
  put(path, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
  EXPECT_NE(read_all(path).error->what.find("a block of more than"), std::string::npos);
  put(path, {0xfa, 0x80, 0, 0});
  EXPECT_NE(read_all(path).error->what.find("in the middle of a block"), std::string::npos);
  EXPECT_TRUE(read_all(folder.path()).error) << "a folder";
  EXPECT_TRUE(read_all(folder.path() / "none").error);
}

TEST(ChainFile, CutGzipIsTold) {
  const test::TempDir folder;
  const auto path = folder.path() / "chain.rlp.gz";
  auto writer = ChainFileWriter::create(path);
  for (BlockNum number = 0; number < 1000; ++number) ASSERT_TRUE(writer->write(block_rlp(number)));
  ASSERT_TRUE(writer->finish());
  const Bytes whole = test::read_file(path);
  for (std::size_t length : {whole.size() / 2, whole.size() - 1, whole.size() - 9}) {
    put(path, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
    EXPECT_TRUE(read_all(path).error) << length;
  }
  Bytes bent = whole;
  bent[bent.size() / 2] ^= 0x10;
  put(path, bent);
  EXPECT_TRUE(read_all(path).error);
}

TEST(ChainFile, GethsExportIsRead) {
  const auto path = test::fixtures_dir() / "geth-1.7.3" / "empty-12.rlp";
  QUARRY_NEEDS_FIXTURE(path);
  const Reading reading = read_all(path);
  EXPECT_FALSE(reading.error);
  EXPECT_EQ(reading.numbers.size(), 13u);
}

TEST(Progress, BarFitsItsLine) {
  ProgressState state{.what = "Importing blocks", .done = 50, .total = 100, .items = 500, .unit = "blocks"};
  state.elapsed = std::chrono::seconds(10);
  const std::string bar = progress_bar(state, 100);
  EXPECT_EQ(bar,
            "Importing blocks  50% [####################                    ] 500 blocks, 50/s, 10s left");
  for (std::size_t width : {0u, 5u, 30u, 60u, 80u, 200u}) EXPECT_LE(progress_bar(state, width).size(), width);
  state.total = 0;
  EXPECT_EQ(progress_bar(state, 80), "Importing blocks 500 blocks, 50/s");
  EXPECT_EQ(progress_eta(state), "?");
  state.total = 1'000'000;
  EXPECT_EQ(progress_eta(state), "55h33m");
}
