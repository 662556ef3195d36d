// What clients look for in errors: each text and code comes of one real case, through the real pool, over a
// chain that is only a genesis.

#include <gtest/gtest.h>

#include "consensus/block_executor.hpp"
#include "consensus/ethash/caches.hpp"
#include "consensus/genesis.hpp"
#include "consensus/txpool.hpp"
#include "node/pool_backend.hpp"
#include "rpc/store_reader.hpp"
#include "signed_txn.hpp"
#include "test_backend.hpp"

using namespace quarry;
using namespace quarry::rpc;

namespace {

constexpr std::uint64_t kChain = 1337;
const PrivateKey kRich = test::key_of(7), kPoor = test::key_of(8);

struct NoBlocks {
  test::BlockList no_blocks;
};

/// At London (or before it), with one account that has an ether and nonce 5.
class SmallChain : NoBlocks, public test::TestNode {
 public:
  explicit SmallChain(Fork last = Fork::london) : TestNode(no_blocks) {
    genesis_.spec.chain_id = kChain;
    test::switch_on(genesis_.spec.forks, last);
    genesis_.header.gas_limit = 8'000'000;
    genesis_.header.difficulty = 131'072;
    if (last >= Fork::london) genesis_.header.base_fee_per_gas = 1'000'000'000;
    genesis_.alloc.push_back({test::address_of(kRich), U256{1'000'000'000'000'000'000}, 5, {}, {}});
    database_ = *Database::open({.path = temp_.path().string()});
    hash_ = init_genesis(*database_, genesis_)->hash();
    engine_ = *make_engine(genesis_.spec, {.caches = caches_});
    reader_ = std::make_unique<StoreReader>(*database_);
    pool_ = std::make_unique<TxPool>(*database_, genesis_.spec);
    pool_backend_ = std::make_unique<PoolBackend>(*pool_);
    dispatcher_ = std::make_unique<Dispatcher>(Backend{*this, *this, *this, *this, *reader_, *pool_backend_});
  }

  std::string raw(const std::string& message) { return dispatcher_->call(message, {rpc::Access::console}); }
  Json call(std::string_view method, Json params) {
    return Json::parse(raw(Json{{"id", 1}, {"method", method}, {"params", std::move(params)}}.dump()));
  }
  /// The code and the message; "result" where there is no error.
  std::string error(std::string_view method, Json params = Json::array()) {
    const auto answer = call(method, std::move(params));
    if (!answer.contains("error")) return "result " + answer["result"].dump();
    return answer["error"]["code"].dump() + " " + answer["error"]["message"].get<std::string>();
  }
  std::string send(const Transaction& txn) {
    return error("eth_sendRawTransaction", {to_hex0x(encode_transaction(txn))});
  }

  BlockNum head_number() override { return 0; }
  const ChainSpec& spec() override { return genesis_.spec; }
  BlockHash genesis_hash() override { return hash_; }
  const Engine* engine() override { return engine_.get(); }
  evm::BlockEnv environment(const Header& header) override {
    return block_env({genesis_.spec, *engine_}, header);
  }

