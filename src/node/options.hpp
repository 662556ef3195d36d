#pragma once
/// \file
/// The command line: geth's options under 1.7.3's names and today's, as one table (options_table.hpp), read
/// into a plain struct. Pure functions of their input, but for globbed file names, which are looked for on
/// disk.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.hpp"
#include "core/quantities.hpp"

namespace quarry {

enum class SyncMode : std::uint8_t { full, fast };
const char* to_string(SyncMode mode);

/// How blocks of a new chain are made.
enum class EngineChoice : std::uint8_t { clique, ethash, jbc };

/// What a command line says. A command reads what it needs and nothing writes to it after parsing.
struct NodeOptions {
  std::string command = "run";    ///< a row of the command table (node/commands/commands.hpp)
  std::vector<std::string> args;  ///< what stands after the command: file names, numbers, sub-commands
  bool help = false;              ///< --help: print the command's help and stop

  // Data
  std::filesystem::path datadir;   ///< never empty: ~/.quarry by default
  bool datadir_given = false;      ///< the command line names it
  std::filesystem::path keystore;  ///< never empty: <datadir>/keystore by default
  std::uint64_t cache_mb = 512;
  SyncMode sync_mode = SyncMode::fast;
  std::string gcmode = "archive";  ///< "full" or "archive"

  // Network
  std::optional<std::uint64_t> network_id;  ///< by default the chain id of the genesis
  std::string identity;                     ///< a name of the user's own in the client version
  std::uint16_t port = 30303;               ///< 0: one the kernel picks
  std::uint32_t max_peers = 25;
  bool no_discover = false;
  std::vector<std::string> bootnodes;
  std::string nat = "any";                ///< "any", "none", or "extip:1.2.3.4"
  std::vector<std::string> net_restrict;  ///< networks as "10.0.0.0/8"; empty: no limit
  std::filesystem::path node_key_file;    ///< --nodekey; empty: the data dir's
  std::string node_key_hex;               ///< --nodekeyhex, 64 digits; empty: from a file

  // JSON-RPC
  bool http = false;
  std::string http_addr = "127.0.0.1";
  std::uint16_t http_port = 8545;                           ///< 0: one the kernel picks
  std::vector<std::string> http_api{"eth", "net", "web3"};  ///< "*" alone: all
  std::vector<std::string> http_cors;                       ///< origins; "*": any; empty: none
  std::vector<std::string> http_vhosts{"localhost"};        ///< "*": any
  bool ws = false;
  std::string ws_addr = "127.0.0.1";
  std::uint16_t ws_port = 8546;                           ///< 0: one the kernel picks; HTTP's: both on one
  std::vector<std::string> ws_api{"eth", "net", "web3"};  ///< "*" alone: all
  std::vector<std::string> ws_origins;                    ///< pages that may connect; "*": any
  bool ws_with_http = false;                              ///< on HTTP's port, whatever it is
  std::uint64_t ws_most_clients = 2048;                   ///< WebSockets at once
  std::uint64_t ws_most_per_address = 1024;               ///< of one address
  std::filesystem::path rpc_jwt_secret;                   ///< empty: no tokens are asked for
  std::filesystem::path rpc_tls_cert, rpc_tls_key;        ///< both or none
  std::uint64_t rpc_batch_requests = 1000;                ///< 0: any number
  std::uint64_t rpc_batch_bytes = 25'000'000;             ///< 0: any
  bool ipc_disabled = false;
  std::filesystem::path ipc_path;  ///< never empty: <datadir>/quarry.ipc by default

  // Accounts
  std::vector<std::string> unlock;      ///< addresses or indexes
  std::filesystem::path password_file;  ///< one passphrase a line
  bool allow_insecure_unlock = false;
  bool light_kdf = false;  ///< weaker, faster scrypt for new key files

  bool rpc_unprotected = false;            ///< transactions that are valid on any chain are taken
  std::uint64_t rpc_safe_depth = 12;       ///< how far below the head "safe" is, on chains with seals
  std::uint64_t rpc_final_depth = 64;      ///< and "finalized"
  std::uint64_t rpc_gas_cap = 50'000'000;  ///< of one eth_call or estimate; 0: any
  std::uint64_t rpc_evm_timeout = 5;       ///< seconds of one eth_call or estimate; 0: any
  Wei rpc_txn_fee_cap{
      std::uint64_t{1'000'000'000'000'000'000}};  ///< gas times price of a transaction sent over RPC; 0: any
  std::uint64_t rpc_logs_most = 40'000;           ///< logs of one eth_getLogs

  // Mining
  bool mine = false;
  unsigned miner_threads = 0;             ///< 0: one a core
  std::string etherbase;                  ///< address or account index; empty: the first account
  std::optional<std::string> extra_data;  ///< as given; text, or hex after 0x
  std::string gas_price;                  ///< wei, decimal; empty: others' transactions may pay nothing
  std::uint64_t gas_target = 4'712'388;

