#include "consensus/block_executor.hpp"

#include <fmt/format.h>

namespace quarry {
namespace {
void add_balance(const StateView& state, StateDiff& diff, const Reward& reward) {
  const auto [entry, is_new] = diff.accounts.try_emplace(reward.to);
  if (is_new) entry->second.after = state.account(reward.to);
  Account account = entry->second.after.value_or(Account{});
  account.balance += reward.amount;
  entry->second.after = account;
}
}  // namespace

Expected<Execution, BlockError> execute_block(const StateView& state, const Header& header, const Body& body,
                                              const ExecutionContext& context,
                                              std::span<const std::optional<Address>>) {
  if (!body.transactions.empty()) {
    return tl::unexpected(BlockError{
        BlockRule::transactions_unsupported,
        fmt::format("block {} has {} transaction{}: this version executes blocks without transactions only",
                    header.number, body.transactions.size(), body.transactions.size() == 1 ? "" : "s")});
  }
  Execution out;
  const Rules rules = context.spec.forks.rules(header.number, header.timestamp);
  for (const Reward& reward : context.engine.rewards(header, body.ommers, rules))
    add_balance(state, out.diff, reward);
  return out;
}

}  // namespace quarry
