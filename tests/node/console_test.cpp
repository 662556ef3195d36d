#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "fixtures.hpp"
#include "node/console/js_source.hpp"
#include "node/console/line_editor.hpp"
#include "node/console/script_engine.hpp"

using namespace quarry;
using nlohmann::json;

namespace {

/// A node that answers what it was told to, and keeps what it was asked.
class Host : public ScriptHost {
 public:
  Result<std::string> exchange(const std::string& request) override {
    const json asked = json::parse(request);
    asked_.push_back(asked);
    const std::string key = asked["method"].get<std::string>() + asked["params"].dump();
    json answer{{"jsonrpc", "2.0"}, {"id", asked["id"]}};
    const auto known = answers_.find(key);
    if (known != answers_.end()) {
      answer.update(known->second);
    } else {
      answer["error"] = {{"code", -32601},
                         {"message", "The method " + key + " does not exist/is not available"}};
    }
    return answer.dump();
  }
  void print(std::string_view line) override { printed_ += std::string{line} + "\n"; }
  Result<std::string> passphrase(std::string_view prompt) override {
    printed_ += prompt;
    return "secret";
  }
  Result<std::string> new_passphrase() override {
    if (same_twice_) return "twice";
    return fail("Passphrases do not match");
  }
  bool sleep(std::chrono::milliseconds) override { return true; }
  Result<std::string> load(const std::string& name) override {
    if (name == "good.js") return "var loaded = 41;\nfunction next(a, b) { return loaded + 1; }";
    if (name == "bad.js") return "var a;\n\na.b.c;";
    return fail("open " + name + ": No such file or directory");
  }
  void clear_history() override {}

  void result(const std::string& method, const json& params, const json& value) {
    answers_[method + params.dump()] = {{"result", value}};
  }
  void error(const std::string& method, const json& params, const std::string& message) {
    answers_[method + params.dump()] = {{"error", {{"code", -32602}, {"message", message}}}};
  }

  std::map<std::string, json> answers_;
  std::vector<json> asked_;
  std::string printed_;
  bool same_twice_ = true;
};

struct ConsoleTest : testing::Test {
  Host host;
  std::atomic<bool> interrupted{false};

  std::string eval(const std::string& source) { return engine().run(source).text; }
  ScriptEngine& engine() {
    if (!engine_) engine_ = std::make_unique<ScriptEngine>(host, interrupted);
    return *engine_;
  }
  std::unique_ptr<ScriptEngine> engine_;
};

}  // namespace

TEST_F(ConsoleTest, PrintsValuesAsGeth) {
  EXPECT_EQ(eval("[1,\"a\",null,undefined,{b:2}]"), "[1, \"a\", null, undefined, {\n    b: 2\n}]");
  EXPECT_EQ(eval("({b:1, a:{c:[]}, f:function(x, y){}, _hidden: 1})"),
            "{\n  a: {\n    c: []\n  },\n  b: 1,\n  f: function(x, y)\n}");
  EXPECT_EQ(eval("\"a\\n\\\"\\u0001\\u00e9\""), R"("a\n\"\x01é")");
  EXPECT_EQ(eval("1/0"), "Infinity");
  EXPECT_EQ(eval("0/0"), "NaN");
  EXPECT_EQ(eval("/a+/g"), "/a+/g");
  EXPECT_EQ(eval("new BigNumber(\"123456789012345678901234567890\")"), "1.2345678901234567890123456789e+29");
  EXPECT_EQ(eval("var x = 1"), "undefined");
  EXPECT_EQ(eval("var d = {a:{a:{a:{a:{a:1}}}}}; d"),
            "{\n  a: {\n    a: {\n      a: {\n        a: {...}\n      }\n    }\n  }\n}");
  EXPECT_EQ(eval("({})"), "{}");
  EXPECT_EQ(eval("({get broken() { throw 1; }})"), "{\n  broken: undefined\n}");
}

