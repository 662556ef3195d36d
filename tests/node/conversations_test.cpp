// Whole chains that others made, imported by us, and then asked: geth 1.7.3's
// answers about its own chain, and the conversations of ethereum/execution-apis
// over theirs.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "answer_schemas.hpp"
#include "consensus/block_executor.hpp"
#include "consensus/chain.hpp"
#include "consensus/ethash/caches.hpp"
#include "consensus/genesis.hpp"
#include "consensus/txpool.hpp"
#include "node/chain_file.hpp"
#include "node/genesis_json.hpp"
#include "node/local_chain.hpp"
#include "node/pool_backend.hpp"
#include "rpc/store_reader.hpp"
#include "test_backend.hpp"

using namespace quarry;
using namespace quarry::rpc;
namespace fs = std::filesystem;

namespace {

/// What TestNode has to have; the blocks are in the database.
struct NoBlocks {
  test::BlockList no_blocks;
};

/// A chain of a file in a database, and a dispatcher that answers about it.
class ImportedChain : NoBlocks, public test::TestNode {
 public:
  ImportedChain(const fs::path& genesis_file, const fs::path& chain_file)
      : TestNode(no_blocks), genesis_(read_genesis_file(genesis_file)->genesis) {
    database_ = *Database::open({.path = (temp_.path() / "chain").string()});
    genesis_hash_ = init_genesis(*database_, genesis_)->hash();
    Batch batch;
    put_genesis(batch, genesis_);
    EXPECT_TRUE(database_->commit(std::move(batch)));
    engine_ = *make_engine(genesis_.spec, {.caches = caches_, .seals = SealPolicy::none_if_merging});
    chain_ = *Chain::open(*database_, genesis_.spec, *engine_, workers_);
    reader_ = std::make_unique<StoreReader>(*database_);
    import(chain_file);
    pool_ = std::make_unique<TxPool>(*database_, genesis_.spec);
    blobs_ = std::make_unique<BlobPool>(*database_, genesis_.spec, *engine_, *pool_);
    pool_backend_ = std::make_unique<PoolBackend>(*pool_, Wei{1'000'000'000}, blobs_.get());
    dispatcher_ = std::make_unique<Dispatcher>(Backend{*this, *this, *this, *this, *reader_, *pool_backend_});
  }

  BlockNum height() const { return reader_->head().number; }
  BlockHash tip() const { return reader_->head().hash; }
  const std::string& trouble() const { return trouble_; }
  Json ask(const Json& request) {
    return Json::parse(dispatcher_->call(request.dump(), {rpc::Access::console}));
  }

  BlockNum head_number() override { return height(); }
  const ChainSpec& spec() override { return genesis_.spec; }
  BlockHash genesis_hash() override { return genesis_hash_; }
  std::uint64_t network_id() override { return genesis_.spec.chain_id.low64(); }
  const Engine* engine() override { return engine_.get(); }
  evm::BlockEnv environment(const Header& header) override {
    return block_env({genesis_.spec, *engine_}, header);
  }

 private:
  void import(const fs::path& file) {
    auto blocks = *ChainFileReader::open(file, HeaderIdentity::keccak_rlp);
    while (auto block = *blocks.next()) {
      if ((*block).header->number == 0) continue;
      const auto result = chain_->insert_blocks(std::span(&*block, 1));
      if (result.ok()) continue;
      trouble_ = result.bad ? result.bad->error.detail : "not inserted";
      break;
    }
  }

  test::TempDir temp_;
  Genesis genesis_;
  BlockHash genesis_hash_;
  std::unique_ptr<Database> database_;
  WorkerPool workers_{"test", 2, 1024};
  ethash::Caches caches_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Chain> chain_;
  std::unique_ptr<StoreReader> reader_;
  std::unique_ptr<TxPool> pool_;
  std::unique_ptr<BlobPool> blobs_;
  std::unique_ptr<PoolBackend> pool_backend_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::string trouble_;
};

/// Fields that today's specification has and the recorded answer does not.
const std::set<std::string> kAdditions = {"type",    "chainId", "blockTimestamp", "effectiveGasPrice",
                                          "yParity", "size",    "totalDifficulty"};

/// Every field of the recorded answer is there and equal; what there is besides
/// is an addition. Empty, or where it differs.
std::string difference(const Json& want, const Json& ours, const std::string& at) {
  if (want.is_object() && ours.is_object()) {
    for (const auto& [key, value] : want.items()) {
      if (!ours.contains(key)) return at + "." + key + " is missing";
      if (auto inner = difference(value, ours[key], at + "." + key); !inner.empty()) return inner;
    }
    for (const auto& [key, value] : ours.items())
      if (!want.contains(key) && kAdditions.count(key) == 0) return at + "." + key + " is ours only";
    return {};
  }
  if (want.is_array() && ours.is_array() && want.size() == ours.size()) {
    for (std::size_t i = 0; i < want.size(); ++i) {
      if (auto inner = difference(want[i], ours[i], at + "[" + std::to_string(i) + "]"); !inner.empty())
        return inner;
    }
    return {};
  }
  return want == ours ? ""
                      : at + ": want " + want.dump().substr(0, 200) + ", got " + ours.dump().substr(0, 200);
}

/// The same kinds of values under the same names.
std::string shape_difference(const Json& want, const Json& ours, const std::string& at) {
  if (want.type() != ours.type() && !(want.is_number() && ours.is_number()))
    return at + " is of another kind";
  if (!want.is_object()) return {};
  for (const auto& [key, value] : want.items()) {
    if (!ours.contains(key) && key == "deleteStrategy") continue;  // nothing is deleted here
    if (!ours.contains(key)) return at + "." + key + " is missing";
    if (auto inner = shape_difference(value, ours[key], at + "." + key); !inner.empty()) return inner;
  }
  return {};
}

/// How many answers were held against the method's schema in our OpenRPC document.
struct Validated {
  std::size_t ours = 0, recorded = 0;
  test::AnswerSchemas schemas;
};

/// Both answers are what the method's schema says. Empty, or what is not.
std::string schema_fault(Validated& validated, const Json& request, const Json& ours, const Json& recorded) {
  const auto method = request["method"].get<std::string>();
  ++validated.ours;
  if (auto wrong = validated.schemas.answer_fault(method, ours); !wrong.empty())
    return "our answer against the schema: " + wrong;
  ++validated.recorded;
  if (auto wrong = validated.schemas.answer_fault(method, recorded); !wrong.empty())
    return "the recorded answer against the schema: " + wrong;
  // Of the many forms of a trace, the one without a tracer is specified.
  if (!method.starts_with("debug_trace") || !ours.contains("result") ||
      request.dump().find("racer") != std::string::npos)
    return {};
  for (const auto& result : {ours["result"], recorded["result"]}) {
    for (const auto& one : result.is_array() ? result : Json::array({{{"result", result}}})) {
      if (auto wrong = validated.schemas.type_fault("StructTrace", one["result"]); !wrong.empty())
        return wrong;
    }
  }
  return {};
}

/// One file of requests and answers. Empty when ours are the same and of the method's schema, else the first
/// difference.
std::string converse(ImportedChain& chain, const fs::path& file, Validated& validated) {
  std::ifstream lines(file);
  std::string line;
  bool shape_only = false;
  Json request, answer;
  while (std::getline(lines, line)) {
    if (line.starts_with("//")) shape_only = shape_only || line.find("speconly") != std::string::npos;
    if (line.starts_with(">> ")) {
      request = Json::parse(line.substr(3));
      answer = chain.ask(request);
    }
    if (!line.starts_with("<< ")) continue;
    auto want = Json::parse(line.substr(3));
    // Only the kind of failure is specified, and geth's second sentence is not
    // our remedy.
    const auto wrong = shape_only ? shape_difference(want, answer, "") : difference(want, answer, "");
    if (!wrong.empty()) return wrong;
    if (auto fault = schema_fault(validated, request, answer, want); !fault.empty()) return fault;
  }
  return {};
}

/// What came of a folder of conversations.
struct Conversed {
  std::size_t passed = 0, ours_validated = 0, recorded_validated = 0;
};

/// Runs all conversations below `folder`; each that differs is a failure.
Conversed converse_all(ImportedChain& chain, const fs::path& folder) {
  Conversed out;
  Validated validated;
  std::size_t failed = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".io") continue;
    const auto wrong = converse(chain, entry.path(), validated);
    ++(wrong.empty() ? out.passed : failed);
    if (wrong.empty()) continue;
    ADD_FAILURE() << fs::relative(entry.path(), folder).replace_extension("").string() << " " << wrong;
  }
  out.ours_validated = validated.ours;
  out.recorded_validated = validated.recorded;
  std::cout << out.passed << " conversations as recorded, " << failed << " not; against the schemas "
            << out.ours_validated << " answers of ours and " << out.recorded_validated << " recorded ones\n";
  return out;
}

/// The folder that holds the genesis, whether the archive has one of its own
/// name or not.
fs::path folder_of(const std::string& archive) {
  const auto top = test::unpacked(archive + ".tar.xz");
  return fs::exists(top / "genesis.json") ? top : top / archive;
}

}  // namespace

