// Calls, estimates, logs, signing and sending, against a chain in memory.

#include "rpc/call.hpp"

#include <gtest/gtest.h>

#include "core/address_text.hpp"
#include "core/sender.hpp"
#include "signed_txn.hpp"
#include "test_backend.hpp"

using namespace quarry;
using namespace quarry::rpc;
using quarry::test::address_at;
using quarry::test::Rpc;

namespace {

const Address kRich = address_at(0xff);

/// Code that ends with REVERT, or RETURN, of what follows it.
Bytes code_giving(const Bytes& data, bool revert) {
  const auto size = static_cast<std::uint8_t>(data.size());
  const auto end = static_cast<std::uint8_t>(revert ? 0xfd : 0xf3);
  const std::array<std::uint8_t, 12> copy = {0x60, size, 0x60, 12, 0x60, 0, 0x39, 0x60, size, 0x60, 0, end};
  Bytes out(copy.size() + data.size());
  std::copy(data.begin(), data.end(), std::copy(copy.begin(), copy.end(), out.begin()));
  return out;
}

std::string word(std::uint64_t value) {
  return to_hex(U256{value}.to_be());
}

/// A chain at the fork `last`, by block, whose head has room for so much gas.
struct Chain : Rpc {
  explicit Chain(Fork last, Gas gas_limit = 10'000'000) {
    test::switch_on(node.chain_spec.forks, last);
    Header header;
    header.number = 1;
    header.gas_limit = gas_limit;
    header.timestamp = 7;
    if (last >= Fork::london) header.base_fee_per_gas = 1'000;
    blocks.add({seal_header(header, HeaderIdentity::keccak_rlp), {}});
    blocks.accounts[kRich].balance = 1'000'000;
    blocks.accounts[kRich].code_hash = kEmptyCodeHash;
  }
  Json contract(const Bytes& code) {
    const auto at = address_at(1);
    blocks.deploy(at, code);
    return {{"to", at.hex()}};
  }
  std::string sender() const { return address_of(public_key(node.key)).hex(); }
};

}  // namespace

TEST(Calls, GiveWhatTheContractReturns) {
  Chain chain(Fork::london);
  const auto call = chain.contract(code_giving({1, 2, 3}, false));
  EXPECT_EQ(chain.result("eth_call", {call, "latest"}), "0x010203");
  EXPECT_EQ(chain.result("eth_call", {call}), "0x010203");
  EXPECT_EQ(chain.result("eth_call", {call, "pending"}), "0x010203");
  EXPECT_EQ(chain.result("eth_call", {{{"to", kRich.hex()}}}), "0x");
  EXPECT_EQ(chain.error("eth_call", {call, "0x5"}).substr(0, 23), "-32000 header not found");
  // BASEFEE: who names no price sees none.
  auto base_fee = chain.contract(*from_hex("4860005260206000f3"));
  EXPECT_EQ(chain.result("eth_call", {base_fee}), "0x" + word(0));
  base_fee["from"] = kRich.hex();
  base_fee["gas"] = "0x7a12";
  base_fee["gasPrice"] = "0x5";
  EXPECT_EQ(chain.error("eth_call", {base_fee}),
            "-32000 err: max fee per gas less than block base fee: address " + checksummed(kRich) +
                ", maxFeePerGas: 5, baseFee: 1000 (supplied gas 31250)");
  // NUMBER at the head, and in the block after it.
  const auto number = chain.contract(*from_hex("4360005260206000f3"));
  EXPECT_EQ(chain.result("eth_call", {number, "latest"}), "0x" + word(1));
  EXPECT_EQ(chain.result("eth_call", {number, "pending"}), "0x" + word(2));
}

