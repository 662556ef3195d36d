#include "node/fork_change.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace quarry {
namespace {
using By = Activation::By;

std::string describe(const std::optional<Activation>& activation) {
  if (!activation) return "not set";
  return fmt::format("{} {}", activation->by == By::block ? "block" : "time", activation->at);
}

const char* name_of(EngineKind engine) {
  switch (engine) {
    case EngineKind::ethash:
      return "ethash";
    case EngineKind::clique:
      return "clique";
    case EngineKind::jbc:
      return "jbc";
  }
  return "?";
}

/// geth prints "EIP150", not "EIP-150".
std::string geth_name(const ForkInfo& row) {
  std::string name(row.name);
  std::erase(name, '-');
  return name;
}

std::string number_or_nil(const std::optional<Activation>& activation) {
  return activation ? std::to_string(activation->at) : "<nil>";
}

Error mismatch(const ForkInfo& row, const std::optional<Activation>& have,
               const std::optional<Activation>& wanted) {
  const bool by_time = (have ? have : wanted)->by == By::time;
  std::uint64_t first = ~std::uint64_t{0};
  for (const auto& each : {have, wanted})
    if (each) first = std::min(first, each->at);
  return {fmt::format("mismatching {} fork {} in database (have {}, want {}, rewindto {})", geth_name(row),
                      by_time ? "timestamp" : "block", number_or_nil(have), number_or_nil(wanted),
                      first == 0 ? 0 : first - 1),
          fmt::format(
              "The chain's blocks were made with {} {}; a fork can change only while it lies ahead of the "
              "head. Put that back into the genesis file, or start anew in another --datadir.",
              row.name, have ? "at " + describe(have) : "not set")};
}
}  // namespace

Result<std::vector<std::string>> fork_changes(const ChainSpec& have, const ChainSpec& wanted, BlockNum head,
                                              Timestamp head_time) {
  std::vector<std::string> changes;
  for (const ForkInfo& row : kForkTable) {
    const auto &before = have.forks[row.fork], &after = wanted.forks[row.fork];
    if (before == after) continue;
    // Block 0 alone has run no rule yet but those of its own header.
    const auto in_force = [&](const std::optional<Activation>& each) {
      return each && each->reached(head, head_time);
    };
    if (head > 0 && (in_force(before) || in_force(after)))
      return tl::unexpected(mismatch(row, before, after));
    changes.push_back(fmt::format("{}: {} -> {}", row.name, describe(before), describe(after)));
  }
  const auto note = [&](std::string_view what, const auto& before, const auto& after) {
    if (before != after) changes.push_back(fmt::format("{}: {} -> {}", what, before, after));
  };
  const bool signs_chain_id =
      head > 0 && have.forks[Fork::eip155] && have.forks[Fork::eip155]->reached(head, head_time);
  if (signs_chain_id && have.chain_id != wanted.chain_id)
    return fail(fmt::format("mismatching chain ID in database (have {}, want {}, rewindto 0)",
                            have.chain_id.to_decimal(), wanted.chain_id.to_decimal()),
                "Transactions are signed for the chain id since EIP-155. Start anew in another --datadir to "
                "change it.");
  if (head > 0 && (have.engine != wanted.engine || have.clique != wanted.clique || have.jbc != wanted.jbc))
    return fail(fmt::format("mismatching consensus engine settings in database (head is block {})", head),
                "How blocks are sealed is fixed with block 1. Start anew in another --datadir to change it.");
  note("chainId", have.chain_id.to_decimal(), wanted.chain_id.to_decimal());
  note("clique.period", have.clique.period, wanted.clique.period);
  note("clique.epoch", have.clique.epoch, wanted.clique.epoch);
  note("engine", name_of(have.engine), name_of(wanted.engine));
  return changes;
}

std::vector<std::string> unset_forks(const ChainSpec& spec) {
  std::vector<std::string> lines;
  for (const ForkInfo& row : kForkTable) {
    if (spec.forks[row.fork] || row.brings.empty()) continue;
    // Petersburg takes a part of Constantinople away; it is in force with it unless set otherwise.
    if (row.fork == Fork::petersburg) continue;
    lines.push_back(fmt::format("{}: missing {}", row.name, row.brings));
  }
  return lines;
}

}  // namespace quarry
