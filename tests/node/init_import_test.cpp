/// A genesis into a real database, and chain files through the real chain.
#include <gtest/gtest.h>

#include <fstream>

#include "consensus/genesis.hpp"
#include "fixtures.hpp"
#include "node/chain_file.hpp"
#include "node/chain_transfer.hpp"
#include "node/genesis_json.hpp"
#include "node/local_chain.hpp"
#include "node/options.hpp"
#include "node/stored_genesis.hpp"
#include "source_dir.hpp"

using namespace quarry;

namespace {
Genesis private_genesis() {
  return read_genesis_file(std::filesystem::path(test::source_dir()) / "data" / "PrivateGenesis.json")
      ->genesis;
}

/// A data dir, opened the way commands do.
class DataDir {
 public:
  DataDir() : paths_(folder_.path()) { options_.cache_mb = 16; }

  Result<GenesisWritten> init(const Genesis& genesis) {
    auto database = Database::open({.path = paths_.chaindata.string()});
    if (!database) return tl::unexpected(database.error());
    return setup_genesis(**database, genesis);
  }
  void open() {
    std::filesystem::create_directories(paths_.quarry);
    auto opened = open_local_chain(paths_, options_, workers_);
    ASSERT_TRUE(opened) << opened.error().what;
    local_.emplace(std::move(*opened));
  }
  void close() { local_.reset(); }
  LocalChain& local() { return *local_; }
  ChainStore store() { return ChainStore(*local_->database); }

  Result<ImportReport> import(const std::filesystem::path& file, const TransferWatch& watch = {}) {
    return import_chain_file(
        file, store(), local_->genesis.spec,
        [&](std::span<const Block> blocks, TxnRecovery* ahead) {
          return local_->chain->insert_blocks(blocks, ahead);
        },
        [&](std::span<const Block> blocks) { return local_->chain->recover_ahead(blocks); }, watch);
  }
  std::filesystem::path file(const char* name) const { return folder_.path() / name; }

 private:
  test::TempDir folder_;
  DataDirPaths paths_;
  NodeOptions options_;
  WorkerPool workers_{"test", 2, 1024};
  std::optional<LocalChain> local_;
};

std::filesystem::path empty_12() {
  return test::fixtures_dir() / "geth-1.7.3" / "empty-12.rlp";
}
void put(const std::filesystem::path& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}
}  // namespace

TEST(Init, SameGenesisTwiceChangesNothing) {
  DataDir dir;
  const auto first = dir.init(private_genesis());
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_TRUE(first->fresh);
  EXPECT_EQ(first->header.hash().hex(), "0x5e1fc79cb4ffa4739177b5408045cd5d51c6cf766133f23f7cd72ee1f8d790e0");
  const auto again = dir.init(private_genesis());
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_FALSE(again->fresh);
  EXPECT_TRUE(again->changes.empty());
}

TEST(Init, OtherGenesisIsRefusedWithBothHashesAndTheField) {
  DataDir dir;
  ASSERT_TRUE(dir.init(private_genesis()));
  Genesis other = private_genesis();
  other.header.difficulty = U256{512};
  const auto refused = dir.init(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what,
            "database already contains an incompatible genesis block (have 5e1fc79cb4ffa473, new " +
                to_hex(genesis_block(other).hash().view().first(8)) + ")");
  EXPECT_NE(refused.error().remedy.find("difficulty: have 131072, new 512"), std::string::npos)
      << refused.error().remedy;
  dir.open();
  EXPECT_EQ(dir.local().genesis.header.difficulty, U256{131072});
}

TEST(Init, ForkAheadOfTheHeadIsTakenOver) {
  QUARRY_NEEDS_FIXTURE(empty_12());
  DataDir dir;
  Genesis genesis = private_genesis();
  ASSERT_TRUE(dir.init(genesis));
  dir.open();
  ASSERT_TRUE(dir.import(empty_12()));
  dir.close();

  genesis.spec.forks[Fork::byzantium] = Activation{Activation::By::block, 12};
  const auto late = dir.init(genesis);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().what,
            "mismatching Byzantium fork block in database (have <nil>, want 12, rewindto 11)");
  genesis.spec.forks[Fork::byzantium] = Activation{Activation::By::block, 13};
  const auto ahead = dir.init(genesis);
  ASSERT_TRUE(ahead) << ahead.error().what;
  EXPECT_EQ(ahead->changes, std::vector<std::string>{"Byzantium: not set -> block 13"});
  dir.open();
  EXPECT_EQ(dir.local().chain->spec().forks[Fork::byzantium], genesis.spec.forks[Fork::byzantium]);
  EXPECT_EQ(dir.local().chain->head().header->number, 12u);
}

TEST(Init, EmptyDataDirSaysWhatToDo) {
  test::TempDir folder;
  WorkerPool workers("test", 1, 16);
  NodeOptions options;
  const DataDirPaths paths(folder.path());
  std::filesystem::create_directories(paths.quarry);
  const auto opened = open_local_chain(paths, options, workers);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().remedy.find("quarry init"), std::string::npos);
}

