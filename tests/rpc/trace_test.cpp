// Tracers, and the methods that run transactions again, over a block in memory.

#include <gtest/gtest.h>

#include "answer_schemas.hpp"
#include "rpc/trace/options.hpp"
#include "signed_txn.hpp"
#include "test_backend.hpp"

using namespace quarry;
using namespace quarry::rpc;
using quarry::test::address_at;
using quarry::test::Rpc;

namespace {

const Address kOuter = address_at(1), kInner = address_at(2), kPayer = address_at(3);

/// Reverts with 0xdeadbeef.
const std::string kRevert = "63deadbeef6000526004601cfd";
/// Calls `kInner` with four bytes of data, writes 7 to slot 5, reads it, and logs a word.
const std::string kOuterCode =
    "600060006004600060007300000000000000000000000000000000"
    "0000c002"
    "5af150"
    "6007600555"
    "60055450"
    "602a600052"
    "609960206000a1"
    "00";
/// Sends one wei to its caller and makes a contract whose code is a single zero byte: 0x6001600053
/// 60016000f3.
const std::string kPayerCode =
    "60006000600060006001335af150"
    "69"
    "600160005360016000f3"
    "600052"
    "600a60166000f05000";
/// A chain at the London fork, by proof of work, whose first block calls kOuter and then kPayer.
struct Chain : Rpc {
  Chain() {
    test::switch_on(node.chain_spec.forks, Fork::london);
    deploy(kOuter, kOuterCode);
    blocks.accounts[kOuter].storage_root.bytes[0] = 1;  // each slot holds its number
    deploy(kInner, kRevert);
    deploy(kPayer, kPayerCode);
    blocks.accounts[kPayer].balance = 100;
    sender = test::address_of(node.key);
    blocks.accounts[sender].balance = U256{1'000'000'000'000};
    blocks.accounts[sender].code_hash = kEmptyCodeHash;
    blocks.accounts[sender].storage_root = kEmptyRoot;
    Header header;
    header.number = 1;
    header.parent_hash = blocks.head().hash;
    header.gas_limit = 10'000'000;
    header.base_fee_per_gas = 7;
    Body body;
    body.transactions = {call_to(kOuter, 0), call_to(kPayer, 1)};
    for (const auto& txn : body.transactions) hashes.push_back(hash_of(txn).hex());
    blocks.add({seal_header(header, HeaderIdentity::keccak_rlp), body});
    Receipt receipt;
    receipt.outcome = true;
    for (const Gas gas : {50'000, 110'000}) {
      receipt.cumulative_gas_used = gas;
      blocks.receipts_of[1].push_back(receipt);
    }
  }

  void deploy(const Address& at, const std::string& code) { blocks.deploy(at, *from_hex(code)); }
  Transaction call_to(const Address& to, std::uint64_t nonce) const {
    Transaction txn;
    txn.nonce = nonce;
    txn.max_fee_per_gas = txn.max_priority_fee_per_gas = 10;
    txn.gas_limit = 200'000;
    txn.to = to;
    return test::signed_by(node.key, txn, 1999);
  }
  /// Of the shape that the method says it gives.
  Json result(const std::string& method, const Json& params = Json::array()) {
    static test::AnswerSchemas schemas;
    auto out = Rpc::result(method, params);
    EXPECT_EQ(schemas.fault(method, out), "") << method;
    return out;
  }
  /// The result as text, keys in the order in which they stand.
  std::string text(std::string_view method, const Json& params) {
    const Json request = {{"id", 1}, {"method", method}, {"params", params}};
    const auto answer = dispatcher.call(request.dump(), {rpc::Access::console});
    const auto at = answer.find("\"result\":");
    if (at == std::string::npos) return answer;
    return answer.substr(at + 9, answer.rfind('}') - at - 9);
  }
  Json trace(const std::string& tracer, const Json& config = nullptr) {
    return result("debug_traceTransaction", {hashes[0], {{"tracer", tracer}, {"tracerConfig", config}}});
  }

  Address sender;
  std::vector<std::string> hashes;
};

std::string word(std::uint64_t value) {
  return "0x" + to_hex(U256{value}.to_be());
}

}  // namespace

