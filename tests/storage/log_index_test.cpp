// Logs by index: what a walk finds is what a scan finds, and it reads no more than its hits.
#include "storage/log_index.hpp"

#include <random>

#include "log_index_check.hpp"
#include "state_model.hpp"
#include "storage/meta.hpp"

using namespace quarry;
using namespace quarry::test;

namespace {

/// Few of each, so that they occur together.
Address address(std::uint64_t i) {
  return numbered<Address>(i);
}
Hash256 topic(std::uint64_t i) {
  return numbered<Hash256>(i);
}
Receipt receipt_of(std::vector<Log> logs) {
  Receipt out;
  out.logs = std::move(logs);
  return out;
}

class RandomLogs {
 public:
  std::vector<Receipt> receipts() {
    std::vector<Receipt> out(pick(4));
    for (auto& receipt : out)
      for (auto logs = pick(3); logs > 0; --logs) receipt.logs.push_back(log());
    return out;
  }
  LogTerms terms() {
    LogTerms out;
    for (auto count = pick(3); count > 0; --count) out.addresses.push_back(address(pick(6)));
    for (auto places = pick(4); places > 0; --places) {
      auto& place = out.topics.emplace_back();
      for (auto count = pick(3); count > 0; --count) place.push_back(topic(pick(8)));
    }
    return out;
  }
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }

 private:
  Log log() {
    Log out;
    out.address = address(pick(6));
    for (auto topics = pick(5); topics > 0; --topics) out.topics.push_back(topic(pick(8)));
    return out;
  }
  std::mt19937_64 random_{20260730};
};

bool has_all(const std::vector<Receipt>& receipts, const LogTerms& terms) {
  const auto have = log_terms_of(receipts);
  const auto any = [&](const auto& values, auto&& term) {
    return values.empty() || std::any_of(values.begin(), values.end(), [&](const auto& value) {
             return std::binary_search(have.begin(), have.end(), term(value));
           });
  };
  if (have.empty()) return false;
  if (!any(terms.addresses, [](const Address& value) { return log_term(value); })) return false;
  for (std::size_t i = 0; i < terms.topics.size(); ++i)
    if (!any(terms.topics[i], [&](const Hash256& value) { return log_term(i, value); })) return false;
  return true;
}

std::vector<BlockNum> walked(const Database& database, const LogTerms& terms, BlockNum from) {
  std::vector<BlockNum> out;
  LogWalk walk(database, terms);
  for (auto block = walk.next(from); block; block = walk.next(*block + 1)) out.push_back(*block);
  return out;
}

/// Canonical rows and receipts without headers: all that a build reads.
void put_blocks(Database& database, RandomLogs& random, BlockNum first, BlockNum last) {
  Batch batch;
  ChainWriter writer(batch);
  BlockId id;
  for (BlockNum number = first; number <= last; ++number) {
    id = {number, numbered<BlockHash>(number)};
    writer.set_canonical(id);
    writer.put_receipts(id, random.receipts());
  }
  writer.set_heads({id, id, id});
  ASSERT_TRUE(database.commit(std::move(batch)));
}

}  // namespace

