#include "rpc/answer_cache.hpp"

#include <algorithm>
#include <array>

#include "rpc/quick_request.hpp"

namespace quarry::rpc {
namespace {

/// Of the chain alone: not of the pool, the clock, the accounts or the peers. In order.
constexpr std::array<std::string_view, 22> kChainMethods = {
    "eth_call",
    "eth_getBalance",
    "eth_getBlockByHash",
    "eth_getBlockByNumber",
    "eth_getBlockReceipts",
    "eth_getBlockTransactionCountByHash",
    "eth_getBlockTransactionCountByNumber",
    "eth_getCode",
    "eth_getLogs",
    "eth_getProof",
    "eth_getRawTransactionByBlockHashAndIndex",
    "eth_getRawTransactionByBlockNumberAndIndex",
    "eth_getStorageAt",
    "eth_getStorageValues",
    "eth_getTransactionByBlockHashAndIndex",
    "eth_getTransactionByBlockNumberAndIndex",
    "eth_getTransactionByHash",
    "eth_getTransactionCount",
    "eth_getTransactionReceipt",
    "eth_getUncleByBlockHashAndIndex",
    "eth_getUncleByBlockNumberAndIndex",
    "eth_getUncleCountByBlockHash",
};
static_assert(std::is_sorted(kChainMethods.begin(), kChainMethods.end()));

/// Longer questions are rarely asked twice.
constexpr std::size_t kMostQuestionBytes = 4096;
/// What an entry takes besides its text.
constexpr std::size_t kEntryBytes = 128;

constexpr std::string_view kBegin = R"({"jsonrpc":"2.0","id":)";
constexpr std::string_view kResult = R"(,"result":)";

/// "null", or a transaction that waits in the pool.
bool may_change(std::string_view result) {
  return result == "null" || result.starts_with(R"({"blockHash":null)");
}

}  // namespace

std::optional<ChainQuestion> chain_question(std::string_view message) {
  if (message.size() > kMostQuestionBytes) return std::nullopt;
  const auto parts = quick_parts(message);
  if (!parts || !std::binary_search(kChainMethods.begin(), kChainMethods.end(), parts->method))
    return std::nullopt;
  // The pending block is the pool's; an escape could hide the word.
  if (parts->params.find("pending") != parts->params.npos || parts->params.find('\\') != parts->params.npos)
    return std::nullopt;
  ChainQuestion out{std::string(parts->id), {}};
  out.key.reserve(parts->method.size() + parts->params.size());
  out.key.append(parts->method).append(parts->params);
  return out;
}

void AnswerCache::settle(std::uint64_t head) {
  if (head == head_) return;
  head_ = head;
  young_ = {};
  old_ = {};
}

std::optional<std::string> AnswerCache::find(std::uint64_t head, const ChainQuestion& question) {
  settle(head);
  auto found = young_.results.find(question.key);
  if (found == young_.results.end()) {
    const auto older = old_.results.find(question.key);
    if (older == old_.results.end()) return std::nullopt;
    keep(question.key, std::move(older->second));
    old_.bytes -= std::min(old_.bytes, question.key.size() + kEntryBytes);
    old_.results.erase(question.key);
    found = young_.results.find(question.key);
    if (found == young_.results.end()) return std::nullopt;
  }
  std::string out;
  out.reserve(kBegin.size() + question.id.size() + kResult.size() + found->second.size() + 1);
  return out.append(kBegin).append(question.id).append(kResult).append(found->second).append("}");
}

void AnswerCache::put(std::uint64_t head, ChainQuestion question, std::string_view message) {
  // An answer to an earlier head that was long in the making.
  if (head != head_ || message.size() > kMostAnswerBytes) return;
  const std::size_t before = kBegin.size() + question.id.size();
  if (message.size() <= before + kResult.size() + 1 || !message.substr(before).starts_with(kResult)) return;
  const auto result = message.substr(before + kResult.size(), message.size() - before - kResult.size() - 1);
  if (may_change(result)) return;
  keep(std::move(question.key), std::string(result));
}

void AnswerCache::keep(std::string key, std::string result) {
  if (young_.bytes >= kMostBytes / 2) old_ = std::exchange(young_, {});
  const std::size_t bytes = key.size() + result.size() + kEntryBytes;
  if (young_.results.insert_or_assign(std::move(key), std::move(result)).second) young_.bytes += bytes;
}

}  // namespace quarry::rpc
