// Datasets: generated, kept in files, given up in the middle; hashes read from them.
#include <condition_variable>
#include <fstream>
#include <random>
#include <thread>

#include "consensus/ethash/datasets.hpp"
#include "consensus/ethash/files.hpp"
#include "consensus/ethash/hashimoto.hpp"
#include "core/keccak.hpp"
#include "fixtures.hpp"

using namespace quarry;
using namespace quarry::ethash;
namespace fs = std::filesystem;

namespace {
const std::atomic<bool> kGoOn{false};

/// One row as the Yellow Paper has it, with plain divisions and one word at a time.
std::array<std::uint32_t, 16> row_by_the_book(const Cache& cache, std::uint32_t index) {
  const auto* words = cache.view().words;
  const auto rows = static_cast<std::uint32_t>(cache.bytes().size() / 64);
  std::array<std::uint32_t, 16> mix;
  std::copy_n(words + 16 * (index % rows), 16, mix.begin());
  mix[0] ^= index;
  const auto hashed = [&] {
    const Hash512 hash = keccak512({reinterpret_cast<const std::uint8_t*>(mix.data()), 64});
    std::memcpy(mix.data(), hash.data(), 64);
  };
  hashed();
  for (std::uint32_t j = 0; j < 256; ++j) {
    const std::uint32_t parent = (((index ^ j) * 0x01000193) ^ mix[j % 16]) % rows;
    for (int i = 0; i < 16; ++i) mix[i] = (mix[i] * 0x01000193) ^ words[16 * parent + i];
  }
  hashed();
  return mix;
}

/// Collects what an owner is told.
struct Notes {
  std::mutex mutex;
  std::vector<std::string> warnings;
  std::vector<DatasetProgress::Stage> stages;
  OnWarning on_warning() {
    return [this](const Error& error) {
      const std::lock_guard lock(mutex);
      warnings.push_back(error.what);
    };
  }
  OnProgress on_progress() {
    return [this](const DatasetProgress& progress) {
      const std::lock_guard lock(mutex);
      stages.push_back(progress.stage);
    };
  }
};

bool same(ByteView a, ByteView b) {
  return a.size() == b.size() && equal(a, b);
}

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator{}));
}

void overwrite(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

struct TestDatasets {
  Caches caches{Caches::Options{Mode::test, {}, {}}};
  Notes notes;
  std::shared_ptr<const Dataset> dataset(const fs::path& folder, BlockNum number = 0) {
    Datasets datasets(caches, {folder, 2, notes.on_progress(), notes.on_warning()});
    datasets.want(number);
    auto out = datasets.wait(epoch_of(number));
    // The file is written after the dataset is ready.
    while (datasets.progress().stage != DatasetProgress::Stage::ready) std::this_thread::yield();
    return out;
  }
};
}  // namespace

TEST(EthashDataset, RowsFollowTheBookOnEveryLevel) {
  const auto cache = Cache::build(0, Mode::normal);
  std::mt19937 random(1);
  for (const SimdLevel level : simd_levels())
    for (std::size_t count : {1, 2, 3, 7, 8, 9, 23, 24, 25, 61}) {
      std::vector<std::uint32_t> indices(count);
      for (auto& index : indices) index = static_cast<std::uint32_t>(random() % cache->dataset_rows());
      indices.front() = count % 2 == 0 ? 0 : cache->dataset_rows() - 1;
      std::vector<std::uint32_t> out(16 * count);
      kernel_of(level).rows(cache->view(), indices.data(), count, out.data());
      for (std::size_t i = 0; i < count; ++i) {
        const auto expected = row_by_the_book(*cache, indices[i]);
        ASSERT_TRUE(std::equal(expected.begin(), expected.end(), out.begin() + 16 * static_cast<long>(i)))
            << to_string(level) << ", row " << indices[i] << ", " << i << " of " << count;
      }
    }
}

TEST(EthashDataset, FullHashesEqualLightOnesOnEveryLevel) {
  TestDatasets made;
  for (BlockNum number : {0, 30000}) {
    const auto dataset = made.dataset({}, number);
    ASSERT_NE(dataset, nullptr);
    const auto cache = made.caches.get(epoch_of(number));
    std::vector<HashInput> inputs(kFullBatch);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      inputs[i] = {keccak256(as_bytes("header")), ~std::uint64_t{7} + 3 * i};
    for (const SimdLevel level : simd_levels())
      for (std::size_t count = 1; count <= inputs.size(); ++count) {
        std::vector<HashOutput> full(count), light(count);
        hash_full(*dataset, std::span(inputs).first(count), full.data(), kernel_of(level));
        for (std::size_t at = 0; at < count; at += kLightBatch)
          hash_light(*cache, std::span(inputs).subspan(at, std::min(kLightBatch, count - at)), &light[at],
                     kernel_of(level));
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_EQ(full[i].mix, light[i].mix) << to_string(level) << ", " << i << " of " << count;
          ASSERT_EQ(full[i].result, light[i].result);
        }
      }
  }
}

