// Options about JSON-RPC: where it is served, to whom, and its bounds.
#include "node/options_setters.hpp"

namespace quarry {
namespace {

using O = NodeOptions;
constexpr std::uint64_t kMaxPort = 65535;
using enum OptionGroup;

Result<> set_evm_timeout(NodeOptions& to, std::string_view value) {
  const auto seconds = value == "0" ? Result<std::uint64_t>(0) : read_duration(value);
  if (!seconds) return tl::unexpected(seconds.error());
  to.rpc_evm_timeout = *seconds;
  return {};
}

Result<> set_fee_cap(NodeOptions& to, std::string_view value) {
  const auto wei = read_ether(value);
  if (!wei) return tl::unexpected(wei.error());
  to.rpc_txn_fee_cap = *wei;
  return {};
}

constexpr OptionRow kOptions[] = {
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
    {"ws", {}, rpc, "", "Serve JSON-RPC and subscriptions over WebSocket", set_switch<&O::ws>},
    {"ws.addr", {"wsaddr"}, rpc, "IP", "Address of WebSockets (default 127.0.0.1)", set_text<&O::ws_addr>},
    {"ws.port",
     {"wsport"},
     rpc,
     "PORT",
     "Port of WebSockets; HTTP's own serves both (default 8546)",
     set_number<&O::ws_port, 0, kMaxPort>},
    {"ws.api",
     {"wsapi"},
     rpc,
     "LIST",
     "Modules over WebSocket, '*' for all (default eth,net,web3)",
     set_list<&O::ws_api>,
     true},
    {"ws.origins",
     {"wsorigins"},
     rpc,
     "LIST",
     "Pages that may open a WebSocket, '*' for any",
     set_list<&O::ws_origins>,
     true},
    {"ws.maxclients",
     {},
     rpc,
     "COUNT",
     "WebSockets at once (default 2048)",
     set_number<&O::ws_most_clients, 1, 100'000>},
    {"ws.maxclientsperaddress",
     {},
     rpc,
     "COUNT",
     "WebSockets of one address at once (default 1024)",
     set_number<&O::ws_most_per_address, 1, 100'000>},
    {"rpc.jwtsecret",
     {},
     rpc,
     "FILE",
     "Ask HTTP and WebSocket callers for a JWT of this secret",
     set_path<&O::rpc_jwt_secret>},
    {"rpc.tls.cert", {}, rpc, "FILE", "Speak TLS with this certificate (PEM)", set_path<&O::rpc_tls_cert>},
    {"rpc.tls.key", {}, rpc, "FILE", "The certificate's key (PEM)", set_path<&O::rpc_tls_key>},
    {"rpc.batch-request-limit",
     {"rpc.batchlimit"},
     rpc,
     "N",
     "Requests of a batch; 0: any number (default 1000)",
     set_number<&O::rpc_batch_requests, 0, 1'000'000>},
    {"rpc.batch-response-max-size",
     {},
     rpc,
     "BYTES",
     "Bytes of a batch's answers; 0: any (default 25000000)",
     set_number<&O::rpc_batch_bytes, 0, std::uint64_t{1} << 31>},
    {"rpc.gascap",
     {},
     rpc,
     "GAS",
     "Gas of one eth_call or estimate; 0: any (default 50000000)",
     set_number<&O::rpc_gas_cap, 0, std::uint64_t{1} << 40>},
    {"rpc.evmtimeout",
     {},
     rpc,
     "TIME",
     "What one eth_call or estimate may take; 0: any (default 5s)",
     set_evm_timeout},
    {"rpc.txfeecap",
     {},
     rpc,
     "ETHER",
     "The most a transaction sent over RPC may pay; 0: any (default 1)",
     set_fee_cap},
    {"rpc.allow-unprotected-txs",
     {},
     rpc,
     "",
     "Take transactions without a chain id though EIP-155 holds",
     set_switch<&O::rpc_unprotected>},
    {"rpc.safedepth",
     {},
     rpc,
     "BLOCKS",
     "How far below the head the block \"safe\" is (default 12)",
     set_number<&O::rpc_safe_depth, 0, 1'000'000>},
    {"rpc.finaldepth",
     {},
     rpc,
     "BLOCKS",
     "How far below the head the block \"finalized\" is (default 64)",
     set_number<&O::rpc_final_depth, 0, 1'000'000>},
    {"rpc.logs.maxresults",
     {},
     rpc,
     "COUNT",
     "Logs of one eth_getLogs (default 40000)",
     set_number<&O::rpc_logs_most, 1, 1'000'000>},
    {"ipcdisable", {}, rpc, "", "No IPC socket", set_switch<&O::ipc_disabled>},
    {"ipcpath",
     {},
     rpc,
     "PATH",
     "The IPC socket (default: quarry.ipc in the data dir)",
     set_path<&O::ipc_path>},
};

}  // namespace

std::span<const OptionRow> rpc_options() {
  return kOptions;
}

}  // namespace quarry