TEST(Trace, StructLogsAreGeths) {
  Chain chain;
  const auto all = chain.result("debug_traceTransaction", {chain.hashes[0]});
  EXPECT_EQ(all["failed"], false);
  EXPECT_EQ(all["returnValue"], "0x");
  const auto& logs = all["structLogs"];
  ASSERT_EQ(logs.size(), 29U);
  EXPECT_EQ(logs[0].dump(), R"({"depth":1,"gas":179000,"gasCost":3,"op":"PUSH1","pc":0,"stack":[]})");
  EXPECT_EQ(logs[7]["op"], "CALL");
  EXPECT_EQ(logs[7]["stack"].size(), 7U);
  EXPECT_EQ(logs[8]["depth"], 2);
  // SSTORE shows what it writes, SLOAD what it finds.
  const auto& store = logs[17];
  EXPECT_EQ(store["op"], "SSTORE");
  EXPECT_EQ(store["storage"], Json({{word(5), word(7)}}));
  const auto& load = logs[19];
  EXPECT_EQ(load["op"], "SLOAD");
  EXPECT_EQ(load["storage"], Json({{word(5), word(7)}}));
  EXPECT_FALSE(logs[1].contains("memory"));

  const auto other = chain.result("debug_traceTransaction", {chain.hashes[0],
                                                             {{"enableMemory", true},
                                                              {"disableStack", true},
                                                              {"disableStorage", true},
                                                              {"enableReturnData", true}}});
  EXPECT_FALSE(other["structLogs"][0].contains("stack"));
  EXPECT_FALSE(other["structLogs"][17].contains("storage"));
  EXPECT_EQ(other["structLogs"][14]["returnData"], "0xdeadbeef");
  EXPECT_EQ(other["structLogs"][27]["memory"], Json::array({word(0x2a)}));
  // A bound on the steps, in bytes.
  const auto few = chain.result("debug_traceTransaction", {chain.hashes[0], {{"limit", 100}}});
  EXPECT_EQ(few["structLogs"].size(), 2U);
}

TEST(Trace, CallTracerIsGeths) {
  Chain chain;
  const auto all =
      chain.text("debug_traceTransaction",
                 {chain.hashes[0], {{"tracer", "callTracer"}, {"tracerConfig", {{"withLog", true}}}}});
  const auto used = chain.result("debug_traceTransaction", {chain.hashes[0]})["gas"].get<std::uint64_t>();
  EXPECT_EQ(
      all,
      R"({"from":")" + chain.sender.hex() + R"(","gas":"0x30d40","gasUsed":")" + U256{used}.to_quantity() +
          R"(","to":")" + kOuter.hex() + R"(","input":"0x","calls":[{"from":")" + kOuter.hex() +
          R"(","gas":"0x2a636","gasUsed":"0x12","to":")" + kInner.hex() +
          R"(","input":"0x00000000","output":"0xdeadbeef","error":"execution reverted","value":"0x0","type":"CALL"}],)"
          R"("logs":[{"address":")" +
          kOuter.hex() + R"(","topics":[")" + word(0x99) + R"("],"data":")" + word(0x2a) +
          R"(","index":"0x0","position":"0x1"}],"value":"0x0","type":"CALL"})");
  const auto top = chain.trace("callTracer", {{"onlyTopCall", true}});
  EXPECT_FALSE(top.contains("calls"));
  EXPECT_FALSE(top.contains("logs"));
}

