#include "node/options_table.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <limits>

#include "core/fixed_bytes.hpp"
#include "core/u256.hpp"

namespace quarry {
namespace {

Result<std::uint64_t> number_between(std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    return fail(fmt::format("not a whole number from {} to {}", least, most));
  return value;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!item.empty()) out.emplace_back(item);
  }
  return out;
}

/// "~/x" when the shell left it as it is, as in --datadir=~/x.
std::filesystem::path expand_home(std::string_view text) {
  const char* home = std::getenv("HOME");
  if (home != nullptr && (text == "~" || text.starts_with("~/")))
    return std::filesystem::path(std::string(home) + std::string(text.substr(1)));
  return std::filesystem::path(text);
}

// One setter a kind of field: the table names the field, and the compiler makes the function.
template <auto Field>
Result<> set_text(NodeOptions& to, std::string_view value) {
  to.*Field = std::string(value);
  return {};
}
template <auto Field>
Result<> set_path(NodeOptions& to, std::string_view value) {
  if (value.empty()) return fail("a path must not be empty");
  to.*Field = expand_home(value);
  return {};
}
template <auto Field>
Result<> set_list(NodeOptions& to, std::string_view value) {
  to.*Field = split_list(value);
  return {};
}
template <auto Field, std::uint64_t Least, std::uint64_t Most>
Result<> set_number(NodeOptions& to, std::string_view value) {
  const auto number = number_between(value, Least, Most);
  if (!number) return tl::unexpected(number.error());
  using Number = std::remove_cvref_t<decltype(to.*Field)>;
  if constexpr (std::is_arithmetic_v<Number>)
    to.*Field = static_cast<Number>(*number);
  else
    to.*Field = *number;
  return {};
}
template <auto Field>
Result<> set_switch(NodeOptions& to, std::string_view value) {
  for (std::string_view yes : {"", "true", "1", "t", "T", "TRUE", "True"})
    if (value == yes) {
      to.*Field = true;
      return {};
    }
  for (std::string_view no : {"false", "0", "f", "F", "FALSE", "False"})
    if (value == no) {
      to.*Field = false;
      return {};
    }
  return fail("neither true nor false");
}

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

Result<> set_etherbase(NodeOptions& to, std::string_view value) {
  if (!Address::from_hex(value) && !number_between(value, 0, 1'000'000))
    return fail("invalid account address or index",
                "Give 40 hex digits, or an account's place in `quarry account list`.");
  to.etherbase = std::string(value);
  return {};
}

Result<> set_gas_price(NodeOptions& to, std::string_view value) {
  if (!U256::parse(value)) return fail("not an amount of wei");
  to.gas_price = std::string(value);
  return {};
}

Result<> set_export_format(NodeOptions& to, std::string_view value) {
  if (value != "rlp" && value != "jbc") return fail("want \"rlp\" or \"jbc\"");
  to.export_format = std::string(value);
  return {};
}

// quarry evm's options lie in a struct of their own: the same setters, over a member of NodeOptions::Evm.
template <auto Field>
Result<> set_evm_text(NodeOptions& to, std::string_view value) {
  to.evm.*Field = std::string(value);
  return {};
}
template <auto Field>
Result<> set_evm_path(NodeOptions& to, std::string_view value) {
  if (value.empty()) return fail("a path must not be empty");
  to.evm.*Field = expand_home(value);
  return {};
}
template <auto Field>
Result<> set_evm_number(NodeOptions& to, std::string_view value) {
  const auto number = U256::parse(value);
  if (!number || !number->fits_u64()) return fail("not a whole number below 2^64, decimal or hex after 0x");
  to.evm.*Field = number->low64();
  return {};
}
template <auto Field>
Result<> set_evm_switch(NodeOptions& to, std::string_view value) {
  to.evm.*Field = value != "false" && value != "0";
  return {};
}
Result<> set_evm_value(NodeOptions& to, std::string_view value) {
  if (!U256::parse(value)) return fail("not an amount of wei");
  to.evm.value = std::string(value);
  return {};
}

Result<> set_preload(NodeOptions& to, std::string_view value) {
  to.preload.clear();
  for (const std::string& file : split_list(value)) to.preload.push_back(expand_home(file));
  return {};
}