TEST(Calls, AreRevertedWithCodeThreeTheReasonAndTheData) {
  Chain chain(Fork::london);
  const auto reason = *from_hex("08c379a0" + word(32) + word(4) + "6f6f7073" + std::string(56, '0'));
  for (const auto* method : {"eth_call", "eth_estimateGas"}) {
    auto call = chain.contract(code_giving(reason, true));
    EXPECT_EQ(chain.call(method, {call})["error"],
              (Json{{"code", 3}, {"message", "execution reverted: oops"}, {"data", to_hex0x(reason)}}));
    call = chain.contract(code_giving(*from_hex("4e487b71" + word(0x11)), true));
    EXPECT_EQ(chain.error(method, {call}), "3 execution reverted: arithmetic underflow or overflow");
    call = chain.contract(code_giving({0xde, 0xad}, true));
    EXPECT_EQ(chain.call(method, {call})["error"],
              (Json{{"code", 3}, {"message", "execution reverted"}, {"data", "0xdead"}}));
  }
}

TEST(Calls, ReasonsThatPointOutsideAreNone) {
  EXPECT_EQ(revert_reason({}), std::nullopt);
  const auto reason = [](const std::string& words) { return revert_reason(*from_hex("08c379a0" + words)); };
  EXPECT_EQ(reason(""), std::nullopt);
  EXPECT_EQ(reason(word(32)), std::nullopt);
  EXPECT_EQ(reason(word(32) + word(1)), std::nullopt) << "one byte is announced, none is there";
  EXPECT_EQ(reason(word(64) + word(0)), std::nullopt);
  EXPECT_EQ(reason(std::string(64, 'f') + word(0)), std::nullopt);
  EXPECT_EQ(reason(word(32) + std::string(64, 'f')), std::nullopt);
  EXPECT_EQ(reason(word(32) + word(0)), "");
  EXPECT_EQ(revert_reason(*from_hex("4e487b71" + word(0x77))), "unknown panic code: 0x77");
  EXPECT_EQ(revert_reason(*from_hex("4e487b71")), std::nullopt);
}

TEST(Calls, AnInstructionOfALaterForkNamesTheFork) {
  Chain london(Fork::london);
  const auto call = london.contract({0x5f, 0x5f, 0xf3});
  for (const auto* method : {"eth_call", "eth_estimateGas"}) {
    EXPECT_EQ(london.error(method, {call}),
              "-32000 invalid opcode: PUSH0 needs Shanghai; this chain is at London: set shanghaiBlock");
  }
  Chain shanghai(Fork::shanghai);
  EXPECT_EQ(shanghai.result("eth_call", {shanghai.contract({0x5f, 0x5f, 0xf3})}), "0x");
}

TEST(Calls, SeeTheStateAndBlockTheyAskFor) {
  Chain chain(Fork::london);
  const auto call = chain.contract({0x00});
  // BALANCE of itself plus NUMBER plus the first slot.
  const Json account = {{"code", "0x303143015f5401" + std::string("5f5260205ff3")},
                        {"balance", "0x64"},
                        {"state", {{"0x" + word(0), "0x" + word(7)}}}};
  Chain later(Fork::shanghai);
  const Json overrides = {{call["to"].get<std::string>(), account}};
  EXPECT_EQ(later.result("eth_call", {call, "latest", overrides, {{"number", "0x3e8"}}}),
            "0x" + word(100 + 1000 + 7));
  EXPECT_EQ(chain.result("eth_call", {call, "latest"}), "0x");
}

TEST(Calls, TellWhatTheyRead) {
  Chain chain(Fork::london);
  // SLOAD 5, BALANCE of the rich one, a call of nothing to itself would be no news.
  auto code = *from_hex(
      "600554"
      "73" +
      to_hex(kRich) +
      "31"
      "00");
  const auto found = chain.result("eth_createAccessList", {chain.contract(code)});
  EXPECT_EQ(found["accessList"], (Json{{{"address", address_at(1).hex()}, {"storageKeys", {"0x" + word(5)}}},
                                       {{"address", kRich.hex()}, {"storageKeys", Json::array()}}}));
  EXPECT_EQ(found.count("error"), 0U);
  const auto failed = chain.result("eth_createAccessList", {chain.contract({0x60, 1, 0x54, 0xfe})});
  EXPECT_EQ(failed["accessList"][0]["storageKeys"], (Json{"0x" + word(1)}));
  EXPECT_TRUE(failed["error"].get<std::string>().starts_with("invalid opcode"));
}