TEST(Trace, CallTracerTellsWhyACallFailed) {
  Chain chain;
  const Json traced = {{"tracer", "callTracer"}};
  const auto error_of = [&](const std::string& code) {
    chain.deploy(kInner, code);
    const Json call = {{"from", chain.sender.hex()}, {"to", kInner.hex()}, {"gas", "0x186a0"}};
    return chain.result("debug_traceCall", {call, "latest", traced})["error"];
  };
  EXPECT_EQ(error_of("01"), "stack underflow (0 <=> 2)");
  EXPECT_EQ(error_of("fe"), "invalid opcode: INVALID");
  EXPECT_EQ(error_of("0c"), "invalid opcode: opcode 0xc not defined");
  EXPECT_EQ(error_of("5f"), "invalid opcode: PUSH0");
  EXPECT_EQ(error_of("600056"), "invalid jump destination");
  EXPECT_EQ(error_of("5b600056"), "out of gas");
  EXPECT_EQ(error_of("60006000600160003e"), "return data out of bounds");
  EXPECT_EQ(error_of("5b30600056"), "stack limit reached 1024 (1023)");
  // Error(string) is decoded.
  chain.deploy(kInner,
               "626e6f21602752"
               "6003602452"
               "7f08c379a0" +
                   std::string(56, '0') +
                   "600052"
                   "6020600452"
                   "60646000fd");
  const auto failed = chain.result("debug_traceCall", {{{"to", kInner.hex()}}, "latest", traced});
  EXPECT_EQ(failed["error"], "execution reverted");
  EXPECT_EQ(failed["revertReason"], "no!");
  // The gas that a call without any gets is what this node lets calls use.
  EXPECT_EQ(failed["gas"], "0x2faf080");
}

TEST(Trace, PrestateIsWhatWasThereAndWhatChanged) {
  Chain chain;
  const auto before = chain.trace("prestateTracer");
  const auto sender = chain.sender.hex(), zero = Address{}.hex();
  EXPECT_EQ(before.size(), 4U);
  EXPECT_EQ(before[sender], Json({{"balance", "0xe8d4a51000"}}));
  EXPECT_EQ(before[zero], Json({{"balance", "0x0"}}));
  EXPECT_EQ(before[kInner.hex()], Json({{"balance", "0x0"}, {"code", "0x" + kRevert}}));
  EXPECT_EQ(before[kOuter.hex()]["storage"], Json({{word(5), word(5)}}));
  EXPECT_FALSE(chain.trace("prestateTracer", {{"disableCode", true}})[kInner.hex()].contains("code"));
  EXPECT_FALSE(chain.trace("prestateTracer", {{"disableStorage", true}})[kOuter.hex()].contains("storage"));

  const auto diff = chain.trace("prestateTracer", {{"diffMode", true}});
  EXPECT_EQ(diff["pre"].size(), 3U);
  EXPECT_EQ(diff["post"][kOuter.hex()], Json({{"storage", {{word(5), word(7)}}}}));
  EXPECT_EQ(diff["pre"][kOuter.hex()]["storage"], Json({{word(5), word(5)}}));
  EXPECT_EQ(diff["post"][sender]["nonce"], 1);
  EXPECT_TRUE(diff["post"][zero].contains("balance"));
  EXPECT_FALSE(diff["post"].contains(kInner.hex()));
}

TEST(Trace, TheOtherTracers) {
  Chain chain;
  EXPECT_EQ(chain.trace("noopTracer"), Json::object());
  EXPECT_EQ(chain.trace("4byteTracer"), Json({{"0x00000000-0", 1}}));
  const auto both = chain.trace("muxTracer", {{"noopTracer", nullptr}, {"4byteTracer", nullptr}});
  EXPECT_EQ(both, Json({{"4byteTracer", {{"0x00000000-0", 1}}}, {"noopTracer", Json::object()}}));
  const auto flat = chain.trace("flatCallTracer", {{"convertParityErrors", true}});
  ASSERT_EQ(flat.size(), 2U);
  EXPECT_EQ(flat[0]["subtraces"], 1);
  EXPECT_EQ(flat[0]["action"]["gas"], "0x30d40");
  EXPECT_EQ(flat[1]["traceAddress"], Json::array({0}));
  EXPECT_EQ(flat[1]["error"], "Reverted");
  EXPECT_EQ(flat[1]["result"]["output"], "0xdeadbeef");
  EXPECT_EQ(flat[1]["transactionHash"], chain.hashes[0]);
  EXPECT_EQ(chain.trace("flatCallTracer")[1]["error"], "execution reverted");
  EXPECT_EQ(chain.error("debug_traceTransaction", {chain.hashes[0], {{"tracer", "gasTracer"}}}),
            "-32602 invalid argument 1: no tracer is called gasTracer\nThere are: 4byteTracer, callTracer, "
            "flatCallTracer, muxTracer, noopTracer, prestateTracer; without a tracer there are structLogs.");
}