TEST(Conversations, GethsAnswersAboutItsChainAreOurs) {
  const auto dir = test::fixtures_dir() / "geth-1.7.3";
  QUARRY_NEEDS_FIXTURE(dir);
  ImportedChain chain(dir / "genesis.json", dir / "full-360.rlp");
  ASSERT_EQ(chain.height(), 360U) << chain.trouble();
  ASSERT_EQ(chain.tip().hex(), "0x74e542762c20f24db9941d1d8c9f8456edfcccdff9aef1e2e4d2a2451ba4a019");
  const auto golden = Json::parse(as_text(test::read_file(test::unpacked("geth-1.7.3/golden.json.xz"))));
  std::size_t compared = 0;
  test::AnswerSchemas schemas;
  for (const auto& entry : golden) {
    // What modules there are is this node's own matter; errors are in golden_test.cpp.
    if (entry["method"] == "rpc_modules" || entry.contains("error")) continue;
    const auto answer = chain.ask({{"id", 1}, {"method", entry["method"]}, {"params", entry["params"]}});
    const auto wrong = answer.contains("result") ? difference(entry["result"], answer["result"], "")
                                                 : answer["error"].dump();
    EXPECT_EQ(wrong, "") << entry["method"] << entry["params"].dump();
    EXPECT_EQ(schemas.fault(entry["method"], answer.value("result", Json())), "") << entry["method"];
    ++compared;
  }
  EXPECT_GE(compared, 1950U);
}

