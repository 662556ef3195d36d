// Options about mining and what is mined from.
#include <fmt/format.h>

#include "core/fixed_bytes.hpp"
#include "core/u256.hpp"
#include "node/options_setters.hpp"

namespace quarry {
namespace {

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

// The pool's settings lie in a struct of their own: setters over a member of NodeOptions::Pool.
template <auto Field, std::uint64_t Most>
Result<> set_pool_number(NodeOptions& to, std::string_view value) {
  const auto number = number_between(value, 1, Most);
  if (!number) return tl::unexpected(number.error());
  to.pool.*Field = static_cast<std::remove_cvref_t<decltype(to.pool.*Field)>>(*number);
  return {};
}
/// As Go writes durations: 90s, 10m, 1h30m0s.
template <auto Field>
Result<> set_pool_time(NodeOptions& to, std::string_view value) {
  const auto seconds = read_duration(value);
  if (!seconds) return tl::unexpected(seconds.error());
  if (*seconds == 0) return fail("must be a second at least");
  to.pool.*Field = *seconds;
  return {};
}

Result<> set_pool_locals(NodeOptions& to, std::string_view value) {
  auto accounts = split_list(value);
  for (const auto& account : accounts)
    if (!Address::from_hex(account))
      return fail(fmt::format("Invalid account in --txpool.locals: {}", account));
  to.pool.locals = std::move(accounts);
  return {};
}
Result<> set_pool_journal(NodeOptions& to, std::string_view value) {
  const std::filesystem::path path(value);
  for (const auto& part : path)
    if (path.is_absolute() || part == "..")
      return fail("the journal lies in the data dir",
                  "Give a file name: it is looked for in DATADIR/quarry.");
  to.pool.journal = path;
  return {};
}
Result<> set_price_limit(NodeOptions& to, std::string_view value) {
  if (!U256::parse(value)) return fail("not an amount of wei");
  to.pool.price_limit = std::string(value);
  return {};
}
Result<> set_no_locals(NodeOptions& to, std::string_view value) {
  const auto on = read_switch(value);
  if (!on) return tl::unexpected(on.error());
  to.pool.no_locals = *on;
  return {};
}

// And those of `quarry dev` in another.
template <auto Field>
Result<> set_dev_text(NodeOptions& to, std::string_view value) {
  to.dev.*Field = std::string(value);
  return {};
}
Result<> set_dev_accounts(NodeOptions& to, std::string_view value) {
  constexpr std::uint64_t kMostAccounts = 1000;
  const auto number = number_between(value, 1, kMostAccounts);
  if (!number) return tl::unexpected(number.error());
  to.dev.accounts = static_cast<std::size_t>(*number);
  return {};
}
using D = NodeOptions::Dev;

using O = NodeOptions;
using P = NodeOptions::Pool;
constexpr std::uint64_t kMostTxns = 1'000'000;
using enum OptionGroup;

constexpr OptionRow kOptions[] = {
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

    {"txpool.locals", {}, pool, "ADDRESSES", "Accounts whose transactions are favoured", set_pool_locals},
    {"txpool.nolocals", {}, pool, "", "Favour nobody for having come over JSON-RPC", set_no_locals},
    {"txpool.journal",
     {},
     pool,
     "FILE",
     "In the data dir: local transactions, over restarts; '' for none (default transactions.rlp)",
     set_pool_journal},
    {"txpool.rejournal",
     {},
     pool,
     "TIME",
     "Write the journal anew so often (default 1h0m0s)",
     set_pool_time<&P::rejournal_seconds>},
    {"txpool.pricelimit",
     {},
     pool,
     "WEI",
     "As --miner.gasprice, which comes first (default 0)",
     set_price_limit},
    {"txpool.pricebump",
     {},
     pool,
     "PERCENT",
     "What a replacement pays more (default 10)",
     set_pool_number<&P::price_bump, 10'000>},
    {"txpool.accountslots",
     {},
     pool,
     "N",
     "Transactions an account keeps when the pool is full (default 16)",
     set_pool_number<&P::account_slots, kMostTxns>},
    {"txpool.globalslots",
     {},
     pool,
     "N",
     "Transactions that can run, of all accounts (default 4096)",
     set_pool_number<&P::global_slots, kMostTxns>},
    {"txpool.accountqueue",
     {},
     pool,
     "N",
     "Transactions of an account that wait for a nonce (default 64)",
     set_pool_number<&P::account_queue, kMostTxns>},
    {"txpool.globalqueue",
     {},
     pool,
     "N",
     "Those of all accounts (default 1024)",
     set_pool_number<&P::global_queue, kMostTxns>},
    {"txpool.lifetime",
     {},
     pool,
     "TIME",
     "What waits longer for a nonce goes (default 3h0m0s)",
     set_pool_time<&P::lifetime_seconds>},

    {"accounts", {}, dev, "N", "dev: accounts with ether (default 10)", set_dev_accounts},
    {"balance", {}, dev, "ETHER", "dev: what each of them has (default 10000)", set_dev_text<&D::balance>},
    {"mnemonic",
     {},
     dev,
     "WORDS",
     "dev: the phrase that their keys come from (default: test tools' own)",
     set_dev_text<&D::mnemonic>},

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
};

}  // namespace

std::span<const OptionRow> mining_options() {
  return kOptions;
}

}  // namespace quarry
