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
/// A question with the text that it looks into.
struct Asked {
  explicit Asked(std::string_view params, std::string_view id = "1")
      : text(request("eth_getBalance", params, id)) {}
  ChainQuestion question() const { return chain_question(text).value(); }
  std::string text;
};
/// The whole message; empty when it is not known.
std::string find(AnswerCache& cache, std::uint64_t head, const Asked& asked) {
  const auto rest = cache.find(head, asked.question());
  std::string out;
  if (rest == nullptr) return out;
  begin_answer(out, asked.question().id);
  return out.append(*rest);
}
void put(AnswerCache& cache, std::uint64_t head, const Asked& asked, std::string_view message) {
  cache.put(head, asked.question().key(), asked.question().id, message);
}
std::string answer(const std::string& id, const Answer& result) {
  std::string out;
  append_answer(out, id, result);
  return out;
}

}  // namespace

TEST(AnswerCache, OnlyQuestionsAboutTheChainAreKept) {
  EXPECT_TRUE(chain_question(request("eth_call", R"([{"to":"0xaa"},"latest"])")));
  EXPECT_TRUE(chain_question(request("eth_blockNumber", "[]")));
  EXPECT_TRUE(chain_question(request("eth_getUncleCountByBlockHash", R"(["0x1"])")));
  for (const auto* method : {"eth_gasPrice", "eth_estimateGas", "eth_sendRawTransaction",
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
  EXPECT_EQ(find(cache, 7, Asked(R"(["0xaa"])")), "");
  put(cache, 7, Asked(R"(["0xaa"])"), answer("1", "\"0x10\""));
  EXPECT_EQ(find(cache, 7, Asked(R"(["0xaa"])", "22")), answer("22", "\"0x10\""));
  EXPECT_EQ(find(cache, 7, Asked(R"(["0xaa"])", "\"x\"")), answer("\"x\"", "\"0x10\""));
  EXPECT_EQ(find(cache, 7, Asked(R"(["0xab"])")), "");
}

TEST(AnswerCache, AnotherHeadForgetsAll) {
  AnswerCache cache;
  EXPECT_EQ(find(cache, 7, Asked(R"(["0xaa"])")), "");
  put(cache, 7, Asked(R"(["0xaa"])"), answer("1", "\"0x10\""));
  EXPECT_EQ(find(cache, 8, Asked(R"(["0xaa"])")), "");
  EXPECT_EQ(cache.size_bytes(), 0U);
  // Begun before the head moved, done after.
  put(cache, 7, Asked(R"(["0xaa"])"), answer("1", "\"0x10\""));
  EXPECT_EQ(find(cache, 8, Asked(R"(["0xaa"])")), "");
  EXPECT_EQ(find(cache, 7, Asked(R"(["0xaa"])")), "");
}

TEST(AnswerCache, ErrorsAndWhatMayComeAreNotKept) {
  AnswerCache cache;
  const Asked asked(R"(["0xaa"])");
  (void)find(cache, 7, asked);
  put(cache, 7, asked, answer("1", rpc_fail(RpcCode::failed, "no state")));
  put(cache, 7, asked, answer("1", "null"));
  put(cache, 7, asked, answer("1", R"({"blockHash":null,"hash":"0x1"})"));
  put(cache, 7, asked, answer("1", std::string(AnswerCache::kMostAnswerBytes, '1')));
  put(cache, 7, asked, "");
  EXPECT_EQ(find(cache, 7, asked), "");
  EXPECT_EQ(cache.size_bytes(), 0U);
}

TEST(AnswerCache, StaysWithinItsBoundAndKeepsWhatIsAskedAgain) {
  AnswerCache cache;
  const std::string large(1 << 20, '1');
  const Asked hot(R"(["hot"])");
  (void)find(cache, 7, hot);
  put(cache, 7, hot, answer("1", "\"0x10\""));
  for (int i = 0; i < 200; ++i) {
    put(cache, 7, Asked("[" + std::to_string(i) + "]"), answer("1", large));
    ASSERT_LE(cache.size_bytes(), AnswerCache::kMostBytes + 2 * AnswerCache::kMostAnswerBytes);
    ASSERT_NE(find(cache, 7, hot), "") << i;
  }
  EXPECT_EQ(find(cache, 7, Asked("[0]")), "");
  EXPECT_NE(find(cache, 7, Asked("[199]")), "");
}
