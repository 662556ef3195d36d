// Real blocks, written and read back.
#include "storage/chain_store.hpp"

#include <gtest/gtest.h>

#include "core/packed_block.hpp"
#include "state_model.hpp"
#include "storage/codec.hpp"
#include "storage/meta.hpp"

using namespace quarry;
using namespace quarry::test;

TEST(ChainStore, BlocksOfAnotherClientComeBackAsTheyCame) {
  const auto path = fixtures_dir() / "geth-1.7.3" / "full-360.rlp";
  QUARRY_NEEDS_FIXTURE(path);
  const Bytes file = read_file(path);
  TempDir folder;
  const auto database = open_database(folder.path());
  std::vector<Block> blocks;
  TotalDifficulty total;
  Batch batch;
  ChainWriter to(batch);
  for (rlp::Reader reader(file); !reader.at_end();) {
    blocks.push_back(*read_block(reader, HeaderIdentity::keccak_rlp));
    const Block& block = blocks.back();
    const BlockId id{block.header->number, block.header.hash()};
    total += block.header->difficulty;
    to.put_header(block.header, total);
    to.put_body(id, block.body);
    to.set_canonical(id);
  }
  const BlockId head{blocks.back().header->number, blocks.back().header.hash()};
  to.set_heads({head, head, {}});
  EXPECT_EQ(ChainStore(*database).stored_heads(), std::nullopt);
  ASSERT_TRUE(database->commit(std::move(batch)));

  const ChainStore store(*database);
  EXPECT_EQ(store.heads(), (Heads{head, head, {}}));
  EXPECT_EQ(store.total_difficulty(head), total);
  EXPECT_EQ(store.meta(meta::kGenesis), std::nullopt);
  for (const Block& block : blocks) {
    const BlockId id{block.header->number, block.header.hash()};
    ASSERT_EQ(store.canonical_id(id.number), id);
    ASSERT_EQ(store.id_of(id.hash), id);
    ASSERT_EQ(store.header(id.hash)->value(), block.header.value());
    ASSERT_EQ(store.header(id)->hash(), id.hash);
    ASSERT_EQ(store.header_rlp(id), encode_header(*block.header));
    ASSERT_EQ(store.body_rlp(id), encode_body(block.body));
    ASSERT_TRUE(store.has_body(id));
    ASSERT_FALSE(store.has_receipts(id));
    ASSERT_EQ(encode_block(*store.block(id)), encode_block(block));
  }
  EXPECT_FALSE(store.canonical_hash(head.number + 1));
  EXPECT_FALSE(store.header(BlockHash{}));
  const auto run = store.canonical_headers_rlp(350, 100);
  ASSERT_EQ(run.size(), 11u);
  for (std::size_t i = 0; i < run.size(); ++i) EXPECT_EQ(run[i], encode_header(*blocks[350 + i].header));
}

TEST(ChainStore, BranchesLieSideBySide) {
  TempDir folder;
  const auto database = open_database(folder.path());
  Batch batch;
  ChainWriter to(batch);
  for (BlockNum number = 0; number < 20; ++number) {
    for (std::uint64_t branch = 0; branch < 3; ++branch) {
      Header header;
      header.number = number;
      header.timestamp = branch;
      const auto sealed = seal_header(header, HeaderIdentity::keccak_rlp);
      to.put_header(sealed, U256{branch});
      if (branch == number % 3) to.set_canonical({number, sealed.hash()});
    }
  }
  to.erase_canonical(19);
  ASSERT_TRUE(database->commit(std::move(batch)));
  const ChainStore store(*database);
  const auto run = store.canonical_headers_rlp(0, 100);
  ASSERT_EQ(run.size(), 19u);
  for (BlockNum number = 0; number < 19; ++number)
    EXPECT_EQ(run[number], encode_header(*store.canonical_header(number)->operator->()));
}

TEST(ChainStore, ReceiptsGetTheirBloomBack) {
  Receipt failed{TxnType::legacy, false, 21000, {}, {}};
  Receipt rooted{TxnType::legacy, RootHash{keccak256({})}, 42000, {}, {}};
  Receipt logged{TxnType::fee_market, true, 99000, {}, {}};
  logged.logs.push_back({numbered<Address>(5), {keccak256(as_bytes("topic"))}, Bytes(100, 3)});
  logged.logs.push_back({numbered<Address>(6), {}, {}});
  logged.logs_bloom = bloom_of(logged.logs);
  const std::vector<Receipt> receipts{failed, rooted, logged};
  TempDir folder;
  const auto database = open_database(folder.path());
  const BlockId id{3, {}};
  Batch batch;
  ChainWriter(batch).put_receipts(id, receipts);
  ASSERT_TRUE(database->commit(std::move(batch)));
  const ChainStore store(*database);
  EXPECT_EQ(store.receipts(id), receipts);
  rlp::Writer wire;
  const auto mark = wire.begin_list();
  for (const Receipt& receipt : receipts) write_receipt(wire, receipt);
  wire.end_list(mark);
  EXPECT_EQ(with_blooms(database->get(Table::receipt, block_key(id)).value()).value(), wire.take());
}