TEST(Trace, BlocksAndWhatIsNotThere) {
  Chain chain;
  const Json traced = {{"tracer", "callTracer"}};
  const auto by_number = chain.result("debug_traceBlockByNumber", {"0x1", traced});
  ASSERT_EQ(by_number.size(), 2U);
  EXPECT_EQ(by_number[1]["txHash"], chain.hashes[1]);
  EXPECT_EQ(by_number[0]["result"], chain.trace("callTracer"));
  const auto hash = chain.blocks.head().hash.hex();
  EXPECT_EQ(chain.result("debug_traceBlockByHash", {hash, traced}), by_number);
  EXPECT_EQ(chain.result("debug_traceBlock", {to_hex0x(encode_block(chain.blocks.at(1))), traced}),
            by_number);
  EXPECT_EQ(chain.error("debug_traceBlock", {"0xc0"}), "-32000 could not decode block: it is no block's RLP");
  EXPECT_EQ(chain.error("debug_traceBlockByNumber", {"0x0"}), "-32000 genesis is not traceable");
  EXPECT_EQ(chain.error("debug_traceBlockByNumber", {"0x9"}), "-32000 block #9 not found");
  EXPECT_EQ(chain.error("debug_traceTransaction", {word(1)}), "-32000 transaction not found");
  EXPECT_EQ(chain.error("debug_traceBlockByNumber", {"pending"}),
            "-32000 tracing on top of pending is not supported");
}

TEST(Trace, CallsTakeOverrides) {
  Chain chain;
  const Json call = {{"to", kInner.hex()}};
  // NUMBER, as another block, in code that is not there.
  const Json config = {{"stateOverrides", {{kInner.hex(), {{"code", "0x4360005260206000f3"}}}}},
                       {"blockOverrides", {{"number", "0x2a"}}}};
  EXPECT_EQ(chain.result("debug_traceCall", {call, "latest", config})["returnValue"], word(0x2a));
  EXPECT_EQ(chain.result("debug_traceCall", {call, chain.blocks.head().hash.hex(), config})["returnValue"],
            word(0x2a));
  const Json wrong = {{"stateOverrides", {{kInner.hex(), {{"balance", "12"}}}}}};
  EXPECT_EQ(chain.error("debug_traceCall", {call, "latest", wrong}).substr(0, 28),
            "-32602 invalid argument 2: j");
  // Before the block's second transaction slot 5 is what the first one wrote.
  chain.deploy(kInner, "00");
  const Json reads = {{"stateOverrides", {{kOuter.hex(), {{"code", "0x60055460005260206000f3"}}}}}};
  EXPECT_EQ(chain.result("debug_traceCall", {{{"to", kOuter.hex()}}, "latest", reads})["returnValue"],
            word(5));
  chain.deploy(kOuter, "60055460005260206000f3");
  const Json within = {{"txIndex", 0}};
  EXPECT_EQ(chain.result("debug_traceCall", {{{"to", kOuter.hex()}}, "latest", within})["returnValue"],
            word(5));
  EXPECT_EQ(chain.error("debug_traceCall", {call, "latest", {{"txIndex", 2}}}),
            "-32000 transaction index 2 out of range: the block has 2");
  // Ends in time, whatever the gas.
  chain.deploy(kInner, "5b600056");
  EXPECT_EQ(chain.error("debug_traceCall", {call, "latest", {{"timeout", "1ns"}, {"tracer", "noopTracer"}}})
                .substr(0, 24),
            "-32000 execution timeout");
  // And in memory.
  EXPECT_EQ(chain.error("debug_traceCall", {call, "latest", {{"timeout", "50s"}}}).substr(0, 40),
            "-32005 the trace is larger than 64 MiB\nN");
}

TEST(Trace, DurationsAreGos) {
  using std::chrono::milliseconds;
  EXPECT_EQ(trace::read_duration("5s"), milliseconds(5000));
  EXPECT_EQ(trace::read_duration("1m0.5s"), milliseconds(60000));  // the most there is
  EXPECT_EQ(trace::read_duration("20s250ms"), milliseconds(20250));
  EXPECT_EQ(trace::read_duration("300us"), milliseconds(0));
  for (const auto* text : {"", "5", "s", "-5s", "5 s", "5sec"})
    EXPECT_FALSE(trace::read_duration(text)) << text;
}

