#include "rpc/json_rpc.hpp"

#include <gtest/gtest.h>

#include "rpc/json_stream.hpp"
#include "rpc/quick_request.hpp"
#include "test_backend.hpp"

using namespace quarry;
using namespace quarry::rpc;
using quarry::test::Rpc;

namespace {
std::string call(std::string_view message) {
  Rpc node;
  return node.dispatcher.call(message, {Access::console});
}
int code_of(std::string_view message) {
  const auto answer = Json::parse(call(message));
  return answer["error"]["code"].get<int>();
}
}  // namespace

TEST(JsonRpc, EchoesIdsOfEveryKind) {
  EXPECT_EQ(call(R"({"jsonrpc":"2.0","id":7,"method":"net_version"})"),
            R"({"jsonrpc":"2.0","id":7,"result":"1999"})");
  EXPECT_EQ(call(R"({"jsonrpc":"2.0","id":"a\"ü","method":"net_version","params":[]})"),
            R"({"jsonrpc":"2.0","id":"a\"ü","result":"1999"})");
  EXPECT_EQ(call(R"({"id":null,"method":"net_version"})"), R"({"jsonrpc":"2.0","id":null,"result":"1999"})");
  EXPECT_EQ(call(R"({"id":18446744073709551615,"method":"net_version","params":null})"),
            R"({"jsonrpc":"2.0","id":18446744073709551615,"result":"1999"})");
}

TEST(JsonRpc, NotificationsAreNotAnswered) {
  EXPECT_EQ(call(R"({"jsonrpc":"2.0","method":"net_version"})"), "");
  EXPECT_EQ(call(R"([{"jsonrpc":"2.0","method":"net_version"},{"jsonrpc":"2.0","method":"nope"}])"), "");
  EXPECT_EQ(call(R"([{"method":"net_version"},{"id":2,"method":"net_version"}])"),
            R"([{"jsonrpc":"2.0","id":2,"result":"1999"}])");
}

TEST(JsonRpc, ErrorCodes) {
  EXPECT_EQ(code_of(""), -32700);
  EXPECT_EQ(code_of("{"), -32700);
  EXPECT_EQ(code_of(R"({"id":1,"method":"net_version"}})"), -32700);
  EXPECT_EQ(code_of("{\"id\":1,\"method\":\"\xff\"}"), -32700);
  EXPECT_EQ(code_of("[]"), -32600);
  EXPECT_EQ(code_of("3"), -32600);
  EXPECT_EQ(code_of("{}"), -32600);
  EXPECT_EQ(code_of(R"({"id":1,"method":5})"), -32600);
  EXPECT_EQ(code_of(R"({"id":{},"method":"net_version"})"), -32600);
  EXPECT_EQ(code_of(R"({"jsonrpc":"1.0","id":1,"method":"net_version"})"), -32600);
  EXPECT_EQ(code_of(R"({"id":1,"method":"net_version","params":{}})"), -32602);
  EXPECT_EQ(code_of(R"({"id":1,"method":"net_version","params":[1]})"), -32602);
  EXPECT_EQ(code_of(R"({"id":1,"method":"eth_nope"})"), -32601);
  const auto answer = Json::parse(call(R"({"id":1,"method":"eth_nope"})"));
  EXPECT_EQ(answer["error"]["message"], "the method eth_nope does not exist/is not available");
}

TEST(JsonRpc, OneBadItemDoesNotFailItsBatch) {
  const auto answer = Json::parse(call(
      R"([{"id":1,"method":"net_version"},5,{"id":"x","method":"nope"},{"id":4,"method":"eth_chainId"}])"));
  ASSERT_EQ(answer.size(), 4U);
  EXPECT_EQ(answer[0]["result"], "1999");
  EXPECT_EQ(answer[1]["error"]["code"], -32600);
  EXPECT_EQ(answer[1]["id"], nullptr);
  EXPECT_EQ(answer[2]["error"]["code"], -32601);
  EXPECT_EQ(answer[2]["id"], "x");
  EXPECT_EQ(answer[3]["result"], "0x7cf");
}

TEST(JsonRpc, BatchesAreBounded) {
  const auto batch = [](std::size_t count) {
    std::string text = "[";
    for (std::size_t i = 0; i < count; ++i)
      text += (i ? "," : "") + std::string(R"({"id":1,"method":"eth_chainId"})");
    return text + "]";
  };
  EXPECT_EQ(Json::parse(call(batch(1000))).size(), 1000U);
  const auto refused = Json::parse(call(batch(1001)));
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0]["id"], 1);
  EXPECT_EQ(refused[0]["error"]["code"], -32600);
  EXPECT_TRUE(refused[0]["error"]["message"].get<std::string>().starts_with("batch too large\n"));
}

