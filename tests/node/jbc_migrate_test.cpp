/// The JSON-file chain into a data dir and back out: byte for byte, and refused for the right reason.
#include "node/jbc_migrate.hpp"

#include <gtest/gtest.h>

#include <map>

#include "core/jbc.hpp"
#include "fixtures.hpp"
#include "node/commands/commands.hpp"
#include "node/jbc_source.hpp"
#include "node/local_chain.hpp"
#include "node/options.hpp"

using namespace quarry;
namespace fs = std::filesystem;

namespace {
fs::path jbc_fixtures() {
  return test::fixtures_dir() / "jbc";
}

NodeOptions options_for(const fs::path& datadir, std::vector<std::string> args) {
  NodeOptions options;
  options.datadir = datadir;
  options.ethash_cache_dir = datadir / "ethash";
  options.args = std::move(args);
  return options;
}
Result<int> migrate(const fs::path& from, const fs::path& datadir, auto&&... change) {
  NodeOptions options = options_for(datadir, {"jbc", from.string()});
  (change(options), ...);
  return run_migrate(options);
}
void keep_valid(NodeOptions& options) {
  options.keep_valid = true;
}
void dry_run(NodeOptions& options) {
  options.dry_run = true;
}
Result<int> export_to(const fs::path& to, const fs::path& datadir) {
  NodeOptions options = options_for(datadir, {to.string()});
  options.export_format = "jbc";
  return run_export(options);
}

/// Name and text of every file.
std::map<std::string, std::string> files_of(const fs::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::directory_iterator(folder))
    out[entry.path().filename()] = as_text(test::read_file(entry.path()));
  return out;
}
/// All that the database holds.
std::map<std::pair<int, Bytes>, Bytes> dump_of(const fs::path& datadir) {
  auto database = Database::open({.path = DataDirPaths(datadir).chaindata.string()});
  std::map<std::pair<int, Bytes>, Bytes> out;
  for (const TableRow& table : kTables)
    for (auto at =
             [&] {
               auto cursor = (*database)->cursor(table.table);
               cursor.seek_to_first();
               return cursor;
             }();
         at.valid(); at.next())
      out[{static_cast<int>(table.table), to_bytes(at.key())}] = to_bytes(at.value());
  return out;
}
std::optional<BlockId> head_of(const fs::path& datadir) {
  const DataDirPaths paths(datadir);
  if (!fs::exists(paths.chaindata)) return std::nullopt;
  auto database = Database::open({.path = paths.chaindata.string()});
  return ChainStore(**database).heads().block;
}
unsigned zeros_of(const fs::path& datadir) {
  auto database = Database::open({.path = DataDirPaths(datadir).chaindata.string()});
  return load_genesis(**database)->spec.jbc.zeros;
}

struct Broken {
  const char* folder;
  const char* reason;
  BlockNum valid;  ///< blocks before the bad one
};
constexpr Broken kBroken[] = {
    {"bad_hash", "000004.json: block 4: hash: the hash is 0000ffff", 4},
    {"bad_prev_hash", "000005.json: block 5: prev_hash: prev_hash is 00009b2e", 5},
    {"duplicate_index",
     "000004-copy.json: block 4: duplicate index: the index is 4, which 000004.json has as well", 4},
    {"missing_block_3",
     "000003.json: block 3: missing block: there is no such file, but 000004.json is there", 3},
    {"missing_field", "000003.json: block 3: missing field: there is no \"timestamp\"", 3},
    {"negative_index", "-00002.json: field: index is -2, it cannot be negative", 2},
    {"nonce_not_a_number", "000002.json: block 2: field: nonce is \"None\", must be a whole number", 2},
    {"not_an_object", "000002.json: block 2: not an object: it begins with '['", 2},
    {"too_few_zeros",
     "000006.json: block 6: zeros: the hash c0a3a691028f2aa6bc5dd3fda77323c390dac6e80ffe7aae"
     "f459de3334a8b01b begins with 0 zeros, must begin with 4",
     6},
    {"truncated_file", "000005.json: block 5: not JSON: it ends at byte 119", 5},
};
}  // namespace

