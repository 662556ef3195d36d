// The trace namespace: the calls of blocks and transactions of the chain, in OpenEthereum's shapes.

#include <fmt/format.h>

#include <algorithm>

#include "consensus/rewards.hpp"
#include "rpc/lookup.hpp"
#include "rpc/trace/flat_calls.hpp"
#include "rpc/trace/options.hpp"

namespace quarry::rpc {
namespace {

using namespace trace;

/// Blocks that one trace_filter looks at: each with transactions runs again.
constexpr BlockNum kMostFilterBlocks = 10'000;
constexpr FlatOptions kShape{.parity_errors = true, .precompiles = false, .parity_shape = true};

/// What proof of work paid for a block: the author first, then its ommers' authors.
std::vector<Reward> rewards_of(const Context& context, const Block& block) {
  const auto& spec = context.backend.chain.spec();
  const auto& header = *block.header;
  if (spec.engine != EngineKind::ethash || is_merged(spec, header) || header.number == 0) return {};
  auto out = ethash_rewards(header, block.body.ommers, spec.forks.rules(header.number, header.timestamp));
  std::rotate(out.begin(), out.end() - 1, out.end());
  return out;
}

void write_reward(JsonText& out, const Block& block, const Reward& reward, bool ommer) {
  out.begin_object();
  out.key("action").begin_object();
  out.key("author").hex(reward.to);
  out.key("rewardType").plain(ommer ? "uncle" : "block");
  out.key("value").quantity(reward.amount);
  out.end_object();
  out.key("blockHash").hex(block.header.hash());
  out.key("blockNumber").number(block.header->number);
  out.key("result").null();
  out.key("subtraces").number(0);
  out.key("traceAddress").begin_array().end_array();
  out.key("transactionHash").null();
  out.key("transactionPosition").null();
  out.key("type").plain("reward");
  out.end_object();
}

/// Which traces are wanted.
struct Filter {
  std::vector<Address> from, to;
  bool either = false;  ///< one side suffices
  std::uint64_t after = 0;
  std::uint64_t count = std::numeric_limits<std::uint64_t>::max();