TEST(JsonRpc, ABatchOfLargeAnswersEndsWithErrors) {
  Rpc node;
  Header header;
  header.number = 1;
  header.extra_data.resize(200'000);
  node.blocks.add({seal_header(header, HeaderIdentity::keccak_rlp), {}});
  std::string text = "[";
  for (int i = 0; i < 100; ++i) {
    text +=
        (i ? "," : "") + std::string(R"({"id":1,"method":"eth_getBlockByNumber","params":["0x1",false]})");
  }
  const auto out = node.dispatcher.call(text + "]", {Access::console});
  EXPECT_LT(out.size(), 25'500'000U);
  const auto answers = Json::parse(out);
  ASSERT_EQ(answers.size(), 100U);
  EXPECT_TRUE(answers[0].contains("result"));
  EXPECT_EQ(answers[99]["error"]["code"], -32003);
}

TEST(JsonRpc, DeepNestingTakesNoStack) {
  EXPECT_EQ(code_of(std::string(1'000'000, '[')), -32700);
  std::string nested = R"({"id":1,"method":"net_version","params":)";
  for (int i = 0; i < 1'000'000; ++i) nested += R"({"a":)";
  EXPECT_EQ(code_of(nested), -32700);
  const std::string brackets_in_text(1000, '[');
  EXPECT_EQ(code_of(R"({"id":1,"method":"web3_sha3","params":[")" + brackets_in_text + "\"]}"), -32602);
  EXPECT_EQ(code_of(R"({"id":1,"method":"x","params":)" + std::string(63, '[') + std::string(63, ']') + "}"),
            -32601);
}

TEST(JsonRpc, ManySmallValuesTakeLittleMemory) {
  std::string text = "[1";
  for (int i = 0; i < 500'000; ++i) text += ",1";
  EXPECT_EQ(code_of(text + "]"), -32600);
}

TEST(JsonRpc, TheQuickWayReadsTheCommonFormAndAgreesWithTheGeneralOne) {
  for (const char* text : {R"({"jsonrpc":"2.0","id":1,"method":"a_b","params":[]})",
                           R"( {"params" : ["x",{"y":[1.5e3,null]}] , "id":"q","method":"m"} )",
                           R"({"id":999999999999999999,"method":""})"}) {
    const auto quick = quick_request(text);
    const auto general = parse_any_message(text);
    ASSERT_TRUE(quick) << text;
    EXPECT_EQ(quick->id, general.requests[0].id);
    EXPECT_EQ(quick->method, general.requests[0].method);
    EXPECT_EQ(quick->params, general.requests[0].params);
  }
  for (const char* text :
       {R"([{"id":1,"method":"m"}])", R"({"id":1,"method":"m"}})", R"({"id":1,"method":"m","more":1})",
        R"({"id":01,"method":"m"})", R"({"id":1,"id":2,"method":"m"})", R"({"id":1,"method":"\u0041"})",
        R"({"id":1,"method":"m","params":[1,]})", R"({"id":1,"method":"m","params":{}})",
        R"({"jsonrpc":"1.0","id":1,"method":"m"})", R"({"method":"m"})", "{", "", R"({"id":1,"method":"m",})",
        R"({"id":1.5,"method":"m"})", "{\"id\":1,\"method\":\"\xff\"}"}) {
    EXPECT_FALSE(quick_request(text)) << text;
  }
}

TEST(JsonStream, CutsMessagesInAnyPieces) {
  const std::string input = " {\"a\":\"}]\\\"{\"}[1,{\"b\":[]}]\n\n{}";
  for (std::size_t piece = 1; piece <= input.size(); ++piece) {
    JsonStream stream;
    std::vector<std::string> got;
    for (std::size_t at = 0; at < input.size();) {
      const auto step = stream.feed(as_bytes(std::string_view(input).substr(at, piece)));
      at += step.used;
      if (step.message) got.push_back(*step.message);
      ASSERT_FALSE(stream.failed()) << stream.failure();
    }
    EXPECT_EQ(got, (std::vector<std::string>{"{\"a\":\"}]\\\"{\"}", "[1,{\"b\":[]}]", "{}"})) << piece;
  }
}

TEST(JsonStream, FailsWhereTheNextMessageIsNotKnown) {
  JsonStream words;
  words.feed(as_bytes(" hello"));
  EXPECT_EQ(words.failure(), "a message begins with { or [");
  JsonStream deep;
  deep.feed(as_bytes(std::string(1'000'000, '[')));
  EXPECT_TRUE(deep.failed());
  JsonStream endless;
  endless.feed(as_bytes("[\""));
  const std::string chunk(1 << 20, 'x');
  for (int i = 0; i < 10 && !endless.failed(); ++i) endless.feed(as_bytes(chunk));
  EXPECT_TRUE(endless.failed());
}