TEST_F(ConsoleTest, TellsErrorsAsGeth) {
  EXPECT_EQ(eval("nope"), "ReferenceError: 'nope' is not defined\n    at <anonymous>:1:1");
  EXPECT_EQ(eval("1 + nope"), "ReferenceError: 'nope' is not defined\n    at <anonymous>:1:5");
  EXPECT_EQ(eval("eth.nope()"), "TypeError: 'nope' is not a function\n    at <anonymous>:1:1");
  EXPECT_EQ(eval("throw new Error(\"boom\")"), "Error: boom\n    at <anonymous>:1:11");
  EXPECT_EQ(eval("throw {a: 1}"), "{\n  a: 1\n}");
  EXPECT_FALSE(engine().run("1 +").ok);
  EXPECT_EQ(eval("1 +").substr(0, 33), "SyntaxError: (anonymous): Line 1:");
  host.error("eth_getTransactionByHash", {nullptr}, "invalid argument 0: json");
  EXPECT_EQ(eval("eth.getTransaction(undefined)"),
            "Error: invalid argument 0: json\n    at web3.js:3143:20\n    at web3.js:6347:15\n    at "
            "web3.js:5081:36\n"
            "    at <anonymous>:1:1");
}

TEST_F(ConsoleTest, AnErrorsSecondLineIsItsRemedy) {
  host.error("miner_start", json::array(), "etherbase missing\nmake an account: personal.newAccount()");
  EXPECT_EQ(eval("miner.start()").substr(0, 62),
            "Error: etherbase missing\nmake an account: personal.newAccount(");
}

TEST_F(ConsoleTest, FormatsWhatGoesInAndComesOut) {
  host.result("eth_getBalance", {"0x6688c4e945963e690a277d537ad934877f79a262", "0xc"},
              "0x6109ac76e57253cc30");
  EXPECT_EQ(eval("eth.getBalance(\"6688c4e945963e690a277d537ad934877f79a262\", 12).toString(10)"),
            "\"1790031237919999773744\"");
  EXPECT_EQ(eval("eth.getBalance(\"0x66\")").substr(0, 22), "Error: invalid address");
  EXPECT_EQ(eval("web3.toWei(1, \"ether\")"), "\"1000000000000000000\"");
  EXPECT_EQ(eval("web3.fromWei(\"1790031237919999773744\")"), "\"1790.031237919999773744\"");
  EXPECT_EQ(eval("web3.toHex(255)"), "\"0xff\"");
  EXPECT_EQ(eval("web3.toHex(\"abc\")"), "\"0x616263\"");
  EXPECT_EQ(eval("web3.fromAscii(\"ab\", 4)"), "\"0x61620000\"");
  EXPECT_EQ(eval("web3.toAscii(\"0x6162\")"), "\"ab\"");
  EXPECT_EQ(eval("web3.toUtf8(web3.fromUtf8(\"é€\"))"), "\"é€\"");
  EXPECT_EQ(eval("web3.sha3(\"0x68656c6c6f\", {encoding: \"hex\"}) == web3.sha3(\"hello\")"), "true");
  EXPECT_EQ(eval("web3.toChecksumAddress(\"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed\")"),
            "\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\"");
  EXPECT_EQ(eval("web3.isAddress(\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD\")"), "false");
  EXPECT_EQ(eval("web3.toWei(1, \"pound\")").substr(0, 34), "Error: This unit doesn't exists, p");
  EXPECT_EQ(
      eval(
          "eth.sendTransaction({from: \"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed\", value: web3.toWei(2)})")
          .empty(),
      false);
  EXPECT_EQ(host.asked_.back()["params"][0]["value"], "0x1bc16d674ec80000");
}

