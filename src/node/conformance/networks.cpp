#include "node/conformance/networks.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <vector>

#include "node/conformance/values.hpp"

namespace quarry::conformance {
namespace {
/// A fork as the tests name it, in the order in which they came. Each has all that those before it have.
struct Step {
  std::array<std::string_view, 3> names;
  std::vector<Fork> forks;
  bool post_merge = false;
};
const std::vector<Step>& history() {
  using F = Fork;
  static const std::vector<Step> steps = {
      {{"Frontier"}, {}},
      {{"Homestead"}, {F::homestead}},
      {{"Dao", "DAOFork"}, {F::dao}},
      {{"EIP150", "TangerineWhistle"}, {F::eip150}},
      {{"EIP158", "SpuriousDragon"}, {F::eip155, F::eip158}},
      {{"Byzantium"}, {F::byzantium}},
      {{"Constantinople"}, {F::constantinople}},
      {{"ConstantinopleFix", "Petersburg"}, {F::petersburg}},
      {{"Istanbul"}, {F::istanbul}},
      {{"MuirGlacier", "EIP2384"}, {F::muir_glacier}},
      {{"Berlin"}, {F::berlin}},
      {{"London", "EIP1559"}, {F::london}},
      {{"ArrowGlacier", "EIP4345"}, {F::arrow_glacier}},
      {{"GrayGlacier", "EIP5133"}, {F::gray_glacier}},
      {{"Paris", "Merge", "MergeNetsplit"}, {F::merge_netsplit}, true},
      {{"Shanghai"}, {F::shanghai}, true},
      {{"Cancun"}, {F::cancun}, true},
      {{"Prague"}, {F::prague}, true},
      {{"Osaka"}, {F::osaka}, true},
      {{"BPO1"}, {F::bpo1}, true},
      {{"BPO2"}, {F::bpo2}, true},
      {{"BPO3"}, {F::bpo3}, true},
      {{"BPO4"}, {F::bpo4}, true},
      {{"BPO5"}, {F::bpo5}, true},
  };
  return steps;
}

std::optional<std::size_t> place_of(std::string_view name) {
  for (std::size_t i = 0; i < history().size(); ++i)
    if (!name.empty() && std::ranges::count(history()[i].names, name) != 0) return i;
  return std::nullopt;
}

/// Switches on what came after step `from`, up to `to` and with it.
void switch_on(ChainSpec& spec, std::size_t from, std::size_t to, Activation at) {
  for (std::size_t i = from; i <= to; ++i) {
    const Step& step = history()[i];
    // The DAO's fork was one chain's answer to one event; no network has it but those named after it.
    const bool is_dao = step.forks == std::vector{Fork::dao};
    if (is_dao && i != to) continue;
    if (is_dao) spec.dao_fork_support = true;
    for (const Fork fork : step.forks) spec.forks[fork] = at;
  }
}

/// "5", "15k"; nothing when it is no number.
std::optional<std::uint64_t> number_of_text(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc{} || (!rest.empty() && rest != "k")) return std::nullopt;
  return rest == "k" ? value * 1000 : value;
}

/// A network without any fork.
Network frontier() {
  Network network;
  network.spec.chain_id = 1;
  // Left unset, Petersburg would come with Constantinople.
  network.spec.forks[Fork::petersburg] = Activation{Activation::By::block, ~BlockNum{0}};
  return network;
}

/// What stands after "At": "5", "Time15k", "DiffC0000".
bool read_moment(std::string_view text, ChainSpec& spec, Activation& at) {
  constexpr std::string_view kTime = "Time", kDifficulty = "Diff";
  if (text.starts_with(kDifficulty)) {
    const auto total = U256::parse("0x" + std::string(text.substr(kDifficulty.size())));
    spec.terminal_total_difficulty = total;
    return total.has_value();
  }
  const bool by_time = text.starts_with(kTime);
  if (by_time) text.remove_prefix(kTime.size());
  const auto moment = number_of_text(text);
  if (moment) at = {by_time ? Activation::By::time : Activation::By::block, *moment};
  return moment.has_value();
}

std::optional<Network> transition(std::string_view first, std::string_view last, std::string_view moment) {
  const auto from = place_of(first), to = place_of(last);
  if (!from || !to || *from >= *to) return std::nullopt;
  Network network = frontier();
  network.post_merge = history()[*from].post_merge;
  if (network.post_merge) network.spec.terminal_total_difficulty = U256{};
  switch_on(network.spec, 0, *from, {});
  Activation at{Activation::By::block, ~std::uint64_t{0}};
  if (!read_moment(moment, network.spec, at)) return std::nullopt;
  switch_on(network.spec, *from + 1, *to, at);
  return network;
}
}  // namespace

std::optional<Network> find_network(std::string_view name) {
  if (const auto to = place_of(name)) {
    Network network = frontier();
    network.post_merge = history()[*to].post_merge;
    if (network.post_merge) network.spec.terminal_total_difficulty = U256{};
    switch_on(network.spec, 0, *to, {});
    return network;
  }
  const auto to = name.find("To"), at = name.rfind("At");
  if (to == name.npos || at == name.npos || at < to + 2) return std::nullopt;
  return transition(name.substr(0, to), name.substr(to + 2, at - to - 2), name.substr(at + 2));
}

void read_config(const nlohmann::json& config, ChainSpec& spec) {
  if (config.contains("chainid")) spec.chain_id = number_of(config.at("chainid"));
  if (!config.contains("blobSchedule")) return;
  for (const auto& [name, row] : config.at("blobSchedule").items()) {
    const auto place = place_of(name);
    if (!place) continue;
    const BlobParams params{u64_of(row.at("target")), u64_of(row.at("max")),
                            u64_of(row.at("baseFeeUpdateFraction"))};
    for (const Fork fork : history()[*place].forks) spec.blob_schedule[fork] = params;
  }
}

}  // namespace quarry::conformance