  bool wants_all() const { return from.empty() && to.empty(); }
  bool matches(const Address* sender, const Address* receiver) const {
    const auto has = [](const std::vector<Address>& list, const Address* address) {
      return address != nullptr && std::find(list.begin(), list.end(), *address) != list.end();
    };
    if (wants_all()) return true;
    if (either) return has(from, sender) || has(to, receiver);
    return (from.empty() || has(from, sender)) && (to.empty() || has(to, receiver));
  }
  /// Takes what matched: false while `after` passes over it.
  bool take() {
    if (after != 0) return --after, false;
    --count;
    return true;
  }
  bool done() const { return count == 0; }
};

/// Writes what `filter` wants of one block.
std::optional<RpcError> write_block(const Context& context, const Block& block, Filter& filter,
                                    Budget& budget, JsonText& out) {
  if (block.header->number == 0) return std::nullopt;
  if (!block.body.transactions.empty()) {
    auto replay = BlockReplay::of(context, block);
    if (!replay) return replay.error();
    while (!replay->at_end() && !filter.done()) {
      CallRecorder recorder({}, budget);
      if (auto outcome = replay->run(&recorder, budget, kTraceTime); !outcome) return outcome.error();
      for (const auto& call : flat_calls(recorder, false)) {
        if (filter.done()) break;
        const auto* receiver = call.frame->failed() && call.frame->creates() ? nullptr : &call.frame->to;
        if (filter.matches(&call.frame->from, receiver) && filter.take())
          write_flat_call(out, recorder, call, kShape);
      }
    }
  }
  bool ommer = false;
  for (const auto& reward : rewards_of(context, block)) {
    if (!filter.done() && filter.matches(nullptr, &reward.to) && filter.take())
      write_reward(out, block, reward, ommer);
    ommer = true;
  }
  return std::nullopt;
}

Answer trace_block(const Context& context, Params& params) {
  const auto ref = params.block(0);
  if (params.error()) return tl::unexpected(*params.error());
  const auto block = load(context.backend.reader, resolve(context.backend.reader, ref));
  if (!block) return null_answer();
  Filter all;
  Budget budget;
  JsonText out;
  out.begin_array();
  if (auto error = write_block(context, *block, all, budget, out)) return tl::unexpected(*error);
  return out.end_array().take();
}

std::vector<Address> read_addresses(FieldReader& fields, std::string_view name) {
  std::vector<Address> out;
  const auto* list = fields.find(name);
  if (list == nullptr) return out;
  if (!list->is_array()) {
    fields.reject(fmt::format("{} is an array of addresses", name));
    return out;
  }
  for (const auto& entry : *list) {
    fields.read_fixed(entry, "common.Address", out.emplace_back().bytes);
    if (fields.failed()) break;
  }
  return out;
}

struct FilterRange {
  BlockRef first, last;
};

Filter read_filter(Params& params, FilterRange& range) {
  Filter out;
  FieldReader fields(params, 0, "filters.TraceFilter");
  range.first = fields.block("fromBlock");
  if (fields.find("fromBlock") == nullptr) range.first.kind = BlockRef::Kind::earliest;
  range.last = fields.block("toBlock");
  out.from = read_addresses(fields, "fromAddress");
  out.to = read_addresses(fields, "toAddress");
  const auto* mode = fields.find("mode");
  out.either = mode != nullptr && *mode == "union";
  if (mode != nullptr && !out.either && *mode != "intersection") {
    fields.reject("mode is \"union\" or \"intersection\"");
  }
  out.after = read_count(fields, "after").value_or(0);
  out.count = read_count(fields, "count").value_or(out.count);
  return out;
}

RpcError range_error(BlockNum asked) {
  return {RpcCode::limit_exceeded,
          fmt::format(
              "trace_filter looks at {} blocks at most, and was asked for {}\nAsk for fewer: toBlock is at "
              "most fromBlock + {}.",
              kMostFilterBlocks, asked, kMostFilterBlocks - 1)};
}

Answer trace_filter(const Context& context, Params& params) {
  FilterRange range;
  auto filter = read_filter(params, range);
  if (params.error()) return tl::unexpected(*params.error());
  const auto& reader = context.backend.reader;
  const auto first = resolve(reader, range.first), last = resolve(reader, range.last);
  if (!first || !last || last->number < first->number) {
    return rpc_fail(RpcCode::failed, "invalid block range: fromBlock to toBlock are blocks of this chain");
  }
  const auto count = last->number - first->number + 1;
  if (count > kMostFilterBlocks) return tl::unexpected(range_error(count));
  const Deadline deadline;
  Budget budget;
  JsonText out;
  out.begin_array();
  for (auto number = first->number; number <= last->number && !filter.done(); ++number) {
    if (deadline.passed()) {
      return rpc_fail(
          RpcCode::limit_exceeded,
          fmt::format("trace_filter ran out of time at block {}\nAsk for the blocks {} to {} first, "
                      "then go on from {}.",
                      number, first->number, number - 1, number));
    }
    const auto block = load(reader, reader.canonical(number));
    if (!block) return rpc_fail(RpcCode::failed, fmt::format("block #{} not found", number));
    if (auto error = write_block(context, *block, filter, budget, out)) return tl::unexpected(*error);
  }
  return out.end_array().take();
}

/// A transaction's calls; nothing when there is no such transaction.
Expected<std::unique_ptr<CallRecorder>, RpcError> record(const Context& context, const TxnHash& hash,
                                                         Budget& budget) {
  const auto found = find_txn(context, hash);
  if (!found) return nullptr;
  auto recorder = std::make_unique<CallRecorder>(CallTracerOptions{}, budget);
  if (auto outcome = trace_txn(context, *found, *recorder, budget); !outcome) {
    return tl::unexpected(outcome.error());
  }
  return recorder;
}

Answer trace_transaction(const Context& context, Params& params) {
  const auto hash = params.fixed<TxnHash>(0, "common.Hash");
  if (params.error()) return tl::unexpected(*params.error());
  Budget budget;
  const auto recorder = record(context, hash, budget);
  if (!recorder) return tl::unexpected(recorder.error());
  if (*recorder == nullptr) return null_answer();
  JsonText out;
  out.begin_array();
  for (const auto& call : flat_calls(**recorder, false)) write_flat_call(out, **recorder, call, kShape);
  return out.end_array().take();
}

/// ["0x0", "0x2"]: the third call of the first one.
std::vector<std::size_t> read_trace_address(Params& params, std::size_t index) {
  std::vector<std::size_t> out;
  const auto* list = params.array(index);
  if (list == nullptr) return out;
  Params inner(*list);
  for (std::size_t i = 0; i < list->size() && !inner.error(); ++i) out.push_back(inner.quantity(i));
  if (inner.error()) params.reject(index, "the place of a call is an array of quantities");
  return out;
}

Answer trace_get(const Context& context, Params& params) {
  const auto hash = params.fixed<TxnHash>(0, "common.Hash");
  const auto address = read_trace_address(params, 1);
  if (params.error()) return tl::unexpected(*params.error());
  Budget budget;
  const auto recorder = record(context, hash, budget);
  if (!recorder) return tl::unexpected(recorder.error());
  if (*recorder == nullptr) return null_answer();
  for (const auto& call : flat_calls(**recorder, false)) {
    if (call.address != address) continue;
    JsonText out;
    write_flat_call(out, **recorder, call, kShape);
    return out.take();
  }
  return null_answer();
}

constexpr Method kMethods[] = {
    {"trace_block", Where::slow, trace_block, "block", "the calls of a block's transactions, and its rewards",
     "[FlatCall]|null"},
    {"trace_filter", Where::slow, trace_filter, "traceFilter",
     "calls from and to addresses in a range of blocks", "[FlatCall]"},
    {"trace_get", Where::slow, trace_get, "hash, place", "one call of a transaction", "FlatCall|null"},
    {"trace_transaction", Where::slow, trace_transaction, "hash", "a transaction's calls", "[FlatCall]|null"},
};

}  // namespace

std::span<const Method> trace_block_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
