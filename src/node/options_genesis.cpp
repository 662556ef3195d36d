// Options of the commands that make chains of authorities: genesis new, clique recover.
#include "core/fixed_bytes.hpp"
#include "node/options_setters.hpp"

namespace quarry {
namespace {

using G = NodeOptions::GenesisNew;
using enum OptionGroup;

template <EngineChoice Choice>
Result<> choose(NodeOptions& to, std::string_view value) {
  const auto on = read_switch(value);
  if (!on) return tl::unexpected(on.error());
  if (*on) to.genesis_new.engine = Choice;
  return {};
}
Result<> set_signers(NodeOptions& to, std::string_view value) {
  to.genesis_new.engine = EngineChoice::clique;
  for (std::string& signer : split_list(value)) to.genesis_new.signers.push_back(std::move(signer));
  return {};
}
Result<> set_present(NodeOptions& to, std::string_view value) {
  for (std::string& signer : split_list(value)) to.present_signers.push_back(std::move(signer));
  return {};
}
Result<> add_funds(NodeOptions& to, std::string_view value) {
  for (std::string& account : split_list(value)) to.genesis_new.funds.push_back(std::move(account));
  return {};
}
template <auto Field, std::uint64_t Least>
Result<> set_new_number(NodeOptions& to, std::string_view value) {
  const auto number = number_between(value, Least, kMaxU64);
  if (!number) return tl::unexpected(number.error());
  to.genesis_new.*Field = *number;
  return {};
}
Result<> set_forks(NodeOptions& to, std::string_view value) {
  to.genesis_new.forks = std::string(value);
  return {};
}
Result<> set_out(NodeOptions& to, std::string_view value) {
  if (value.empty()) return fail("a path must not be empty");
  to.genesis_new.out = expand_home(value);
  return {};
}
Result<> set_eip3436(NodeOptions& to, std::string_view value) {
  const auto on = read_switch(value);
  if (!on) return tl::unexpected(on.error());
  to.genesis_new.eip3436 = *on;
  return {};
}

constexpr OptionRow kOptions[] = {
    {"clique", {}, genesis, "ADDR…", "genesis new: blocks are signed by these accounts in turn", set_signers},
    {"ethash",
     {},
     genesis,
     "",
     "genesis new: blocks are mined, as on early Ethereum",
     choose<EngineChoice::ethash>},
    {"jbc", {}, genesis, "", "genesis new: a chain of JSON files", choose<EngineChoice::jbc>},
    {"chainid",
     {"chain-id"},
     genesis,
     "N",
     "genesis new, dev: the chain's id, which transactions are signed for",
     set_new_number<&G::chain_id, 1>},
    {"period",
     {},
     genesis,
     "N",
     "genesis new, dev: seconds between signed blocks; 0: when there are transactions",
     set_new_number<&G::period, 0>},
    {"epoch",
     {},
     genesis,
     "N",
     "genesis new: signed blocks between checkpoints, which forget votes (30000)",
     set_new_number<&G::epoch, 1>},
    {"eip3436",
     {},
     genesis,
     "",
     "genesis new: signers choose alike among branches of the same weight",
     set_eip3436},
    {"forks", {}, genesis, "NAME", "genesis new: all forks up to this one from block 0 (london)", set_forks},
    {"fund",
     {},
     genesis,
     "ADDR[=ETHER]",
     "genesis new: an account that has ether from the start (1000)",
     add_funds},
    {"difficulty",
     {},
     genesis,
     "N",
     "genesis new: difficulty of block 0 of a mined chain (131072)",
     set_new_number<&G::difficulty, 1>},
    {"out",
     {},
     genesis,
     "FILE",
     "genesis new: where to write, as FILE; without it to the standard output",
     set_out},
    {"signers",
     {},
     genesis,
     "ADDR…",
     "clique recover: the signers that can still sign; without it all",
     set_present},
    {"rewind-to",
     {},
     genesis,
     "N",
     "clique recover: the block to go back to, instead of finding it",
     set_number<&NodeOptions::rewind_to, 0, kMaxU64>},
};
}  // namespace

std::span<const OptionRow> genesis_options() {
  return kOptions;
}

}  // namespace quarry