TEST(ParityTrace, TransactionsAndBlocks) {
  Chain chain;
  const auto calls = chain.result("trace_transaction", {chain.hashes[0]});
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0]["action"]["callType"], "call");
  EXPECT_EQ(calls[0]["action"]["gas"], U256{200'000 - 21'000}.to_quantity());
  EXPECT_EQ(calls[0]["blockNumber"], 1);
  EXPECT_EQ(calls[1]["error"], "Reverted");
  EXPECT_FALSE(calls[1].contains("result"));
  EXPECT_EQ(chain.result("trace_get", {chain.hashes[0], {"0x0"}}), calls[1]);
  EXPECT_EQ(chain.result("trace_get", {chain.hashes[0], {"0x1"}}), nullptr);
  EXPECT_EQ(chain.result("trace_transaction", {word(1)}), nullptr);

  const auto block = chain.result("trace_block", {"latest"});
  // Two and three frames, and the reward.
  ASSERT_EQ(block.size(), 6U);
  EXPECT_EQ(block[4]["type"], "create");
  EXPECT_EQ(block[4]["action"]["creationMethod"], "create");
  EXPECT_EQ(block[4]["result"]["code"], "0x01");
  EXPECT_EQ(block[5]["type"], "reward");
  EXPECT_EQ(block[5]["action"],
            Json({{"author", Address{}.hex()}, {"rewardType", "block"}, {"value", "0x1bc16d674ec80000"}}));
  EXPECT_EQ(block[5]["result"], nullptr);
}

TEST(ParityTrace, FilterByAddressAndPlace) {
  Chain chain;
  const auto traces = [&](const Json& filter) { return chain.result("trace_filter", Json::array({filter})); };
  const Json sender = Json::array({chain.sender.hex()}), outer = Json::array({kOuter.hex()}),
             inner = Json::array({kInner.hex()});
  const auto all = traces(Json::object());
  EXPECT_EQ(all.size(), 6U);
  EXPECT_EQ(traces({{"fromBlock", "0x0"}, {"toBlock", "latest"}}), all);
  EXPECT_EQ(traces({{"fromAddress", sender}}).size(), 2U);
  EXPECT_EQ(traces({{"fromAddress", sender}, {"toAddress", outer}}).size(), 1U);
  EXPECT_EQ(traces({{"fromAddress", sender}, {"toAddress", inner}}).size(), 0U);
  EXPECT_EQ(traces({{"fromAddress", sender}, {"toAddress", inner}, {"mode", "union"}}).size(), 3U);
  EXPECT_EQ(traces({{"after", 1}, {"count", "0x2"}}), Json::array({all[1], all[2]}));
  const Json beyond = {{"fromBlock", "0x5"}};
  EXPECT_EQ(chain.error("trace_filter", Json::array({beyond})).substr(0, 27), "-32000 invalid block range:");
}

TEST(ParityTrace, ReplaysWithWhatChanged) {
  Chain chain;
  const auto replayed = chain.result("trace_replayTransaction", {chain.hashes[1], {"trace", "stateDiff"}});
  EXPECT_EQ(replayed["output"], "0x");
  EXPECT_EQ(replayed["trace"].size(), 3U);
  EXPECT_FALSE(replayed["trace"][0].contains("blockHash"));
  const auto& diff = replayed["stateDiff"];
  EXPECT_EQ(diff[kPayer.hex()]["balance"], Json({{"*", {{"from", "0x64"}, {"to", "0x63"}}}}));
  EXPECT_EQ(diff[kPayer.hex()]["code"], "=");
  EXPECT_EQ(diff[chain.sender.hex()]["nonce"], Json({{"*", {{"from", "0x1"}, {"to", "0x2"}}}}));
  const auto made = replayed["trace"][2]["result"]["address"].get<std::string>();
  EXPECT_EQ(diff[made]["code"], Json({{"+", "0x01"}}));
  EXPECT_EQ(diff[made]["nonce"], Json({{"+", "0x1"}}));
  const auto block = chain.result("trace_replayBlockTransactions", {"latest", {"stateDiff"}});
  ASSERT_EQ(block.size(), 2U);
  EXPECT_EQ(block[1]["stateDiff"], diff);
  EXPECT_EQ(block[1]["transactionHash"], chain.hashes[1]);
  EXPECT_EQ(block[0]["stateDiff"][kOuter.hex()]["storage"],
            Json({{word(5), {{"*", {{"from", word(5)}, {"to", word(7)}}}}}}));
}

