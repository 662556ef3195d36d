#include "rpc/methods.hpp"

#include <gtest/gtest.h>

#include <set>

#include "core/keccak.hpp"
#include "test_backend.hpp"

using namespace quarry;
using namespace quarry::rpc;
using quarry::test::Rpc;

namespace {

const std::string kAddress = "0x" + std::string(39, '0') + "1";
const std::string kHash = "0x" + std::string(64, '2');

/// A wrong value for a parameter, and what is said of it.
struct Bad {
  Json value;
  std::string error;
};

/// What a parameter of that name does not take; the words are geth 1.7.3's where it has such a parameter.
std::vector<Bad> bad_values(const std::string& name) {
  const std::string cannot = "json: cannot unmarshal ";
  const auto fixed = [&](const std::string& type, std::size_t digits) {
    return std::vector<Bad>{
        {5, cannot + "non-string into Go value of type " + type},
        {"", cannot + "empty hex string into Go value of type " + type},
        {"12", cannot + "hex string without 0x prefix into Go value of type " + type},
        {"0x1", cannot + "hex string of odd length into Go value of type " + type},
        {"0xzz", cannot + "invalid hex string into Go value of type " + type},
        {"0x12", "hex string has length 2, want " + std::to_string(digits) + " for " + type}};
  };
  if (name == "address") return fixed("common.Address", 40);
  if (name == "hash") return fixed("common.Hash", 64);
  if (name == "block" || name == "signed_block") {
    return {{12, "hex string without 0x prefix"},
            {"nonsense", "hex string without 0x prefix"},
            {"0x", "hex string \"0x\""},
            {"0x01", "hex number with leading zero digits"},
            {"0x1ffffffffffffffff", "hex number > 64 bits"},
            {"0xffffffffffffffff", "Blocknumber too high"},
            {true, "a block is a tag or a hex number"},
            {Json::object(), "a block object has either blockHash or blockNumber"},
            {{{"blockHash", "0x12"}}, "blockHash is not 32 bytes of 0x-prefixed hex"},
            {{{"blockHash", 5}}, "blockHash and blockNumber are hex strings"}};
  }
  if (name == "options") return {};  // what it may be hangs on what is subscribed: filters_test.cpp
  if (name == "full" || name == "authorize") return {{"yes", cannot + "string into Go value of type bool"}};
  if (name == "call" || name == "transaction" || name == "filter") {
    const std::string type = name == "filter" ? "filters.input" : "TransactionArgs";
    std::vector<Bad> out = {{5, cannot + "number into Go value of type " + type},
                            {"latest", cannot + "string into Go value of type " + type}};
    if (name == "filter") {
      out.push_back({{{"topics", {1}}}, cannot + "non-string into Go value of type common.Hash"});
      out.push_back({{{"topics", {"0x12"}}}, "hex string has length 2, want 64 for common.Hash"});
      out.push_back({{{"topics", Json::array({kHash, kHash, kHash, kHash, kHash})}}, "exceed max topics"});
      out.push_back({{{"address", {1}}}, cannot + "non-string into Go value of type common.Address"});
      out.push_back({{{"blockHash", kHash}, {"toBlock", "latest"}},
                     "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other"});
      return out;
    }
    const std::string field = cannot + "hex string without 0x prefix into Go struct field TransactionArgs.";
    out.push_back({{{"gas", "12"}}, field + "gas of type *hexutil.Big"});
    out.push_back({{{"value", "12"}}, field + "value of type *hexutil.Big"});
    out.push_back({{{"input", "12"}}, field + "input of type hexutil.Bytes"});
    out.push_back(
        {{{"to", "12"}}, cannot + "hex string without 0x prefix into Go value of type common.Address"});
    out.push_back({{{"accessList", 1}}, "accessList is an array"});
    out.push_back({{{"accessList", {1}}}, cannot + "non-string into Go value of type common.Address"});
    return out;
  }
  if (name == "overrides" || name == "blockOverrides") {
    return {{5, cannot + "number into Go value of type override." +
                    (name == "overrides" ? "StateOverride" : "BlockOverrides")},
            {{{name == "overrides" ? kAddress : "feeRecipient", "0x12"}},
             name == "overrides" ? cannot + "string into Go value of type OverrideAccount"
                                 : "hex string has length 2, want 40 for common.Address"}};
  }
  if (name == "slots") {
    return {{5, cannot + "number into Go value of type map[common.Address][]common.Hash"},
            {{{"0x12", Json::array()}}, "hex string has length 2, want 40 for common.Address"},
            {{{kAddress, Json::array({"0x12"})}}, "hex string has length 2, want 64 for common.Hash"}};
  }
  if (name == "number")
    return {{"nonsense", "hex string without 0x prefix"},
            {-1, cannot + "non-string into Go value of type hexutil.Uint64"},
            {true, "a block is a tag or a hex number"}};
  if (name == "parts") {
    return {{5, "the parts of a trace are an array of \"trace\", \"stateDiff\" and \"vmTrace\""},
            {{"gas"}, "no part of a trace is called \"gas\": there are trace, stateDiff and vmTrace"}};
  }
  if (name == "place") {
    return {{5, cannot + "number into Go value of type []float64"},
            {{"x"}, "the place of a call is an array of quantities"}};
  }
  if (name == "calls") {
    return {{{5}, "each call is an array of the call and of the parts of its trace"},
            {{{Json::object()}}, "each call is an array of the call and of the parts of its trace"}};
  }
  if (name == "traceFilter") {
    return {{5, cannot + "number into Go value of type filters.TraceFilter"},
            {{{"fromAddress", kAddress}}, "fromAddress is an array of addresses"},
            {{{"toAddress", {"0x12"}}}, "hex string has length 2, want 40 for common.Address"},
            {{{"after", -1}}, "after is a number that is not negative"},
            {{{"mode", "xor"}}, "mode is \"union\" or \"intersection\""}};
  }
  if (name == "config") {
    return {
        {5, cannot + "number into Go value of type tracers.TraceConfig"},
        {{{"tracer", 5}}, "tracer is text"},
        {{{"disableStack", 1}}, "disableStack is true or false"},
        {{{"limit", -1}}, "limit is a number that is not negative"},
        {{{"timeout", "5 parsecs"}}, "time: invalid duration \"5 parsecs\": as \"5s\" or \"500ms\""},
        {{{"tracer", "{step: function() {}}"}},
         "tracers written in JavaScript are not run here\nThere are: 4byteTracer, callTracer, "
         "flatCallTracer, muxTracer, noopTracer, prestateTracer; without a tracer there are structLogs."}};
  }
  if (name == "signature") return fixed("hexutil.Bytes", 130);
  if (name == "percentiles") {
    return {{1, cannot + "number into Go value of type []float64"},
            {{"a"}, "invalid reward percentile: \"a\""},
            {{50, 20}, "invalid reward percentile: 20 < 50"}};
  }
  if (name == "keys" || name == "transactions")
    return {{5, cannot + "number into Go value of type []float64"}};
  if (name == "simulation") return {{5, cannot + "number into Go value of type simOpts"}};
  if (name == "attributes") return {{5, cannot + "number into Go value of type engine.PayloadAttributes"}};
  if (name == "parent" || name == "sealHash" || name == "mix" || name == "miner" || name == "lastHash")
    return fixed("common.Hash", 64);
  if (name == "sealNonce") return fixed("types.BlockNonce", 16);
  if (name == "price")
    return {{"1", cannot + "hex string without 0x prefix into Go value of type hexutil.Big"}};
  if (name == "pin" || name == "nocode" || name == "nostorage" || name == "nameless")
    return {{"yes", cannot + "string into Go value of type bool"}};
  // What is wrong with these is told in other words, or only once they are tried.
  if (name == "typed_data" || name == "mine" || name == "snapshot" || name == "time" || name == "on")
    return {};
  if (name == "nonce" || name == "pageNumber" || name == "pageSize" || name == "after" || name == "before" ||
      name == "gas" || name == "wait" || name == "index" || name == "blocks" || name == "seconds" ||
      name == "threads" || name == "first" || name == "last" || name == "count" || name == "rate" ||
      name == "level" || name == "port") {
    return {{"1", cannot + "hex string without 0x prefix into Go value of type hexutil.Uint64"},
            {-1, cannot + "non-string into Go value of type hexutil.Uint64"},
            {1.5, cannot + "non-string into Go value of type hexutil.Uint64"}};
  }
  if (name == "data" || name == "bytes" || name == "message" || name == "extraData")
    return {{"0x123", cannot + "hex string of odd length into Go value of type hexutil.Bytes"}};
  if (name == "slot")
    return {{"0xzz", "invalid hex string"},
            {"0x" + std::string(65, '1'), "storage slot of more than 32 bytes"}};
  if (name == "host" || name == "origins" || name == "modules" || name == "vhosts" || name == "enode" ||
      name == "url" || name == "path" || name == "key" || name == "file" || name == "passphrase" ||
      name == "text" || name == "hash_text" || name == "id" || name == "kind") {
    return {{5, cannot + "number into Go value of type string"},
            {Json::array(), cannot + "array into Go value of type string"}};
  }
  ADD_FAILURE() << "a parameter without bad values: " << name;
  return {};
}

Json good_value(const std::string& name) {
  if (name == "address") return kAddress;
  if (name == "hash" || name == "parent" || name == "sealHash" || name == "mix" || name == "miner" ||
      name == "lastHash")
    return kHash;
  if (name == "sealNonce") return "0x0000000000000000";
  if (name == "simulation") return {{"blockStateCalls", Json::array({Json::object()})}};
  if (name == "attributes" || name == "typed_data") return Json::object();
  if (name == "keys" || name == "transactions") return Json::array();
  if (name == "extraData") return "0x";
  if (name == "nonce" || name == "price" || name == "gas" || name == "wait") return "0x0";
  if (name == "pin" || name == "on" || name == "nocode" || name == "nostorage" || name == "nameless")
    return false;
  if (name == "block" || name == "signed_block") return "latest";
  if (name == "full" || name == "authorize") return false;
  if (name == "data" || name == "bytes" || name == "message") return "0x";
  if (name == "number") return "latest";
  if (name == "nonce" || name == "pageNumber" || name == "pageSize" || name == "after" || name == "before")
    return 0;
  if (name == "parts" || name == "calls" || name == "place") return Json::array();
  if (name == "traceFilter") return Json::object();
  if (name == "call" || name == "transaction") return {{"from", kAddress}, {"to", kAddress}};
  if (name == "filter" || name == "slots") return Json::object();
  if (name == "signature") return "0x" + std::string(128, '1') + "1b";
  if (name == "percentiles") return Json::array();
  if (name == "overrides" || name == "blockOverrides" || name == "config") return nullptr;
  if (name == "slot" || name == "index" || name == "blocks" || name == "first" || name == "rate")
    return "0x0";
  if (name == "enode") return "enode://12";
  if (name == "seconds" || name == "threads" || name == "last" || name == "count" || name == "level" ||
      name == "port")
    return 1;
  return "text";
}

std::vector<std::string> names_of(const Method& method) {
  std::vector<std::string> out;
  std::string text(method.params);
  std::erase_if(text, [](char c) { return c == ' ' || c == '?'; });
  for (std::size_t at = 0; at < text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    out.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return out;
}

}  // namespace

TEST(Methods, TheTableIsInOrder) {
  std::set<std::string_view> names;
  for (const auto& method : all_methods()) {
    EXPECT_TRUE(names.insert(method.name).second) << method.name;
    EXPECT_FALSE(method.doc.empty()) << method.name;
    EXPECT_TRUE(std::any_of(all_modules().begin(), all_modules().end(), [&](const ModuleInfo& m) {
      return m.name == module_of(method.name);
    })) << method.name;
    const auto first_optional = method.params.find('?');
    if (first_optional == std::string_view::npos) continue;
    const auto rest = method.params.substr(first_optional);
    EXPECT_EQ(std::count(rest.begin(), rest.end(), '?'), std::count(rest.begin(), rest.end(), ',') + 1)
        << method.name;
  }
}

/// Its method is not there at all on the chain of this test.
bool is_for_development(const Method& method) {
  return std::any_of(all_modules().begin(), all_modules().end(), [&](const ModuleInfo& module) {
    return module.dev && module.name == module_of(method.name);
  });
}

TEST(Methods, EveryParameterOfEveryMethodIsChecked) {
  Rpc rpc;
  for (const auto& method : all_methods()) {
    if (is_for_development(method)) continue;
    const auto names = names_of(method);
    Json good = Json::array();
    for (const auto& name : names) good.push_back(good_value(name));
    Json many = good;
    many.push_back(1);
    EXPECT_EQ(rpc.error(method.name, many),
              "-32602 too many arguments, want at most " + std::to_string(names.size()));
    for (std::size_t i = 0; i < names.size(); ++i) {
      for (const auto& bad : bad_values(names[i])) {
        Json params = good;
        params[i] = bad.value;
        EXPECT_EQ(rpc.error(method.name, params),
                  "-32602 invalid argument " + std::to_string(i) + ": " + bad.error)
            << method.name << params.dump();
      }
      if (i >= param_count(method).least) continue;
      Json missing = Json::array();
      for (std::size_t k = 0; k < i; ++k) missing.push_back(good[k]);
      const auto want = "-32602 missing value for required argument " + std::to_string(i);
      EXPECT_EQ(rpc.error(method.name, missing), want) << method.name;
      missing.push_back(nullptr);
      EXPECT_EQ(rpc.error(method.name, missing), want) << method.name;
    }
  }
}

TEST(Methods, ModulesAreSwitchedOnByName) {
  Rpc rpc;
  std::vector<std::string> unknown;
  const auto modules = ModuleSet::parse("eth, net,shh,db", unknown);
  EXPECT_EQ(unknown, (std::vector<std::string>{"shh", "db"}));
  const Caller caller{Access::http, modules};
  EXPECT_EQ(rpc.call("rpc_modules", Json::array(), caller)["result"],
            (Json{{"eth", "1.0"}, {"net", "1.0"}, {"rpc", "1.0"}}));
  EXPECT_EQ(rpc.call("eth_blockNumber", Json::array(), caller)["result"], "0x0");
  const auto refusal = rpc.error("web3_clientVersion", Json::array(), caller);
  EXPECT_TRUE(refusal.starts_with("-32601 the method web3_clientVersion does not exist/is not available\n"))
      << refusal;
  EXPECT_NE(refusal.find("--rpcapi"), std::string::npos);
  unknown.clear();
  EXPECT_TRUE(ModuleSet::parse("*", unknown).has("personal"));
  EXPECT_TRUE(unknown.empty());
}

TEST(Methods, KeysAndMinerAreRefusedWhereOthersReach) {
  Rpc rpc;
  const Caller exposed{Access::http, ModuleSet::all(), true};
  for (const char* method : {"personal_listAccounts", "admin_peers", "miner_stop"}) {
    const auto refusal = rpc.error(method, Json::array(), exposed);
    EXPECT_TRUE(refusal.starts_with("-32601 ")) << refusal;
    EXPECT_NE(refusal.find("--rpcaddr 127.0.0.1"), std::string::npos) << refusal;
  }
  EXPECT_EQ(rpc.call("eth_chainId", Json::array(), exposed)["result"], "0x7cf");
  EXPECT_FALSE(rpc.call("rpc_modules", Json::array(), exposed)["result"].contains("personal"));
  const Caller local{Access::http, ModuleSet::all(), false};
  EXPECT_EQ(rpc.call("personal_listAccounts", Json::array(), local)["result"], Json::array());
}

TEST(Methods, AccountsAndMiner) {
  Rpc rpc;
  EXPECT_EQ(rpc.result("eth_accounts"), Json::array());
  EXPECT_TRUE(rpc.error("miner_start", {1})
                  .starts_with("-32000 etherbase missing: etherbase address must be explicitly specified\n"));
  EXPECT_TRUE(
      rpc.error("eth_coinbase").starts_with("-32000 etherbase address must be explicitly specified\n"));
  EXPECT_EQ(rpc.result("personal_newAccount", {"pw"}), kAddress);
  EXPECT_EQ(rpc.result("personal_listAccounts"), Json{kAddress});
  const Json wallet = rpc.result("personal_listWallets").at(0);
  EXPECT_EQ(wallet["status"], "Locked");
  EXPECT_EQ(wallet["accounts"].at(0)["url"], wallet["url"]);
  EXPECT_EQ(rpc.result("personal_unlockAccount", {kAddress, "pw"}), true);
  EXPECT_EQ(rpc.node.unlocked_for, std::chrono::seconds(300));
  EXPECT_EQ(rpc.result("personal_unlockAccount", {kAddress, "pw", 0}), true);
  EXPECT_EQ(rpc.node.unlocked_for, std::chrono::seconds(0));
  EXPECT_EQ(rpc.error("personal_unlockAccount", {kAddress, "no"}),
            "-32000 could not decrypt key with given passphrase");
  EXPECT_EQ(rpc.result("personal_lockAccount", {kAddress}), true);
  EXPECT_EQ(rpc.result("miner_setEtherbase", {kAddress}), true);
  EXPECT_EQ(rpc.result("eth_coinbase"), kAddress);
  EXPECT_EQ(rpc.result("miner_start", {1}), true);
  EXPECT_EQ(rpc.node.mining_threads, 1U);
  EXPECT_EQ(rpc.result("eth_mining"), true);
  EXPECT_EQ(rpc.result("eth_hashrate"), "0xf4240");
  EXPECT_EQ(rpc.result("miner_getHashrate"), 1'000'000);
  EXPECT_EQ(rpc.result("miner_stop"), true);
  EXPECT_EQ(rpc.result("eth_mining"), false);
}

TEST(Methods, AdminShapesAreGeths) {
  Rpc rpc;
  const auto info = rpc.result("admin_nodeInfo");
  EXPECT_EQ(info["protocols"]["eth"], (Json{{"difficulty", 0},
                                            {"genesis", rpc.blocks.at(0).header.hash().hex()},
                                            {"head", rpc.blocks.at(0).header.hash().hex()},
                                            {"network", 1999}}));
  EXPECT_EQ(info["ports"], (Json{{"discovery", 0}, {"listener", 30303}}));
  EXPECT_EQ(info["id"], std::string(128, '0'));
  EXPECT_EQ(info["listenAddr"], "[::]:30303");
  const auto peers = rpc.result("admin_peers");
  EXPECT_EQ(peers[0]["protocols"]["eth"]["difficulty"], 1707456);
  EXPECT_EQ(peers[0]["protocols"]["eth"]["version"], 63);
  EXPECT_EQ(peers[0]["network"]["remoteAddress"], "127.0.0.1:51000");
  EXPECT_EQ(peers[1]["protocols"]["eth"], "handshake");
  EXPECT_EQ(rpc.result("admin_peerErrors")[0], (Json{{"peer", "enode://11@1.2.3.4:1"},
                                                     {"error", "refused"},
                                                     {"time", "1970-01-01T00:00:00Z"},
                                                     {"count", 2}}));
  EXPECT_EQ(rpc.result("admin_addPeer", {"enode://12"}), true);
  EXPECT_EQ(rpc.error("admin_addPeer", {"x"}),
            "-32000 invalid enode: missing scheme\nIt begins with enode://.");
  EXPECT_EQ(rpc.result("admin_datadir"), "/data");
  EXPECT_EQ(rpc.error("admin_exportChain", {"f", "0x2", "0x1"}),
            "-32602 invalid argument 2: the last block is below the first");
}

TEST(Methods, SyncingTellsThePivot) {
  Rpc rpc;
  EXPECT_EQ(rpc.result("eth_syncing"), false);
  rpc.node.progress = SyncProgress{0, 5, 360, 17, 40, 296, "state"};
  EXPECT_EQ(rpc.result("eth_syncing"), (Json{{"startingBlock", "0x0"},
                                             {"currentBlock", "0x5"},
                                             {"highestBlock", "0x168"},
                                             {"pulledStates", "0x11"},
                                             {"knownStates", "0x28"},
                                             {"pivotBlock", "0x128"},
                                             {"phase", "state"}}));
}

TEST(Methods, StateIsReadAtTheBlockThatWasNamed) {
  Rpc rpc;
  Account account;
  account.nonce = 7;
  account.balance = 1000;
  account.code_hash = CodeHash(keccak256(as_bytes("x")));
  rpc.blocks.accounts[*Address::from_hex(kAddress)] = account;
  EXPECT_EQ(rpc.result("eth_getBalance", {kAddress, "latest"}), "0x3e8");
  EXPECT_EQ(rpc.result("eth_getBalance", {"0x" + std::string(40, '9')}), "0x0");
  EXPECT_EQ(rpc.result("eth_getTransactionCount", {kAddress, "0x0"}), "0x7");
  EXPECT_EQ(rpc.result("eth_getCode", {kAddress, {{"blockNumber", "0x0"}}}), "0x6001");
  EXPECT_EQ(rpc.result("eth_getCode", {"0x" + std::string(40, '9'), "latest"}), "0x");
  EXPECT_EQ(rpc.result("eth_getStorageAt", {kAddress, "0x5", "latest"}), "0x" + std::string(63, '0') + "5");
  EXPECT_TRUE(rpc.error("eth_getBalance", {kAddress, "0x1"}).starts_with("-32000 header not found"));
  EXPECT_TRUE(
      rpc.error("eth_getBalance", {kAddress, {{"blockHash", kHash}}}).starts_with("-32000 header not found"));
}