TEST(EthashDataset, BuilderGoesOnWhereItWasCancelled) {
  const auto cache = Cache::build(0, Mode::normal);
  const auto builder = DatasetBuilder::create(cache);
  ASSERT_NE(builder, nullptr);
  std::atomic<bool> cancelled{false};
  double before = 0;
  for (int round = 0; round < 3; ++round) {
    cancelled = false;
    EXPECT_FALSE(builder->run(2, cancelled, std::chrono::milliseconds(1),
                              [&] { cancelled = builder->fraction_done() > before; }));
    EXPECT_GT(builder->fraction_done(), before);
    before = builder->fraction_done();
  }
  EXPECT_LT(before, 1);
}

TEST(EthashDataset, IsWrittenOnceAndReadBack) {
  test::TempDir folder;
  TestDatasets made;
  const auto first = made.dataset(folder.path() / "deep" / "er");
  ASSERT_NE(first, nullptr);
  const fs::path path = folder.path() / "deep/er/full-R23-0000000000000000";
  EXPECT_EQ(fs::file_size(path), 8 + 32768u);
  EXPECT_EQ(files_in(path.parent_path()), 1u) << "nothing left aside";
  const Bytes file = test::read_file(path);
  EXPECT_EQ(to_hex(ByteView(file).first(8)), "fecaddbaaddee1fe");
  EXPECT_TRUE(same(ByteView(file).subspan(8), first->bytes()));

  made.notes.stages.clear();
  const auto second = made.dataset(path.parent_path());
  ASSERT_NE(second, nullptr);
  EXPECT_TRUE(same(first->bytes(), second->bytes()));
  for (const auto stage : made.notes.stages) EXPECT_NE(stage, DatasetProgress::Stage::generating);
  EXPECT_TRUE(made.notes.warnings.empty());
}

TEST(EthashDataset, FilesThatAreNotOneAreReplacedWithAWarning) {
  test::TempDir folder;
  TestDatasets made;
  const auto good = made.dataset(folder.path());
  const fs::path path = folder.path() / dataset_file_name(0);
  const Bytes file = test::read_file(path);
  const std::string whole(as_text(file));
  std::string bad_magic = whole, bad_row = whole;
  bad_magic[0] ^= 1;
  for (std::size_t at = 8; at < bad_row.size(); at += 64) bad_row[at] ^= 1;
  for (const std::string& content : {std::string(), whole.substr(0, 7), whole.substr(0, whole.size() - 1),
                                     whole + "x", bad_magic, bad_row}) {
    overwrite(path, content);
    made.notes.warnings.clear();
    const auto dataset = made.dataset(folder.path());
    ASSERT_NE(dataset, nullptr);
    EXPECT_TRUE(same(dataset->bytes(), good->bytes()));
    ASSERT_EQ(made.notes.warnings.size(), 1u);
    EXPECT_NE(made.notes.warnings[0].find(path.string()), std::string::npos) << made.notes.warnings[0];
    EXPECT_EQ(test::read_file(path), file);
  }
}

TEST(EthashDataset, AFolderThatCannotBeWrittenOnlyWarns) {
  test::TempDir folder;
  overwrite(folder.path() / "file", "in the way");
  TestDatasets made;
  EXPECT_NE(made.dataset(folder.path() / "file" / "ethash"), nullptr);
  EXPECT_EQ(made.notes.warnings.size(), 1u);
}

