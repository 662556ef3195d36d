/// \file
/// `quarry dev`: a chain for development, thrown away at the end or kept with --datadir.
#include <fmt/format.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>

#include "core/address_text.hpp"
#include "core/hex.hpp"
#include "node/app.hpp"
#include "node/commands/commands.hpp"
#include "node/datadir.hpp"
#include "node/dev/dev_chain.hpp"
#include "node/dev/mnemonic.hpp"
#include "node/options.hpp"
#include "node/stop_signals.hpp"

namespace quarry {
namespace {
namespace fs = std::filesystem;
constexpr std::uint64_t kGasLimit = 30'000'000;

/// A folder that goes with its owner.
class ThrowawayDir {
 public:
  ThrowawayDir() = default;
  ThrowawayDir(const ThrowawayDir&) = delete;
  ThrowawayDir& operator=(const ThrowawayDir&) = delete;
  ~ThrowawayDir() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Result<> make() {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "quarry-dev-XXXXXX").string();
    if (error || mkdtemp(name.data()) == nullptr)
      return fail("cannot make a folder for the chain: " + name, "Name one with --datadir.");
    path_ = name;
    return {};
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// What development wants where the command line says nothing else.
NodeOptions dev_options(NodeOptions options, const fs::path& datadir) {
  const NodeOptions usual;
  options.datadir = datadir;
  options.keystore = datadir / "keystore";
  options.ipc_path = datadir / "quarry.ipc";
  options.ethash_cache_dir = datadir / "quarry" / "ethash";
  options.sync_mode = SyncMode::full;
  options.max_peers = 0;
  options.no_discover = true;
  options.http = true;
  // As anvil and Hardhat have it, --port is where clients connect: peers there are none. Who names both ports
  // has geth's meaning in mind.
  if (options.port != usual.port && options.http_port == usual.http_port) options.http_port = options.port;
  options.port = 0;
  if (options.http_api == usual.http_api) options.http_api = {"*"};
  if (options.http_cors.empty()) options.http_cors = {"*"};
  // As they have it, WebSockets come to the same port.
  options.ws = options.ws_with_http = true;
  options.ws_addr = options.http_addr;
  options.ws_api = options.http_api;
  options.ws_origins = options.http_cors;
  // Ether is free here.
  if (options.rpc_txn_fee_cap == usual.rpc_txn_fee_cap) options.rpc_txn_fee_cap = {};
  if (options.gas_target == usual.gas_target) options.gas_target = kGasLimit;
  return options;
}

void print_accounts(const NodeOptions& options, const DevKeys& keys) {
  std::string out = "\nAccounts\n";
  for (std::size_t i = 0; i < keys.accounts.size(); ++i)
    out += fmt::format("({}) {} ({} ETH)\n", i, checksummed(address_of(public_key(keys.accounts[i]))),
                       options.dev.balance);
  out += "\nPrivate keys: everybody knows them, never send them anything of worth\n";
  for (std::size_t i = 0; i < keys.accounts.size(); ++i)
    out += fmt::format("({}) {}\n", i, to_hex0x(keys.accounts[i].view()));
  out += fmt::format("\nMnemonic:    {}\nDerivation:  m/44'/60'/0'/0/\n",
                     options.dev.mnemonic.empty() ? kTestMnemonic : std::string_view(options.dev.mnemonic));
  std::fputs(out.c_str(), stdout);
}
}  // namespace

Result<int> run_dev(const NodeOptions& given) {
  const StopSignals signals(true);
  ThrowawayDir throwaway;
  if (!given.datadir_given)
    if (auto made = throwaway.make(); !made) return tl::unexpected(made.error());
  const NodeOptions options = dev_options(given, given.datadir_given ? given.datadir : throwaway.path());
  const DevKeys keys = dev_keys(options);
  std::error_code ignored;
  fs::create_directories(DataDirPaths(options.datadir).chaindata, ignored);
  const auto app = App::start(options, &keys);
  if (!app) return tl::unexpected(app.error());
  print_accounts(options, keys);
  std::fputs(fmt::format("Chain id:    {}\n\nListening on http://{}:{} and for WebSockets on the same port\n",
                         (*app)->chain_id().to_decimal(), options.http_addr, (*app)->http_port())
                 .c_str(),
             stdout);
  std::fflush(stdout);
  signals.wait();
  return 0;
}

}  // namespace quarry
