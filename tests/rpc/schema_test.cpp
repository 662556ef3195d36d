#include "rpc/schema.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "answer_schemas.hpp"
#include "rpc/methods.hpp"
#include "source_dir.hpp"
#include "test_backend.hpp"

using namespace quarry;
using namespace quarry::rpc;
using quarry::test::AnswerSchemas;

TEST(Schema, EveryMethodSaysWhatItTakesAndGives) {
  const auto document = openrpc_document("test");
  ASSERT_EQ(document["methods"].size(), all_methods().size());
  for (const auto& method : document["methods"]) {
    for (const auto& parameter : method["params"]) {
      EXPECT_FALSE(parameter["schema"].is_null())
          << method["name"] << ": kParameters in rpc/schema_types.inc has no row for " << parameter["name"];
    }
  }
  for (const auto& method : all_methods())
    EXPECT_FALSE(method.result.empty()) << method.name << " names no type of its result";
}

TEST(Schema, TypesAreReadAsWritten) {
  EXPECT_EQ(schema_of("[Hash]|null"),
            Json::parse(R"({"anyOf": [{"type": "array", "items": {"$ref": "#/components/schemas/Hash"}},
                                      {"type": "null"}]})"));
  EXPECT_EQ(schema_of("{a: Integer, b?: Any, ...}"),
            Json::parse(R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {}},
                            "required": ["a"], "additionalProperties": true})"));
}

TEST(Schema, RefusesAnswersOfAnotherShape) {
  AnswerSchemas schemas;
  EXPECT_EQ(schemas.fault("eth_blockNumber", "0x1"), "");
  EXPECT_NE(schemas.fault("eth_blockNumber", "0x01"), "");
  EXPECT_NE(schemas.fault("eth_blockNumber", 1), "");
  EXPECT_EQ(schemas.fault("eth_getBlockByNumber", nullptr), "");
  EXPECT_NE(schemas.fault("eth_getBlockByNumber", Json::object()), "");
  EXPECT_EQ(schemas.fault("txpool_content", Json::parse(R"({"pending": {}, "queued": {}})")), "");
  EXPECT_NE(schemas.fault("txpool_content", Json::parse(R"({"pending": {}, "queued": {}, "more": {}})")), "");
}

// Those that ethereum/execution-apis closes, and those of ours that name everything.
TEST(Schema, ObjectsOfTheSpecificationAreClosed) {
  AnswerSchemas schemas;
  for (const auto* name :
       {"Account",      "AccessListResult", "AccountProof",      "Block",          "BuiltBlock",
        "Capabilities", "ExecutionPayload", "FeeHistory",        "Header",         "Log",
        "Range",        "Receipt",          "SignedTransaction", "SimulatedBlock", "SimulatedCall",
        "StructTrace",  "SyncProgress",     "Transaction",       "Uncle",          "Withdrawal"})
    EXPECT_TRUE(schemas.is_closed(name)) << name;
}

// Answers of the standard's form only: the result's own, and an error's.
TEST(Schema, AnswersAreHeldAgainstTheEnvelopeToo) {
  AnswerSchemas schemas;
  const auto fault = [&](const char* answer) {
    return schemas.answer_fault("eth_blockNumber", Json::parse(answer));
  };
  EXPECT_EQ(fault(R"({"jsonrpc": "2.0", "id": 1, "result": "0x1"})"), "");
  EXPECT_EQ(fault(R"({"jsonrpc": "2.0", "id": 1, "error": {"code": 3, "message": "m", "data": "0x"}})"), "");
  EXPECT_NE(fault(R"({"jsonrpc": "2.0", "id": 1, "result": "1"})"), "");
  EXPECT_NE(fault(R"({"id": 1, "result": "0x1"})"), "");
  EXPECT_NE(fault(R"({"jsonrpc": "2.0", "id": 1})"), "");
  EXPECT_NE(fault(R"({"jsonrpc": "2.0", "id": 1, "error": {"code": "3", "message": "m"}})"), "");
  EXPECT_NE(fault(R"({"jsonrpc": "2.0", "id": 1, "error": {"code": 3, "message": "m", "more": 1}})"), "");
  EXPECT_EQ(schemas.type_fault("Hash", "0x" + std::string(64, '0')), "");
  EXPECT_NE(schemas.type_fault("Hash", "0x0"), "");
}

TEST(Schema, TheDocumentIsAnsweredByRpcDiscover) {
  test::Rpc rpc;
  const auto answer = rpc.result("rpc_discover", Json::array());
  EXPECT_EQ(answer["openrpc"], "1.2.6");
  EXPECT_EQ(answer["methods"].size(), all_methods().size());
}

TEST(Schema, DocsHaveThePrintedList) {
  std::ifstream file(std::string(test::source_dir()) + "/docs/rpc.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find(methods_markdown()), std::string::npos)
      << "docs/rpc.md is older than the method table: run scripts/print-docs";
}