TEST(Conversations, AboutALondonChain) {
  QUARRY_NEEDS_FIXTURE(test::fixtures_dir() / "rpc-london.tar.xz");
  const auto folder = folder_of("rpc-london");
  ImportedChain chain(folder / "genesis.json", folder / "chain.rlp");
  ASSERT_EQ(chain.height(), 3U) << chain.trouble();
  const auto done = converse_all(chain, folder);
  EXPECT_GE(done.passed, 40U);
  EXPECT_GE(done.ours_validated, 40U);
  EXPECT_EQ(done.ours_validated, done.recorded_validated);
}

TEST(Conversations, AboutAChainOfEveryFork) {
  QUARRY_NEEDS_FIXTURE(test::fixtures_dir() / "rpc-compat.tar.xz");
  const auto folder = folder_of("rpc-compat");
  ImportedChain chain(folder / "genesis.json", folder / "chain.rlp");
  ASSERT_EQ(chain.height(), 54U) << chain.trouble();
  const auto done = converse_all(chain, folder);
  EXPECT_GE(done.passed, 152U);
  EXPECT_GE(done.ours_validated, 154U);
  EXPECT_EQ(done.ours_validated, done.recorded_validated);
}

namespace {

/// Asks and gives the result; null, and a failure, where there is none.
Json result_of(ImportedChain& chain, const std::string& method, Json params) {
  static test::AnswerSchemas schemas;
  auto answer = chain.ask({{"id", 1}, {"method", method}, {"params", std::move(params)}});
  EXPECT_TRUE(answer.contains("result")) << method << " " << answer.dump().substr(0, 300);
  if (answer.contains("result")) {
    EXPECT_EQ(schemas.fault(method, answer["result"]), "") << method;
  }
  return answer.contains("result") ? answer["result"] : Json();
}

/// The logs of a callTracer's answer by their place in the block.
void collect_logs(const Json& frame, std::map<std::string, Json>& out) {
  if (frame.contains("logs"))
    for (const auto& log : frame["logs"]) out[log["index"].get<std::string>()] = log;
  if (frame.contains("calls"))
    for (const auto& call : frame["calls"]) collect_logs(call, out);
}

/// What runs again comes to what its receipt says.
void compare_with_receipts(ImportedChain& chain, const std::string& number) {
  const auto receipts = result_of(chain, "eth_getBlockReceipts", {number});
  const auto steps = result_of(chain, "debug_traceBlockByNumber", {number});
  const auto calls = result_of(chain, "debug_traceBlockByNumber",
                               {number, {{"tracer", "callTracer"}, {"tracerConfig", {{"withLog", true}}}}});
  ASSERT_EQ(steps.size(), receipts.size());
  ASSERT_EQ(calls.size(), receipts.size());
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    const auto& receipt = receipts[i];
    const bool tells = receipt.contains("status");  // from Byzantium on
    EXPECT_EQ(steps[i]["txHash"], receipt["transactionHash"]);
    EXPECT_EQ(U256{steps[i]["result"]["gas"].get<std::uint64_t>()}.to_quantity(), receipt["gasUsed"]);
    const bool failed = tells && receipt["status"] == "0x0";
    EXPECT_EQ(tells && steps[i]["result"]["failed"].get<bool>(), failed);
    EXPECT_EQ(calls[i]["result"]["gasUsed"], receipt["gasUsed"]);
    EXPECT_EQ(tells && calls[i]["result"].contains("error"), failed);
    std::map<std::string, Json> logs;
    collect_logs(calls[i]["result"], logs);
    ASSERT_EQ(logs.size(), receipt["logs"].size()) << number;
    for (const auto& log : receipt["logs"]) {
      const auto& ours = logs[log["logIndex"].get<std::string>()];
      EXPECT_EQ(ours["address"], log["address"]);
      EXPECT_EQ(ours["topics"], log["topics"]);
      EXPECT_EQ(ours["data"], log["data"]);
    }
  }
}

}  // namespace

