// "pending", where the node makes a pending block; and what the miner is told.
#include <gtest/gtest.h>

#include "test_backend.hpp"

using namespace quarry;
using rpc::Json;

namespace {
struct FixedPending final : rpc::PendingBlocks {
  Result<std::shared_ptr<const rpc::PendingBlock>> current() override {
    if (block == nullptr) return fail("there is none");
    return block;
  }
  std::shared_ptr<const rpc::PendingBlock> block;
};

/// A head with nothing on it, and a pending block that pays `rich` and gives `contract` code and a slot.
struct Pending : testing::Test {
  test::Rpc chain;
  FixedPending made;
  rpc::Dispatcher dispatcher{[this] {
    rpc::Backend backend{chain.node, chain.node, chain.node, chain.node, chain.blocks, chain.node.pool};
    backend.pending = &made;
    return backend;
  }()};
  const Address rich{{0x11}}, gone{{0x22}}, contract{{0x33}};
  const Bytes code{0x60, 0x07, 0x60, 0x00, 0x52, 0x60, 0x20, 0x60, 0x00, 0xf3};  // gives 7

  void SetUp() override {
    chain.blocks.accounts[rich].balance = Wei{5};
    chain.blocks.accounts[gone].balance = Wei{5};
    Header header = *chain.blocks.at(0).header;
    header.number = 1;
    header.gas_limit = 1'000'000;
    auto block = std::make_shared<rpc::PendingBlock>();
    block->parent = chain.blocks.head();
    Transaction txn;
    txn.to = rich;
    block->block = {seal_header(header, HeaderIdentity::keccak_rlp), {{txn}, {}}};
    block->diff.accounts[rich].after = Account{.balance = Wei{9}};
    block->diff.accounts[gone].after = std::nullopt;
    const CodeHash hash(keccak256(code));
    block->diff.accounts[contract].after = Account{.code_hash = hash};
    block->diff.accounts[contract].slots[SlotKey{}] = SlotValue{{0x01}};
    block->diff.codes[hash] = code;
    made.block = block;
  }
  Json ask(std::string_view method, Json params) {
    const Json request = {{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", std::move(params)}};
    const auto answer = Json::parse(dispatcher.call(request.dump(), {rpc::Access::console}));
    EXPECT_TRUE(answer.contains("result")) << answer.dump();
    return answer.value("result", Json());
  }
};
}  // namespace

TEST_F(Pending, StateIsThatAfterItsTransactions) {
  EXPECT_EQ(ask("eth_getBalance", {rich.hex(), "latest"}), "0x5");
  EXPECT_EQ(ask("eth_getBalance", {rich.hex(), "pending"}), "0x9");
  EXPECT_EQ(ask("eth_getBalance", {gone.hex(), "pending"}), "0x0");
  EXPECT_EQ(ask("eth_getCode", {contract.hex(), "pending"}), to_hex0x(code));
  EXPECT_EQ(ask("eth_getStorageAt", {contract.hex(), "0x0", "pending"}), "0x01" + std::string(62, '0'));
  EXPECT_EQ(ask("eth_call", {{{"to", contract.hex()}}, "pending"}), "0x" + std::string(63, '0') + "7");
  EXPECT_EQ(ask("eth_call", {{{"to", contract.hex()}}, "latest"}), "0x");
}

TEST_F(Pending, TheBlockHasNoHashAndItsTransactionsNoPlace) {
  const auto block = ask("eth_getBlockByNumber", {"pending", true});
  EXPECT_EQ(block["number"], "0x1");
  for (const auto* name : {"hash", "nonce", "miner"}) EXPECT_TRUE(block[name].is_null()) << name;
  ASSERT_EQ(block["transactions"].size(), 1U);
  EXPECT_TRUE(block["transactions"][0]["blockHash"].is_null());
  EXPECT_EQ(ask("eth_getBlockByNumber", {"pending", false})["transactions"][0],
            block["transactions"][0]["hash"]);
  EXPECT_EQ(ask("eth_getBlockTransactionCountByNumber", {"pending"}), "0x1");
  EXPECT_EQ(ask("eth_getTransactionByBlockNumberAndIndex", {"pending", "0x0"}), block["transactions"][0]);
  EXPECT_TRUE(ask("eth_getTransactionByBlockNumberAndIndex", {"pending", "0x1"}).is_null());
}

TEST_F(Pending, WhereNoneIsMadeItIsTheHead) {
  made.block = nullptr;
  EXPECT_EQ(ask("eth_getBalance", {rich.hex(), "pending"}), "0x5");
  EXPECT_EQ(ask("eth_getBlockByNumber", {"pending", false})["number"], "0x0");
}

TEST(MinerSettings, GoToTheMinerAndToThePool) {
  test::Rpc chain;
  EXPECT_EQ(chain.result("miner_setExtra", {"hello"}), true);
  EXPECT_EQ(chain.node.extra, (Bytes{'h', 'e', 'l', 'l', 'o'}));
  EXPECT_EQ(chain.result("miner_setExtra", {"0x0102"}), true);
  EXPECT_EQ(chain.node.extra, (Bytes{1, 2}));
  EXPECT_EQ(chain.error("miner_setExtra", {std::string(33, 'x')}),
            "-32000 extra exceeds max length. 33 > 32");
  EXPECT_EQ(chain.result("miner_setGasLimit", {"0x7a1200"}), true);
  EXPECT_EQ(chain.node.gas_target, 8'000'000U);
  EXPECT_TRUE(chain.error("miner_setGasLimit", {"0x1"}).starts_with("-32602 "));
  EXPECT_EQ(chain.result("miner_setGasPrice", {"0x77359400"}), true);
  EXPECT_EQ(chain.node.pool.floor, Wei{2'000'000'000});
  EXPECT_EQ(chain.result("eth_maxPriorityFeePerGas"), "0x77359400") << "never below what is taken in";
}

TEST(DevMethods, AreOnDevelopmentChainsOnly) {
  test::Rpc chain;
  EXPECT_TRUE(chain.error("evm_mine").starts_with("-32601 the method evm_"));
  EXPECT_FALSE(chain.result("rpc_modules").contains("evm"));
}
