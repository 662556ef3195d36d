#include "node/rpc_options.hpp"

#include <fmt/ranges.h>

#include "core/cpu.hpp"
#include "net/tls.hpp"
#include "node/options.hpp"

namespace quarry {

rpc::CallLimits call_limits(const NodeOptions& options) {
  constexpr Gas kAnyGas = Gas{1} << 40;  // what it may buy of memory is still less than a gigabyte
  constexpr std::chrono::hours kAnyTime{24 * 365};
  return {
      .most_gas = options.rpc_gas_cap == 0 ? kAnyGas : options.rpc_gas_cap,
      .most_time = options.rpc_evm_timeout == 0 ? kAnyTime : std::chrono::seconds(options.rpc_evm_timeout),
      .most_fee = options.rpc_txn_fee_cap};
}

Result<rpc::ServerOptions> server_options(const NodeOptions& options) {
  rpc::ServerOptions out;
  const auto list = [](const auto& entries) { return fmt::format("{}", fmt::join(entries, ",")); };
  out.http = {options.http_addr, options.http_port, list(options.http_api), list(options.http_cors), {}};
  out.ws = {options.ws_addr, options.ws_port, list(options.ws_api), list(options.ws_origins),
            options.ws_with_http};
  out.most_ws = options.ws_most_clients;
  out.most_ws_per_address = options.ws_most_per_address;
  out.virtual_hosts = list(options.http_vhosts);
  if (!options.rpc_jwt_secret.empty()) {
    const auto secret = rpc::load_jwt_secret(options.rpc_jwt_secret);
    if (!secret) return tl::unexpected(secret.error());
    out.jwt = *secret;
  }
  if (options.rpc_tls_cert.empty() != options.rpc_tls_key.empty())
    return fail("TLS needs a certificate and its key",
                "Give both --rpc.tls.cert FILE and --rpc.tls.key FILE.");
  if (!options.rpc_tls_cert.empty()) {
    auto tls = net::TlsContext::load(options.rpc_tls_cert, options.rpc_tls_key);
    if (!tls) return tl::unexpected(tls.error());
    out.tls = std::move(*tls);
  }
  if (!options.ipc_disabled) out.ipc_path = options.ipc_path.string();
  out.workers = core_count();
  return out;
}

}  // namespace quarry