TEST(Traces, OfAChainOfEveryForkComeToTheirReceipts) {
  QUARRY_NEEDS_FIXTURE(test::fixtures_dir() / "rpc-compat.tar.xz");
  const auto folder = folder_of("rpc-compat");
  ImportedChain chain(folder / "genesis.json", folder / "chain.rlp");
  for (BlockNum n = 1; n <= chain.height(); ++n) {
    const auto number = U256{n}.to_quantity();
    compare_with_receipts(chain, number);
    for (const auto& config : {Json{{"tracer", "prestateTracer"}}, Json{{"tracer", "flatCallTracer"}},
                               Json{{"tracer", "prestateTracer"}, {"tracerConfig", {{"diffMode", true}}}}})
      result_of(chain, "debug_traceBlockByNumber", {number, config});
    result_of(chain, "trace_replayBlockTransactions", {number, {"trace", "stateDiff"}});
  }
  // As geth recorded it, step by step.
  std::ifstream file(folder / "debug_traceBlockByNumber" / "trace-block-memory-encoding.io");
  std::string line, request;
  while (std::getline(file, line)) {
    if (line.starts_with(">> ")) request = line.substr(3);
    if (!line.starts_with("<< ")) continue;
    EXPECT_EQ(chain.ask(Json::parse(request))["result"], Json::parse(line.substr(3))["result"]);
  }
  const auto all = result_of(chain, "trace_filter", Json::array({Json::object()}));
  EXPECT_GT(all.size(), 100U);
}

