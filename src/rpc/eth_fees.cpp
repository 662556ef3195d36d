// The eth namespace: prices.

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "consensus/base_fee.hpp"
#include "core/sender.hpp"
#include "evm/transition.hpp"
#include "rpc/fees.hpp"

namespace quarry::rpc {
namespace {

/// As geth's gas price oracle: of each of the last 20 blocks (40 where most are empty) the three cheapest, of
/// all those the 60th percentile; never more than 500 gwei. Who pays less than 2 wei does not count, nor does
/// the miner itself.
constexpr std::size_t kBlocksLookedAt = 20;
constexpr std::uint64_t kLeastCounted = 2;
constexpr std::size_t kTxnsOfABlock = 3;
constexpr std::size_t kPercentile = 60;
constexpr U256 kMostTip{500'000'000'000};

/// geth's bounds on eth_feeHistory.
constexpr std::uint64_t kMostHistoryBlocks = 1024;
constexpr std::size_t kMostPercentiles = 100;

U256 base_fee_of(const Header& header) {
  return header.base_fee_per_gas.value_or(U256{});
}

U256 tip_of(const Transaction& txn, const U256& base_fee) {
  const auto price = evm::effective_gas_price(txn, base_fee);
  return price > base_fee ? price - base_fee : U256{};
}

std::vector<U256> cheapest_tips(const Block& block) {
  std::vector<std::pair<U256, const Transaction*>> paid;
  for (const auto& txn : block.body.transactions) {
    const auto tip = tip_of(txn, base_fee_of(*block.header));
    if (tip >= U256{kLeastCounted}) paid.emplace_back(tip, &txn);
  }
  std::stable_sort(paid.begin(), paid.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<U256> tips;
  for (const auto& [tip, txn] : paid) {
    if (tips.size() == kTxnsOfABlock) break;
    if (sender_of(*txn) != block.header->beneficiary) tips.push_back(tip);
  }
  return tips;
}

U256 work_out_tip(const ChainReader& reader, const BlockId& head, const U256& last_answer) {
  std::vector<U256> tips;
  std::size_t blocks = 0, wanted = kBlocksLookedAt;
  for (BlockNum number = head.number; number > 0 && blocks < wanted; --number, ++blocks) {
    const auto block = load(reader, reader.canonical(number));
    if (!block) break;
    auto some = cheapest_tips(*block);
    if (some.empty()) some.push_back(last_answer);
    if (some.size() == 1 && tips.size() + wanted - blocks < kBlocksLookedAt * 2) ++wanted;
    tips.insert(tips.end(), some.begin(), some.end());
  }
  if (tips.empty()) return last_answer;
  std::sort(tips.begin(), tips.end());
  return std::min(tips[(tips.size() - 1) * kPercentile / 100], kMostTip);
}

/// One block's tips at the percentiles, weighted by the gas that each transaction used.
std::vector<U256> rewards_of(const Block& block, const std::vector<Receipt>& receipts,
                             const std::vector<double>& percentiles) {
  std::vector<std::pair<U256, Gas>> paid;
  Gas before = 0;
  for (std::size_t i = 0; i < std::min(receipts.size(), block.body.transactions.size()); ++i) {
    paid.emplace_back(tip_of(block.body.transactions[i], base_fee_of(*block.header)),
                      receipts[i].cumulative_gas_used - before);
    before = receipts[i].cumulative_gas_used;
  }
  if (paid.empty()) return std::vector<U256>(percentiles.size());
  std::sort(paid.begin(), paid.end());
  std::vector<U256> out;
  std::size_t at = 0;
  Gas sum = paid[0].second;
  for (const double percentile : percentiles) {
    const auto threshold = static_cast<Gas>(static_cast<double>(block.header->gas_used) * percentile / 100);
    while (sum < threshold && at + 1 < paid.size()) sum += paid[++at].second;
    out.push_back(paid[at].first);
  }
  return out;
}

std::vector<double> read_percentiles(Params& params, std::size_t index) {
  std::vector<double> out;
  const auto* list = params.array(index);
  if (list == nullptr) return out;
  if (list->size() > kMostPercentiles) params.reject(index, "over the query limit 100");
  for (const auto& entry : *list) {
    const double value = entry.is_number() ? entry.get<double>() : -1;
    if (value < 0 || value > 100) params.reject(index, "invalid reward percentile: " + entry.dump());
    if (!out.empty() && value < out.back()) {
      params.reject(index, fmt::format("invalid reward percentile: {} < {}", value, out.back()));
    }
    out.push_back(value);
  }
  return out;
}

class History {
 public:
  History(const Context& context, std::vector<double> percentiles)
      : context_(context), percentiles_(std::move(percentiles)) {}

  void add(const Block& block) {
    const auto& header = *block.header;
    base_fees_.push_back(quantity(base_fee_of(header)));
    const auto limit = static_cast<double>(std::max<Gas>(header.gas_limit, 1));
    ratios_.push_back(static_cast<double>(header.gas_used) / limit);
    has_blobs_ = has_blobs_ || header.blob_gas_used.has_value();
    const auto env = context_.backend.chain.environment(header);
    blob_fees_.push_back(quantity(env.blob_base_fee));
    const auto most_blob_gas = static_cast<double>(env.most_blobs) * kBlobGas;
    blob_ratios_.push_back(
        most_blob_gas > 0 ? static_cast<double>(header.blob_gas_used.value_or(0)) / most_blob_gas : 0.0);
    if (percentiles_.empty()) return;
    const auto receipts = context_.backend.reader.receipts({header.number, block.header.hash()});
    Json row = Json::array();
    for (const auto& tip : rewards_of(block, receipts.value_or(std::vector<Receipt>{}), percentiles_)) {
      row.push_back(quantity(tip));
    }
    rewards_.push_back(std::move(row));
  }

  Answer finish(const Header& last, BlockNum oldest) {
    const auto next = last.base_fee_per_gas ? next_base_fee(context_.backend.chain.spec(), last) : U256{};
    base_fees_.push_back(quantity(next));
    Json out = {{"oldestBlock", quantity(oldest)}, {"baseFeePerGas", base_fees_}, {"gasUsedRatio", ratios_}};
    if (!percentiles_.empty()) out["reward"] = rewards_;
    if (has_blobs_) {
      blob_fees_.push_back(quantity(context_.backend.chain.environment(last).blob_base_fee));
      out["baseFeePerBlobGas"] = blob_fees_;
      out["blobGasUsedRatio"] = blob_ratios_;
    }
    return json_answer(out);
  }

 private:
  static constexpr double kBlobGas = 131'072;  // EIP-4844, GAS_PER_BLOB
  const Context& context_;
  const std::vector<double> percentiles_;
  Json base_fees_ = Json::array(), ratios_ = Json::array(), rewards_ = Json::array();
  Json blob_fees_ = Json::array(), blob_ratios_ = Json::array();
  bool has_blobs_ = false;
};

Answer fee_history(const Context& context, Params& params) {
  const auto wanted = params.quantity(0);
  const auto ref = params.block(1);
  const auto head = context.backend.reader.head().number;
  if (!params.error() && ref.kind == BlockRef::Kind::number && ref.number > head) {
    return rpc_fail(RpcCode::failed,
                    fmt::format("request beyond head block: requested {}, head {}", ref.number, head));
  }
  const auto last = block_at(context, params, 1);
  if (!last) return tl::unexpected(last.error());
  auto percentiles = read_percentiles(params, 2);
  if (params.error()) return tl::unexpected(*params.error());
  const auto count = std::min({wanted, kMostHistoryBlocks, last->number + 1});
  if (count == 0) {
    return json_answer({{"oldestBlock", "0x0"}, {"gasUsedRatio", nullptr}, {"baseFeePerGas", Json::array()}});
  }
  History history(context, std::move(percentiles));
  const BlockNum oldest = last->number + 1 - count;
  std::optional<Block> block;
  for (BlockNum number = oldest; number <= last->number; ++number) {
    block = load(context.backend.reader, context.backend.reader.canonical(number));
    if (!block) return rpc_fail(RpcCode::failed, fmt::format("block {} is not here", number));
    history.add(*block);
  }
  return history.finish(*block->header, oldest);
}

Answer gas_price(const Context& context, Params&) {
  return quantity_answer(suggested_price(context));
}
Answer max_priority_fee(const Context& context, Params&) {
  return quantity_answer(suggested_tip(context));
}

/// Of the next block; null before London.
Answer base_fee(const Context& context, Params&) {
  const auto header = context.backend.reader.header(context.backend.reader.head());
  if (!header || !next_rules(context).has(Fork::london)) return null_answer();
  return quantity_answer(next_base_fee(context.backend.chain.spec(), **header));
}

Answer blob_base_fee(const Context& context, Params&) {
  const auto header = context.backend.reader.header(context.backend.reader.head());
  if (!header || !(*header)->blob_gas_used) return null_answer();
  return quantity_answer(context.backend.chain.environment(**header).blob_base_fee);
}

constexpr Method kMethods[] = {
    {"eth_baseFee", Where::worker, base_fee, "", "the next block's base fee", "Quantity|null"},
    {"eth_blobBaseFee", Where::worker, blob_base_fee, "", "the price of blob gas", "Quantity|null"},
    {"eth_feeHistory", Where::worker, fee_history, "blocks, block, percentiles?",
     "base fees, how full blocks were, and tips", "FeeHistory"},
    {"eth_gasPrice", Where::worker, gas_price, "", "what a transaction should pay for one gas", "Quantity"},
    {"eth_maxPriorityFeePerGas", Where::worker, max_priority_fee, "", "what a miner should get of it",
     "Quantity"},
};

}  // namespace

struct FeeCache {
  std::mutex mutex;  ///< held while the tip is worked out: others would only do the same
  BlockId head;
  std::optional<U256> tip;
};
std::shared_ptr<FeeCache> make_fee_cache() {
  return std::make_shared<FeeCache>();
}

U256 suggested_tip(const Context& context) {
  const auto& reader = context.backend.reader;
  auto& pool = context.backend.pool;
  FeeCache& cache = *context.backend.fees;
  const std::lock_guard lock(cache.mutex);
  const auto head = reader.head();
  if (!cache.tip || cache.head != head) {
    cache.tip = work_out_tip(reader, head, cache.tip.value_or(pool.usual_price()));
    cache.head = head;
  }
  return std::max(pool.least_price(), *cache.tip);
}

U256 suggested_price(const Context& context) {
  const auto header = context.backend.reader.header(context.backend.reader.head());
  return suggested_tip(context) + (header ? base_fee_of(**header) : U256{});
}

std::span<const Method> eth_fee_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