using O = NodeOptions;
using E = NodeOptions::Evm;
constexpr std::uint64_t kMaxPort = 65535;
constexpr std::uint64_t kMaxU64 = std::numeric_limits<std::uint64_t>::max();
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

    {"http", {"rpc"}, rpc, "", "Serve JSON-RPC over HTTP", set_switch<&O::http>},
    {"http.addr", {"rpcaddr"}, rpc, "IP", "Address to serve on (default 127.0.0.1)", set_text<&O::http_addr>},
    {"http.port",
     {"rpcport"},
     rpc,
     "PORT",
     "Port to serve on (default 8545)",
     set_number<&O::http_port, 0, kMaxPort>},
    {"http.api",
     {"rpcapi"},
     rpc,
     "LIST",
     "Modules to serve, '*' for all (default eth,net,web3)",
     set_list<&O::http_api>,
     true},
    {"http.corsdomain",
     {"rpccorsdomain"},
     rpc,
     "LIST",
     "Origins browsers may call from, '*' for any",
     set_list<&O::http_cors>,
     true},
    {"http.vhosts",
     {"rpcvhosts"},
     rpc,
     "LIST",
     "Host names to answer to, '*' for any (default localhost)",
     set_list<&O::http_vhosts>,
     true},
    {"rpc.gascap",
     {},
     rpc,
     "GAS",
     "Gas of one eth_call or estimate (default 50000000)",
     set_number<&O::rpc_gas_cap, 21'000, std::uint64_t{1} << 40>},
    {"ipcdisable", {}, rpc, "", "No IPC socket", set_switch<&O::ipc_disabled>},
    {"ipcpath",
     {},
     rpc,
     "PATH",
     "The IPC socket (default: quarry.ipc in the data dir)",
     set_path<&O::ipc_path>},

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

    {"mine", {}, mining, "", "Mine from the start", set_switch<&O::mine>},
    {"miner.threads",
     {"minerthreads"},
     mining,
     "N",
     "Mining threads; 0: one a core (default 0)",
     set_number<&O::miner_threads, 0, 1024>},
    {"miner.etherbase",
     {"etherbase"},
     mining,
     "ACCOUNT",
     "Who is paid: address or index (default: first account)",
     set_etherbase},
    {"miner.extradata",
     {"extradata"},
     mining,
     "DATA",
     "Extra data of mined blocks: up to 32 bytes, text or 0x…",
     set_text<&O::extra_data>},
    {"miner.gasprice",
     {"gasprice"},
     mining,
     "WEI",
     "Least price of a gas that others' transactions must pay (default 0)",
     set_gas_price},
    {"miner.gastarget",
     {"targetgaslimit", "miner.gaslimit"},
     mining,
     "GAS",
     "Gas limit that mined blocks move towards (default 4712388)",
     set_number<&O::gas_target, 5000, kMaxU64>},

    {"ethash.dagdir",
     {},
     ethash,
     "DIR",
     "Where datasets lie, shared with geth (default ~/.ethash)",
     set_path<&O::ethash_dag_dir>},
    {"ethash.cachedir",
     {},
     ethash,
     "DIR",
     "Where caches lie (default: quarry/ethash in the data dir)",
     set_path<&O::ethash_cache_dir>},

    {"dry-run", {}, files, "", "migrate: check and report, write nothing", set_switch<&O::dry_run>},
    {"keep-valid",
     {},
     files,
     "",
     "migrate: keep the blocks before the first bad one",
     set_switch<&O::keep_valid>},
    {"format",
     {},
     files,
     "FORM",
     "export: rlp, or jbc for a folder of JSON files (default rlp)",
     set_export_format},

    {"json", {}, inspection, "", "db: print JSON; evm: as --trace", set_switch<&O::json>},
    {"from", {}, inspection, "KEY", "db list: the first key, or how it begins", set_text<&O::list_from>},
    {"to", {}, inspection, "KEY", "db list: the last key, or how it begins", set_text<&O::list_to>},
    {"limit",
     {},
     inspection,
     "N",
     "db list: rows at most; 0: all (default 25)",
     set_number<&O::list_limit, 0, kMaxU64>},
    {"deep", {}, inspection, "", "db verify: every trie node, code and flat entry", set_switch<&O::deep>},
    {"seals", {}, inspection, "", "db verify: every header's seal", set_switch<&O::check_seals>},

    {"code", {}, bytecode, "HEX", "evm: the bytecode", set_evm_text<&E::code>},
    {"codefile", {}, bytecode, "FILE", "evm: a file with the bytecode in hex", set_evm_path<&E::code_file>},
    {"input", {}, bytecode, "HEX", "evm: call data", set_evm_text<&E::input>},
    {"gas", {}, bytecode, "N", "evm: gas of the call (default 10000000000)", set_evm_number<&E::gas>},
    {"value", {}, bytecode, "WEI", "evm: what the call gives (default 0)", set_evm_value},
    {"sender", {}, bytecode, "ADDRESS", "evm: who calls", set_evm_text<&E::sender>},
    {"receiver", {}, bytecode, "ADDRESS", "evm: where the code lies", set_evm_text<&E::receiver>},
    {"create", {}, bytecode, "", "evm: the code is a contract's init code", set_evm_switch<&E::create>},
    {"fork",
     {},
     bytecode,
     "NAME",
     "evm: the rules, as ethereum/tests name them (default Osaka)",
     set_evm_text<&E::fork>},
    {"genesis", {}, bytecode, "FILE", "evm: rules and accounts of a genesis file", set_evm_path<&E::genesis>},
    {"prestate",
     {},
     bytecode,
     "FILE",
     "evm: accounts, as in a state test's \"pre\"",
     set_evm_path<&E::prestate>},
    {"trace", {}, bytecode, "", "evm: print every instruction (EIP-3155)", set_evm_switch<&E::trace>},
    {"trace.memory", {}, bytecode, "", "evm: and the memory before it", set_evm_switch<&E::trace_memory>},
    {"index", {}, bytecode, "N", "evm statetest: only the case at this place", set_evm_number<&E::index>},

    {"zeros",
     {},
     jbc,
     "N",
     "migrate jbc: zeros a hash begins with (default: as most blocks have)",
     set_number<&O::jbc_zeros, 0, 64>},
    {"jbc.peers",
     {},
     jbc,
     "URLS",
     "Peers that serve blockchain.json, asked for longer chains",
     set_list<&O::jbc_peers>},
    {"jbc.data", {}, jbc, "TEXT", "Data of mined blocks (default \"I block #N\")", set_text<&O::jbc_data>},

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

constexpr bool kValue = true, kSwitch = false, kRefuse = true, kGoOn = false;
constexpr std::string_view kPublicNetwork =
    "Only private networks are supported: start from a genesis file with `quarry init GENESIS`.";

constexpr ForeignOption kForeign[] = {
    {"config", kValue, kRefuse, "Configuration files are not read: give its settings as options."},
    {"dev", kSwitch, kRefuse,
     "There is no developer mode yet: `quarry init` a genesis with a low difficulty."},
    {"mainnet", kSwitch, kRefuse, kPublicNetwork},
    {"testnet", kSwitch, kRefuse, kPublicNetwork},
    {"ropsten", kSwitch, kRefuse, kPublicNetwork},
    {"rinkeby", kSwitch, kRefuse, kPublicNetwork},
    {"goerli", kSwitch, kRefuse, kPublicNetwork},
    {"sepolia", kSwitch, kRefuse, kPublicNetwork},
    {"holesky", kSwitch, kRefuse, kPublicNetwork},
    {"hoodi", kSwitch, kRefuse, kPublicNetwork},
    {"light", kSwitch, kRefuse, "Light clients are not supported: use --syncmode fast."},
    {"fakepow", kSwitch, kRefuse, "Seals are always checked: leave the option out."},
    {"override.*", kValue, kRefuse, "Change the fork in the genesis file and run `quarry init` again."},
    {"ws", kSwitch, kGoOn, "WebSockets are not served yet; HTTP and IPC are."},
    {"ws.*", kValue, kGoOn, "WebSockets are not served yet."},
    {"wsaddr", kValue, kGoOn, "WebSockets are not served yet."},
    {"wsport", kValue, kGoOn, "WebSockets are not served yet."},
    {"wsapi", kValue, kGoOn, "WebSockets are not served yet."},
    {"wsorigins", kValue, kGoOn, "WebSockets are not served yet."},
    {"graphql", kSwitch, kGoOn, "GraphQL is not served."},
    {"ipcapi", kValue, kGoOn, "The IPC socket serves every module."},
    {"http.rpcprefix", kValue, kGoOn, "JSON-RPC is served at /."},
    {"authrpc.*", kValue, kGoOn, "There is no consensus client to talk to."},
    {"lightserv", kValue, kGoOn, "Light clients are not served."},
    {"lightpeers", kValue, kGoOn, "Light clients are not served."},
    {"maxpendpeers", kValue, kGoOn, "Handshakes under way have a bound of their own."},
    {"v5disc", kSwitch, kGoOn, "Peers come from addPeer, static-nodes.json and trusted-nodes.json."},
    {"bootnodesv5", kValue, kGoOn, "Peers come from addPeer, static-nodes.json and trusted-nodes.json."},
    {"discovery.*", kValue, kGoOn, "Peers come from addPeer, static-nodes.json and trusted-nodes.json."},
    {"txpool.nolocals", kSwitch, kGoOn, "The transaction pool has no settings."},
    {"txpool.*", kValue, kGoOn, "The transaction pool has no settings."},
    {"gpoblocks", kValue, kGoOn, "The gas price oracle has no settings."},
    {"gpopercentile", kValue, kGoOn, "The gas price oracle has no settings."},
    {"gpo.*", kValue, kGoOn, "The gas price oracle has no settings."},
    {"ethash.*", kValue, kGoOn, "Caches and datasets are kept as long as they are needed."},
    {"autodag", kSwitch, kGoOn, "The next dataset is made when it is near."},
    {"ethstats", kValue, kGoOn, "Nothing is reported to a statistics server."},
    {"metrics", kSwitch, kGoOn, "No metrics are collected."},
    {"metrics.*", kValue, kGoOn, "No metrics are collected."},
    {"pprof", kSwitch, kGoOn, "There is no profiling server."},
    {"pprofaddr", kValue, kGoOn, "There is no profiling server."},
    {"pprofport", kValue, kGoOn, "There is no profiling server."},
    {"memprofilerate", kValue, kGoOn, "There is no profiling server."},
    {"blockprofilerate", kValue, kGoOn, "There is no profiling server."},
    {"cpuprofile", kValue, kGoOn, "There is no profiling server."},
    {"debug", kSwitch, kGoOn, "Log lines carry no source lines; --verbosity 4 shows more of them."},
    {"vmdebug", kSwitch, kGoOn, "Nothing is recorded for virtual machine debugging."},
    {"vmodule", kValue, kGoOn, "The log has one level for all: --verbosity."},
    {"log.*", kValue, kGoOn, "The log goes to standard error in one form."},
    {"backtrace", kValue, kGoOn, "Log lines carry no stack traces."},
    {"support-dao-fork", kSwitch, kGoOn, "The genesis file says so."},
    {"oppose-dao-fork", kSwitch, kGoOn, "The genesis file says so."},
    {"trie-cache-gens", kValue, kGoOn, "--cache sets the memory for all caches."},
    {"cache.*", kValue, kGoOn, "--cache sets the memory for all caches."},
    {"db.engine", kValue, kGoOn, "The database is RocksDB."},
    {"state.*", kValue, kGoOn, "State is kept by path, with its history."},
    {"snapshot", kSwitch, kGoOn, "Accounts and slots are always kept flat as well."},
    {"nocompaction", kSwitch, kGoOn, "The database compacts by itself."},
    {"nousb", kSwitch, kGoOn, "Hardware wallets are not looked for."},
    {"usb", kSwitch, kGoOn, "Hardware wallets are not looked for."},
    {"shh", kSwitch, kGoOn, "Whisper is not part of this program."},
    {"shh.*", kValue, kGoOn, "Whisper is not part of this program."},
    {"docroot", kValue, kGoOn, "The console fetches no documents."},
    {"rpc.allow-unprotected-txs", kSwitch, kGoOn,
     "Transactions without a chain id are judged by the genesis' forks."},
    {"rpc.*", kValue, kGoOn, "Bounds on calls are fixed."},
};
}  // namespace

std::string_view title(OptionGroup group) {
  constexpr std::array<std::string_view, kOptionGroups> kTitles = {
      "Data", "Network", "JSON-RPC",   "Accounts", "Mining", "ethash files", "migrate and export",
      "db",   "evm",     "jbc chains", "Console",  "Logging"};
  return kTitles[static_cast<std::size_t>(group)];
}
std::span<const OptionRow> option_table() {
  return kOptions;
}
std::span<const ForeignOption> foreign_options() {
  return kForeign;
}
const char* to_string(SyncMode mode) {
  return mode == SyncMode::full ? "full" : "fast";
}

}  // namespace quarry