 private:
  test::TempDir temp_;
  Genesis genesis_;
  BlockHash hash_;
  std::unique_ptr<Database> database_;
  ethash::Caches caches_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<StoreReader> reader_;
  std::unique_ptr<TxPool> pool_;
  std::unique_ptr<PoolBackend> pool_backend_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

Transaction payment(std::uint64_t nonce, std::uint64_t gwei = 2, const PrivateKey& key = kRich) {
  return test::payment(key, nonce, U256{gwei * 1'000'000'000}, kChain);
}

Transaction with(Transaction txn, const std::function<void(Transaction&)>& change) {
  change(txn);
  return test::signed_by(kRich, std::move(txn), kChain);
}

std::string address_text(const PrivateKey& key) {
  return test::address_of(key).hex();
}

}  // namespace

TEST(ErrorTexts, OfTransactionsThatThePoolRefuses) {
  SmallChain chain;
  EXPECT_TRUE(chain.send(payment(4)).starts_with("-32000 nonce too low"));
  EXPECT_TRUE(chain.send(payment(5)).starts_with("result"));
  EXPECT_TRUE(chain.send(payment(5)).starts_with("-32000 already known"));
  EXPECT_TRUE(chain.send(with(payment(5), [](auto& txn) { txn.value = 2; }))
                  .starts_with("-32000 replacement transaction underpriced"));
  EXPECT_TRUE(
      chain.send(payment(0, 2, kPoor)).starts_with("-32000 insufficient funds for gas * price + value"));
  EXPECT_TRUE(chain.send(with(payment(6), [](auto& txn) { txn.gas_limit = 20'999; }))
                  .starts_with("-32000 intrinsic gas too low"));
  EXPECT_TRUE(chain
                  .send(with(payment(6),
                             [](auto& txn) {
                               txn.type = TxnType::fee_market;
                               txn.max_priority_fee_per_gas = txn.max_fee_per_gas + U256{1};
                             }))
                  .starts_with("-32000 max priority fee per gas higher than max fee per gas"));
  EXPECT_TRUE(chain.send(with(payment(6), [](auto& txn) { txn.gas_limit = 8'000'001; }))
                  .starts_with("-32000 exceeds block gas limit"));
  SmallChain old(Fork::istanbul);
  EXPECT_TRUE(old.send(with(payment(5), [](auto& txn) { txn.type = TxnType::fee_market; }))
                  .starts_with("-32000 transaction type not supported"));
}

TEST(ErrorTexts, OfCallsThatCannotBegin) {
  SmallChain chain;
  const Json poor = {{"from", address_text(kPoor)}, {"to", address_text(kRich)}};
  auto call = poor;
  call["value"] = "0x1";
  EXPECT_TRUE(
      chain.error("eth_call", {call}).starts_with("-32000 err: insufficient funds for gas * price + value"));
  EXPECT_TRUE(chain.error("eth_estimateGas", {call}).find("insufficient funds") != std::string::npos);
  call = poor;
  call["maxFeePerGas"] = "0x1";
  EXPECT_TRUE(
      chain.error("eth_call", {call}).starts_with("-32000 err: max fee per gas less than block base fee"));
  call = poor;
  call["gas"] = "0x5207";
  EXPECT_TRUE(chain.error("eth_call", {call})
                  .starts_with("-32000 err: intrinsic gas too low: have 20999, want 21000"));
  // Code that never ends: no gas is enough.
  const Json loop = {{address_text(kRich), {{"code", "0x5b600056"}}}};
  EXPECT_EQ(chain.error("eth_estimateGas", {poor, "latest", loop}),
            "-32000 gas required exceeds allowance (8000000)");
  call = poor;
  call["gasPrice"] = "0x1";
  call["maxFeePerGas"] = "0x1";
  EXPECT_EQ(chain.error("eth_call", {call}),
            "-32000 both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified");
}

TEST(ErrorTexts, OfSimulatedTransactions) {
  SmallChain chain;
  const auto simulate = [&](Json call, bool validation) {
    call["from"] = address_text(kRich);
    call["to"] = address_text(kPoor);
    return chain.error("eth_simulateV1",
                       {{{"blockStateCalls", {{{"calls", {std::move(call)}}}}}, {"validation", validation}}});
  };
  const Json fees = {{"maxFeePerGas", "0x77359400"}, {"gas", "0x5208"}};
  auto call = fees;
  call["nonce"] = "0x4";
  EXPECT_TRUE(simulate(call, true).starts_with("-38010 err: nonce too low: address 0x"));
  call["nonce"] = "0x6";
  EXPECT_TRUE(simulate(call, true).starts_with("-38011 err: nonce too high: address 0x"));
  EXPECT_TRUE(simulate(call, false).starts_with("result"));
  EXPECT_TRUE(simulate({{"gas", "0x5208"}}, true)
                  .starts_with("-38012 err: max fee per gas less than block base fee"));
  EXPECT_TRUE(simulate({{"gas", "0x1"}}, false).starts_with("-38013 err: intrinsic gas too low"));
  EXPECT_TRUE(
      simulate({{"value", "0xffffffffffffffffffff"}}, false).starts_with("-38014 err: insufficient funds"));
  EXPECT_TRUE(simulate({{"gas", "0xffffffff"}}, false).starts_with("-38015 block gas limit reached"));
  EXPECT_EQ(chain.error("eth_simulateV1", {{{"blockStateCalls", Json::array()}}}), "-32602 empty input");
  const Json late = {{"blockOverrides", {{"number", "0x0"}}}};
  EXPECT_TRUE(chain.error("eth_simulateV1", {{{"blockStateCalls", {late}}}})
                  .starts_with("-38020 block numbers must be in order: 0 <= 0"));
}

TEST(ErrorTexts, OfMethodsAndBatches) {
  SmallChain chain;
  EXPECT_EQ(chain.error("eth_nothing"), "-32601 the method eth_nothing does not exist/is not available");
  EXPECT_EQ(Json::parse(chain.raw("[]"))["error"]["code"], -32600);
  EXPECT_EQ(Json::parse(chain.raw("{"))["error"]["code"], -32700);
  EXPECT_EQ(chain.error("eth_getBalance").substr(0, 6), "-32602");
  const auto answers =
      Json::parse(chain.raw(R"([{"id":"a","method":"eth_chainId"},{"id":7,"method":"eth_none"},
                                                 {"id":8,"method":"eth_blockNumber"}])"));
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0]["id"], "a");
  EXPECT_EQ(answers[0]["result"], "0x539");
  EXPECT_EQ(answers[1]["error"]["code"], -32601);
  EXPECT_EQ(answers[2]["result"], "0x0");
}

TEST(ErrorTexts, WhatIsNotThereIsNull) {
  SmallChain chain;
  const std::string none = Hash256{}.hex();
  for (const auto& [method, params] : std::initializer_list<std::pair<const char*, Json>>{
           {"eth_getTransactionByHash", {none}},
           {"eth_getTransactionReceipt", {none}},
           {"eth_getBlockByHash", {none, false}},
           {"eth_getBlockByNumber", {"0x1", false}},
           {"eth_getBlockReceipts", {"0x1"}},
           {"eth_getHeaderByNumber", {"0x1"}},
           {"eth_getTransactionByBlockNumberAndIndex", {"0x0", "0x0"}},
           {"eth_getUncleByBlockNumberAndIndex", {"0x0", "0x0"}},
           {"eth_getAccount", {address_text(kPoor)}},
           {"eth_getTransactionBySenderAndNonce", {address_text(kRich), "0x9"}}})
    EXPECT_EQ(chain.error(method, params), "result null") << method;
  EXPECT_EQ(chain.error("eth_getBalance", {address_text(kRich), "0x1"}), "-32000 header not found");
}

TEST(ErrorTexts, TypedDataIsSignedAsTheStandardsExampleIs) {
  SmallChain chain;
  // EIP-712's own example.
  const Json data = Json::parse(R"({
    "types": {
      "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "version", "type": "string"},
                       {"name": "chainId", "type": "uint256"}, {"name": "verifyingContract", "type": "address"}],
      "Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
      "Mail": [{"name": "from", "type": "Person"}, {"name": "to", "type": "Person"},
               {"name": "contents", "type": "string"}]},
    "primaryType": "Mail",
    "domain": {"name": "Ether Mail", "version": "1", "chainId": 1,
               "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"},
    "message": {"from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
                "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
                "contents": "Hello, Bob!"}})");
  chain.key = PrivateKey(keccak256(as_bytes("cow")));
  const auto answer = chain.error("eth_signTypedData_v4", {address_text(chain.key), data});
  EXPECT_EQ(answer,
            "result \"0x4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d"
            "07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b915621c\"");
  auto broken = data;
  broken["message"]["to"] = 7;
  EXPECT_TRUE(chain.error("eth_signTypedData_v4", {address_text(chain.key), broken})
                  .starts_with("-32602 typed data"));
}