// One step after the other as structLogs have them: the gas and the stack that an instruction leaves are what
// the next one of its frame finds.
TEST(ParityTrace, VmTraceIsWhatEveryInstructionLeft) {
  Chain chain;
  const auto replayed = chain.result("trace_replayTransaction", {chain.hashes[0], {"vmTrace"}});
  EXPECT_EQ(replayed["trace"], Json::array());
  const auto& vm = replayed["vmTrace"];
  EXPECT_EQ(vm["code"], "0x" + kOuterCode);
  const auto steps = chain.result("debug_traceTransaction", {chain.hashes[0]})["structLogs"];
  std::vector<Json> outer, inner;
  for (const auto& step : steps) (step["depth"] == 1 ? outer : inner).push_back(step);
  const auto& ops = vm["ops"];
  ASSERT_EQ(ops.size(), outer.size());
  for (std::size_t i = 0; i < ops.size(); ++i) {
    EXPECT_EQ(ops[i]["pc"], outer[i]["pc"]);
    EXPECT_EQ(ops[i]["cost"], outer[i]["gasCost"]);
    if (i + 1 == ops.size()) break;
    EXPECT_EQ(ops[i]["ex"]["used"], outer[i + 1]["gas"]);
    const auto& stack = outer[i + 1]["stack"];
    const auto& pushed = ops[i]["ex"]["push"];
    ASSERT_LE(pushed.size(), stack.size());
    EXPECT_TRUE(std::equal(pushed.rbegin(), pushed.rend(), stack.rbegin())) << i;
    EXPECT_EQ(ops[i]["sub"].is_null(), outer[i]["op"] != "CALL");
  }
  EXPECT_EQ(ops[0]["ex"]["push"], outer[1]["stack"]);
  EXPECT_EQ(ops.back()["ex"]["push"], Json::array());
  const auto find = [&](const char* name) {
    for (std::size_t i = 0; i < outer.size(); ++i)
      if (outer[i]["op"] == name) return ops[i];
    return Json();
  };
  EXPECT_EQ(find("SSTORE")["ex"]["store"], Json({{"key", "0x5"}, {"val", "0x7"}}));
  EXPECT_EQ(find("MSTORE")["ex"]["mem"], Json({{"off", 0}, {"data", word(0x2a)}}));
  // The callee reverts: that is no failure of its last instruction.
  const auto sub = find("CALL")["sub"];
  ASSERT_EQ(sub["ops"].size(), inner.size());
  EXPECT_EQ(sub["ops"].back()["pc"], inner.back()["pc"]);
  EXPECT_FALSE(sub["ops"].back()["ex"].is_null());
  // Sends to an account without code, makes a contract: the one has no trace, the other its init code's.
  const auto second = chain.result("trace_replayTransaction", {chain.hashes[1], {"vmTrace", "trace"}});
  EXPECT_EQ(second["trace"].size(), 3U);
  std::vector<Json> subs;
  for (const auto& op : second["vmTrace"]["ops"])
    if (!op["sub"].is_null()) subs.push_back(op["sub"]);
  ASSERT_EQ(subs.size(), 1U);
  EXPECT_EQ(subs[0]["code"], "0x600160005360016000f3");
}

TEST(ParityTrace, VmTraceShowsWhatFails) {
  Chain chain;
  const auto at = *Address::from_hex("0x00000000000000000000000000000000000000f1");
  chain.deploy(at, "600160025055500c");  // SSTORE of what is not there
  const Json call = {{"from", chain.sender.hex()}, {"to", at.hex()}, {"gas", "0x30d40"}};
  const auto failed = chain.result("trace_call", {call, {"vmTrace"}, "latest"})["vmTrace"];
  ASSERT_FALSE(failed["ops"].empty());
  EXPECT_EQ(failed["ops"].back()["ex"], nullptr);
  EXPECT_EQ(failed["ops"][0]["ex"]["push"], Json::array({"0x1"}));
}

