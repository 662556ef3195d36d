#include "consensus/rewards.hpp"

namespace quarry {
namespace {
constexpr std::uint64_t kEther = 1'000'000'000'000'000'000;
/// An ommer of depth d (1 to 6) gets (8 - d)/8 of the reward.
constexpr std::uint64_t kOmmerShares = 8;
/// The author gets 1/32 of the reward for each ommer.
constexpr unsigned kInclusionShift = 5;
}  // namespace

Wei block_reward(const Rules& rules) {
  if (rules.has(Fork::constantinople)) return Wei{2} * Wei{kEther};
  if (rules.has(Fork::byzantium)) return Wei{3} * Wei{kEther};
  return Wei{5} * Wei{kEther};
}

std::vector<Reward> ethash_rewards(const Header& header, std::span<const SealedHeader> ommers,
                                   const Rules& rules) {
  const Wei reward = block_reward(rules);
  std::vector<Reward> out;
  Wei author = reward;
  for (const auto& ommer : ommers) {
    const std::uint64_t shares = ommer->number + kOmmerShares - header.number;
    out.push_back({ommer->beneficiary, reward * Wei{shares} / Wei{kOmmerShares}});
    author += reward >> kInclusionShift;
  }
  out.push_back({header.beneficiary, author});
  return out;
}

}  // namespace quarry
