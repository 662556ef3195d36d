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

std::string decimal_or_nil(const std::optional<U256>& value) {
  return value ? value->to_decimal() : "<nil>";
}

/// What no chain with blocks can change.
std::optional<Error> fixed_mismatch(const ChainSpec& have, const ChainSpec& wanted, const ChainTip& tip) {
  if (tip.number == 0) return {};
  const bool signs_chain_id = have.forks.rules(tip.number, tip.timestamp).has(Fork::eip155);
  if (signs_chain_id && have.chain_id != wanted.chain_id)
    return Error{fmt::format("mismatching chain ID in database (have {}, want {}, rewindto 0)",
                             have.chain_id.to_decimal(), wanted.chain_id.to_decimal()),
                 "Transactions are signed for the chain id since EIP-155. Start anew in another --datadir to "
                 "change it."};
  CliqueParams clique = wanted.clique;
  clique.eip3436 = have.clique.eip3436;  // chooses among branches that are right either way
  if (have.engine != wanted.engine || have.clique != clique || have.jbc != wanted.jbc)
    return Error{
        fmt::format("mismatching consensus engine settings in database (head is block {})", tip.number),
        "How blocks are sealed is fixed with block 1. Start anew in another --datadir to change it."};
  if (have.zero_base_fee != wanted.zero_base_fee &&
      have.forks.rules(tip.number, tip.timestamp).has(Fork::london))
    return Error{fmt::format("mismatching zeroBaseFee in database (have {}, want {})", have.zero_base_fee,
                             wanted.zero_base_fee),
                 "Blocks since London were made with it. Put it back into the genesis file."};
  return {};
}

/// The merge, and what holds after it only.
std::optional<Error> merge_mismatch(const ChainSpec& have, const ChainSpec& wanted, const ChainTip& tip) {
  if (tip.number == 0) return {};
  const auto &before = have.terminal_total_difficulty, &after = wanted.terminal_total_difficulty;
  if (before != after && (tip.merged || (after && tip.parent_total >= *after)))
    return Error{fmt::format("mismatching terminal total difficulty in database (have {}, want {})",
                             decimal_or_nil(before), decimal_or_nil(after)),
                 fmt::format("The parent of the head, block {}, has a total difficulty of {}; the merge can "
                             "move only while it lies ahead.",
                             tip.number, tip.parent_total.to_decimal())};
  if (!tip.merged) return {};
  const Rules rules = have.forks.rules(tip.number, tip.timestamp);
  if (blob_params(have, rules) != blob_params(wanted, rules))
    return Error{"mismatching blobSchedule in database: that of the fork in force differs",
                 "Blocks were made with it. Change the schedule of forks that lie ahead only."};
  if (rules.has(Fork::prague) && have.deposit_contract != wanted.deposit_contract)
    return Error{fmt::format("mismatching depositContractAddress in database (have {}, want {})",
                             have.deposit_contract.hex(), wanted.deposit_contract.hex()),
                 "Since Prague blocks are checked for its deposits. Put it back into the genesis file."};
  return {};
}
}  // namespace

Result<std::vector<std::string>> fork_changes(const ChainSpec& have, const ChainSpec& wanted,
                                              const ChainTip& tip) {
  std::vector<std::string> changes;
  for (const ForkInfo& row : kForkTable) {
    const auto &before = have.forks[row.fork], &after = wanted.forks[row.fork];
    if (before == after) continue;
    // Block 0 alone has run no rule yet but those of its own header.
    const auto in_force = [&](const std::optional<Activation>& each) {
      return each && each->reached(tip.number, tip.timestamp);
    };
    if (tip.number > 0 && (in_force(before) || in_force(after)))
      return tl::unexpected(mismatch(row, before, after));
    changes.push_back(fmt::format("{}: {} -> {}", row.name, describe(before), describe(after)));
  }
  if (auto error = fixed_mismatch(have, wanted, tip)) return tl::unexpected(std::move(*error));
  if (auto error = merge_mismatch(have, wanted, tip)) return tl::unexpected(std::move(*error));
  const auto note = [&](std::string_view what, const auto& before, const auto& after) {
    if (before != after) changes.push_back(fmt::format("{}: {} -> {}", what, before, after));
  };
  note("chainId", have.chain_id.to_decimal(), wanted.chain_id.to_decimal());
  note("zeroBaseFee", have.zero_base_fee, wanted.zero_base_fee);
  note("clique.period", have.clique.period, wanted.clique.period);
  note("clique.epoch", have.clique.epoch, wanted.clique.epoch);
  note("clique.eip3436", have.clique.eip3436, wanted.clique.eip3436);
  note("engine", name_of(have.engine), name_of(wanted.engine));
  note("terminalTotalDifficulty", decimal_or_nil(have.terminal_total_difficulty),
       decimal_or_nil(wanted.terminal_total_difficulty));
  note("depositContractAddress", have.deposit_contract.hex(), wanted.deposit_contract.hex());
  if (have.blob_schedule != wanted.blob_schedule) changes.emplace_back("blobSchedule: changed");
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

std::vector<std::string> misordered_forks(const ChainSpec& spec) {
  std::vector<std::string> lines;
  const ForkInfo* earlier = nullptr;
  for (const ForkInfo& row : kForkTable) {
    const auto& at = spec.forks[row.fork];
    // The DAO's fork moves ether, and has no place among rules.
    if (!at || row.fork == Fork::dao || at->by != Activation::By::block) continue;
    if (earlier != nullptr && at->at < spec.forks[earlier->fork]->at)
      lines.push_back(
          fmt::format("unsupported fork ordering: {} enabled at block {}, but {} enabled at block {}",
                      earlier->name, spec.forks[earlier->fork]->at, row.name, at->at));
    earlier = &row;
  }
  return lines;
}

}  // namespace quarry