TEST(JbcMigrate, ChainsComeBackByteForByte) {
  QUARRY_NEEDS_FIXTURE(jbc_fixtures());
  const std::pair<const char*, unsigned> chains[] = {
      {"seed", 5},         {"zeros4-40", 4},   {"part3-timestamps", 4},
      {"unicode-data", 3}, {"unicode-raw", 3}, {"broken/extra_fields", 4}};
  for (const auto& [name, zeros] : chains) {
    const test::TempDir dir;
    const fs::path from = jbc_fixtures() / name, first = dir.path() / "d1", second = dir.path() / "d2";
    ASSERT_EQ(migrate(from, first), 0) << name;
    EXPECT_EQ(zeros_of(first), zeros) << name;
    ASSERT_EQ(export_to(dir.path() / "out", first), 0);
    EXPECT_EQ(files_of(dir.path() / "out"), files_of(from)) << name;
    ASSERT_EQ(migrate(dir.path() / "out", second), 0);
    EXPECT_EQ(dump_of(second), dump_of(first)) << name;
  }
}

TEST(JbcMigrate, EveryFaultIsNamedAndNothingWritten) {
  QUARRY_NEEDS_FIXTURE(jbc_fixtures());
  for (const Broken& broken : kBroken) {
    const test::TempDir dir;
    const fs::path from = jbc_fixtures() / "broken" / broken.folder;
    for (const auto change : {+[](NodeOptions&) {}, dry_run}) {
      const auto done = migrate(from, dir.path() / "d", change);
      ASSERT_FALSE(done) << broken.folder;
      EXPECT_NE(done.error().what.find((from / broken.reason).string()), std::string::npos)
          << done.error().what;
      EXPECT_FALSE(fs::exists(dir.path() / "d")) << broken.folder;
    }
  }
  const test::TempDir dir;
  const auto done = migrate(jbc_fixtures() / "broken" / "empty_directory", dir.path() / "d");
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().what.find("no block in the folder"), std::string::npos);
}

TEST(JbcMigrate, KeepValidKeepsThePrefix) {
  QUARRY_NEEDS_FIXTURE(jbc_fixtures());
  for (const Broken& broken : kBroken) {
    const test::TempDir dir;
    const fs::path from = jbc_fixtures() / "broken" / broken.folder;
    const auto done = migrate(from, dir.path(), keep_valid);
    ASSERT_FALSE(done) << broken.folder;
    const auto head = head_of(dir.path());
    ASSERT_TRUE(head) << broken.folder;
    EXPECT_EQ(head->number, broken.valid - 1) << broken.folder;
    // Once the files are mended, the same command goes on.
    ASSERT_EQ(migrate(jbc_fixtures() / "zeros4-40", dir.path()), 0);
    EXPECT_EQ(head_of(dir.path())->number, 39u);
  }
}

TEST(JbcMigrate, ASecondRunChangesNothing) {
  QUARRY_NEEDS_FIXTURE(jbc_fixtures());
  const test::TempDir dir;
  ASSERT_EQ(migrate(jbc_fixtures() / "zeros4-40", dir.path()), 0);
  const auto before = dump_of(dir.path());
  ASSERT_EQ(migrate(jbc_fixtures() / "zeros4-40", dir.path()), 0);
  ASSERT_EQ(migrate(jbc_fixtures() / "blockchain.json", dir.path()), 0);
  EXPECT_EQ(dump_of(dir.path()), before);
  // Another chain, or another rule, is refused and changes nothing either.
  EXPECT_FALSE(migrate(jbc_fixtures() / "seed", dir.path()));
  const auto zeros =
      migrate(jbc_fixtures() / "zeros4-40", dir.path(), [](NodeOptions& o) { o.jbc_zeros = 3; });
  ASSERT_FALSE(zeros);
  EXPECT_EQ(zeros.error().what, "--zeros is 3, the chain in the data dir has 4");
  EXPECT_EQ(dump_of(dir.path()), before);
}

