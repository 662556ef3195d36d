// Blocks that geth 1.7.3 wrote, read and written again.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "core/block.hpp"
#include "core/trie_root.hpp"

using namespace quarry;

namespace {
Bytes read_fixture(const std::string& name) {
  const char* set = std::getenv("QUARRY_FIXTURES");
  const std::string folder = set ? set : QUARRY_SOURCE_DIR "/../shared/fixtures";
  std::ifstream file(folder + "/" + name, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}
}  // namespace

TEST(FixtureBlocks, RoundTripAndRoots) {
  const Bytes file = read_fixture("geth-1.7.3/full-360.rlp");
  if (file.empty()) GTEST_SKIP() << "SKIPPED: fixtures are absent; set QUARRY_FIXTURES";
  rlp::Reader reader(file);
  std::size_t count = 0, transactions = 0;
  BlockHash last;
  while (!reader.at_end()) {
    rlp::Reader peek = reader;
    const auto raw = peek.next();
    ASSERT_TRUE(raw);
    const auto block = read_block(reader, HeaderIdentity::keccak_rlp);
    ASSERT_TRUE(block) << rlp::to_string(block.error()) << " in block " << count;
    EXPECT_EQ(encode_block(*block), to_bytes(raw->raw));
    EXPECT_EQ(join_block(encode_header(*block->header), encode_body(block->body)), to_bytes(raw->raw));
    EXPECT_EQ(transactions_root(block->body.transactions), block->header->transactions_root);
    EXPECT_EQ(ommers_hash(block->body.ommers), block->header->ommers_hash);
    if (count > 0) {
      EXPECT_EQ(block->header->parent_hash, last);
    }
    last = block->header.hash();
    transactions += block->body.transactions.size();
    ++count;
  }
  EXPECT_EQ(count, 361u);
  EXPECT_EQ(transactions, 513u);
  EXPECT_EQ(last.hex(), "0x74e542762c20f24db9941d1d8c9f8456edfcccdff9aef1e2e4d2a2451ba4a019");
}
