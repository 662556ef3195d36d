// Answers that are kept while the head stays.
#include "rpc/answer_cache.hpp"

#include <gtest/gtest.h>

#include "rpc/json_rpc.hpp"

using namespace quarry::rpc;

namespace {

std::string request(std::string_view method, std::string_view params, std::string_view id = "1") {
  std::string out = R"({"jsonrpc":"2.0","id":)";
  return out.append(id).append(R"(,"method":")").append(method).append(R"(","params":)").append(params) + "}";
}
ChainQuestion question(std::string_view params, std::string_view id = "1") {
  return chain_question(request("eth_getBalance", params, id)).value();
}
std::string answer(const std::string& id, const Answer& result) {
  std::string out;
  append_answer(out, id, result);
  return out;
}

}  // namespace

TEST(AnswerCache, OnlyQuestionsAboutTheChainAreKept) {
  EXPECT_TRUE(chain_question(request("eth_call", R"([{"to":"0xaa"},"latest"])")));
  EXPECT_TRUE(chain_question(request("eth_getUncleCountByBlockHash", R"(["0x1"])")));
  for (const auto* method : {"eth_blockNumber", "eth_gasPrice", "eth_estimateGas", "eth_sendRawTransaction",
                             "eth_getFilterChanges", "txpool_status", "personal_sign", "eth_accounts"})
    EXPECT_FALSE(chain_question(request(method, "[]"))) << method;
  EXPECT_FALSE(chain_question(request("eth_call", R"([{"to":"0xaa"},"pending"])")));
  EXPECT_FALSE(chain_question(request("eth_call", R"([{"to":"0xaa"},"\u0070ending"])")));
  EXPECT_FALSE(chain_question("[" + request("eth_getBalance", "[]") + "]"));
  EXPECT_FALSE(chain_question(request("eth_getBalance", "{}")));
  EXPECT_FALSE(chain_question(request("eth_getBalance", "[\"" + std::string(5000, 'a') + "\"]")));
}

TEST(AnswerCache, AnAnswerComesBackUnderTheIdThatAsks) {
  AnswerCache cache;
  EXPECT_FALSE(cache.find(7, question(R"(["0xaa"])")));
  cache.put(7, question(R"(["0xaa"])"), answer("1", "\"0x10\""));
  EXPECT_EQ(cache.find(7, question(R"(["0xaa"])", "22")), answer("22", "\"0x10\""));
  EXPECT_EQ(cache.find(7, question(R"(["0xaa"])", "\"x\"")), answer("\"x\"", "\"0x10\""));
  EXPECT_FALSE(cache.find(7, question(R"(["0xab"])")));
}

TEST(AnswerCache, AnotherHeadForgetsAll) {
  AnswerCache cache;
  EXPECT_FALSE(cache.find(7, question(R"(["0xaa"])")));
  cache.put(7, question(R"(["0xaa"])"), answer("1", "\"0x10\""));
  EXPECT_FALSE(cache.find(8, question(R"(["0xaa"])")));
  EXPECT_EQ(cache.size_bytes(), 0U);
  // Begun before the head moved, done after.
  cache.put(7, question(R"(["0xaa"])"), answer("1", "\"0x10\""));
  EXPECT_FALSE(cache.find(8, question(R"(["0xaa"])")));
  EXPECT_FALSE(cache.find(7, question(R"(["0xaa"])")));
}

TEST(AnswerCache, ErrorsAndWhatMayComeAreNotKept) {
  AnswerCache cache;
  const auto asked = question(R"(["0xaa"])");
  (void)cache.find(7, asked);
  cache.put(7, asked, answer("1", rpc_fail(RpcCode::failed, "no state")));
  cache.put(7, asked, answer("1", "null"));
  cache.put(7, asked, answer("1", R"({"blockHash":null,"hash":"0x1"})"));
  cache.put(7, asked, answer("1", std::string(AnswerCache::kMostAnswerBytes, '1')));
  cache.put(7, asked, "");
  EXPECT_FALSE(cache.find(7, asked));
  EXPECT_EQ(cache.size_bytes(), 0U);
}

TEST(AnswerCache, StaysWithinItsBoundAndKeepsWhatIsAskedAgain) {
  AnswerCache cache;
  const std::string large(1 << 20, '1');
  const auto hot = question(R"(["hot"])");
  (void)cache.find(7, hot);
  cache.put(7, hot, answer("1", "\"0x10\""));
  for (int i = 0; i < 200; ++i) {
    cache.put(7, question("[" + std::to_string(i) + "]"), answer("1", large));
    ASSERT_LE(cache.size_bytes(), AnswerCache::kMostBytes + 2 * AnswerCache::kMostAnswerBytes);
    ASSERT_TRUE(cache.find(7, hot)) << i;
  }
  EXPECT_FALSE(cache.find(7, question("[0]")));
  EXPECT_TRUE(cache.find(7, question("[199]")));
}
