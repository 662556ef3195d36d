/// \file
/// The way back from a genesis to JSON, and what tells two of them apart.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "core/hex.hpp"
#include "node/genesis_json.hpp"

namespace quarry {
namespace {
using Json = nlohmann::ordered_json;

Json config_to_json(const ChainSpec& spec) {
  Json config;
  config["chainId"] =
      spec.chain_id.fits_u64() ? Json(spec.chain_id.low64()) : Json(spec.chain_id.to_decimal());
  for (const ForkInfo& row : kForkTable)
    if (const auto& activation = spec.forks[row.fork])
      config[std::string(activation->by == Activation::By::block ? row.block_key : row.time_key)] =
          activation->at;
  if (spec.dao_fork_support) config["daoForkSupport"] = true;
  if (spec.zero_base_fee) config["zeroBaseFee"] = true;
  if (spec.terminal_total_difficulty)
    config["terminalTotalDifficulty"] = spec.terminal_total_difficulty->to_decimal();
  for (const auto& [fork, params] : spec.blob_schedule) {
    std::string key(info(fork).time_key);
    key.resize(key.size() - std::string_view("Time").size());
    config["blobSchedule"][key] = {
        {"target", params.target}, {"max", params.max}, {"baseFeeUpdateFraction", params.update_fraction}};
  }
  if (spec.deposit_contract != kMainnetDepositContract)
    config["depositContractAddress"] = spec.deposit_contract.hex();
  switch (spec.engine) {
    case EngineKind::ethash:
      config["ethash"] = Json::object();
      break;
    case EngineKind::clique:
      config["clique"] = {{"period", spec.clique.period}, {"epoch", spec.clique.epoch}};
      if (spec.clique.eip3436) config["clique"]["eip3436"] = true;
      break;
    case EngineKind::jbc:
      config["jbc"] = {{"zeros", spec.jbc.zeros}};
      break;
  }
  return config;
}

Json account_to_json(const GenesisAccount& account) {
  Json out;
  out["balance"] = account.balance.to_quantity();
  if (account.nonce != 0) out["nonce"] = U256{account.nonce}.to_quantity();
  if (!account.code.empty()) out["code"] = to_hex0x(account.code);
  for (const auto& [key, value] : account.storage) out["storage"][key.hex()] = value.hex();
  return out;
}

struct FieldText {
  const char* name;
  std::string text;
};
/// A genesis header's fields in words: those that a genesis file sets.
std::vector<FieldText> header_fields(const Header& h) {
  const auto number = [](const auto& optional) {
    return optional ? U256{*optional}.to_decimal() : std::string("not set");
  };
  return {{"nonce", h.nonce.hex()},
          {"timestamp", std::to_string(h.timestamp)},
          {"extraData", to_hex0x(h.extra_data)},
          {"gasLimit", std::to_string(h.gas_limit)},
          {"difficulty", h.difficulty.to_decimal()},
          {"mixHash", h.mix_hash.hex()},
          {"coinbase", h.beneficiary.hex()},
          {"gasUsed", std::to_string(h.gas_used)},
          {"parentHash", h.parent_hash.hex()},
          {"baseFeePerGas", number(h.base_fee_per_gas)},
          {"excessBlobGas", number(h.excess_blob_gas)},
          {"blobGasUsed", number(h.blob_gas_used)}};
}

void alloc_differences(const Genesis& have, const Genesis& wanted, std::vector<std::string>& out) {
  constexpr std::size_t kMostShown = 10;
  std::unordered_map<Address, const GenesisAccount*> before;
  for (const GenesisAccount& account : have.alloc) before.emplace(account.address, &account);
  std::vector<std::string> lines;
  for (const GenesisAccount& account : wanted.alloc) {
    const auto found = before.find(account.address);
    if (found == before.end()) {
      lines.push_back(fmt::format("alloc.{}: only in the new one", account.address.hex()));
      continue;
    }
    const GenesisAccount& other = *found->second;
    if (other.balance != account.balance)
      lines.push_back(fmt::format("alloc.{}.balance: have {}, new {}", account.address.hex(),
                                  other.balance.to_decimal(), account.balance.to_decimal()));
    if (other.nonce != account.nonce)
      lines.push_back(
          fmt::format("alloc.{}.nonce: have {}, new {}", account.address.hex(), other.nonce, account.nonce));
    if (other.code != account.code)
      lines.push_back(fmt::format("alloc.{}.code differs", account.address.hex()));
    auto storage_before = other.storage, storage_after = account.storage;
    std::sort(storage_before.begin(), storage_before.end());
    std::sort(storage_after.begin(), storage_after.end());
    if (storage_before != storage_after)
      lines.push_back(fmt::format("alloc.{}.storage differs", account.address.hex()));
    before.erase(found);
  }
  for (const auto& [address, account] : before)
    lines.push_back(fmt::format("alloc.{}: only in the data dir's", address.hex()));
  const std::size_t shown = std::min(lines.size(), kMostShown);
  std::move(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(shown), std::back_inserter(out));
  if (lines.size() > shown) out.push_back(fmt::format("alloc: {} more differences", lines.size() - shown));
}
}  // namespace

std::string genesis_to_json(const Genesis& genesis) {
  const Header& h = genesis.header;
  Json out;
  out["config"] = config_to_json(genesis.spec);
  out["nonce"] = h.nonce.hex();
  out["timestamp"] = U256{h.timestamp}.to_quantity();
  out["extraData"] = to_hex0x(h.extra_data);
  out["gasLimit"] = U256{h.gas_limit}.to_quantity();
  out["difficulty"] = h.difficulty.to_quantity();
  out["mixHash"] = h.mix_hash.hex();
  out["coinbase"] = h.beneficiary.hex();
  out["gasUsed"] = U256{h.gas_used}.to_quantity();
  out["parentHash"] = h.parent_hash.hex();
  if (h.base_fee_per_gas) out["baseFeePerGas"] = h.base_fee_per_gas->to_quantity();
  if (h.excess_blob_gas) out["excessBlobGas"] = U256{*h.excess_blob_gas}.to_quantity();
  if (h.blob_gas_used) out["blobGasUsed"] = U256{*h.blob_gas_used}.to_quantity();
  Json& alloc = out["alloc"] = Json::object();
  // Not alloc[key] = …: the ordered map looks through all keys each time.
  auto& members = alloc.get_ref<Json::object_t&>();
  members.reserve(genesis.alloc.size());
  for (const GenesisAccount& account : genesis.alloc)
    members.push_back(Json::object_t::value_type(to_hex(account.address), account_to_json(account)));
  return out.dump(1);
}

std::vector<std::string> genesis_differences(const Genesis& have, const Genesis& wanted) {
  std::vector<std::string> out;
  const auto before = header_fields(have.header), after = header_fields(wanted.header);
  for (std::size_t i = 0; i < before.size(); ++i)
    if (before[i].text != after[i].text)
      out.push_back(fmt::format("{}: have {}, new {}", before[i].name, before[i].text, after[i].text));
  alloc_differences(have, wanted, out);
  return out;
}

}  // namespace quarry
