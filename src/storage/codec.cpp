#include "storage/codec.hpp"

#include <algorithm>
#include <bit>

#include "core/check.hpp"
#include "core/keccak.hpp"
#include "core/receipt_parts.hpp"

namespace quarry {
namespace {

constexpr std::uint8_t kAccountTag = 'a';
constexpr std::uint8_t kStorageTag = 's';
constexpr std::size_t kMostNibbles = 64;

void append_number(Bytes& to, BlockNum number) {
  append(to, number_key(number));
}

ByteView without_leading_zeros(ByteView bytes) {
  const auto first = std::find_if(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte != 0; });
  return bytes.subspan(static_cast<std::size_t>(first - bytes.begin()));
}

}  // namespace

std::array<std::uint8_t, 8> number_key(BlockNum number) {
  std::array<std::uint8_t, 8> out;
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
  return out;
}

std::optional<BlockNum> read_number(ByteView bytes) {
  if (bytes.size() < 8) return std::nullopt;
  BlockNum out = 0;
  for (std::size_t i = 0; i < 8; ++i) out = out << 8 | bytes[i];
  return out;
}

std::array<std::uint8_t, 40> block_key(const BlockId& id) {
  std::array<std::uint8_t, 40> out;
  const auto number = number_key(id.number);
  std::copy(number.begin(), number.end(), out.begin());
  std::copy(id.hash.begin(), id.hash.end(), out.begin() + 8);
  return out;
}

std::optional<BlockId> read_block_id(ByteView bytes) {
  if (bytes.size() != 40) return std::nullopt;
  return BlockId{*read_number(bytes), *BlockHash::from(bytes.subspan(8))};
}

std::array<std::uint8_t, 64> slot_key(const AddressHash& account, const SlotHash& slot) {
  std::array<std::uint8_t, 64> out;
  std::copy(account.begin(), account.end(), out.begin());
  std::copy(slot.begin(), slot.end(), out.begin() + 32);
  return out;
}

Bytes change_key(const AddressHash& account, const std::optional<SlotHash>& slot, BlockNum number) {
  Bytes out;
  out.reserve(1 + 64 + 8);
  out.push_back(slot ? kStorageTag : kAccountTag);
  append(out, account);
  if (slot) append(out, *slot);
  append_number(out, number);
  return out;
}

Bytes node_key(const std::optional<AddressHash>& account, ByteView nibbles) {
  QUARRY_CHECK(nibbles.size() <= kMostNibbles);
  Bytes out = account ? storage_trie_prefix(*account) : Bytes{kAccountTag};
  out.reserve(out.size() + nibbles.size() / 2 + 2);
  for (std::size_t i = 0; i < nibbles.size(); i += 2) {
    const std::uint8_t low = i + 1 < nibbles.size() ? nibbles[i + 1] : 0;
    out.push_back(static_cast<std::uint8_t>(nibbles[i] << 4 | low));
  }
  out.push_back(static_cast<std::uint8_t>(nibbles.size()));
  return out;
}

Bytes storage_trie_prefix(const AddressHash& account) {
  Bytes out;
  out.reserve(1 + 32 + 33 + 1);
  out.push_back(kStorageTag);
  append(out, account);
  return out;
}

Bytes after_prefix(ByteView prefix) {
  Bytes out = to_bytes(prefix);
  while (!out.empty() && out.back() == 0xff) out.pop_back();
  if (!out.empty()) ++out.back();
  return out;
}

std::uint64_t key_prefix(ByteView key) {
  std::array<std::uint8_t, 8> start{};
  std::copy_n(key.begin(), std::min(key.size(), start.size()), start.begin());
  return __builtin_bswap64(std::bit_cast<std::uint64_t>(start));
}

Bytes encode_flat_account(const Account& account) {
  rlp::Writer to;
  const auto mark = to.begin_list();
  to.write(account.nonce).write(account.balance);
  to.write(account.storage_root == kEmptyRoot ? ByteView{} : account.storage_root.view());
  to.write(account.code_hash == kEmptyCodeHash ? ByteView{} : account.code_hash.view());
  to.end_list(mark);
  return to.take();
}

std::optional<Account> decode_flat_account(ByteView bytes) {
  auto list = rlp::decode_list(bytes);
  Account out;
  if (!list || !list->read(out.nonce) || !list->read(out.balance)) return std::nullopt;
  const auto root = list->string();
  const auto code = list->string();
  if (!root || !code || !list->finish()) return std::nullopt;
  if (!root->empty()) {
    const auto hash = RootHash::from(*root);
    if (!hash) return std::nullopt;
    out.storage_root = *hash;
  }
  if (!code->empty()) {
    const auto hash = CodeHash::from(*code);
    if (!hash) return std::nullopt;
    out.code_hash = *hash;
  }
  return out;
}

Bytes encode_flat_slot(const SlotValue& value) {
  return to_bytes(without_leading_zeros(value));
}

std::optional<SlotValue> decode_flat_slot(ByteView bytes) {
  if (bytes.size() > 32) return std::nullopt;
  SlotValue out;
  std::copy(bytes.begin(), bytes.end(), out.bytes.end() - static_cast<std::ptrdiff_t>(bytes.size()));
  return out;
}

Bytes encode_slot_leaf(const SlotValue& value) {
  return rlp::encode(without_leading_zeros(value));
}

/// The form of PackedReceipts::bare.
Bytes encode_stored_receipts(const std::vector<Receipt>& receipts) {
  rlp::Writer to;
  const auto all = to.begin_list();
  for (const Receipt& receipt : receipts) {
    const auto one = to.begin_list();
    to.write(static_cast<std::uint64_t>(receipt.type));
    write_outcome(to, receipt);
    to.write(receipt.cumulative_gas_used);
    const auto logs = to.begin_list();
    for (const Log& log : receipt.logs) write_log(to, log);
    to.end_list(logs).end_list(one);
  }
  to.end_list(all);
  return to.take();
}

namespace {

bool read_stored_receipt(rlp::Reader& from, Receipt& receipt) {
  auto list = from.list();
  std::uint64_t type = 0;
  if (!list || !list->read(type) || type > 0x7f) return false;
  receipt.type = static_cast<TxnType>(type);
  if (!read_outcome(*list, receipt) || !list->read(receipt.cumulative_gas_used)) return false;
  auto logs = list->list();
  if (!logs) return false;
  while (!logs->at_end()) {
    auto log = read_log(*logs);
    if (!log) return false;
    receipt.logs.push_back(std::move(*log));
  }
  receipt.logs_bloom = bloom_of(receipt.logs);
  return bool{list->finish()};
}

}  // namespace

std::optional<std::vector<Receipt>> decode_stored_receipts(ByteView bytes) {
  auto list = rlp::decode_list(bytes);
  if (!list) return std::nullopt;
  std::vector<Receipt> out;
  while (!list->at_end())
    if (!read_stored_receipt(*list, out.emplace_back())) return std::nullopt;
  return out;
}

AddressHash hash_of(const Address& address) {
  return AddressHash{keccak256(address)};
}
SlotHash hash_of(const SlotKey& key) {
  return SlotHash{keccak256(key)};
}

}  // namespace quarry
