// Answers of a real geth 1.7.3 about its own chain, against ours over the same blocks.

#include <gtest/gtest.h>

#include <map>

#include "test_backend.hpp"

using namespace quarry;
using namespace quarry::rpc;
using quarry::test::Rpc;

namespace {

/// What we add to geth 1.7.3's answers because today's specification has it.
bool is_addition(const std::string& key) {
  return key == "type" || key == "chainId" || key == "blockTimestamp" || key == "effectiveGasPrice";
}

/// Every field geth gave is there and equal; what is there besides is an addition.
void expect_same(const Json& geth, const Json& ours, const std::string& where) {
  if (!geth.is_object() || !ours.is_object()) {
    if (!geth.is_array() || !ours.is_array() || geth.size() != ours.size()) {
      EXPECT_EQ(geth, ours) << where;
      return;
    }
    for (std::size_t i = 0; i < geth.size(); ++i)
      expect_same(geth[i], ours[i], where + "[" + std::to_string(i) + "]");
    return;
  }
  for (const auto& [key, value] : geth.items()) {
    ASSERT_TRUE(ours.contains(key)) << where << "." << key;
    expect_same(value, ours[key], where + "." + key);
  }
  for (const auto& [key, value] : ours.items()) {
    EXPECT_TRUE(geth.contains(key) || is_addition(key)) << where << "." << key << " is ours only";
  }
}

/// The view of one transaction of the chain, which no method of ours gives yet.
Json transaction_in_block(Rpc& rpc, const Json& golden) {
  const auto block = rpc.result("eth_getBlockByNumber", {golden["blockNumber"], true});
  return block["transactions"].at(std::stoul(golden["transactionIndex"].get<std::string>(), nullptr, 16));
}

}  // namespace

TEST(Golden, AnswersAboutBlocksAreGeths) {
  const auto dir = test::fixtures_dir() / "geth-1.7.3";
  QUARRY_NEEDS_FIXTURE(dir);
  Rpc rpc(dir / "full-360.rlp");
  ASSERT_EQ(rpc.blocks.size(), 361U);
  const auto bytes = test::read_file(test::unpacked("geth-1.7.3/golden.json.xz"));
  const auto golden = Json::parse(as_text(bytes));
  std::map<std::string, int> compared;
  for (const auto& entry : golden) {
    const auto method = entry["method"].get<std::string>();
    if (entry.contains("error")) {
      // geth's words, of which the first is written "the" today.
      auto want = entry["error"]["code"].dump() + " " + entry["error"]["message"].get<std::string>();
      if (const auto at = want.find("The method"); at != std::string::npos) want[at] = 't';
      EXPECT_EQ(rpc.error(method, entry["params"]), want);
    } else if (method == "eth_getTransactionByHash" && entry["result"].is_object()) {
      expect_same(entry["result"], transaction_in_block(rpc, entry["result"]), entry["params"].dump());
    } else if (method.find("Block") != std::string::npos || method == "web3_sha3" ||
               method == "net_version" || method == "eth_protocolVersion" || method == "eth_blockNumber" ||
               method == "eth_syncing") {
      expect_same(entry["result"], rpc.result(method, entry["params"]), method + entry["params"].dump());
    } else {
      continue;  // needs receipts or executed state
    }
    ++compared[method];
  }
  EXPECT_EQ(compared["eth_getBlockByNumber"], 365);
  EXPECT_EQ(compared["eth_getBlockByHash"], 6);
  EXPECT_EQ(compared["eth_getTransactionByHash"], 513);
  EXPECT_EQ(compared["eth_getUncleCountByBlockNumber"], 5);
}

TEST(Golden, BlocksOfEveryForkShowTheirFields) {
  Header header;
  Rpc rpc;
  const auto plain = rpc.result("eth_getBlockByNumber", {"0x0", false});
  EXPECT_FALSE(plain.contains("baseFeePerGas")) << "its presence means London";
  header.number = 1;
  header.base_fee_per_gas = 7;
  header.withdrawals_root = kEmptyRoot;
  header.blob_gas_used = 0x20000;
  header.excess_blob_gas = 0;
  header.parent_beacon_block_root = Hash256{};
  header.requests_hash = Hash256{};
  Block block{seal_header(header, HeaderIdentity::keccak_rlp), {}};
  block.body.withdrawals = {{.index = 1, .validator_index = 2, .address = {}, .amount_gwei = 3}};
  block.body.ommers.push_back(rpc.blocks.at(0).header);
  rpc.blocks.add(block);
  const auto later = rpc.result("eth_getBlockByNumber", {"latest", true});
  EXPECT_EQ(later["baseFeePerGas"], "0x7");
  EXPECT_EQ(later["withdrawals"][0]["amount"], "0x3");
  EXPECT_EQ(later["blobGasUsed"], "0x20000");
  EXPECT_EQ(later["excessBlobGas"], "0x0");
  EXPECT_TRUE(later.contains("parentBeaconBlockRoot") && later.contains("requestsHash") &&
              later.contains("withdrawalsRoot"));
  EXPECT_EQ(later["uncles"], Json{rpc.blocks.at(0).header.hash().hex()});
  EXPECT_EQ(rpc.result("eth_getUncleCountByBlockNumber", {"0x1"}), "0x1");
  EXPECT_EQ(rpc.result("eth_getUncleByBlockNumberAndIndex", {"0x1", "0x0"})["number"], "0x0");
  EXPECT_EQ(rpc.result("eth_getUncleByBlockHashAndIndex", {block.header.hash().hex(), "0x1"}), nullptr);
  EXPECT_EQ(rpc.result("eth_getBlockByNumber", {"0x2", true}), nullptr);
}
