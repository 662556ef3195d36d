#include "node/geth_genesis.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "consensus/genesis.hpp"
#include "node/genesis_json.hpp"
#include "node/geth_source.hpp"
#include "storage/codec.hpp"
#include "storage/database.hpp"

namespace quarry::geth {
namespace {

using Json = nlohmann::ordered_json;

/// The slots of one account by their own keys; nothing when one is not known.
std::optional<Json> storage_json(const Source& source, const Database& database, const AddressHash& account) {
  Json out = Json::object();
  Cursor cursor = database.cursor(Table::slot);
  for (cursor.seek(account); cursor.valid() && equal(cursor.key().first(32), account); cursor.next()) {
    const auto key = source.preimage(*Hash256::from(cursor.key().subspan(32)));
    const auto value = decode_flat_slot(cursor.value());
    if (!key || key->size() != 32 || !value) return std::nullopt;
    out[to_hex0x(*key)] = value->hex();
  }
  return out;
}

/// The accounts of the state tables by their addresses; nothing when one is not known.
std::optional<Json> accounts_json(const Source& source, const Database& database) {
  constexpr std::size_t kMostAccounts = 500'000;  // a genesis file has a bound
  Json out = Json::object();
  auto& members = out.get_ref<Json::object_t&>();
  Cursor cursor = database.cursor(Table::account);
  for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
    const auto key = *AddressHash::from(cursor.key());
    const auto address = source.preimage(Hash256{key});
    const auto account = decode_flat_account(cursor.value());
    if (!address || address->size() != 20 || !account || members.size() == kMostAccounts) return std::nullopt;
    Json one;
    one["balance"] = account->balance.to_quantity();
    if (account->nonce != 0) one["nonce"] = U256{account->nonce}.to_quantity();
    if (account->code_hash != kEmptyCodeHash) {
      const auto code = database.get(Table::code, account->code_hash);
      if (!code) return std::nullopt;
      one["code"] = to_hex0x(*code);
    }
    if (account->storage_root != kEmptyRoot) {
      auto storage = storage_json(source, database, key);
      if (!storage) return std::nullopt;
      one["storage"] = std::move(*storage);
    }
    members.push_back(Json::object_t::value_type(to_hex(*address), std::move(one)));
  }
  return out;
}

std::optional<Json> alloc_json(const Source& source, const Database* database, const BlockHash& genesis) {
  if (const auto text = source.alloc_text(genesis)) {
    Json alloc = Json::parse(*text, nullptr, false);
    if (alloc.is_object()) return alloc;
  }
  return database == nullptr ? std::nullopt : accounts_json(source, *database);
}

Result<Json> config_json(const Source& source, const BlockHash& genesis) {
  const auto text = source.config_text(genesis);
  Json config = text ? Json::parse(*text, nullptr, false) : Json{};
  if (!config.is_object())
    return fail(
        fmt::format("geth's database has no chain config for the genesis {}", genesis.hex()),
        "Start that geth once: it writes the config. Or let it write a chain file, `geth export FILE`, and "
        "read that: quarry init GENESIS, quarry import FILE.");
  return config;
}

}  // namespace

Result<SourceGenesis> read_genesis(Source& source, const Database* database) {
  const auto header = source.header(0);
  if (!header) return tl::unexpected(header.error());
  auto config = config_json(source, header->hash());
  if (!config) return tl::unexpected(config.error());
  Genesis bare;
  bare.header = **header;
  Json text = Json::parse(genesis_to_json(bare));
  text["config"] = std::move(*config);
  auto alloc = alloc_json(source, database, header->hash());
  text["alloc"] = alloc ? std::move(*alloc) : Json::object();
  auto file = parse_genesis(text.dump());
  if (!file) return tl::unexpected(file.error());
  SourceGenesis out{std::move(file->genesis), false};
  out.complete = genesis_block(out.genesis).hash() == header->hash();
  if (!out.complete) out.genesis.alloc.clear();
  return out;
}

}  // namespace quarry::geth