TEST_F(ConsoleTest, AsksForPassphrasesThatWereLeftOut) {
  host.result("personal_newAccount", {"twice"}, "0x01");
  host.result("personal_unlockAccount", {"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "secret"}, true);
  EXPECT_EQ(eval("personal.newAccount()"), "\"0x01\"");
  EXPECT_EQ(eval("personal.unlockAccount(\"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed\")"), "true");
  EXPECT_EQ(host.printed_, "Unlock account 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed\nPassphrase: ");
  host.same_twice_ = false;
  EXPECT_EQ(eval("personal.newAccount()").substr(0, 31), "Error: Passphrases do not match");
}

TEST_F(ConsoleTest, OffersOnlyTheModulesTheEndpointServes) {
  host.result("rpc_modules", json::array(), {{"eth", "1.0"}, {"net", "1.0"}});
  EXPECT_EQ(eval("typeof eth + typeof admin"), "\"objectundefined\"");
  EXPECT_NE(eval("admin.peers").find("this endpoint serves eth, net only"), std::string::npos);
}

TEST_F(ConsoleTest, LoadsScripts) {
  EXPECT_EQ(eval("loadScript(\"good.js\")"), "true");
  EXPECT_EQ(eval("next()"), "42");
  EXPECT_EQ(eval("next"), "function next(a, b)");
  EXPECT_NE(eval("loadScript(\"bad.js\")").find("at bad.js:3"), std::string::npos);
  EXPECT_NE(eval("loadScript(\"none.js\")").find("open none.js: No such file"), std::string::npos);
}

TEST_F(ConsoleTest, EndlessLoopsStop) {
  for (const char* loop :
       {"while(true){}", "for(;;){}", "for(var i=0;;i++);", "do {} while (1)",
        "while(1) { try { while(1); } catch (e) {} }", "function f(){for(var a=0;a<1;){}} f()"}) {
    interrupted = false;
    engine().run("var before = 7");
    interrupted = true;
    EXPECT_EQ(eval(loop).substr(0, 18), "Error: interrupted") << loop;
  }
  interrupted = false;
  EXPECT_EQ(eval("before"), "7");
}

TEST_F(ConsoleTest, MemoryIsBounded) {
  const auto outcome = engine().run("var a = 'x'; while (true) a += a;");
  EXPECT_FALSE(outcome.ok);
  EXPECT_EQ(eval("1+1"), "2");
}

TEST_F(ConsoleTest, DeepRecursionIsAnError) {
  EXPECT_FALSE(engine().run("(function f(){ return f() + 1; })()").ok);
  EXPECT_FALSE(engine().run(std::string(100'000, '[')).ok);
  EXPECT_EQ(eval("1+1"), "2");
}

TEST_F(ConsoleTest, Completes) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(engine().complete("eth.getBlockT"), Words{"eth.getBlockTransactionCount("});
  EXPECT_EQ(engine().complete("1 + pers"), Words{"personal"});
  EXPECT_EQ(engine().complete("admin.nod"), Words{"admin.nodeInfo"});
  const auto before = host.asked_.size();
  EXPECT_EQ(engine().complete("admin.nodeInfo.pro"), Words{});
  EXPECT_EQ(host.asked_.size(), before);
  EXPECT_EQ(engine().complete("nothing.at.all"), Words{});
}

TEST_F(ConsoleTest, TimersRun) {
  engine().run("var n = 0; setTimeout(function(){ n = 5; }, 0); var stop = setInterval(function(){}, 1000);");
  while (eval("n") != "5") engine().run_timers();
  EXPECT_TRUE(engine().run_timers());
  engine().run("clearInterval(stop)");
  EXPECT_FALSE(engine().run_timers());
}

TEST(JsSource, KnowsWhenMoreLinesCome) {
  EXPECT_TRUE(js_is_open("function f() {"));
  EXPECT_TRUE(js_is_open("[1, 2"));
  EXPECT_TRUE(js_is_open("/* a"));
  EXPECT_FALSE(js_is_open("'{'"));
  EXPECT_FALSE(js_is_open("/[{]/.test(1)"));
  EXPECT_FALSE(js_is_open("a } {"));
  EXPECT_FALSE(js_is_open("// {"));
  EXPECT_FALSE(js_is_open(""));
}

TEST(JsSource, GuardsLoops) {
  EXPECT_EQ(js_guard_loops("while(a) for(;;) for(x in y);", "g"), "while(g(),a) for(;g();) for(x in y);");
  EXPECT_EQ(js_guard_loops("a.while(1); 'while('", "g"), "a.while(1); 'while('");
  EXPECT_EQ(js_guard_loops("for(i=0;i<1;i++){}", "g"), "for(i=0;g(),i<1;i++){}");
}

TEST(History, KeepsNoPassphrases) {
  EXPECT_TRUE(spells_passphrase("personal.newAccount(\"secret\")"));
  EXPECT_TRUE(spells_passphrase("web3.personal . unlockAccount(eth.accounts[0], 'secret')"));
  EXPECT_FALSE(spells_passphrase("personal.newAccount()"));
  EXPECT_FALSE(spells_passphrase("personal.listAccounts"));
  EXPECT_FALSE(spells_passphrase("eth.blockNumber"));
}

namespace {

struct Exchange {
  std::string expression;
  std::string shown;
};

/// "> expression", what was shown, "[exit 0]".
std::vector<Exchange> read_transcript(const std::string& text) {
  std::vector<Exchange> all;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("> ")) {
      all.push_back({line.substr(2), {}});
    } else if (!line.starts_with("[exit ") && !all.empty()) {
      all.back().shown += (all.back().shown.empty() ? "" : "\n") + line;
    }
  }
  return all;
}

void answer_as_recorded(Host& host, const json& golden) {
  for (const json& entry : golden) {
    if (entry.contains("error")) {
      host.error(entry["method"], entry["params"], entry["error"]["message"]);
    } else {
      host.result(entry["method"], entry["params"], entry["result"]);
    }
    if (entry["method"] != "eth_getBlockByNumber" || !entry.contains("result") ||
        !entry["result"].is_object())
      continue;
    json brief = entry["result"];
    for (json& txn : brief["transactions"]) txn = txn["hash"];
    host.result(entry["method"], {entry["params"][0], false}, brief);
  }
  const json none = json::array();
  const std::string coinbase = "0x6688c4e945963e690a277d537ad934877f79a262";
  const std::string head = "0x74e542762c20f24db9941d1d8c9f8456edfcccdff9aef1e2e4d2a2451ba4a019";
  host.result("admin_peers", none, none);
  host.result("eth_accounts", none, {coinbase});
  host.result("eth_coinbase", none, coinbase);
  host.result("eth_mining", none, false);
  host.result("eth_hashrate", none, "0x0");
  host.result("eth_syncing", none, false);
  host.result("net_listening", none, true);
  host.result("net_peerCount", none, "0x0");
  host.result("web3_clientVersion", none, "Geth/PrivateETH Node1/v1.7.3-stable/linux-amd64/go1.19.8");
  host.result("txpool_status", none, {{"pending", "0x0"}, {"queued", "0x0"}});
  host.result("admin_datadir", none, "/tmp");
  host.result("miner_stop", none, true);
  host.result("personal_listAccounts", none, {coinbase});
  host.result("personal_listWallets", none, json::array({{{"status", "Locked"}}}));
  host.result("eth_getBlockByNumber", {"0x1869f", false}, nullptr);
  host.result("admin_nodeInfo", none,
              {{"protocols",
                {{"eth",
                  {{"difficulty", 51224390},
                   {"head", head},
                   {"network", 1999},
                   {"genesis", "0x5e1fc79cb4ffa4739177b5408045cd5d51c6cf766133f23f7cd72ee1f8d790e0"}}}}}});
  host.result("eth_getBalance", {coinbase, "latest"}, "0x6109ac76e57253cc30");
  host.result("eth_getBlockTransactionCountByNumber", {"0x64"}, "0x0");
  host.error("admin_addPeer", {"enode://12@127.0.0.1:1"},
             "invalid enode: invalid node ID (wrong length, want 128 hex chars)");
  for (const char* method : {"eth_getTransactionByHash", "eth_getTransactionReceipt"}) {
    host.error(method, {nullptr},
               "invalid argument 0: json: cannot unmarshal non-string into Go value of type common.Hash");
  }
  host.answers_.erase("rpc_modules[]");  // recorded over HTTP; the transcript had all modules
}

}  // namespace

TEST_F(ConsoleTest, PrintsGethsTranscript) {
  const auto file = test::fixtures_dir() / "geth-1.7.3/console.txt";
  QUARRY_NEEDS_FIXTURE(file);
  std::ifstream in{file};
  const auto transcript = read_transcript({std::istreambuf_iterator<char>{in}, {}});
  answer_as_recorded(host, json::parse(test::read_file(test::unpacked("geth-1.7.3/golden.json.xz"))));
  ASSERT_GT(transcript.size(), 40u);
  for (const Exchange& one : transcript) EXPECT_EQ(eval(one.expression), one.shown) << one.expression;
}

TEST_F(ConsoleTest, ContractsCodeTheirAbi) {
  eval(
      "var abi = [{type: 'function', name: 'sam', constant: true, inputs: [{type: 'bytes'}, {type: 'bool'},"
      " {type: 'uint256[]'}], outputs: [{type: 'int8'}, {type: 'string'}, {type: 'address[2]'}]},"
      " {type: 'function', name: 'put', inputs: [{type: 'uint', name: 'x'}], payable: false, outputs: []},"
      " {type: 'function', name: 'pair', stateMutability: 'pure', inputs: [{type: 'tuple', components:"
      " [{name: 'a', type: 'uint8'}, {name: 'b', type: 'string'}]}], outputs: [{type: 'bytes4'}]}];"
      "var it = eth.contract(abi).at('0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed')");
  const std::string w = std::string(56, '0');
  // The example of Solidity's ABI specification.
  EXPECT_EQ(eval("it.sam.getData('dave', true, [1, 2, 3])"),
            "\"0xa5643bf2" + w + "00000060" + w + "00000001" + w + "000000a0" + w + "0000000464617665" + w + w +
                "00000003" + w + "00000001" + w + "00000002" + w + "00000003\"");
  const std::string address = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
  const std::string data = "0x" + std::string(64, 'f') + w + "00000080" + std::string(24, '0') +
                           address.substr(2) + w + "00000000" + w + "00000003c3a921" + std::string(58, '0');
  host.result("eth_call",
              {{{"from", address},
                {"to", address},
                {"data", "0xa5643bf2" + w + "00000060" + w + "00000000" + w + "00000080" + w + "00000000" + w +
                             "00000000"}},
               "0x7"},
              data);
  EXPECT_EQ(eval("it.sam('', false, [], {from: '" + address + "'}, 7)"),
            "[-1, \"é!\", [\"" + address + "\", \"0x" + std::string(40, '0') + "\"]]");
  EXPECT_EQ(eval("it.pair.getData([5, 'x'])"), eval("it.pair.getData({a: 5, b: 'x'})"));
  EXPECT_EQ(eval("it.sam(1)").substr(0, 56), "Error: Invalid number of arguments to Solidity function\n");
  EXPECT_EQ(eval("it.put(1, {from: '" + address + "', value: 5})").substr(0, 50),
            "Error: Cannot send value to non-payable function\n ");
  EXPECT_EQ(eval("it.put.getData(-1)").substr(11, 64), std::string(64, 'f'));
}

TEST_F(ConsoleTest, AContractIsMadeAndKnownByItsReceipt) {
  const std::string from = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
  const std::string made = "0x" + std::string(40, 'a'), hash = "0x" + std::string(64, 'b');
  host.result("eth_sendTransaction",
              {{{"from", from}, {"data", "0x6001" + std::string(63, '0') + "5"}, {"gas", "0x47b760"}}}, hash);
  host.result("eth_blockNumber", json::array(), "0x5");
  host.result("eth_getTransactionReceipt", {hash}, {{"contractAddress", made}, {"blockNumber", "0x6"}});
  host.result("eth_getCode", {made, "latest"}, "0x6001");
  eval("var told = []; var made = eth.contract([{type: 'constructor', inputs: [{type: 'uint256'}]},"
       " {type: 'function', name: 'put', inputs: [], outputs: []}]).new(5, {from: '" +
       from + "', data: '6001', gas: '4700000'}, function (e, it) { told.push(it.address); });");
  EXPECT_EQ(eval("[made.transactionHash, made.address, told]"), "[\"" + hash + "\", undefined, [undefined]]");
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  engine().run_timers();
  EXPECT_EQ(eval("[made.address, told.length, typeof made.put]"), "[\"" + made + "\", 2, \"function\"]");
}
