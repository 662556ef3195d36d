#include "node/options_table.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <limits>

#include "core/fixed_bytes.hpp"
#include "node/options_setters.hpp"

namespace quarry {
namespace {

Result<> set_sync_mode(NodeOptions& to, std::string_view value) {
  if (value == "light")
    return fail("light clients are not supported", "Use --syncmode fast (the default) or full.");
  // "snap" is what geth has in fast's place: a quick way to the head's state.
  if (value != "full" && value != "fast" && value != "snap")
    return fail(fmt::format("unknown sync mode \"{}\", want \"full\" or \"fast\"", value));
  to.sync_mode = value == "full" ? SyncMode::full : SyncMode::fast;
  return {};
}
Result<> set_fast(NodeOptions& to, std::string_view) {
  to.sync_mode = SyncMode::fast;
  return {};
}

Result<> set_gcmode(NodeOptions& to, std::string_view value) {
  if (value != "full" && value != "archive") return fail("want \"full\" or \"archive\"");
  to.gcmode = std::string(value);
  return {};
}

Result<> set_nat(NodeOptions& to, std::string_view value) {
  for (std::string_view known : {"any", "none", "off"})
    if (value == known) {
      to.nat = value == "off" ? "none" : std::string(value);
      return {};
    }
  in_addr address{};
  if (value.starts_with("extip:") &&
      inet_pton(AF_INET, std::string(value.substr(6)).c_str(), &address) == 1) {
    to.nat = std::string(value);
    return {};
  }
  return fail(
      fmt::format("unknown mechanism \"{}\"", value),
      "Use any, none, or extip:IP with the address others see. Routers are not asked (UPnP, NAT-PMP).");
}

bool is_cidr(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return false;
  const std::string host = text.substr(0, slash);
  std::array<unsigned char, 16> raw{};
  const bool v4 = inet_pton(AF_INET, host.c_str(), raw.data()) == 1;
  if (!v4 && inet_pton(AF_INET6, host.c_str(), raw.data()) != 1) return false;
  return number_between(std::string_view(text).substr(slash + 1), 0, v4 ? 32 : 128).has_value();
}

Result<> set_net_restrict(NodeOptions& to, std::string_view value) {
  std::vector<std::string> networks = split_list(value);
  for (const std::string& network : networks)
    if (!is_cidr(network))
      return fail(fmt::format("invalid CIDR address: {}", network),
                  "Write networks as 192.168.0.0/16,10.0.0.0/8.");
  to.net_restrict = std::move(networks);
  return {};
}

Result<> set_node_key_hex(NodeOptions& to, std::string_view value) {
  if (!Hash256::from_hex(value)) return fail("a node key is 64 hex digits");
  to.node_key_hex = std::string(value.starts_with("0x") ? value.substr(2) : value);
  return {};
}

Result<> set_preload(NodeOptions& to, std::string_view value) {
  to.preload.clear();
  for (const std::string& file : split_list(value)) to.preload.push_back(expand_home(file));
  return {};
}

using O = NodeOptions;
constexpr std::uint64_t kMaxPort = 65535;
using enum OptionGroup;

constexpr OptionRow kOptions[] = {
    {"datadir",
     {},
     data,
     "DIR",
     "Where chain, node key and accounts live (default ~/.quarry)",
     set_path<&O::datadir>},
    {"keystore",
     {},
     data,
     "DIR",
     "Where key files live (default: keystore in the data dir)",
     set_path<&O::keystore>},
    {"cache", {}, data, "MB", "Memory for caches (default 512)", set_number<&O::cache_mb, 16, 1 << 20>},
    {"syncmode",
     {},
     data,
     "MODE",
     "fast (the head's state, then blocks) or full (default fast)",
     set_sync_mode},
    {"fast", {}, data, "", "Means --syncmode fast", set_fast},
    {"gcmode", {}, data, "MODE", "full or archive; past states are kept in either", set_gcmode},

    {"networkid",
     {},
     network,
     "N",
     "Network id (default: the genesis' chain id)",
     set_number<&O::network_id, 0, kMaxU64>},
    {"identity", {}, network, "NAME", "A name for this node, shown to peers", set_text<&O::identity>},
    {"port",
     {},
     network,
     "PORT",
     "Port for peers; 0 picks a free one (default 30303)",
     set_number<&O::port, 0, kMaxPort>},
    {"maxpeers",
     {},
     network,
     "N",
     "Most peers at a time; 0 turns the network off (default 25)",
     set_number<&O::max_peers, 0, 1000>},
    {"nodiscover",
     {},
     network,
     "",
     "No search for peers: add them by hand or in static-nodes.json",
     set_switch<&O::no_discover>},
    {"bootnodes",
     {"bootnodesv4"},
     network,
     "URLS",
     "Read and left: nobody is searched for; use static-nodes.json",
     set_list<&O::bootnodes>},
    {"nat", {}, network, "HOW", "Our address to others: any, none or extip:IP (default any)", set_nat},
    {"netrestrict", {}, network, "CIDRS", "Only talk to peers in these networks", set_net_restrict},
    {"nodekey", {}, network, "FILE", "File with the node key", set_path<&O::node_key_file>},
    {"nodekeyhex", {}, network, "HEX", "The node key itself, 64 hex digits (for tests)", set_node_key_hex},

    {"unlock",
     {},
     accounts,
     "LIST",
     "Accounts to unlock at start: addresses or indexes",
     set_list<&O::unlock>},
    {"password", {}, accounts, "FILE", "File with a passphrase a line", set_path<&O::password_file>},
    {"allow-insecure-unlock",
     {},
     accounts,
     "",
     "Let other machines use unlocked accounts over HTTP",
     set_switch<&O::allow_insecure_unlock>},
    {"lightkdf", {}, accounts, "", "Weaker, faster encryption of new key files", set_switch<&O::light_kdf>},

    {"exec", {}, console, "JS", "Run this statement instead of a prompt", set_text<&O::exec>},
    {"preload", {}, console, "FILES", "Scripts to run before the prompt, comma-separated", set_preload},
    {"jspath", {}, console, "DIR", "Where loadScript looks (default: here)", set_path<&O::js_path>},

    {"verbosity",
     {},
     logging,
     "0-5",
     "0 silent, 1 error, 2 warn, 3 info, 4 debug, 5 trace (default 3)",
     set_number<&O::verbosity, 0, 5>},
};
}  // namespace

std::string_view title(OptionGroup group) {
  constexpr std::array<std::string_view, kOptionGroups> kTitles = {
      "Data",       "Network",      "JSON-RPC",
      "Accounts",   "Mining",       "Transaction pool",
      "dev",        "ethash files", "migrate and export",
      "db",         "evm",          "genesis and clique",
      "jbc chains", "Console",      "Logging"};
  return kTitles[static_cast<std::size_t>(group)];
}
std::span<const OptionRow> node_options() {
  return kOptions;
}
std::span<const OptionRow> option_table() {
  static const std::vector<OptionRow> kAll = [] {
    std::vector<OptionRow> all;
    for (const auto rows :
         {node_options(), rpc_options(), mining_options(), tool_options(), genesis_options()})
      all.insert(all.end(), rows.begin(), rows.end());
    return all;
  }();
  return kAll;
}
const char* to_string(SyncMode mode) {
  return mode == SyncMode::full ? "full" : "fast";
}

}  // namespace quarry
