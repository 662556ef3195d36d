#include "consensus/rewards.hpp"

namespace quarry {
namespace {
constexpr std::uint64_t kEther = 1'000'000'000'000'000'000;
/// An ommer of depth d (1 to 6) gets (8 - d)/8 of the reward.
constexpr std::uint64_t kOmmerShares = 8;
/// The author gets 1/32 of the reward for each ommer.
constexpr unsigned kInclusionShift = 5;
}  // namespace

void add_balance(const StateView& state, StateDiff& diff, const Address& address, const Wei& amount) {
  const auto [entry, is_new] = diff.accounts.try_emplace(address);
  if (is_new) entry->second.after = state.account(address);
  Account account = entry->second.after.value_or(Account{});
  account.balance += amount;
  entry->second.after = account;
}

Wei block_reward(const Rules& rules) {
  if (rules.has(Fork::constantinople)) return Wei{2} * Wei{kEther};
  if (rules.has(Fork::byzantium)) return Wei{3} * Wei{kEther};
  return Wei{5} * Wei{kEther};
}

void add_ethash_rewards(const StateView& state, const Header& header, std::span<const SealedHeader> ommers,
                        const Rules& rules, StateDiff& diff) {
  const Wei reward = block_reward(rules);
  Wei author = reward;
  for (const auto& ommer : ommers) {
    const std::uint64_t shares = ommer->number + kOmmerShares - header.number;
    add_balance(state, diff, ommer->beneficiary, reward * Wei{shares} / Wei{kOmmerShares});
    author += reward >> kInclusionShift;
  }
  add_balance(state, diff, header.beneficiary, author);
}

}  // namespace quarry