TEST(Traces, SearchesFindWhatTheChainHas) {
  QUARRY_NEEDS_FIXTURE(test::fixtures_dir() / "rpc-compat.tar.xz");
  const auto folder = folder_of("rpc-compat");
  ImportedChain chain(folder / "genesis.json", folder / "chain.rlp");
  std::map<std::string, std::vector<std::string>> sent;  // by sender, newest first
  std::map<std::string, std::string> made;               // by contract: the transaction
  for (BlockNum n = chain.height(); n > 0; --n) {
    auto receipts = result_of(chain, "eth_getBlockReceipts", {U256{n}.to_quantity()});
    std::reverse(receipts.begin(), receipts.end());
    for (const auto& receipt : receipts) {
      sent[receipt["from"]].push_back(receipt["transactionHash"]);
      if (receipt["contractAddress"].is_string() && receipt.value("status", "0x1") == "0x1")
        made[receipt["contractAddress"]] = receipt["transactionHash"];
    }
  }
  ASSERT_FALSE(sent.empty());
  for (const auto& [sender, hashes] : sent) {
    // Through all pages, and of those who only sent: what others sent them is theirs too.
    std::vector<std::string> found;
    std::uint64_t before = 0;
    for (bool last = false; !last;) {
      const auto page = result_of(chain, "ots_searchTransactionsBefore", {sender, before, 5});
      ASSERT_TRUE(page.is_object());
      ASSERT_EQ(page["txs"].size(), page["receipts"].size());
      for (const auto& txn : page["txs"]) {
        if (txn["from"] == sender) found.push_back(txn["hash"]);
        before = std::stoull(txn["blockNumber"].get<std::string>(), nullptr, 16);
      }
      last = page["lastPage"];
    }
    EXPECT_EQ(found, hashes) << sender;
    const auto nonce = hashes.size() - 1;
    EXPECT_EQ(result_of(chain, "ots_getTransactionBySenderAndNonce", {sender, nonce}), hashes.front());
    EXPECT_EQ(result_of(chain, "ots_getTransactionBySenderAndNonce", {sender, nonce + 1}), nullptr);
  }
  std::size_t contracts = 0;
  for (const auto& [contract, hash] : made) {
    if (result_of(chain, "eth_getCode", {contract, "latest"}) == "0x") continue;
    EXPECT_EQ(result_of(chain, "ots_getContractCreator", {contract})["hash"], hash);
    ++contracts;
  }
  EXPECT_GT(contracts, 3U);
}

TEST(Traces, StorageRangesAreTheStorage) {
  QUARRY_NEEDS_FIXTURE(test::fixtures_dir() / "rpc-compat.tar.xz");
  const auto folder = folder_of("rpc-compat");
  ImportedChain chain(folder / "genesis.json", folder / "chain.rlp");
  std::size_t compared = 0;
  for (BlockNum n = 1; n <= chain.height(); ++n) {
    const auto block = result_of(chain, "eth_getBlockByNumber", {U256{n}.to_quantity(), false});
    const auto diffs =
        result_of(chain, "debug_traceBlockByNumber", {U256{n}.to_quantity(), {{"tracer", "prestateTracer"}}});
    for (std::size_t i = 0; i < diffs.size(); ++i) {
      for (const auto& [address, account] : diffs[i]["result"].items()) {
        // What the transaction itself makes is not there before it.
        if (!account.contains("storage") || !account.contains("code")) continue;
        const auto range =
            result_of(chain, "debug_storageRangeAt", {block["hash"], i, address, "0x00", 1000});
        std::map<std::string, std::string> values;
        for (const auto& [hashed, slot] : range["storage"].items()) {
          EXPECT_EQ(hashed.size(), 66U);
          if (slot["key"].is_string()) values[slot["key"]] = slot["value"];
        }
        for (const auto& [key, value] : account["storage"].items()) {
          const bool zero = value == "0x" + std::string(64, '0');
          if (values.count(key) == 0 && !zero) continue;  // a mapping's key, which nothing tells
          EXPECT_EQ(values.count(key), zero ? 0U : 1U) << n << " " << i << " " << address << " " << key;
          EXPECT_TRUE(zero || values[key] == value) << address << " " << key;
          ++compared;
        }
        if (range["storage"].size() < 2) continue;
        const auto one = result_of(chain, "debug_storageRangeAt", {block["hash"], i, address, "0x00", 1});
        EXPECT_EQ(one["storage"].size(), 1U);
        EXPECT_EQ(one["nextKey"], std::next(range["storage"].begin()).key());
      }
    }
  }
  EXPECT_GT(compared, 10U);
}