TEST(Import, GethsAuthorityChainReachesItsTip) {
  const auto folder = test::fixtures_dir() / "clique";
  QUARRY_NEEDS_FIXTURE(folder);
  const auto genesis = read_genesis_file(folder / "genesis.json");
  ASSERT_TRUE(genesis) << genesis.error().what;
  DataDir dir;
  ASSERT_TRUE(dir.init(genesis->genesis));
  dir.open();
  const auto report = dir.import(test::unpacked("clique/clique-2k.rlp.xz"));
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->imported, 2000u);
  const ChainHead head = dir.local().chain->head();
  EXPECT_EQ(head.header->number, 2000u);
  const std::string tip = head.header.hash().hex();
  EXPECT_TRUE(tip.starts_with("0x391828") && tip.ends_with("374efe")) << tip;
}

TEST(Import, GethsChainComesInAndGoesOutByteForByte) {
  QUARRY_NEEDS_FIXTURE(empty_12());
  DataDir dir;
  ASSERT_TRUE(dir.init(private_genesis()));
  dir.open();
  const auto report = dir.import(empty_12());
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->imported, 12u);
  EXPECT_EQ(dir.local().chain->head().total_difficulty, TotalDifficulty{1707456});
  const auto again = dir.import(empty_12());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->imported, 0u);
  EXPECT_EQ(again->known, 13u);

  ASSERT_EQ(export_chain_file(dir.file("out.rlp"), dir.store(), {}, {}), 13u);
  EXPECT_EQ(test::read_file(dir.file("out.rlp")), test::read_file(empty_12()));
  ASSERT_EQ(export_chain_file(dir.file("part.rlp.gz"), dir.store(), 3, 5), 3u);
  EXPECT_FALSE(export_chain_file(dir.file("x"), dir.store(), 5, 3));
  EXPECT_FALSE(export_chain_file(dir.file("x"), dir.store(), 0, 13));
  EXPECT_FALSE(std::filesystem::exists(dir.file("x")));
}

TEST(Import, GoesOnWhereItWasStopped) {
  QUARRY_NEEDS_FIXTURE(empty_12());
  DataDir dir;
  ASSERT_TRUE(dir.init(private_genesis()));
  dir.open();
  const Bytes whole = test::read_file(empty_12());
  put(dir.file("cut.rlp"), Bytes(whole.begin(), whole.begin() + 3000));
  const auto cut = dir.import(dir.file("cut.rlp"));
  ASSERT_FALSE(cut);
  EXPECT_NE(cut.error().what.find("byte 2651, after block 4: the file ends in the middle of a block"),
            std::string::npos)
      << cut.error().what;
  EXPECT_EQ(dir.local().chain->head().header->number, 4u);
  const auto rest = dir.import(empty_12());
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->imported, 8u);
  EXPECT_EQ(rest->known, 5u);
}

TEST(Import, BadBlockIsNamedWithByteNumberAndRule) {
  QUARRY_NEEDS_FIXTURE(empty_12());
  DataDir dir;
  ASSERT_TRUE(dir.init(private_genesis()));
  dir.open();
  // Block 3 with another time: its difficulty or seal no longer fits.
  auto reader = ChainFileReader::open(empty_12(), HeaderIdentity::keccak_rlp);
  Bytes bent;
  while (true) {
    auto block = reader->next();
    ASSERT_TRUE(block);
    if (!*block) break;
    if ((**block).header->number != 3) {
      append(bent, encode_block(**block));
      continue;
    }
    Header header = *(**block).header;
    header.extra_data.push_back(0);
    append(bent, encode_block(Block{seal_header(header, HeaderIdentity::keccak_rlp), {}}));
  }
  put(dir.file("bent.rlp"), bent);
  const auto report = dir.import(dir.file("bent.rlp"));
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().what.find(", block 3 ("), std::string::npos) << report.error().what;
  EXPECT_NE(report.error().what.find("seal"), std::string::npos) << report.error().what;
  EXPECT_EQ(dir.local().chain->head().header->number, 2u);
}

TEST(Import, AnotherChainsFileIsToldByItsGenesis) {
  QUARRY_NEEDS_FIXTURE(empty_12());
  DataDir dir;
  Genesis other = private_genesis();
  other.header.timestamp = 9;
  ASSERT_TRUE(dir.init(other));
  dir.open();
  const auto report = dir.import(empty_12());
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().what.find("the file is of another chain: its genesis is 0x5e1fc79c"),
            std::string::npos)
      << report.error().what;
  // Without the genesis in the file, the first block's parent tells.
  const Bytes whole = test::read_file(empty_12());
  put(dir.file("tail.rlp"),
      Bytes(whole.begin() +
                static_cast<std::ptrdiff_t>(encode_block(Block{dir.local().chain->head().header, {}}).size()),
            whole.end()));
  EXPECT_FALSE(dir.import(dir.file("tail.rlp")));
}

TEST(Import, StopsBetweenGroupsWhenAsked) {
  QUARRY_NEEDS_FIXTURE(empty_12());
  DataDir dir;
  ASSERT_TRUE(dir.init(private_genesis()));
  dir.open();
  // Known blocks fill groups too, so that a long file of them can be stopped.
  ASSERT_TRUE(dir.import(empty_12()));
  const Bytes whole = test::read_file(empty_12());
  Bytes many;
  for (int i = 0; i < 4000; ++i) append(many, whole);
  put(dir.file("many.rlp"), many);
  std::uint64_t seen = 0;
  TransferWatch watch;
  watch.progress = [&](std::uint64_t, std::uint64_t, std::uint64_t blocks) { seen = blocks; };
  watch.stopped = [&] { return seen > 0; };
  const auto report = dir.import(dir.file("many.rlp"), watch);
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_TRUE(report->stopped);
  EXPECT_LT(report->imported + report->known, 4000u * 13);
}
