// The eth namespace: what this chain and this node are (EIP-7910's eth_config, eth_capabilities).

#include <algorithm>
#include <set>

#include "core/fork_id.hpp"
#include "evm/precompiles.hpp"
#include "rpc/lookup.hpp"

namespace quarry::rpc {
namespace {

struct EipName {
  std::uint16_t address;
  const char* name;
};
/// EIP-7910's names of the precompiles.
constexpr EipName kPrecompileNames[] = {
    {0x01, "ECREC"},
    {0x02, "SHA256"},
    {0x03, "RIPEMD160"},
    {0x04, "ID"},
    {0x05, "MODEXP"},
    {0x06, "BN254_ADD"},
    {0x07, "BN254_MUL"},
    {0x08, "BN254_PAIRING"},
    {0x09, "BLAKE2F"},
    {0x0a, "KZG_POINT_EVALUATION"},
    {0x0b, "BLS12_G1ADD"},
    {0x0c, "BLS12_G1MSM"},
    {0x0d, "BLS12_G2ADD"},
    {0x0e, "BLS12_G2MSM"},
    {0x0f, "BLS12_PAIRING_CHECK"},
    {0x10, "BLS12_MAP_FP_TO_G1"},
    {0x11, "BLS12_MAP_FP2_TO_G2"},
    {0x100, "P256VERIFY"},
};

struct SystemContract {
  Fork since;
  const char* name;
  const char* address;
};
/// EIP-4788, 2935, 7002, 7251; the deposit contract is the chain's own.
constexpr SystemContract kSystemContracts[] = {
    {Fork::cancun, "BEACON_ROOTS_ADDRESS", "0x000f3df6d732807ef1319fb7b8bb8522d0beac02"},
    {Fork::prague, "CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS", "0x0000bbddc7ce488642fb579f8b00f3a590007251"},
    {Fork::prague, "HISTORY_STORAGE_ADDRESS", "0x0000f90827f1c53a10cb7a02335b175320002935"},
    {Fork::prague, "WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS", "0x00000961ef480eb55e80d19ad83579a64c007002"},
};

Json precompiles_view(const Rules& rules) {
  Json out = Json::object();
  for (const auto& [address, precompile] : evm::precompiles_of(rules)) {
    const auto number = address.bytes[18] << 8 | address.bytes[19];
    for (const auto& row : kPrecompileNames)
      if (row.address == number) out[row.name] = address.hex();
  }
  return out;
}

/// Only what a beacon chain stands above has them.
Json contracts_view(const ChainSpec& spec, const Rules& rules) {
  Json out = Json::object();
  if (!spec.terminal_total_difficulty) return out;
  for (const auto& row : kSystemContracts)
    if (rules.has(row.since)) out[row.name] = row.address;
  if (rules.has(Fork::prague)) out["DEPOSIT_CONTRACT_ADDRESS"] = spec.deposit_contract.hex();
  return out;
}

Json blobs_view(const ChainSpec& spec, const Rules& rules) {
  const auto blobs = blob_params(spec, rules);
  if (!blobs || !spec.terminal_total_difficulty) return nullptr;
  return {{"target", blobs->target}, {"max", blobs->max}, {"baseFeeUpdateFraction", blobs->update_fraction}};
}

/// The chain from the fork at `time` on; zero: as it is before its first fork by time.
Json config_view(const Context& context, const SealedHeader& genesis, BlockNum number, Timestamp time) {
  const auto& spec = context.backend.chain.spec();
  const auto rules = spec.forks.rules(number, time);
  const ForkIds ids(spec.forks, context.backend.chain.genesis_hash(), genesis->timestamp);
  return {{"activationTime", time <= genesis->timestamp ? 0 : time},
          {"blobSchedule", blobs_view(spec, rules)},
          {"chainId", quantity(spec.chain_id)},
          {"forkId", ids.at(number, time).hash.hex()},
          {"precompiles", precompiles_view(rules)},
          {"systemContracts", contracts_view(spec, rules)}};
}

Answer config(const Context& context, Params&) {
  const auto& reader = context.backend.reader;
  const auto head = reader.header(reader.head());
  const auto genesis_id = reader.canonical(0);
  const auto genesis = genesis_id ? reader.header(*genesis_id) : std::nullopt;
  if (!head || !genesis) return rpc_fail(RpcCode::failed, "header not found");
  std::set<Timestamp> times;
  for (const auto& fork : context.backend.chain.spec().forks.at)
    if (fork && fork->by == Activation::By::time) times.insert(fork->at);
  const auto next = times.upper_bound((*head)->timestamp);
  const Timestamp now = next == times.begin() ? 0 : *std::prev(next);
  // A fork by time comes after all those by block, so the others' number is the furthest one.
  const BlockNum number = times.empty() ? (*head)->number : std::numeric_limits<BlockNum>::max();
  Json out = {{"current", config_view(context, *genesis, now == 0 ? (*head)->number : number, now)},
              {"next", nullptr},
              {"last", nullptr}};
  if (next != times.end()) {
    out["next"] = config_view(context, *genesis, number, *next);
    out["last"] = config_view(context, *genesis, number, *times.rbegin());
  }
  return json_answer(out);
}

Answer capabilities(const Context& context, Params&) {
  const auto& reader = context.backend.reader;
  const auto head = reader.head();
  const auto since = [](BlockNum oldest) {
    return Json{{"disabled", false}, {"oldestBlock", quantity(oldest)}};
  };
  const Json all = since(0), states = since(reader.oldest_state());
  return json_answer({{"head", {{"number", quantity(head.number)}, {"hash", head.hash.hex()}}},
                      {"state", states},
                      {"tx", all},
                      {"logs", all},
                      {"receipts", all},
                      {"blocks", all},
                      {"stateproofs", states}});
}

constexpr Method kMethods[] = {
    {"eth_capabilities", Where::worker, capabilities, "",
     "how far back blocks, logs and states can be asked for", "Capabilities"},
    {"eth_config", Where::worker, config, "",
     "the chain's forks, blobs and contracts, now and next (EIP-7910)", "ChainConfig"},
};

}  // namespace

std::span<const Method> eth_config_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