namespace {

/// Methods that take a block's number alone, or its hash.
const std::vector<std::string> kByNumber = {"debug_getRawBlock",
                                            "debug_getRawHeader",
                                            "debug_getRawReceipts",
                                            "debug_traceBlockByNumber",
                                            "erigon_getHeaderByNumber",
                                            "eth_getBlockReceipts",
                                            "eth_getBlockTransactionCountByNumber",
                                            "eth_getHeaderByNumber",
                                            "eth_getUncleCountByBlockNumber",
                                            "ots_getBlockDetails",
                                            "trace_block"};
const std::vector<std::string> kByHash = {"eth_getBlockTransactionCountByHash", "eth_getHeaderByHash",
                                          "eth_getUncleCountByBlockHash", "ots_getBlockDetailsByHash"};
/// And those that take a transaction's.
const std::vector<std::string> kByTransaction = {"debug_getRawTransaction",   "debug_traceTransaction",
                                                 "eth_getTransactionByHash",  "eth_getTransactionReceipt",
                                                 "ots_getInternalOperations", "ots_getTransactionError",
                                                 "ots_traceTransaction",      "trace_transaction"};

/// Asks all that there is to be asked about a block; result_of() holds each answer against its schema.
void ask_about(ImportedChain& chain, BlockNum n) {
  const auto number = U256{n}.to_quantity();
  for (const auto& method : kByNumber)
    if (n > 0 || method.find("trace") == std::string::npos) result_of(chain, method, {number});
  for (const bool full : {true, false}) result_of(chain, "eth_getBlockByNumber", {number, full});
  result_of(chain, "eth_getUncleByBlockNumberAndIndex", {number, "0x0"});
  result_of(chain, "ots_getBlockTransactions", {n, 0, 10});
  const auto block = result_of(chain, "eth_getBlockByNumber", {number, true});
  for (const auto& method : kByHash) result_of(chain, method, Json::array({block["hash"]}));
  result_of(chain, "eth_getUncleByBlockHashAndIndex", {block["hash"], "0x0"});
  result_of(chain, "eth_getLogs", Json::array({{{"blockHash", block["hash"]}}}));
  if (block["transactions"].empty()) return;
  const auto& txn = block["transactions"].back();
  for (const auto& method : kByTransaction) result_of(chain, method, Json::array({txn["hash"]}));
  result_of(chain, "trace_replayTransaction", {txn["hash"], {"trace", "stateDiff", "vmTrace"}});
  result_of(chain, "eth_getTransactionByBlockNumberAndIndex", {number, txn["transactionIndex"]});
  for (const auto* tag : {"latest", "earliest", "safe", "finalized", "pending"}) {
    for (const auto* method :
         {"eth_getBalance", "eth_getCode", "eth_getTransactionCount", "eth_getAccountInfo"})
      result_of(chain, method, {txn["from"], tag});
  }
  result_of(chain, "eth_getAccount", {txn["from"], number});
  result_of(chain, "eth_getProof", {txn["from"], Json::array({"0x0"}), number});
}

}  // namespace

TEST(Answers, AboutEveryBlockAreOfTheirSchemas) {
  QUARRY_NEEDS_FIXTURE(test::fixtures_dir() / "rpc-compat.tar.xz");
  for (const auto* name : {"rpc-london", "rpc-compat"}) {
    const auto folder = folder_of(name);
    ImportedChain chain(folder / "genesis.json", folder / "chain.rlp");
    for (BlockNum n = 0; n <= chain.height(); ++n) ask_about(chain, n);
    for (const auto* method : {"eth_config", "eth_capabilities", "eth_gasPrice", "eth_maxPriorityFeePerGas",
                               "eth_blobBaseFee", "eth_baseFee", "eth_syncing", "txpool_content",
                               "txpool_inspect", "txpool_status", "web3_clientVersion", "net_version"})
      result_of(chain, method, Json::array());
    result_of(chain, "eth_feeHistory", {"0x20", "latest", {10, 90}});
    result_of(chain, "trace_filter", Json::array({{{"fromBlock", "0x0"}, {"count", 50}}}));
  }
}

