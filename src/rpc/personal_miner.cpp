// The personal and miner namespaces: keys and the work they are paid for.

#include "consensus/header_rules.hpp"
#include "core/hex.hpp"
#include "rpc/methods.hpp"

namespace quarry::rpc {
namespace {

/// geth's, when personal.unlockAccount is not told for how long.
constexpr std::chrono::seconds kDefaultUnlockTime{300};
/// A century: more is a mistake.
constexpr std::uint64_t kMostUnlockSeconds = 100ULL * 366 * 24 * 3600;
constexpr std::uint64_t kMostThreads = 1024;

Answer new_account(const Context& context, Params& params) {
  const auto passphrase = params.text(0);
  if (params.error()) return tl::unexpected(*params.error());
  const auto address = context.backend.accounts.new_account(passphrase);
  if (!address) return rpc_fail(address.error());
  return hex_answer(*address);
}

Answer list_accounts(const Context& context, Params&) {
  Json out = Json::array();
  for (const auto& address : context.backend.accounts.list()) out.push_back(address.hex());
  return json_answer(out);
}

/// geth's form: a keystore wallet holds one account.
Answer list_wallets(const Context& context, Params&) {
  Json out = Json::array();
  for (const auto& wallet : context.backend.accounts.wallets()) {
    out.push_back({{"accounts", Json::array({{{"address", wallet.address.hex()}, {"url", wallet.url}}})},
                   {"status", wallet.unlocked ? "Unlocked" : "Locked"},
                   {"url", wallet.url}});
  }
  return json_answer(out);
}

Answer unlock_account(const Context& context, Params& params) {
  const auto address = params.address(0);
  const auto passphrase = params.text(1);
  std::chrono::seconds duration = kDefaultUnlockTime;
  if (params.has(2)) {
    const auto seconds = params.quantity(2);
    if (seconds > kMostUnlockSeconds) params.reject(2, "unlock duration too large");
    duration = std::chrono::seconds(seconds);
  }
  if (params.error()) return tl::unexpected(*params.error());
  return done_answer(context.backend.accounts.unlock(address, passphrase, duration));
}

Answer lock_account(const Context& context, Params& params) {
  const auto address = params.address(0);
  if (params.error()) return tl::unexpected(*params.error());
  return done_answer(context.backend.accounts.lock(address));
}

Answer miner_start(const Context& context, Params& params) {
  std::optional<unsigned> threads;
  if (params.has(0)) {
    const auto wanted = params.quantity(0);
    if (wanted > kMostThreads) params.reject(0, "more than 1024 threads");
    threads = static_cast<unsigned>(wanted);
  }
  if (params.error()) return tl::unexpected(*params.error());
  return done_answer(context.backend.miner.start(threads));
}

Answer miner_stop(const Context& context, Params&) {
  context.backend.miner.stop();
  return bool_answer(true);
}

Answer set_etherbase(const Context& context, Params& params) {
  const auto address = params.address(0);
  if (params.error()) return tl::unexpected(*params.error());
  context.backend.miner.set_etherbase(address);
  return bool_answer(true);
}

/// Others' transactions that pay less are refused, and go out of the pool.
Answer set_gas_price(const Context& context, Params& params) {
  const auto price = params.amount(0);
  if (params.error()) return tl::unexpected(*params.error());
  context.backend.pool.set_least_price(price);
  return bool_answer(true);
}

/// geth takes the text as it is; what begins with 0x are bytes, as for --extradata.
Answer set_extra(const Context& context, Params& params) {
  const auto text = params.text(0);
  if (params.error()) return tl::unexpected(*params.error());
  auto bytes = text.starts_with("0x") ? from_hex(text) : std::nullopt;
  if (!bytes) bytes = to_bytes(as_bytes(text));
  if (auto done = context.backend.miner.set_extra_data(std::move(*bytes)); !done)
    return rpc_fail(done.error());
  return bool_answer(true);
}

Answer set_gas_limit(const Context& context, Params& params) {
  const auto target = params.quantity(0);
  if (target < kMinimumGasLimit) params.reject(0, "a block's gas limit is 5000 at least");
  if (params.error()) return tl::unexpected(*params.error());
  context.backend.miner.set_target_gas_limit(target);
  return bool_answer(true);
}

/// A plain number, unlike eth_hashrate.
Answer get_hashrate(const Context& context, Params&) {
  return std::to_string(context.backend.miner.hashrate());
}

constexpr Method kPersonal[] = {
    {"personal_listAccounts", Where::worker, list_accounts, "", "addresses of the keystore's accounts",
     "[Address]"},
    {"personal_listWallets", Where::worker, list_wallets, "",
     "the keystore's accounts, and which are unlocked", "[Wallet]"},
    {"personal_lockAccount", Where::worker, lock_account, "address", "forgets an account's key", "Boolean"},
    {"personal_newAccount", Where::slow, new_account, "passphrase",
     "makes a key and keeps it under the passphrase", "Address"},
    {"personal_unlockAccount", Where::slow, unlock_account, "address, passphrase, seconds?",
     "keeps an account's key at hand for some time (300 s; 0: until the end)", "Boolean"},
};
constexpr Method kMiner[] = {
    {"miner_getHashrate", Where::worker, get_hashrate, "", "hashes a second, as a number", "Integer"},
    {"miner_setEtherbase", Where::worker, set_etherbase, "address", "says who gets the rewards", "Boolean"},
    {"miner_setExtra", Where::worker, set_extra, "text", "says what mined blocks carry as extra data",
     "Boolean"},
    {"miner_setGasLimit", Where::worker, set_gas_limit, "gas", "the gas limit that mined blocks move towards",
     "Boolean"},
    {"miner_setGasPrice", Where::worker, set_gas_price, "price",
     "the least that others' transactions must pay for a gas", "Boolean"},
    {"miner_start", Where::worker, miner_start, "threads?", "mines with so many threads, or one a core",
     "Boolean"},
    {"miner_stop", Where::worker, miner_stop, "", "ends mining, and the making of its dataset", "Boolean"},
};

}  // namespace

std::span<const Method> personal_methods() {
  return kPersonal;
}
std::span<const Method> miner_methods() {
  return kMiner;
}

}  // namespace quarry::rpc
