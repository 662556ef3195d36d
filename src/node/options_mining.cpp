// Options about mining and what is mined from.
#include <limits>

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

using O = NodeOptions;
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
