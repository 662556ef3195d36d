#include "storage/history.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "storage/codec.hpp"
#include "storage/corruption.hpp"

namespace quarry {
namespace {

constexpr std::size_t kNumberBytes = 8, kHashBytes = 32;

/// What both keys are about is the same, whatever their blocks.
bool same_subject(ByteView key, ByteView other) {
  return key.size() == other.size() &&
         equal(key.first(key.size() - kNumberBytes), other.first(other.size() - kNumberBytes));
}

bool starts_with(ByteView key, ByteView prefix) {
  return key.size() > prefix.size() && equal(key.first(prefix.size()), prefix);
}

/// One account's slots, as two tables name them: those that are there now, and those that were changed.
class SlotWalk {
 public:
  SlotWalk(const DatabaseReader& reader, BlockNum number, const AddressHash& account)
      : reader_(reader),
        number_(number),
        account_(account),
        now_(reader.cursor(Table::slot)),
        changes_(reader.cursor(Table::change)),
        change_prefix_(change_key(account, SlotHash{}, 0)) {
    change_prefix_.resize(change_prefix_.size() - kHashBytes - kNumberBytes);
  }

  void seek(const SlotHash& first) {
    now_.seek(slot_key(account_, first));
    changes_.seek(change_key(account_, first, 0));
  }

  /// The next slot that either table names.
  std::optional<SlotHash> next() {
    std::optional<SlotHash> out;
    if (now_.valid() && starts_with(now_.key(), account_)) out = hash_at(now_.key(), kHashBytes);
    if (changes_.valid() && starts_with(changes_.key(), change_prefix_)) {
      const auto changed = hash_at(changes_.key(), change_prefix_.size());
      if (!out || changed < *out) out = changed;
    }
    return out;
  }

  /// Its value after the block; both cursors move past it.
  SlotValue take(const SlotHash& slot) {
    Bytes value;
    if (now_.valid() && starts_with(now_.key(), account_) && hash_at(now_.key(), kHashBytes) == slot) {
      value = to_bytes(now_.value());
      now_.next();
    }
    const auto later = change_key(account_, slot, number_ + 1);
    changes_.seek(later);
    if (changes_.valid() && same_subject(changes_.key(), later)) value = to_bytes(changes_.value());
    const auto last = change_key(account_, slot, std::numeric_limits<BlockNum>::max());
    changes_.seek(last);
    if (changes_.valid() && equal(changes_.key(), last)) changes_.next();
    return intact(reader_, Table::slot, decode_flat_slot(value));
  }

 private:
  static SlotHash hash_at(ByteView key, std::size_t at) {
    return *SlotHash::from(key.subspan(at, kHashBytes));
  }

  const DatabaseReader& reader_;
  const BlockNum number_;
  const AddressHash account_;
  Cursor now_, changes_;
  Bytes change_prefix_;
};

}  // namespace

std::vector<BlockNum> blocks_changing(const DatabaseReader& reader, const AddressHash& account, BlockNum from,
                                      bool upwards, std::size_t most) {
  const Bytes start = change_key(account, std::nullopt, from);
  auto cursor = reader.cursor(Table::change);
  upwards ? cursor.seek(start) : cursor.seek_back(start);
  std::vector<BlockNum> out;
  while (out.size() < most && cursor.valid() && same_subject(cursor.key(), start)) {
    out.push_back(intact(reader, Table::change, read_number(cursor.key().last(kNumberBytes))));
    upwards ? cursor.next() : cursor.previous();
  }
  return out;
}

std::vector<std::pair<SlotHash, SlotValue>> slots_after(const DatabaseReader& reader, BlockNum number,
                                                        const AddressHash& account, const SlotHash& first,
                                                        std::size_t most) {
  std::vector<std::pair<SlotHash, SlotValue>> out;
  SlotWalk walk(reader, number, account);
  walk.seek(first);
  while (out.size() < most) {
    const auto slot = walk.next();
    if (!slot) break;
    const auto value = walk.take(*slot);
    if (value != SlotValue{}) out.emplace_back(*slot, value);
  }
  return out;
}

std::vector<std::pair<AddressHash, Account>> accounts_after(const DatabaseReader& reader, BlockNum number,
                                                            const AddressHash& first, std::size_t most) {
  auto now = reader.cursor(Table::account);
  auto changes = reader.cursor(Table::change);
  now.seek(first);
  changes.seek(change_key(first, std::nullopt, 0));
  const Bytes tag = change_key(AddressHash{}, std::nullopt, 0);
  const auto changed = [&]() -> std::optional<AddressHash> {
    if (!changes.valid() || changes.key().size() != tag.size() || changes.key()[0] != tag[0])
      return std::nullopt;
    return AddressHash::from(changes.key().subspan(1, kHashBytes));
  };
  std::vector<std::pair<AddressHash, Account>> out;
  while (out.size() < most) {
    auto key = now.valid() ? AddressHash::from(now.key()) : std::nullopt;
    const auto other = changed();
    if (!key && !other) break;
    if (!key || (other && *other < *key)) key = other;
    Bytes value;
    if (now.valid() && equal(now.key(), *key)) {
      value = to_bytes(now.value());
      now.next();
    }
    if (other == key) {
      // As it was before the first change after the block.
      const auto later = change_key(*key, std::nullopt, number + 1);
      changes.seek(later);
      if (changes.valid() && same_subject(changes.key(), later)) value = to_bytes(changes.value());
      const auto last = change_key(*key, std::nullopt, std::numeric_limits<BlockNum>::max());
      changes.seek(last);
      if (changes.valid() && equal(changes.key(), last)) changes.next();
    }
    if (!value.empty()) out.emplace_back(*key, intact(reader, Table::account, decode_flat_account(value)));
  }
  return out;
}

}  // namespace quarry