TEST(LogIndex, ARunReadsAsItWasWritten) {
  const Bytes term = log_term(address(1));
  const std::vector<BlockNum> blocks{0, 1, 129, 130, 20'000, 1'000'000, std::uint64_t{1} << 40};
  const auto key = log_run_key(term, blocks.back());
  const auto value = encode_log_run(blocks);
  EXPECT_EQ(decode_log_run(key, value), blocks);
  EXPECT_EQ(decode_log_run(log_run_key(term, 7), {}), std::vector<BlockNum>{7});
  // A gap of nothing, one below block 0, one that does not end.
  for (const Bytes& bad : {Bytes{0}, Bytes{8}, Bytes{0x80}, Bytes{1, 1, 1, 1, 1, 1, 1, 1}})
    EXPECT_FALSE(decode_log_run(log_run_key(term, 7), bad)) << to_hex(bad);
  EXPECT_FALSE(decode_log_run(Bytes(8, 1), {}));
  EXPECT_FALSE(decode_log_run(log_run_key(term, 7000), Bytes(kMostBlocksARun, 1)));
}

TEST(LogIndex, AWalkFindsWhatAScanFindsThroughReorganisations) {
  TempDir folder;
  const auto database = open_database(folder.path());
  RandomLogs random;
  std::vector<std::vector<Receipt>> chain(1);
  for (int round = 0; round < 60; ++round) {
    Batch batch;
    LogIndexWriter writer(*database);
    if (round % 3 == 2) {
      for (auto count = random.pick(std::min<std::size_t>(chain.size(), 70)); count > 0; --count) {
        writer.remove(chain.size() - 1, chain.back());
        chain.pop_back();
      }
    }
    for (auto count = random.pick(50); count > 0; --count) {
      chain.push_back(random.receipts());
      writer.add(chain.size() - 1, chain.back());
    }
    writer.flush(batch);
    ASSERT_TRUE(database->commit(std::move(batch)));
    (void)indexed_logs(*database);
    for (int i = 0; i < 10; ++i) {
      const LogTerms terms = random.terms();
      const BlockNum from = random.pick(chain.size());
      std::vector<BlockNum> wanted;
      for (BlockNum number = from; number < chain.size(); ++number)
        if (has_all(chain[number], terms)) wanted.push_back(number);
      ASSERT_EQ(walked(*database, terms, from), wanted) << "round " << round;
    }
  }
}

TEST(LogIndex, AWalkOverAMillionBlocksReadsItsHitsOnly) {
  TempDir folder;
  const auto database = open_database(folder.path());
  const BlockNum end = 1'000'000;
  const std::vector<BlockNum> rare{17, 400'011, 999'991};
  Batch batch;
  LogIndexWriter writer(*database);
  for (BlockNum number = 0; number < end; number += 10) {
    Log log{address(1), {topic(1)}, {}};
    writer.add(number, {receipt_of({log})});
    for (const BlockNum one : rare)
      if (one > number && one < number + 10) writer.add(one, {receipt_of({{address(2), {topic(1)}, {}}})});
    if (number % 100'000 == 0) writer.flush(batch);
  }
  writer.flush(batch);
  ASSERT_TRUE(database->commit(std::move(batch)));

  const auto cost = [&](const LogTerms& terms, const std::vector<BlockNum>& wanted) {
    std::vector<BlockNum> found;
    LogWalk walk(*database, terms);
    for (auto block = walk.next(0); block; block = walk.next(*block + 1)) found.push_back(*block);
    EXPECT_EQ(found, wanted);
    return walk.records_read();
  };
  EXPECT_LE(cost({{address(2)}, {}}, rare), rare.size() + 1);
  EXPECT_LE(cost({{address(3)}, {}}, {}), 1U);
  // A topic that is everywhere and an address that is not: as many reads of each as the rarer has hits.
  EXPECT_LE(cost({{address(2)}, {{topic(1)}}}, rare), 2 * (rare.size() + 1));
  EXPECT_LE(cost({{}, {{topic(1)}, {topic(9)}}}, {}), 2U);
}

TEST(LogIndex, ABuildGoesOnWhereItWasStopped) {
  TempDir one, two;
  const BlockNum end = 9000, part = 4096;
  RandomLogs random;
  const auto database = open_database(one.path());
  put_blocks(*database, random, 0, part - 1);
  ASSERT_TRUE(build_log_index(*database, false));
  expect_logs_indexed(*database);
  const auto first = indexed_logs(*database);
  put_blocks(*database, random, part, end);
  const auto wanted = scanned_logs(*database, end);
  {
    // The kill came after the first commit. What lies below is not read again: it is not there any more.
    Batch batch;
    batch.put(Table::meta, as_bytes(meta::kLogIndexBuilt), number_key(part));
    for (BlockNum number = 0; number < part; ++number)
      batch.erase(Table::receipt, block_key({number, numbered<BlockHash>(number)}));
    ASSERT_TRUE(database->commit(std::move(batch)));
  }
  ASSERT_TRUE(build_log_index(*database, true));
  EXPECT_EQ(indexed_logs(*database), wanted);
  EXPECT_FALSE(database->has(Table::meta, as_bytes(meta::kLogIndexBuilt)));
  // Anew, it is what the receipts say.
  ASSERT_TRUE(build_log_index(*database, false));
  expect_logs_indexed(*database);
  EXPECT_NE(indexed_logs(*database), wanted);
}