TEST(Dumps, AreTheStateThatOtherMethodsTell) {
  QUARRY_NEEDS_FIXTURE(test::fixtures_dir() / "rpc-compat.tar.xz");
  const auto folder = folder_of("rpc-compat");
  ImportedChain chain(folder / "genesis.json", folder / "chain.rlp");
  std::size_t named = 0, all = 0, slots = 0;
  for (const BlockNum n : {BlockNum{0}, chain.height() / 2, chain.height()}) {
    const auto number = U256{n}.to_quantity();
    std::string next = "0x";
    do {
      const auto page = result_of(chain, "debug_accountRange", {number, next, 7});
      EXPECT_EQ(page["root"], result_of(chain, "eth_getBlockByNumber", {number, false})["stateRoot"]);
      all += page["accounts"].size();
      for (const auto& [key, account] : page["accounts"].items()) {
        if (!account.contains("address")) continue;
        ++named;
        EXPECT_EQ(key, account["address"]);
        const auto balance = result_of(chain, "eth_getBalance", {key, number}).get<std::string>();
        EXPECT_EQ(balance, U256::parse(account["balance"].get<std::string>())->to_quantity());
        if (account.contains("code")) {
          EXPECT_EQ(result_of(chain, "eth_getCode", {key, number}), account["code"]);
        }
        slots += account.contains("storage") ? account["storage"].size() : 0;
      }
      next = page.contains("next") ? page["next"].get<std::string>() : "";
    } while (!next.empty());
    const auto whole = result_of(chain, "debug_dumpBlock", {number});
    EXPECT_GT(whole["accounts"].size(), 7U);
  }
  EXPECT_GT(named, all / 2);
  EXPECT_GT(slots, 3U);
}

/// Accounts that differ between the states after `n - 1` and `n` are among those that the block is said to
/// have changed, and each of those is there afterwards or was before.
TEST(Dumps, DifferWhereABlockIsSaidToHaveChangedThem) {
  QUARRY_NEEDS_FIXTURE(test::fixtures_dir() / "rpc-compat.tar.xz");
  const auto folder = folder_of("rpc-compat");
  ImportedChain chain(folder / "genesis.json", folder / "chain.rlp");
  std::size_t differing = 0;
  Json before = result_of(chain, "debug_dumpBlock", {"0x0"})["accounts"];
  for (BlockNum n = 1; n <= chain.height(); ++n) {
    const auto changed = result_of(chain, "debug_getModifiedAccountsByNumber", {n});
    Json after = result_of(chain, "debug_dumpBlock", {U256{n}.to_quantity()})["accounts"];
    for (const auto& [key, account] : after.items()) {
      if (!account.contains("address") || (before.contains(key) && before[key] == account)) continue;
      ++differing;
      EXPECT_NE(std::find(changed.begin(), changed.end(), account["address"]), changed.end())
          << n << " " << key;
    }
    before = std::move(after);
  }
  EXPECT_GT(differing, 20U);
}

TEST(OldMethods, TellWhatTheNewOnesTell) {
  QUARRY_NEEDS_FIXTURE(test::fixtures_dir() / "rpc-compat.tar.xz");
  const auto folder = folder_of("rpc-compat");
  ImportedChain chain(folder / "genesis.json", folder / "chain.rlp");
  for (const BlockNum n : {BlockNum{0}, BlockNum{1}, chain.height()}) {
    const auto number = U256{n}.to_quantity();
    const auto raw = result_of(chain, "debug_getRawBlock", {number}).get<std::string>();
    EXPECT_EQ("0x" + result_of(chain, "debug_getBlockRlp", {n}).get<std::string>(), raw);
    EXPECT_EQ(result_of(chain, "debug_getBlockRlp", {number}), result_of(chain, "debug_getBlockRlp", {n}));
    const auto printed = Json::parse(result_of(chain, "debug_printBlock", {n}).get<std::string>());
    EXPECT_EQ(printed["hash"], result_of(chain, "eth_getBlockByNumber", {number, true})["hash"]);
  }
  EXPECT_EQ(result_of(chain, "debug_seedHash", {0}), "0x" + std::string(64, '0'));
  EXPECT_EQ(result_of(chain, "debug_seedHash", {"0x0"}), "0x" + std::string(64, '0'));
  const auto missing =
      chain.ask({{"jsonrpc", "2.0"}, {"id", 1}, {"method", "debug_seedHash"}, {"params", {1 << 30}}});
  EXPECT_EQ(missing["error"]["message"], "block not found");
}