TEST(Calls, FailWithGethsTexts) {
  Chain chain(Fork::london);
  EXPECT_EQ(chain.error("eth_call", {chain.contract({0x50})}).substr(0, 22), "-32000 stack underflow");
  EXPECT_EQ(chain.error("eth_call", {chain.contract({0x5b, 0x60, 0, 0x56})}), "-32000 out of gas");
  EXPECT_EQ(chain.error("eth_call", {chain.contract({0x60, 5, 0x56})}), "-32000 invalid jump destination");
  EXPECT_EQ(chain.error("eth_call", {{{"from", kRich.hex()}, {"to", kRich.hex()}, {"value", "0xf4241"}}}),
            "-32000 err: insufficient funds for gas * price + value: address " + checksummed(kRich) +
                " have 1000000 want 1000001 (supplied gas 50000000)");
  const auto short_call = chain.error("eth_call", {{{"to", kRich.hex()}, {"gas", "0x64"}}});
  EXPECT_EQ(short_call.substr(0, 33), "-32000 err: intrinsic gas too low") << short_call;
}

TEST(Calls, EndWhenTheirTimeIsUpWhateverTheirGas) {
  Chain chain(Fork::london);
  Backend backend{chain.node, chain.node, chain.node, chain.node, chain.blocks, chain.node.pool};
  backend.call_limits = {.most_gas = Gas{1} << 40, .most_time = std::chrono::milliseconds(50)};
  const Dispatcher limited(backend);
  const auto message_of = [&](std::string_view method, Json params) {
    const Json request = {{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", std::move(params)}};
    const auto answer = Json::parse(limited.call(request.dump(), {Access::console}));
    return answer.contains("error") ? answer["error"]["message"].get<std::string>() : answer.dump();
  };
  const std::string aborted = "execution aborted (timeout = 50ms)";
  // Loops by JUMP, by JUMPI and by a computed jump; a loop of calls to itself, to a precompile and to nobody.
  for (const auto* code : {"5b600056", "5b6001600057", "5b60003556", "5b600080808080305af150600056",
                           "5b60008080808060045af150600056", "5b60008080808060995af150600056"}) {
    const auto call = chain.contract(*from_hex(code));
    EXPECT_EQ(message_of("eth_call", {call}), aborted) << code;
    EXPECT_EQ(message_of("eth_estimateGas", {call, "latest", nullptr, {{"gasLimit", "0xffffffffff"}}}),
              aborted)
        << code;
    EXPECT_EQ(message_of("eth_createAccessList", {call}), aborted) << code;
  }
  const auto endless = chain.contract(*from_hex("5b600056"));
  const auto error =
      message_of("debug_traceCall", {endless, "latest", {{"timeout", "1s"}, {"tracer", "noopTracer"}}});
  EXPECT_EQ(error.substr(0, 17), "execution timeout");
}

TEST(Estimates, AreTheLeastGasThatSuffices) {
  Chain chain(Fork::london);
  EXPECT_EQ(chain.result("eth_estimateGas", {{{"to", kRich.hex()}}}), "0x5208");
  const auto call = chain.contract({0x60, 1, 0x60, 1, 0x55});  // SSTORE
  const auto gas = chain.result("eth_estimateGas", {call}).get<std::string>();
  const auto with = [&](std::uint64_t amount) {
    auto args = call;
    args["gas"] = U256{amount}.to_quantity();
    return chain.call("eth_call", {args});
  };
  const auto least = std::stoull(gas, nullptr, 16);
  EXPECT_EQ(least, 21'000U + 3 + 3 + 22'100) << "a slot's first write, cold (EIP-2929)";
  EXPECT_TRUE(with(least).contains("result"));
  EXPECT_TRUE(with(least - 1).contains("error"));
  // The outer code calls SSTORE's with all but a 64th of its gas, and fails when that fails.
  Chain late(Fork::shanghai);
  late.blocks.deploy(address_at(1), {0x60, 1, 0x60, 1, 0x55});
  late.blocks.deploy(address_at(2), *from_hex("5f5f5f5f5f61c0015af16010575f5ffd5b00"));
  const Json outer = {{"to", address_at(2).hex()}};
  const auto nested = std::stoull(late.result("eth_estimateGas", {outer}).get<std::string>(), nullptr, 16);
  auto args = outer;
  args["gas"] = U256{nested}.to_quantity();
  EXPECT_TRUE(late.call("eth_call", {args}).contains("result"));
  args["gas"] = U256{nested - 1}.to_quantity();
  EXPECT_TRUE(late.call("eth_call", {args}).contains("error"));
}

TEST(Estimates, SayWhyThereIsNone) {
  Chain chain(Fork::london);
  const auto endless = chain.contract({0x5b, 0x60, 0, 0x56});
  EXPECT_EQ(chain.error("eth_estimateGas", {endless}), "-32000 gas required exceeds allowance (10000000)");
  auto poor = endless;
  poor["from"] = kRich.hex();
  poor["gasPrice"] = "0x3e8";
  EXPECT_EQ(chain.error("eth_estimateGas", {poor}), "-32000 gas required exceeds allowance (1000)");
  poor["value"] = "0xf4240";
  EXPECT_EQ(chain.error("eth_estimateGas", {poor}), "-32000 insufficient funds for transfer");
}

/// EIP-7825 bounds what can be sent, not what can be called.
TEST(Estimates, StayBelowWhatOsakaLetsATransactionAskFor) {
  const Bytes endless = {0x5b, 0x60, 0, 0x56};
  Chain prague(Fork::prague, 20'000'000), osaka(Fork::osaka, 20'000'000);
  EXPECT_EQ(prague.error("eth_estimateGas", {prague.contract(endless)}),
            "-32000 gas required exceeds allowance (20000000)");
  auto call = osaka.contract(endless);
  EXPECT_EQ(osaka.error("eth_estimateGas", {call}), "-32000 gas required exceeds allowance (16777216)");
  call["gas"] = "0x1312d00";
  EXPECT_EQ(osaka.error("eth_estimateGas", {call}), "-32000 gas required exceeds allowance (16777216)");
  // GAS, as the called code sees it.
  auto gas = osaka.contract(*from_hex("5a60005260206000f3"));
  gas["gas"] = "0x1312d00";
  EXPECT_EQ(osaka.result("eth_call", {gas}), "0x" + word(20'000'000 - 21'000 - 2));
}

TEST(Logs, AreFoundByAddressAndTopics) {
  Rpc rpc;
  const auto topic = [](std::uint8_t value) {
    Hash256 out;
    out.bytes[31] = value;
    return out;
  };
  for (BlockNum number = 1; number <= 3; ++number) {
    Receipt receipt;
    receipt.logs = {{address_at(1), {topic(1), topic(static_cast<std::uint8_t>(number))}, {}},
                    {address_at(2), {topic(9)}, {5}}};
    receipt.logs_bloom = bloom_of(receipt.logs);
    Block block;
    block.body.transactions.resize(1);
    Header header;
    header.number = number;
    header.logs_bloom = receipt.logs_bloom;
    block.header = seal_header(header, HeaderIdentity::keccak_rlp);
    rpc.blocks.add(block);
    rpc.blocks.receipts_of[number] = {receipt};
  }
  const auto count = [&](Json filter) {
    filter["fromBlock"] = "earliest";
    return rpc.result("eth_getLogs", {filter}).size();
  };
  const auto t = [&](std::uint8_t value) { return Json(topic(value).hex()); };
  EXPECT_EQ(count(Json::object()), 6U);
  EXPECT_EQ(count({{"address", address_at(1).hex()}}), 3U);
  EXPECT_EQ(count({{"address", Json::array({address_at(1).hex(), address_at(2).hex()})}}), 6U);
  EXPECT_EQ(count({{"address", address_at(3).hex()}}), 0U);
  EXPECT_EQ(count({{"topics", Json::array({t(1)})}}), 3U);
  EXPECT_EQ(count({{"topics", Json::array({nullptr, t(2)})}}), 1U);
  EXPECT_EQ(count({{"topics", Json::array({Json::array({t(1), t(9)})})}}), 6U);
  EXPECT_EQ(count({{"topics", Json::array({nullptr, nullptr})}}), 3U) << "there must be a second topic";
  EXPECT_EQ(count({{"topics", Json::array({t(1), Json::array({t(2), t(3)})})}}), 2U);
  EXPECT_EQ(count({{"topics", Json::array({t(9), t(1)})}}), 0U);
  EXPECT_EQ(rpc.result("eth_getLogs", {Json::object()}).size(), 2U) << "the head alone";
  EXPECT_EQ(rpc.result("eth_getLogs", {{{"fromBlock", "0x2"}, {"toBlock", "0x64"}}}).size(), 4U);
  const auto one = rpc.result("eth_getLogs", {{{"blockHash", rpc.blocks.at(2).header.hash().hex()}}});
  ASSERT_EQ(one.size(), 2U);
  EXPECT_EQ(one[1]["logIndex"], "0x1");
  EXPECT_EQ(one[1]["data"], "0x05");
  EXPECT_EQ(one[1]["blockNumber"], "0x2");
  EXPECT_EQ(rpc.error("eth_getLogs", {{{"fromBlock", "0x3"}, {"toBlock", "0x2"}}}),
            "-32602 invalid block range params");
  EXPECT_EQ(rpc.error("eth_getLogs", {{{"blockHash", "0x" + std::string(64, '1')}}}), "-32000 unknown block");
}

TEST(Logs, TooManySayHowToGoOn) {
  Rpc rpc;
  Receipt receipt;
  receipt.logs.resize(30'000);
  receipt.logs_bloom = bloom_of({{}});
  for (BlockNum number = 1; number <= 3; ++number) {
    Header header;
    header.number = number;
    header.logs_bloom = receipt.logs_bloom;
    Block block{seal_header(header, HeaderIdentity::keccak_rlp), {}};
    block.body.transactions.resize(1);
    rpc.blocks.add(block);
    rpc.blocks.receipts_of[number] = {receipt};
  }
  EXPECT_EQ(rpc.error("eth_getLogs", {{{"fromBlock", "0x0"}}}),
            "-32005 query returned more than 40000 results. Try with this block range [0x0, 0x1], then go on "
            "with [0x2, 0x3]");
  EXPECT_EQ(rpc.result("eth_getLogs", {{{"fromBlock", "0x0"}, {"toBlock", "0x1"}}}).size(), 30'000U);
}

TEST(Sending, SignsAsTheForkHasItAndFillsWhatIsMissing) {
  for (const auto last : {Fork::homestead, Fork::byzantium, Fork::london}) {
    Chain chain(last);
    chain.blocks.accounts[*Address::from_hex(chain.sender())].balance = U256{1} << 80;
    chain.blocks.accounts[*Address::from_hex(chain.sender())].code_hash = kEmptyCodeHash;
    const Json args = {{"from", chain.sender()}, {"to", kRich.hex()}, {"value", "0x1"}};
    const auto hash = chain.result("eth_sendTransaction", {args});
    ASSERT_EQ(chain.node.pool.txns.size(), 1U);
    const auto& txn = chain.node.pool.txns[0];
    EXPECT_EQ(hash, hash_of(txn).hex());
    EXPECT_EQ(sender_of(txn)->hex(), chain.sender());
    EXPECT_EQ(txn.type, last == Fork::london ? TxnType::fee_market : TxnType::legacy);
    EXPECT_EQ(chain_id_of(txn), last == Fork::homestead ? std::nullopt : std::optional(U256{1999}));
    EXPECT_EQ(txn.nonce, 7U);
    EXPECT_EQ(txn.gas_limit, 21'000U);
    EXPECT_EQ(txn.max_fee_per_gas, last == Fork::london ? U256{1'000'002'000} : U256{1'000'000'000});
    const auto waiting = chain.result("eth_getTransactionByHash", {hash});
    EXPECT_EQ(waiting["blockNumber"], nullptr);
    EXPECT_EQ(waiting["from"], chain.sender());
    EXPECT_EQ(chain.result("eth_getTransactionCount", {chain.sender(), "pending"}), "0x8");
    EXPECT_EQ(chain.result("txpool_status"), (Json{{"pending", "0x1"}, {"queued", "0x0"}}));
    EXPECT_EQ(chain.error("eth_sendRawTransaction", {to_hex0x(encode_transaction(txn))}),
              "-32000 already known");
  }
}

TEST(Sending, RefusesWithGethsWords) {
  Chain chain(Fork::london);
  const auto from = chain.sender();
  EXPECT_EQ(chain.error("eth_sendTransaction", {{{"from", kRich.hex()}, {"to", from}}}),
            "-32000 authentication needed: password or unlock");
  EXPECT_EQ(chain.error("eth_sendTransaction", {{{"from", from}}}),
            "-32000 contract creation without any data provided");
  EXPECT_EQ(chain.error("eth_sendTransaction", {{{"from", from}, {"to", from}, {"chainId", "0x1"}}}),
            "-32000 chainId does not match node's (have=1, want=1999)");
  EXPECT_EQ(chain.error("personal_sendTransaction", {{{"from", from}, {"to", from}}, "wrong"}),
            "-32000 could not decrypt key with given passphrase");
  EXPECT_EQ(chain.error("eth_sendRawTransaction", {"0x05"}).substr(0, 11), "-32000 rlp:");
  const rpc::Caller stranger{.access = rpc::Access::http, .exposed = true};
  EXPECT_TRUE(
      chain.error("eth_sendTransaction", {{{"from", from}, {"to", from}, {"gas", "0x5208"}}}, stranger)
          .starts_with("-32000 account unlock with HTTP access is forbidden\n"));
  EXPECT_TRUE(chain.node.pool.txns.empty());
}

TEST(Sending, TakesWhatIsSignedForNoChainWhereNothingElseIsOrWhenTold) {
  const auto key = random_private_key();
  const auto raw = [&](std::uint64_t chain_id) {
    return to_hex0x(encode_transaction(test::payment(key, 0, U256{1'000'000'000}, chain_id)));
  };
  Chain chain(Fork::london);
  EXPECT_EQ(
      chain.error("eth_sendRawTransaction", {raw(0)}),
      "-32000 only replay-protected (EIP-155) transactions allowed over RPC\nSign it with the chain id, "
      "or start the node with --rpc.allow-unprotected-txs.");
  EXPECT_TRUE(chain.node.pool.txns.empty());
  EXPECT_TRUE(chain.result("eth_sendRawTransaction", {raw(1999)}).is_string());
  Chain old(Fork::eip150);
  EXPECT_TRUE(old.result("eth_sendRawTransaction", {raw(0)}).is_string());

  rpc::Backend backend{chain.node, chain.node, chain.node, chain.node, chain.blocks, chain.node.pool};
  backend.unprotected_allowed = true;
  rpc::Dispatcher willing(backend);
  const Json request = {{"id", 1}, {"method", "eth_sendRawTransaction"}, {"params", {raw(0)}}};
  EXPECT_TRUE(Json::parse(willing.call(request.dump(), {rpc::Access::console})).contains("result"));
  EXPECT_EQ(chain.node.pool.txns.size(), 2U);
}

TEST(Sending, BlobsNeedAPoolThatKeepsThem) {
  Chain chain(Fork::london);
  // A blob transaction with no blobs, commitments and proofs.
  Transaction txn;
  txn.type = TxnType::blob;
  txn.chain_id = 1999;
  txn.to = kRich;
  const auto carried = encode_carried({test::signed_by(random_private_key(), txn, 1999), {}});
  EXPECT_EQ(chain.error("eth_sendRawTransaction", {to_hex0x(carried)}),
            "-32000 transaction type not supported: this pool keeps no blobs");
  EXPECT_EQ(chain.error("eth_sendRawTransaction", {"0x03c3c0c0c0"}).substr(0, 11), "-32000 rlp:");
}

TEST(Work, IsForEthashMinersAlone) {
  Chain chain(Fork::london);
  EXPECT_TRUE(chain.error("eth_getWork").starts_with("-32000 not supported"));
  const auto hash = "0x" + std::string(64, '1');
  EXPECT_EQ(chain.result("eth_submitWork", {"0x0000000000000001", hash, hash}), false);
  EXPECT_EQ(chain.result("eth_submitHashrate", {"0x1", hash}), false);
}

TEST(Sending, ASlipOfTheCommaIsNotSent) {
  Chain chain(Fork::london);
  Backend backend{chain.node, chain.node, chain.node, chain.node, chain.blocks, chain.node.pool};
  backend.call_limits.most_fee = Wei{1'000'000'000'000'000'000};
  const Dispatcher limited(backend);
  const auto send = [&](std::string_view price) {
    const Json txn = {{"from", chain.sender()},
                      {"to", chain.sender()},
                      {"gas", "0x5208"},
                      {"nonce", "0x7"},
                      {"gasPrice", price}};
    const Json request = {
        {"jsonrpc", "2.0"}, {"id", 1}, {"method", "eth_sendTransaction"}, {"params", {txn}}};
    return Json::parse(limited.call(request.dump(), {Access::console}));
  };
  // 71,520 gwei for each of 21,000 gas, and then more than any number holds.
  const auto error = send("0x410d586a20a4")["error"]["message"].get<std::string>();
  EXPECT_EQ(error.substr(0, error.find('\n')), "tx fee (1.50 ether) exceeds the configured cap (1.00 ether)");
  const auto most = send("0x" + std::string(64, 'f'))["error"]["message"].get<std::string>();
  EXPECT_TRUE(most.starts_with("tx fee (2^256 wei) exceeds the configured cap (1.00 ether)")) << most;
  EXPECT_TRUE(send("0x2540be400").contains("result"));
}

TEST(Sending, MessagesAreSignedWithTheirPrefix) {
  Chain chain(Fork::london);
  const auto signature = chain.result("eth_sign", {chain.sender(), "0x68656c6c6f"});
  EXPECT_EQ(chain.result("personal_ecRecover", {"0x68656c6c6f", signature}), chain.sender());
  EXPECT_NE(chain.result("personal_ecRecover", {"0x68656c6c70", signature}), chain.sender());
  EXPECT_EQ(chain.result("personal_sign", {"0x68656c6c6f", chain.sender(), "pw"}), signature);
  const auto text = signature.get<std::string>();
  EXPECT_TRUE(text.ends_with("1b") || text.ends_with("1c"));
}

TEST(Fees, AreJudgedByWhatRecentTransactionsPaid) {
  Chain chain(Fork::london);
  EXPECT_EQ(chain.result("eth_maxPriorityFeePerGas"), "0x3b9aca00") << "a gwei where nobody paid";
  EXPECT_EQ(chain.result("eth_gasPrice"), "0x3b9acde8") << "and the base fee";
  Header header = *chain.blocks.at(1).header;
  header.number = 2;
  header.gas_used = 63'000;
  Block block{seal_header(header, HeaderIdentity::keccak_rlp), {}};
  std::vector<Receipt> receipts;
  for (std::uint64_t tip : {30, 10, 20}) {
    Transaction txn;
    txn.type = TxnType::fee_market;
    txn.max_priority_fee_per_gas = tip;
    txn.max_fee_per_gas = 5'000;
    block.body.transactions.push_back(txn);
    receipts.emplace_back().cumulative_gas_used = 21'000 * (receipts.size());
  }
  chain.blocks.add(block);
  chain.blocks.receipts_of[2] = receipts;
  EXPECT_EQ(chain.result("eth_maxPriorityFeePerGas"), "0x14");
  const auto history = chain.result("eth_feeHistory", {"0x2", "latest", {0, 50, 100}});
  EXPECT_EQ(history["oldestBlock"], "0x1");
  EXPECT_EQ(history["reward"], (Json{{"0x0", "0x0", "0x0"}, {"0xa", "0x14", "0x1e"}}));
  EXPECT_EQ(history["baseFeePerGas"].size(), 3U);
  EXPECT_EQ(history["gasUsedRatio"], (Json{0.0, 0.0063}));
  EXPECT_EQ(chain.result("eth_feeHistory", {2, "latest"}).count("reward"), 0U);
}
