// A miner of another process, as JSON-RPC sees it: it fetches work, searches ethash's dataset (of the test
// size) and hands in seals.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "consensus/ethash/hashimoto.hpp"
#include "consensus/ethash/params.hpp"
#include "node/accounts_backend.hpp"
#include "rpc/dispatcher.hpp"
#include "sealing_chain.hpp"
#include "test_backend.hpp"

using namespace quarry;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

/// Searches nothing: the node's own threads stay out of it.
class IdleMiner final : public SealMiner {
 public:
  void start(unsigned) override {}
  void stop() override {}
  void set_work(const Header&, OnFound) override {}
  void clear_work() override {}
  double hashrate() const override { return 0; }
};

struct NoBlocks {
  test::BlockList no_blocks;
};

struct MinedNode : NoBlocks, test::TestNode {
  test::EthashParts parts;
  IdleMiner idle;
  test::SealingChain mining{test::geth_genesis(), parts.engine, idle, test::hasty_sealing(),
                            test::wall_clock()};
  ExternalMiners external{parts.engine};
  MinerBackend miner_backend{mining.sealer, [] { return Result<>{}; }, &external};
  rpc::Dispatcher dispatcher{rpc::Backend{*this, *this, *this, miner_backend, no_blocks, pool}};

  MinedNode() : TestNode(no_blocks) {
    parts.datasets.want(1);
    Address etherbase;
    etherbase.bytes[0] = 7;
    mining.sealer.set_etherbase(etherbase);
  }
  Json ask(const std::string& method, Json params = Json::array()) {
    return Json::parse(
        dispatcher.call(Json{{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}}.dump(),
                        {rpc::Access::console}));
  }
  /// The work for this block, which is there soon after the head moved.
  Json work_for(BlockNum number) {
    const auto deadline = std::chrono::steady_clock::now() + 120s;
    while (std::chrono::steady_clock::now() < deadline) {
      const auto answer = ask("eth_getWork");
      if (answer.contains("result") && answer["result"][3] == U256{number}.to_quantity())
        return answer["result"];
      EXPECT_TRUE(answer.contains("result") ||
                  answer["error"]["message"].get<std::string>().starts_with("no mining work available yet"));
      std::this_thread::sleep_for(5ms);
    }
    ADD_FAILURE() << "no work for block " << number;
    return {};
  }
  struct Seal {
    std::string nonce, mix;
  };
  Seal search(const Json& work) {
    const auto dataset = parts.datasets.wait(0);
    const auto boundary = Hash256::from_hex(work[2].get<std::string>())->bytes;
    ethash::HashInput input{*Hash256::from_hex(work[0].get<std::string>()), 0};
    for (;; ++input.nonce) {
      ethash::HashOutput output;
      ethash::hash_full(*dataset, {&input, 1}, &output);
      if (output.result.bytes <= boundary) return {fmt::format("{:#018x}", input.nonce), output.mix.hex()};
    }
  }
};

}  // namespace

