#include "rpc/answer_cache.hpp"

#include <algorithm>
#include <array>

#include "rpc/quick_request.hpp"

namespace quarry::rpc {
namespace {

/// Of the chain alone: not of the pool, the clock, the accounts or the peers. In order.
constexpr std::array<std::string_view, 24> kChainMethods = {
    "eth_blockNumber",
    "eth_call",
    "eth_chainId",
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
  return ChainQuestion{parts->id, parts->method, parts->params};
}

void begin_answer(std::string& to, std::string_view id) {
  to.append(kBegin).append(id).append(kResult);
}

std::size_t AnswerCache::KeyHash::operator()(std::string_view key) const {
  const auto params = key.find('[');
  return (*this)({{}, key.substr(0, params), key.substr(params)});
}
std::size_t AnswerCache::KeyHash::operator()(const ChainQuestion& question) const {
  const std::hash<std::string_view> hash;
  return hash(question.params) ^ hash(question.method) << 1;
}

void AnswerCache::settle(std::uint64_t head) {
  if (head == head_) return;
  head_ = head;
  young_ = {};
  old_ = {};
}

AnswerCache::Rest AnswerCache::find(std::uint64_t head, const ChainQuestion& question) {
  settle(head);
  if (const auto found = young_.results.find(question); found != young_.results.end()) return found->second;
  const auto older = old_.results.find(question);
  if (older == old_.results.end()) return nullptr;
  auto key = older->first;
  auto result = std::move(older->second);
  old_.bytes -= std::min(old_.bytes, key.size() + result->size() + kEntryBytes);
  old_.results.erase(older);
  return keep(std::move(key), std::move(result));
}

void AnswerCache::put(std::uint64_t head, std::string key, std::string_view id, std::string_view message) {
  // An answer to an earlier head that was long in the making.
  if (head != head_ || message.size() > kMostAnswerBytes) return;
  const std::size_t before = kBegin.size() + id.size();
  if (message.size() <= before + kResult.size() + 1 || !message.substr(before).starts_with(kResult)) return;
  const auto rest = message.substr(before + kResult.size());
  if (may_change(rest.substr(0, rest.size() - 1))) return;
  keep(std::move(key), std::make_shared<const std::string>(rest));
}

AnswerCache::Rest AnswerCache::keep(std::string key, Rest result) {
  if (young_.bytes >= kMostBytes / 2) old_ = std::exchange(young_, {});
  const std::size_t bytes = key.size() + result->size() + kEntryBytes;
  const auto [place, added] = young_.results.insert_or_assign(std::move(key), std::move(result));
  if (added) young_.bytes += bytes;
  return place->second;
}

}  // namespace quarry::rpc
