// The txpool namespace: what waits for a block.

#include <fmt/format.h>

#include <map>

#include "core/address_text.hpp"
#include "core/sender.hpp"
#include "rpc/lookup.hpp"

namespace quarry::rpc {
namespace {

/// By sender, then nonce.
using Sorted = std::map<Address, std::map<std::uint64_t, Transaction>>;

Sorted sorted(std::vector<Transaction> txns) {
  Sorted out;
  for (auto& txn : txns) {
    if (const auto sender = sender_of(txn)) out[*sender][txn.nonce] = std::move(txn);
  }
  return out;
}

void write_whole(JsonText& out, const Transaction& txn) {
  write_pending(out, txn);
}
/// geth's one line: whom to, how much, at what price.
void write_summary(JsonText& out, const Transaction& txn) {
  out.plain(fmt::format("{}: {} wei + {} gas × {} wei", txn.to ? checksummed(*txn.to) : "contract creation",
                        txn.value.to_decimal(), txn.gas_limit, txn.max_fee_per_gas.to_decimal()));
}

using WriteTxn = void (*)(JsonText&, const Transaction&);

void write_line(JsonText& out, const std::map<std::uint64_t, Transaction>& txns, WriteTxn write) {
  out.begin_object();
  for (const auto& [nonce, txn] : txns) write(out.key(std::to_string(nonce)), txn);
  out.end_object();
}

void write_all(JsonText& out, const Sorted& accounts, WriteTxn write) {
  out.begin_object();
  for (const auto& [sender, txns] : accounts) write_line(out.key(checksummed(sender)), txns, write);
  out.end_object();
}

template <WriteTxn write>
Answer content(const Context& context, Params&) {
  JsonText out;
  out.begin_object();
  write_all(out.key("pending"), sorted(context.backend.pool.pending()), write);
  write_all(out.key("queued"), sorted(context.backend.pool.queued()), write);
  return out.end_object().take();
}

Answer content_from(const Context& context, Params& params) {
  const auto sender = params.address(0);
  if (params.error()) return tl::unexpected(*params.error());
  JsonText out;
  out.begin_object();
  write_line(out.key("pending"), sorted(context.backend.pool.pending())[sender], write_whole);
  write_line(out.key("queued"), sorted(context.backend.pool.queued())[sender], write_whole);
  return out.end_object().take();
}

Answer status(const Context& context, Params&) {
  return json_answer({{"pending", quantity(context.backend.pool.pending().size())},
                      {"queued", quantity(context.backend.pool.queued().size())}});
}

constexpr Method kMethods[] = {
    {"txpool_content", Where::worker, content<write_whole>, "", "all transactions that wait", "Pooled"},
    {"txpool_contentFrom", Where::worker, content_from, "address", "those of one account", "PooledAccount"},
    {"txpool_inspect", Where::worker, content<write_summary>, "", "the same, a line each", "PoolSummary"},
    {"txpool_status", Where::worker, status, "", "how many transactions wait", "PoolStatus"},
};

}  // namespace

std::span<const Method> txpool_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
