// A scan over the blooms of the canonical headers, and over the receipts of the blocks whose bloom does not
// rule them out.
#include "rpc/log_search.hpp"

#include <fmt/format.h>

#include <chrono>

#include "rpc/lookup.hpp"

namespace quarry::rpc {
namespace {

using Clock = std::chrono::steady_clock;

/// Blocks that are asked of the index at once.
constexpr std::size_t kSweep = 512;

class Scan {
 public:
  Scan(const Context& context, const LogFilter& filter) : context_(context), filter_(filter) {
    out_.begin_array();
  }

  /// False when there are too many logs; those of this block are not in the answer's count then.
  bool add_block(const BlockId& id) {
    const auto receipts = context_.backend.reader.receipts(id);
    if (!receipts || !any_match(*receipts)) return true;
    const auto block = context_.backend.reader.block(id);
    if (!block || block->body.transactions.size() != receipts->size()) return true;
    const auto place = place_of(block->header);
    std::size_t log_index = 0;
    for (std::size_t i = 0; i < receipts->size(); ++i) {
      if ((*receipts)[i].logs.empty()) continue;
      const auto hash = hash_of(block->body.transactions[i]);
      for (const auto& log : (*receipts)[i].logs) {
        if (filter_.matches(log)) {
          write_log(out_, log, {place, hash, i, log_index});
          ++count_;
        }
        ++log_index;
      }
    }
    return count_ <= context_.backend.log_limits.most_results;
  }
  std::string take() { return out_.end_array().take(); }

 private:
  bool any_match(const std::vector<Receipt>& receipts) const {
    for (const auto& receipt : receipts)
      for (const auto& log : receipt.logs)
        if (filter_.matches(log)) return true;
    return false;
  }

  const Context& context_;
  const LogFilter& filter_;
  JsonText out_;
  std::size_t count_ = 0;
};

/// What was asked is too much: says which part of it can be had, and how to go on.
Answer too_much(std::string_view what, BlockNum first, BlockNum reached, BlockNum last) {
  if (reached <= first) {
    return rpc_fail(
        RpcCode::limit_exceeded,
        fmt::format("{}: block {} alone passes the bound; ask for fewer addresses or topics", what, first));
  }
  return rpc_fail(RpcCode::limit_exceeded,
                  fmt::format("{}. Try with this block range [{:#x}, {:#x}], then go on with [{:#x}, {:#x}]",
                              what, first, reached - 1, reached, last));
}

Answer scan_range(const Context& context, const LogFilter& filter, BlockNum first, BlockNum last) {
  const auto& reader = context.backend.reader;
  const auto& limits = context.backend.log_limits;
  const auto until = Clock::now() + limits.most_time;
  Scan scan(context, filter);
  for (BlockNum from = first; from <= last;) {
    const auto blocks = reader.blocks_with_logs(filter, from, last, kSweep);
    for (const BlockNum number : blocks) {
      const auto id = reader.canonical(number);
      if (id && !scan.add_block(*id)) {
        return too_much(fmt::format("query returned more than {} results", limits.most_results), first,
                        number, last);
      }
      if (Clock::now() > until) {
        return too_much(fmt::format("query took more than {} ms", limits.most_time.count()), first, number,
                        last);
      }
    }
    if (blocks.size() < kSweep) break;
    from = blocks.back() + 1;
  }
  return scan.take();
}

}  // namespace

Answer search_logs(const Context& context, const LogQuery& query) {
  const auto& reader = context.backend.reader;
  if (query.block) {
    const auto id = reader.find(*query.block);
    if (!id) return rpc_fail(RpcCode::failed, "unknown block");
    Scan scan(context, query.filter);
    scan.add_block(*id);
    return scan.take();
  }
  const auto height = [&](const BlockRef& ref) -> std::optional<BlockNum> {
    if (ref.kind == BlockRef::Kind::number) return ref.number;
    const auto id = resolve(reader, ref);
    return id ? std::optional(id->number) : std::nullopt;
  };
  const auto from = height(query.from), to = height(query.to);
  if (!from || !to) return rpc_fail(RpcCode::failed, "unknown block");
  if (*from > *to) return rpc_fail(RpcCode::invalid_params, "invalid block range params");
  return scan_range(context, query.filter, *from, std::min(*to, reader.head().number));
}

}  // namespace quarry::rpc