TEST(JbcMigrate, AnotherBlockZeroUnderTheSameHashIsRefused) {
  QUARRY_NEEDS_FIXTURE(jbc_fixtures());
  const test::TempDir dir;
  const fs::path other = dir.path() / "other";
  fs::copy(jbc_fixtures() / "seed", other);
  std::string text(as_text(test::read_file(other / "000000.json")));
  text.replace(text.find("First"), 5, "Other");
  fs::remove(other / "000000.json");
  std::ofstream(other / "000000.json") << text;
  // Block 0 is taken as it is, so each of the two is a chain; but not in one data dir.
  ASSERT_EQ(migrate(other, dir.path() / "d"), 0);
  ASSERT_EQ(export_to(dir.path() / "out", dir.path() / "d"), 0);
  EXPECT_EQ(files_of(dir.path() / "out"), files_of(other));
  const auto refused = migrate(jbc_fixtures() / "seed", dir.path() / "d");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("another block 0"), std::string::npos) << refused.error().what;
}

TEST(JbcMigrate, ZerosGivenGoBeforeThoseFound) {
  QUARRY_NEEDS_FIXTURE(jbc_fixtures());
  const test::TempDir dir;
  const auto refused =
      migrate(jbc_fixtures() / "seed", dir.path() / "d", [](NodeOptions& o) { o.jbc_zeros = 6; });
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("block 1: zeros: "), std::string::npos);
  ASSERT_EQ(migrate(jbc_fixtures() / "seed", dir.path() / "d", [](NodeOptions& o) { o.jbc_zeros = 3; }), 0);
  EXPECT_EQ(zeros_of(dir.path() / "d"), 3u);
}

TEST(JbcMigrate, AForkLosesToALongerChainAndNotToAnEqualOne) {
  QUARRY_NEEDS_FIXTURE(jbc_fixtures());
  const test::TempDir dir;
  const fs::path fork = dir.path() / "fork", short_one = dir.path() / "short";
  fs::copy(jbc_fixtures() / "seed", fork);
  fs::remove(fork / "000003.json");
  fs::copy(jbc_fixtures() / "seed-fork" / "000003.json", fork);
  ASSERT_EQ(migrate(jbc_fixtures() / "seed", dir.path() / "d"), 0);
  const auto before = head_of(dir.path() / "d");
  ASSERT_EQ(migrate(fork, dir.path() / "d"), 0);
  EXPECT_EQ(head_of(dir.path() / "d"), before);
  fs::copy(jbc_fixtures() / "seed", short_one);
  fs::remove(short_one / "000003.json");
  ASSERT_EQ(migrate(short_one, dir.path() / "e"), 0);
  ASSERT_EQ(migrate(fork, dir.path() / "e"), 0);
  EXPECT_EQ(to_hex(head_of(dir.path() / "e")->hash),
            "000000257df186344486c2c3c1ebaa159e812ca1c5c29947651672e2588efe1e");
}

TEST(JbcSource, NamesGrowWithTheNumber) {
  EXPECT_EQ(jbc_file_name(0), "000000.json");
  EXPECT_EQ(jbc_file_name(999'999), "999999.json");
  EXPECT_EQ(jbc_file_name(1'000'000), "1000000.json");
}

TEST(JbcSource, ListsThatAreTornSayWhere) {
  const test::TempDir dir;
  const auto fault_of = [&](const std::string& text) {
    const fs::path file = dir.path() / "list.json";
    std::ofstream(file) << text;
    auto source = JbcSource::open(file);
    while (auto piece = source->next())
      if (auto read = source->read(*piece); read.fault) return read.fault->text();
    return source->end_fault() ? source->end_fault()->text() : "none";
  };
  const std::string file = (dir.path() / "list.json").string();
  EXPECT_EQ(fault_of("[]"), "none");
  EXPECT_EQ(fault_of(""), file + ": block 0: not JSON: the file ends in the middle of the list");
  EXPECT_EQ(fault_of("{}"), file + ": block 0: not a list of blocks: '{' where [ belongs");
  const std::string block =
      R"({"index": 0, "timestamp": 1, "prev_hash": "", "hash": "", "data": "", "nonce": 2})";
  EXPECT_EQ(fault_of("[" + block + ", x"),
            file + ": block 1: not a list of blocks: 'x' where a block, a comma or ] belongs");
  EXPECT_EQ(fault_of("[" + block + ", "),
            file + ": block 1: not JSON: the file ends in the middle of the list");
  EXPECT_EQ(fault_of("[" + block + ", " + block + "]"),
            file + ": block 1: index: the index is 0, its place in the list says 1");
}