TEST(ExternalMining, SealsBecomeTheHead) {
  MinedNode node;
  EXPECT_TRUE(node.ask("eth_getWork")["error"]["message"].get<std::string>().starts_with(
      "no mining work available yet"));
  EXPECT_EQ(node.ask("eth_mining")["result"], false);
  ASSERT_TRUE(node.ask("miner_start", Json::array({0}))["result"].get<bool>());
  EXPECT_EQ(node.ask("eth_mining")["result"], true);
  for (BlockNum number = 1; number <= 2; ++number) {
    const auto work = node.work_for(number);
    ASSERT_EQ(work.size(), 4U);
    EXPECT_EQ(work[1], ethash::seed_hash(0).hex());
    const auto seal = node.search(work);
    // A wrong nonce, a wrong mix, work that nobody was given.
    const std::string other(64, '1');
    EXPECT_EQ(node.ask("eth_submitWork", {"0xffffffffffffffff", work[0], seal.mix})["result"], false);
    EXPECT_EQ(node.ask("eth_submitWork", {seal.nonce, work[0], "0x" + other})["result"], false);
    EXPECT_EQ(node.ask("eth_submitWork", {seal.nonce, "0x" + other, seal.mix})["result"], false);
    EXPECT_EQ(node.ask("eth_submitWork", {seal.nonce, work[0], seal.mix})["result"], true);
    ASSERT_TRUE(node.mining.wait_for(number));
    const auto head = node.mining.chain->head().header;
    EXPECT_EQ(seal_hash(*head).hex(), work[0]);
    EXPECT_EQ(work[2], Hash256{ethash::boundary_of(head->difficulty).to_be()}.hex());
    EXPECT_EQ(head->nonce.hex(), seal.nonce);
    EXPECT_EQ(head->beneficiary.bytes[0], 7);
  }
  node.ask("miner_stop");
  EXPECT_TRUE(node.ask("eth_getWork").contains("error"));
}

TEST(ExternalMining, WhatIsOldIsStale) {
  MinedNode node;
  ASSERT_TRUE(node.mining.sealer.start(0));
  node.work_for(1);
  const auto candidate = node.mining.sealer.pending();
  ASSERT_NE(candidate, nullptr);
  const auto work = node.external.hand_out(candidate);
  const auto seal = node.search(Json::array({work.seal_hash.hex(), "", work.boundary.hex()}));
  const auto nonce = *SealNonce::from_hex(seal.nonce);
  const auto mix = *MixHash::from_hex(seal.mix);
  EXPECT_TRUE(node.external.seal(work.seal_hash, nonce, mix, ExternalMiners::kStaleBlocks));
  EXPECT_FALSE(node.external.seal(work.seal_hash, nonce, mix, 1 + ExternalMiners::kStaleBlocks));
}

TEST(ExternalMining, WorkIsKeptForSoManyCandidates) {
  MinedNode node;
  Header header;
  header.number = 1;
  header.difficulty = 1;
  std::vector<SealWork> works;
  for (std::size_t i = 0; i <= ExternalMiners::kMostHandedOut; ++i) {
    header.timestamp = i;
    works.push_back(node.external.hand_out(
        std::make_shared<const Block>(Block{seal_header(header, HeaderIdentity::keccak_rlp), {}})));
  }
  // Of difficulty 1 any result is below the boundary; the mix has to be right.
  const auto dataset = node.parts.datasets.wait(0);
  const auto accepted = [&](const SealWork& work) {
    const ethash::HashInput input{work.seal_hash, 0};
    ethash::HashOutput output;
    ethash::hash_full(*dataset, {&input, 1}, &output);
    return node.external.seal(work.seal_hash, {}, output.mix, 0).has_value();
  };
  EXPECT_FALSE(accepted(works.front()));
  EXPECT_TRUE(accepted(works[1]));
  EXPECT_TRUE(accepted(works.back()));
}

TEST(ExternalMining, RatesCountForTenSeconds) {
  MinedNode node;
  const auto now = ExternalMiners::Clock::now();
  const Hash256 one{U256{1}.to_be()}, two{U256{2}.to_be()};
  node.external.report_rate(one, 1000, now);
  node.external.report_rate(two, 500, now + 5s);
  node.external.report_rate(one, 2000, now + 5s);
  EXPECT_EQ(node.external.rate(now + 10s), 2500U);
  EXPECT_EQ(node.external.rate(now + 20s), 0U);
  node.external.report_rate(one, ~0ULL, now + 21s);
  node.external.report_rate(two, 5, now + 21s);
  EXPECT_EQ(node.external.rate(now + 21s), ~0ULL) << "it does not wrap";
  EXPECT_EQ(node.ask("eth_submitHashrate", {"0x64", two.hex()})["result"], true);
  EXPECT_NE(node.ask("eth_hashrate")["result"], "0x0");
}