  /// The transaction pool, by geth's names and defaults.
  struct Pool {
    std::vector<std::string> locals;  ///< addresses that are favoured from the start
    bool no_locals = false;
    std::filesystem::path journal = "transactions.rlp";  ///< below <datadir>/quarry; empty: none
    std::uint64_t rejournal_seconds = 3600;
    std::string price_limit;  ///< wei; empty: --miner.gasprice's
    unsigned price_bump = 10;
    std::size_t account_slots = 16, global_slots = 4096;
    std::size_t account_queue = 64, global_queue = 1024;
    std::uint64_t lifetime_seconds = 3 * 3600;
    friend bool operator==(const Pool&, const Pool&) = default;
  } pool;

  // ethash files
  std::filesystem::path ethash_dag_dir;    ///< never empty: ~/.ethash by default, as geth's
  std::filesystem::path ethash_cache_dir;  ///< never empty: <datadir>/quarry/ethash by default

  // Files in and out: migrate, export
  bool dry_run = false;               ///< migrate: report, write nothing
  bool keep_valid = false;            ///< migrate: keep what comes before the first bad block
  std::string export_format = "rlp";  ///< "rlp" or "jbc"
  std::optional<unsigned> jbc_zeros;  ///< leading hex zeros of a valid hash; none: inferred, or asked for

  // Inspection: db
  bool json = false;
  bool deep = false;               ///< db verify: every trie node, code and flat entry
  bool check_seals = false;        ///< db verify: every header's seal
  std::string list_from, list_to;  ///< db list: keys, or first parts of keys; empty: the table's ends
  std::uint64_t list_limit = 25;   ///< db list: rows; 0: all

  /// quarry genesis new. What is not given is asked for on a terminal.
  struct GenesisNew {
    std::optional<EngineChoice> engine;
    std::vector<std::string> signers;  ///< addresses
    std::optional<std::uint64_t> chain_id, period, epoch, difficulty;
    bool eip3436 = false;
    std::optional<std::string> forks;  ///< the newest one that is on
    std::vector<std::string> funds;    ///< "ADDR" or "ADDR=ETHER"
    std::filesystem::path out;         ///< empty: the standard output
    friend bool operator==(const GenesisNew&, const GenesisNew&) = default;
  } genesis_new;

  // quarry clique recover
  std::vector<std::string> present_signers;  ///< addresses; empty: all
  std::optional<std::uint64_t> rewind_to;

  /// quarry evm.
  struct Evm {
    std::string code;  ///< hex
    std::filesystem::path code_file;
    std::string input;  ///< hex
    std::uint64_t gas = 10'000'000'000;
    std::string value = "0";         ///< wei, decimal or 0x…
    std::string sender, receiver;    ///< addresses; empty: geth's evm's
    std::string fork;                ///< as ethereum/tests name it; empty: the newest, or all of a state test
    std::filesystem::path genesis;   ///< instead of a fork
    std::filesystem::path prestate;  ///< accounts, as in a state test
    bool create = false;             ///< the code is init code
    bool trace = false, trace_memory = false;
    std::optional<std::uint64_t> index;  ///< statetest: only this case
    friend bool operator==(const Evm&, const Evm&) = default;
  } evm;

  // jbc chains
  std::vector<std::string> jbc_peers;  ///< URLs under which peers serve blockchain.json
  std::string jbc_data;                ///< data of the blocks we mine; empty: "I block #N"

  /// quarry dev; besides, --chainid and --period.
  struct Dev {
    std::size_t accounts = 10;
    std::string balance = "10000";  ///< ether
    std::string mnemonic;           ///< empty: the one that all test tools have
    friend bool operator==(const Dev&, const Dev&) = default;
  } dev;

  // Console
  std::optional<std::string> exec;  ///< --exec: a statement to run instead of the prompt
  std::vector<std::filesystem::path> preload;
  std::filesystem::path js_path = ".";  ///< where loadScript looks

  // Logging
  int verbosity = 3;  ///< 0 (silent) to 5 (trace)

  friend bool operator==(const NodeOptions&, const NodeOptions&) = default;
};

/// A command line that could be read, with what its user should know: the log says each once.
struct ParsedOptions {
  NodeOptions options;
  std::vector<std::string> hints;     ///< friendly: another spelling is current
  std::vector<std::string> warnings;  ///< an option was accepted that does nothing here
};

/// Reads `arguments` (without the program's name). An error's text is geth's where geth has one.
Result<ParsedOptions> parse_options(std::span<const std::string> arguments);

/// The help of a command, of the program when `command` is empty or "run".
std::string help_text(std::string_view command);

/// "Quarry/v0.1.0/linux-amd64/g++12.2": the client version, with the identity after the name where there is
/// one.
std::string client_version(std::string_view identity);

}  // namespace quarry
