// Options of geth's that this node does not have.
#include "node/options_table.hpp"

namespace quarry {
namespace {
constexpr bool kValue = true, kSwitch = false, kRefuse = true, kGoOn = false;
constexpr std::string_view kPublicNetwork =
    "Only private networks are supported: start from a genesis file with `quarry init GENESIS`.";

constexpr ForeignOption kForeign[] = {
    {"config", kValue, kRefuse, "Configuration files are not read: give its settings as options."},
    {"dev", kSwitch, kRefuse, "It is a command: quarry dev."},
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
    {"ws.rpcprefix", kValue, kGoOn, "WebSockets are served at every path."},
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
    {"txpool.*", kValue, kGoOn, "The transaction pool has no such setting."},
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
    {"rpc.enabledeprecatedpersonal", kSwitch, kGoOn, "The personal module is there; --http.api serves it."},
    {"rpc.*", kValue, kGoOn, "JSON-RPC has no such setting."},
};

constexpr ForeignCommand kForeignCommands[] = {
    {"removedb", "To throw the chain away (accounts stay): rm -r DATADIR/quarry/chaindata"},
    {"dump", "`quarry db list account` shows accounts, `quarry db list slot` storage."},
    {"dumpconfig", "There are no configuration files: options say all."},
    {"copydb", "`quarry db checkpoint DIR` makes a copy."},
    {"upgradedb", "The database is brought up to date when it is opened."},
    {"makedag", "The first miner.start makes the dataset, in seconds."},
    {"makecache", "The first block makes the cache."},
    {"snapshot", "Accounts and slots are always kept flat: there is nothing to make or to prune."},
};
}  // namespace

std::span<const ForeignOption> foreign_options() {
  return kForeign;
}

std::span<const ForeignCommand> foreign_commands() {
  return kForeignCommands;
}

}  // namespace quarry
