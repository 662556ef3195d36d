// Blocks that other clients wrote, read and written again.
#include "core/block.hpp"
#include "core/trie_root.hpp"
#include "fixtures.hpp"

using namespace quarry;

namespace {
struct Seen {
  std::size_t blocks = 0, transactions = 0;
  BlockHash last;
};

void read_chain(const Bytes& file, Seen& seen) {
  rlp::Reader reader(file);
  while (!reader.at_end()) {
    rlp::Reader peek = reader;
    const auto raw = peek.next();
    ASSERT_TRUE(raw);
    const auto block = read_block(reader, HeaderIdentity::keccak_rlp);
    ASSERT_TRUE(block) << rlp::to_string(block.error()) << " in block " << seen.blocks;
    EXPECT_EQ(encode_block(*block), to_bytes(raw->raw));
    EXPECT_EQ(join_block(encode_header(*block->header), encode_body(block->body)), to_bytes(raw->raw));
    EXPECT_EQ(transactions_root(block->body.transactions), block->header->transactions_root);
    EXPECT_EQ(ommers_hash(block->body.ommers), block->header->ommers_hash);
    if (block->body.withdrawals) {
      EXPECT_EQ(withdrawals_root(*block->body.withdrawals), block->header->withdrawals_root);
    }
    if (seen.blocks > 0) {
      EXPECT_EQ(block->header->parent_hash, seen.last);
    }
    seen.last = block->header.hash();
    seen.transactions += block->body.transactions.size();
    ++seen.blocks;
  }
}
}  // namespace

TEST(FixtureBlocks, ProofOfWorkChain) {
  const auto path = test::fixtures_dir() / "geth-1.7.3/full-360.rlp";
  QUARRY_NEEDS_FIXTURE(path);
  Seen seen;
  read_chain(test::read_file(path), seen);
  EXPECT_EQ(seen.blocks, 361u);
  EXPECT_EQ(seen.transactions, 513u);
  EXPECT_EQ(seen.last.hex(), "0x74e542762c20f24db9941d1d8c9f8456edfcccdff9aef1e2e4d2a2451ba4a019");
}

TEST(FixtureBlocks, EveryForkAndTransactionType) {
  const auto folder = test::unpacked("rpc-compat.tar.xz");
  QUARRY_NEEDS_FIXTURE(folder);
  Seen seen;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().filename() == "chain.rlp") read_chain(test::read_file(entry.path()), seen);
  EXPECT_GT(seen.blocks, 40u);
  EXPECT_GT(seen.transactions, 0u);
}
