// What the tables' rows look like: one row a table, beside the schema.
#include "storage/inspect.hpp"

#include <algorithm>

#include "core/block.hpp"
#include "core/sender.hpp"
#include "storage/change_set.hpp"
#include "storage/codec.hpp"
#include "storage/log_index.hpp"
#include "storage/meta.hpp"
#include "storage/state_sync_store.hpp"
#include "storage/trie_node.hpp"

namespace quarry {

Shown Shown::of_hex(ByteView bytes) {
  return of_text(to_hex0x(bytes));
}
Shown& Shown::add(std::string name, Shown value) {
  members.emplace_back(std::move(name), std::move(value));
  return *this;
}

namespace {

/// The names of a header's fields in the order of Header::fields, as JSON-RPC has them.
constexpr std::array kHeaderFields = {
    "parentHash",    "sha3Uncles",      "miner",       "stateRoot",     "transactionsRoot",
    "receiptsRoot",  "logsBloom",       "difficulty",  "number",        "gasLimit",
    "gasUsed",       "timestamp",       "extraData",   "mixHash",       "nonce",
    "baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot",
    "requestsHash"};

template <class Tag, std::size_t N>
Shown shown(const FixedBytes<Tag, N>& bytes) {
  return Shown::of_hex(bytes);
}
Shown shown(const Bytes& bytes) {
  return Shown::of_hex(bytes);
}
Shown shown(std::uint64_t number) {
  return Shown::of(number);
}
Shown shown(const U256& number) {
  return Shown::of(number);
}
template <class T>
Shown shown(const std::optional<T>& value) {
  return value ? shown(*value) : Shown{};
}
Shown shown(const BlockId& id) {
  return Shown::record().add("number", shown(id.number)).add("hash", shown(id.hash));
}

void add_header(Shown& to, const Header& header) {
  std::size_t at = 0;
  Header::fields(header, [&](const auto& field) {
    Shown value = shown(field);
    if (value.kind != Shown::Kind::none) to.add(kHeaderFields.at(at), std::move(value));
    return ++at < kHeaderFields.size();
  });
}

std::optional<Shown> header_value(ByteView, ByteView value) {
  rlp::Reader reader(value);
  const auto total = reader.u256();
  if (!total) return std::nullopt;
  const auto header = decode_header(reader.rest(), HeaderIdentity::keccak_rlp);
  if (!header) return std::nullopt;
  Shown out = Shown::record().add("totalDifficulty", shown(*total));
  add_header(out, **header);
  return out;
}

Shown shown(const Transaction& txn) {
  Shown out = Shown::record();
  out.add("hash", shown(hash_of(txn))).add("type", shown(std::uint64_t(txn.type)));
  out.add("from", shown(sender_of(txn))).add("to", shown(txn.to));
  out.add("nonce", shown(txn.nonce)).add("value", shown(txn.value)).add("gas", shown(txn.gas_limit));
  if (txn.type == TxnType::legacy || txn.type == TxnType::access_list) {
    out.add("gasPrice", shown(txn.max_fee_per_gas));
  } else {
    out.add("maxPriorityFeePerGas", shown(txn.max_priority_fee_per_gas));
    out.add("maxFeePerGas", shown(txn.max_fee_per_gas));
  }
  out.add("input", shown(txn.data));
  return out.add("v", shown(txn.v)).add("r", shown(txn.r)).add("s", shown(txn.s));
}

std::optional<Shown> body_value(ByteView, ByteView value) {
  const auto body = decode_body(value, HeaderIdentity::keccak_rlp);
  if (!body) return std::nullopt;
  Shown txns = Shown::list(), ommers = Shown::list();
  for (const Transaction& txn : body->transactions) txns.add(shown(txn));
  for (const SealedHeader& ommer : body->ommers) {
    Shown one = Shown::record();
    add_header(one, *ommer);
    ommers.add(std::move(one));
  }
  Shown out = Shown::record().add("transactions", std::move(txns)).add("ommers", std::move(ommers));
  if (body->withdrawals) {
    Shown withdrawals = Shown::list();
    for (const Withdrawal& one : *body->withdrawals)
      withdrawals.add(Shown::record()
                          .add("index", shown(one.index))
                          .add("validatorIndex", shown(one.validator_index))
                          .add("address", shown(one.address))
                          .add("amount", shown(one.amount_gwei)));
    out.add("withdrawals", std::move(withdrawals));
  }
  return out;
}

std::optional<Shown> receipt_value(ByteView, ByteView value) {
  const auto receipts = decode_stored_receipts(value);
  if (!receipts) return std::nullopt;
  Shown out = Shown::list();
  for (const Receipt& receipt : *receipts) {
    Shown one = Shown::record().add("type", shown(std::uint64_t(receipt.type)));
    if (const auto* root = std::get_if<RootHash>(&receipt.outcome))
      one.add("root", shown(*root));
    else
      one.add("status", shown(std::uint64_t{std::get<bool>(receipt.outcome)}));
    one.add("cumulativeGasUsed", shown(receipt.cumulative_gas_used));
    Shown logs = Shown::list();
    for (const Log& log : receipt.logs) {
      Shown topics = Shown::list();
      for (const Hash256& topic : log.topics) topics.add(shown(topic));
      logs.add(Shown::record()
                   .add("address", shown(log.address))
                   .add("topics", std::move(topics))
                   .add("data", shown(log.data)));
    }
    out.add(one.add("logs", std::move(logs)));
  }
  return out;
}

std::optional<Shown> hash_value(ByteView, ByteView value) {
  if (value.size() != 32) return std::nullopt;
  return Shown::of_hex(value);
}

std::optional<Shown> number_value(ByteView, ByteView value) {
  if (value.size() != 8) return std::nullopt;
  return shown(*read_number(value));
}

std::optional<Shown> txn_value(ByteView, ByteView value) {
  if (value.size() != 12) return std::nullopt;
  std::uint64_t index = 0;
  for (const std::uint8_t byte : value.subspan(8)) index = index << 8 | byte;
  return Shown::record().add("number", shown(*read_number(value))).add("index", shown(index));
}

std::optional<Shown> account_value(ByteView, ByteView value) {
  const auto account = decode_flat_account(value);
  if (!account) return std::nullopt;
  return Shown::record()
      .add("nonce", shown(account->nonce))
      .add("balance", shown(account->balance))
      .add("storageRoot", shown(account->storage_root))
      .add("codeHash", shown(account->code_hash));
}

std::optional<Shown> slot_value(ByteView, ByteView value) {
  const auto slot = decode_flat_slot(value);
  if (!slot || value.empty()) return std::nullopt;
  return shown(*slot);
}

std::string nibble_text(ByteView nibbles) {
  std::string out;
  for (const std::uint8_t nibble : nibbles) out += "0123456789abcdef"[nibble & 15];
  return out;
}

Shown shown(const trie::Node& node) {
  switch (node.kind) {
    case trie::Kind::unloaded:
      return Shown::of_hex(node.reference_view());
    case trie::Kind::leaf: {
      const auto& leaf = static_cast<const trie::Leaf&>(node);
      return Shown::record()
          .add("kind", Shown::of_text("leaf"))
          .add("path", Shown::of_text(nibble_text(leaf.path)))
          .add("value", shown(leaf.value));
    }
    case trie::Kind::extension: {
      const auto& extension = static_cast<const trie::Extension&>(node);
      return Shown::record()
          .add("kind", Shown::of_text("extension"))
          .add("path", Shown::of_text(nibble_text(extension.path)))
          .add("child", shown(*extension.child));
    }
    case trie::Kind::branch: {
      Shown children = Shown::record();
      const auto& all = static_cast<const trie::Branch&>(node).children;
      for (std::uint8_t nibble = 0; nibble < 16; ++nibble)
        if (all[nibble]) children.add(nibble_text({&nibble, 1}), shown(*all[nibble]));
      return Shown::record().add("kind", Shown::of_text("branch")).add("children", std::move(children));
    }
  }
  return {};
}

std::optional<Shown> node_value(ByteView, ByteView value) {
  const auto node = trie::decode(value);
  if (!node) return std::nullopt;
  return shown(**node);
}

std::optional<Shown> change_value(ByteView key, ByteView value) {
  if (value.empty()) return Shown{};
  return !key.empty() && key[0] == 's' ? slot_value(key, value) : account_value(key, value);
}

std::optional<Shown> undo_value(ByteView key, ByteView value) {
  const auto number = read_number(key);
  const auto changes = number ? decode_undo(*number, value) : std::nullopt;
  if (!changes) return std::nullopt;
  Shown out = Shown::list();
  for (const auto& account : changes->accounts) {
    Shown slots = Shown::list();
    for (const auto& [slot, before] : account.slots) slots.add(shown(slot));
    out.add(Shown::record().add("account", shown(account.key)).add("slots", std::move(slots)));
  }
  return out;
}

std::optional<Shown> bytes_value(ByteView, ByteView value) {
  return Shown::of_hex(value);
}

std::optional<Shown> log_run_value(ByteView key, ByteView value) {
  const auto blocks = decode_log_run(key, value);
  if (!blocks) return std::nullopt;
  Shown out = Shown::list();
  for (const BlockNum block : *blocks) out.add(shown(block));
  return out;
}

std::optional<Shown> heads_value(ByteView, ByteView value) {
  if (value.size() != 120) return std::nullopt;
  return Shown::record()
      .add("header", shown(*read_block_id(value.subspan(0, 40))))
      .add("block", shown(*read_block_id(value.subspan(40, 40))))
      .add("fastBlock", shown(*read_block_id(value.subspan(80, 40))));
}

std::optional<Shown> state_head_value(ByteView, ByteView value) {
  if (value.size() != 40) return std::nullopt;
  return Shown::record()
      .add("number", shown(*read_number(value)))
      .add("root", Shown::of_hex(value.subspan(8)));
}

std::optional<Shown> state_sync_value(ByteView, ByteView value) {
  const auto record = decode_state_sync_record(value);
  if (!record) return std::nullopt;
  return Shown::record()
      .add("pivot", shown(record->pivot))
      .add("root", shown(record->root))
      .add("moved", Shown::of_flag(record->moved))
      .add("written", shown(record->written));
}

std::optional<Shown> text_value(ByteView, ByteView value) {
  return Shown::of_text(std::string{as_text(value)});
}

struct MetaRow {
  std::string_view name;
  std::optional<Shown> (*value)(ByteView key, ByteView value);
};
constexpr std::array<MetaRow, 7> kMetaRows{{{meta::kSchema, &number_value},
                                            {meta::kHeads, &heads_value},
                                            {meta::kStateHead, &state_head_value},
                                            {meta::kOldestState, &number_value},
                                            {meta::kStateSync, &state_sync_value},
                                            {meta::kLogIndexBuilt, &number_value},
                                            {meta::kGenesis, &text_value}}};

std::optional<Shown> meta_value(ByteView key, ByteView value) {
  for (const MetaRow& row : kMetaRows)
    if (row.name == as_text(key)) return row.value(key, value);
  return bytes_value(key, value);
}

using enum KeyPart;
/// In the order of `Table`.
constexpr std::array<InspectRow, kTableCount> kRows{{
    {Table::header, {{{0, {number, hash}}}}, &header_value},
    {Table::body, {{{0, {number, hash}}}}, &body_value},
    {Table::receipt, {{{0, {number, hash}}}}, &receipt_value},
    {Table::canonical, {{{0, {number}}}}, &hash_value},
    {Table::number, {{{0, {hash}}}}, &number_value},
    {Table::txn, {{{0, {hash}}}}, &txn_value},
    {Table::account, {{{0, {account}}}}, &account_value},
    {Table::slot, {{{0, {account, slot}}}}, &slot_value},
    {Table::node, {{{'a', {path}}, {'s', {account, path}}}}, &node_value},
    {Table::change, {{{'a', {account, number}}, {'s', {account, slot, number}}}}, &change_value},
    {Table::undo, {{{0, {number}}}}, &undo_value},
    {Table::code, {{{0, {hash}}}}, &bytes_value},
    {Table::log_index,
     {{{'a', {address, number}}, {'t', {place, hash, number}}, {'*', {number}}}},
     &log_run_value},
    {Table::meta, {{{0, {text}}}}, &meta_value},
}};
static_assert(
    [] {
      for (std::size_t i = 0; i < kTableCount; ++i)
        if (kRows[i].table != static_cast<Table>(i) || kRows[i].value == nullptr) return false;
      return true;
    }(),
    "every table has its row");

}  // namespace

const InspectRow& inspect_row(Table table) {
  return kRows[static_cast<std::size_t>(table)];
}

std::optional<Shown> shown_value(Table table, ByteView key, ByteView value) {
  return inspect_row(table).value(key, value);
}

}  // namespace quarry
