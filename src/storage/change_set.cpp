#include "storage/change_set.hpp"

#include "storage/codec.hpp"
#include "storage/corruption.hpp"

namespace quarry {
namespace {

constexpr std::size_t kCountBytes = 4;

Bytes encode_undo(const ChangeSet& changes) {
  Bytes out;
  for (const auto& account : changes.accounts) {
    append(out, account.key);
    const auto count = static_cast<std::uint32_t>(account.slots.size());
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(count >> shift));
    for (const auto& [slot, before] : account.slots) append(out, slot);
  }
  return out;
}

}  // namespace

std::optional<ChangeSet> decode_undo(BlockNum number, ByteView bytes) {
  ChangeSet out{number, {}};
  while (!bytes.empty()) {
    if (bytes.size() < 32 + kCountBytes) return std::nullopt;
    auto& account = out.accounts.emplace_back();
    account.key = *AddressHash::from(bytes.first(32));
    std::uint64_t count = 0;
    for (const std::uint8_t byte : bytes.subspan(32, kCountBytes)) count = count << 8 | byte;
    bytes = bytes.subspan(32 + kCountBytes);
    if (count > bytes.size() / 32) return std::nullopt;
    for (; count > 0; --count) {
      account.slots.emplace_back(*SlotHash::from(bytes.first(32)), SlotValue{});
      bytes = bytes.subspan(32);
    }
  }
  return out;
}

ChangeSet change_set_of(BlockNum number, const StateDelta& delta) {
  ChangeSet out{number, {}};
  for (const AccountDelta& account : delta) {
    if (account.before == account.after && account.slots.empty()) continue;
    auto& one = out.accounts.emplace_back(ChangeSet::AccountBefore{account.key, account.before, {}});
    for (const SlotDelta& slot : account.slots) one.slots.emplace_back(slot.key, slot.before);
  }
  return out;
}

std::optional<ChangeSet> read_change_set(const DatabaseReader& reader, BlockNum number) {
  const auto undo = reader.get(Table::undo, number_key(number));
  if (!undo) return std::nullopt;
  ChangeSet out = intact(reader, Table::undo, decode_undo(number, *undo));
  for (auto& account : out.accounts) {
    const auto value = intact(reader, Table::change,
                              reader.get(Table::change, change_key(account.key, std::nullopt, number)));
    if (!value.empty()) account.before = intact(reader, Table::change, decode_flat_account(value));
    for (auto& [slot, before] : account.slots) {
      const auto bytes =
          intact(reader, Table::change, reader.get(Table::change, change_key(account.key, slot, number)));
      before = intact(reader, Table::change, decode_flat_slot(bytes));
    }
  }
  return out;
}

void put_change_set(Batch& batch, const ChangeSet& changes) {
  batch.put(Table::undo, number_key(changes.number), encode_undo(changes));
  for (const auto& account : changes.accounts) {
    batch.put(Table::change, change_key(account.key, std::nullopt, changes.number),
              account.before ? encode_flat_account(*account.before) : Bytes{});
    for (const auto& [slot, before] : account.slots)
      batch.put(Table::change, change_key(account.key, slot, changes.number), encode_flat_slot(before));
  }
}

void erase_change_set(Batch& batch, const ChangeSet& changes) {
  batch.erase(Table::undo, number_key(changes.number));
  for (const auto& account : changes.accounts) {
    batch.erase(Table::change, change_key(account.key, std::nullopt, changes.number));
    for (const auto& [slot, before] : account.slots)
      batch.erase(Table::change, change_key(account.key, slot, changes.number));
  }
}

}  // namespace quarry