TEST(ParityTrace, CallsFollowEachOther) {
  Chain chain;
  const Json call = {{"from", chain.sender.hex()}, {"to", kOuter.hex()}, {"gas", "0x30d40"}};
  const auto one = chain.result("trace_call", {call, {"trace"}, "latest"});
  EXPECT_EQ(one["trace"].size(), 2U);
  EXPECT_EQ(one["stateDiff"], nullptr);
  EXPECT_EQ(one["vmTrace"], nullptr);
  const auto many =
      chain.result("trace_callMany", {{{call, {"stateDiff"}}, {call, {"stateDiff"}}}, "latest"});
  ASSERT_EQ(many.size(), 2U);
  EXPECT_TRUE(many[0]["stateDiff"].contains(kOuter.hex()));
  // The second one finds what the first one wrote.
  EXPECT_FALSE(many[1]["stateDiff"].contains(kOuter.hex()));
  const auto raw = to_hex0x(encode_transaction(chain.call_to(kOuter, 0)));
  EXPECT_EQ(chain.result("trace_rawTransaction", {raw, {"trace"}})["trace"].size(), 2U);
  EXPECT_EQ(chain.error("trace_rawTransaction", {"0x00", {"trace"}}),
            "-32000 the bytes are no signed transaction");
}

TEST(Ots, TellsOfTransactions) {
  Chain chain;
  EXPECT_EQ(chain.result("ots_getApiLevel"), 8);
  EXPECT_EQ(chain.result("ots_hasCode", {kOuter.hex(), 1}), true);
  EXPECT_EQ(chain.result("ots_hasCode", {chain.sender.hex(), "latest"}), false);
  const auto moved = chain.result("ots_getInternalOperations", {chain.hashes[1]});
  ASSERT_EQ(moved.size(), 2U);
  EXPECT_EQ(moved[0],
            Json({{"type", 0}, {"from", kPayer.hex()}, {"to", chain.sender.hex()}, {"value", "0x1"}}));
  EXPECT_EQ(moved[1]["type"], 2);
  EXPECT_EQ(chain.result("ots_getInternalOperations", {chain.hashes[0]}), Json::array());
  const auto calls = chain.result("ots_traceTransaction", {chain.hashes[0]});
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[1], Json({{"type", "CALL"},
                            {"depth", 1},
                            {"from", kOuter.hex()},
                            {"to", kInner.hex()},
                            {"value", "0x0"},
                            {"input", "0x00000000"},
                            {"output", "0xdeadbeef"}}));
  EXPECT_EQ(chain.result("ots_getTransactionError", {chain.hashes[0]}), "0x");
}

TEST(Ots, TellsOfBlocks) {
  Chain chain;
  const auto details = chain.result("ots_getBlockDetails", {1});
  EXPECT_EQ(details["block"]["transactionCount"], 2);
  EXPECT_EQ(details["issuance"]["blockReward"], "0x1bc16d674ec80000");
  EXPECT_EQ(details["totalFees"], U256{1'100'000}.to_quantity());
  EXPECT_EQ(chain.result("ots_getBlockDetailsByHash", {chain.blocks.head().hash.hex()}), details);
  EXPECT_EQ(chain.result("ots_getBlockDetails", {9}), nullptr);
  const auto last = chain.result("ots_getBlockTransactions", {1, 0, 1});
  ASSERT_EQ(last["fullblock"]["transactions"].size(), 1U);
  EXPECT_EQ(last["fullblock"]["transactions"][0]["hash"], chain.hashes[1]);
  EXPECT_EQ(last["receipts"][0]["logs"], nullptr);
  EXPECT_EQ(chain.result("ots_getBlockTransactions", {1, 1, 1})["fullblock"]["transactions"][0]["hash"],
            chain.hashes[0]);
  EXPECT_EQ(chain.result("ots_getBlockTransactions", {1, 2, 1})["receipts"], Json::array());
  EXPECT_EQ(chain.result("erigon_getHeaderByNumber", {0})["number"], "0x0");
}
