// What peers get when they ask: headers in all four forms, bodies, receipts, nodes.
#include "node/serving.hpp"

#include "fixtures.hpp"
#include "storage/database.hpp"

using namespace quarry;
using net::EthCode;

namespace {
constexpr BlockNum kTip = 300;
constexpr BlockNum kForkFrom = 290;

class ServingTest : public testing::Test {
 protected:
  ServingTest() {
    database_ = std::move(*Database::open({.path = (folder_.path() / "db").string()}));
    Batch batch;
    ChainWriter writer(batch);
    BlockHash parent;
    for (BlockNum number = 0; number <= kTip; ++number) parent = put(writer, number, parent, 0, true);
    parent = canonical_[kForkFrom];
    for (BlockNum number = kForkFrom + 1; number <= kTip; ++number)
      parent = put(writer, number, parent, 7, false);
    branch_tip_ = parent;
    EXPECT_TRUE(database_->commit(std::move(batch)));
  }

  BlockHash put(ChainWriter& writer, BlockNum number, const BlockHash& parent, Timestamp salt,
                bool canonical) {
    Header header;
    header.number = number;
    header.parent_hash = parent;
    header.timestamp = number * 10 + salt;
    const SealedHeader sealed = seal_header(std::move(header), HeaderIdentity::keccak_rlp);
    const BlockId id{number, sealed.hash()};
    writer.put_header(sealed, U256{number + 1});
    writer.put_body(id, {});
    writer.put_receipts(id, {});
    if (canonical) {
      writer.set_canonical(id);
      canonical_.push_back(sealed.hash());
    }
    return sealed.hash();
  }

  std::vector<BlockNum> ask(const net::GetBlockHeaders& query) {
    Serving serving(*database_);
    const auto answer = serving.answer(1, EthCode::get_block_headers, net::encode(query));
    EXPECT_TRUE(answer);
    const auto headers = net::decode_headers(*answer, HeaderIdentity::keccak_rlp);
    EXPECT_TRUE(headers);
    std::vector<BlockNum> numbers;
    for (const auto& header : *headers) numbers.push_back(header->number);
    return numbers;
  }

  test::TempDir folder_;
  std::unique_ptr<Database> database_;
  std::vector<BlockHash> canonical_;
  BlockHash branch_tip_;
};
using Numbers = std::vector<BlockNum>;
constexpr std::uint64_t kHuge = ~std::uint64_t{0};
}  // namespace

TEST_F(ServingTest, HeadersInAllFourForms) {
  EXPECT_EQ(ask({BlockNum{5}, 3, 0, false}), (Numbers{5, 6, 7}));
  EXPECT_EQ(ask({BlockNum{5}, 3, 0, true}), (Numbers{5, 4, 3}));
  EXPECT_EQ(ask({canonical_[5], 3, 1, false}), (Numbers{5, 7, 9}));
  EXPECT_EQ(ask({canonical_[5], 3, 1, true}), (Numbers{5, 3, 1}));
}

TEST_F(ServingTest, HeadersEndWhereTheChainEnds) {
  EXPECT_EQ(ask({BlockNum{kTip - 1}, 9, 0, false}), (Numbers{kTip - 1, kTip}));
  EXPECT_EQ(ask({BlockNum{2}, 9, 0, true}), (Numbers{2, 1, 0}));
  EXPECT_EQ(ask({BlockNum{kTip + 1}, 9, 0, false}), Numbers{});
  EXPECT_EQ(ask({BlockHash{}, 9, 0, false}), Numbers{});
  EXPECT_EQ(ask({BlockNum{5}, 0, 0, false}), Numbers{});
}

TEST_F(ServingTest, HugeNumbersNeitherWrapNorAllocate) {
  EXPECT_EQ(ask({BlockNum{5}, 3, kHuge, false}), Numbers{5});
  EXPECT_EQ(ask({BlockNum{5}, 3, kHuge, true}), Numbers{5});
  EXPECT_EQ(ask({BlockNum{5}, 3, kHuge - 5, false}), Numbers{5});
  EXPECT_EQ(ask({BlockNum{kHuge}, 3, 0, false}), Numbers{});
  EXPECT_EQ(ask({BlockNum{0}, kHuge, 0, false}).size(),
            std::min<std::size_t>(net::kMaxHeadersServed, kTip + 1));
  EXPECT_EQ(ask({branch_tip_, 3, kHuge, true}), Numbers{kTip});
}

TEST_F(ServingTest, ABranchIsFollowedDownwards) {
  EXPECT_EQ(ask({branch_tip_, 4, 2, true}), (Numbers{300, 297, 294, 291}));
  EXPECT_EQ(ask({branch_tip_, 4, 0, false}), Numbers{kTip});
}

TEST_F(ServingTest, BodiesAndReceiptsOfWhatIsHere) {
  Serving serving(*database_);
  const std::vector<BlockHash> hashes{canonical_[1], BlockHash{}, branch_tip_};
  const Bytes payload = net::encode_hashes<BlockHash>(hashes);
  const auto bodies = serving.answer(1, EthCode::get_block_bodies, payload);
  ASSERT_TRUE(bodies);
  EXPECT_EQ(net::decode_bodies(*bodies, HeaderIdentity::keccak_rlp)->size(), 2u);
  const auto receipts = serving.answer(1, EthCode::get_receipts, payload);
  ASSERT_TRUE(receipts);
  EXPECT_EQ(net::decode_receipts(*receipts)->size(), 2u);
}

TEST_F(ServingTest, MalformedRequestsAreErrors) {
  Serving serving(*database_);
  for (const EthCode code : {EthCode::get_block_headers, EthCode::get_block_bodies, EthCode::get_receipts,
                             EthCode::get_node_data}) {
    EXPECT_FALSE(serving.answer(1, code, {}));
    EXPECT_FALSE(serving.answer(1, code,
                                as_bytes("\x83"
                                         "abc")));
  }
}