TEST(EthashDataset, CancelGivesUpAndWantBeginsAgain) {
  Caches caches;
  Notes notes;
  Datasets datasets(caches, {{}, 2, notes.on_progress(), notes.on_warning()});
  datasets.want(0);
  while (datasets.progress().fraction == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  datasets.cancel();
  EXPECT_EQ(datasets.wait(0), nullptr);
  const double before = datasets.progress().fraction;
  EXPECT_EQ(datasets.progress().stage, DatasetProgress::Stage::cancelled);
  EXPECT_EQ(datasets.ready(0), nullptr);
  EXPECT_GT(before, 0) << "what is done is kept";
  datasets.want(0);
  while (datasets.progress().fraction <= before) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(datasets.progress().stage, DatasetProgress::Stage::generating);
}

TEST(EthashDataset, TheNextEpochsIsBegunOnlyWhenNear) {
  Caches caches(Caches::Options{Mode::test, {}, {}});
  Datasets datasets(caches, {});
  datasets.want(100);
  ASSERT_NE(datasets.wait(0), nullptr);
  EXPECT_EQ(datasets.wait(1), nullptr);
  datasets.want(29900);
  EXPECT_NE(datasets.wait(1), nullptr);
  EXPECT_NE(datasets.ready(0), nullptr);
  datasets.want(30000);
  EXPECT_EQ(datasets.ready(0), nullptr) << "the old epoch's memory is given back";
  EXPECT_NE(datasets.ready(1), nullptr);
}

TEST(EthashFiles, ACacheFileIsUsedAndSuspected) {
  test::TempDir folder;
  Notes notes;
  const Caches::Options options{Mode::test, folder.path(), notes.on_warning()};
  Bytes good;
  {
    Caches caches(options);
    const auto cache = caches.get(3);
    EXPECT_FALSE(cache->from_file());
    good = to_bytes(cache->bytes());
  }
  const fs::path path = folder.path() / cache_file_name(3);
  EXPECT_EQ(fs::file_size(path), 8 + 1024u);
  Bytes file = test::read_file(path);
  file[500] ^= 1;
  overwrite(path, std::string(as_text(file)));
  Caches caches(options);
  const auto suspect = caches.get(3);
  EXPECT_TRUE(suspect->from_file());
  EXPECT_FALSE(same(suspect->bytes(), good));
  const auto fresh = caches.rebuilt(suspect);
  EXPECT_TRUE(same(fresh->bytes(), good));
  EXPECT_EQ(caches.get(3), fresh);
  EXPECT_EQ(caches.rebuilt(suspect), fresh) << "computed once";
  EXPECT_TRUE(same(ByteView(test::read_file(path)).subspan(8), good)) << "the file is replaced";
  EXPECT_TRUE(notes.warnings.empty());
}

TEST(EthashFiles, CachesKeepTheMostRecentlyUsed) {
  Caches caches(Caches::Options{Mode::test, {}, {}});
  for (Epoch epoch = 0; epoch < Caches::kMostCaches; ++epoch) caches.get(epoch);
  caches.get(0);
  caches.get(7);
  EXPECT_NE(caches.peek(0), nullptr);
  EXPECT_EQ(caches.peek(1), nullptr);
  EXPECT_NE(caches.peek(7), nullptr);
  caches.on_head(8 * kEpochLength - Caches::kPrepareAhead - 1);
  EXPECT_EQ(caches.peek(8), nullptr);
  caches.on_head(8 * kEpochLength - Caches::kPrepareAhead);
  while (caches.peek(8) == nullptr) std::this_thread::yield();
}

TEST(EthashFiles, ACancelledWriteLeavesNothing) {
  test::TempDir folder;
  const std::atomic<bool> cancelled{true};
  EXPECT_TRUE(write_table(folder.path() / "table", Bytes(64, 1), cancelled));
  EXPECT_EQ(files_in(folder.path()), 0u);
}

TEST(EthashFiles, OldLeftoversAreRemoved) {
  test::TempDir folder;
  for (const char* name : {"full-R23-0.1-2-3.quarry-tmp", "full-R23-1.1-2-4.quarry-tmp", "full-R23-0"})
    overwrite(folder.path() / name, "x");
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(2);
  fs::last_write_time(folder.path() / "full-R23-0.1-2-3.quarry-tmp", long_ago);
  fs::last_write_time(folder.path() / "full-R23-0", long_ago);
  remove_leftovers(folder.path());
  EXPECT_EQ(files_in(folder.path()), 2u);
  EXPECT_TRUE(fs::exists(folder.path() / "full-R23-0"));
}

TEST(EthashFiles, SeveralWritersOfOneFileDoNotMeet) {
  test::TempDir folder;
  const Bytes table(std::size_t{9} << 20, 0x77);
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 4; ++i)
      writers.emplace_back([&] { EXPECT_TRUE(write_table(folder.path() / "table", table, kGoOn)); });
  }
  EXPECT_EQ(files_in(folder.path()), 1u);
  auto read = read_table(folder.path() / "table", table.size(), kGoOn);
  ASSERT_TRUE(read && *read);
  EXPECT_TRUE(same((*read)->bytes(), table));
}
