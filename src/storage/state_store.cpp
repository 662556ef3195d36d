#include "storage/state_store.hpp"

#include "storage/codec.hpp"
#include "storage/corruption.hpp"
#include "storage/meta.hpp"

namespace quarry {
namespace {

/// The flat tables through one snapshot.
class FlatView : public StateView {
 public:
  explicit FlatView(Snapshot snapshot) : snapshot_(std::move(snapshot)) {}

  std::optional<Account> account(const Address& address) const override {
    const Bytes value = value_of(hash_of(address), std::nullopt);
    if (value.empty()) return std::nullopt;
    return intact(snapshot_, Table::account, decode_flat_account(value));
  }
  SlotValue slot(const Address& address, const SlotKey& key) const override {
    const Bytes value = value_of(hash_of(address), hash_of(key));
    return intact(snapshot_, Table::slot, decode_flat_slot(value));
  }
  Bytes code(const CodeHash& hash) const override {
    if (hash == kEmptyCodeHash) return {};
    return intact(snapshot_, Table::code, snapshot_.get(Table::code, hash));
  }

 protected:
  /// The value in the head state; empty when there is none.
  virtual Bytes value_of(const AddressHash& account, const std::optional<SlotHash>& slot) const {
    auto value =
        slot ? snapshot_.get(Table::slot, slot_key(account, *slot)) : snapshot_.get(Table::account, account);
    return value ? std::move(*value) : Bytes{};
  }

  Snapshot snapshot_;
};

/// The state after an earlier block: what a value was before the first later change of it.
class PastView final : public FlatView {
 public:
  PastView(Snapshot snapshot, BlockNum number)
      : FlatView(std::move(snapshot)), number_(number), changes_(snapshot_.cursor(Table::change)) {}

 protected:
  Bytes value_of(const AddressHash& account, const std::optional<SlotHash>& slot) const override {
    const Bytes key = change_key(account, slot, number_ + 1);
    changes_.seek(key);
    if (changes_.valid() && same_subject(changes_.key(), key)) return to_bytes(changes_.value());
    return FlatView::value_of(account, slot);
  }

 private:
  static bool same_subject(ByteView found, ByteView wanted) {
    return found.size() == wanted.size() &&
           equal(found.first(found.size() - 8), wanted.first(wanted.size() - 8));
  }

  BlockNum number_;
  mutable Cursor changes_;
};

}  // namespace

std::optional<StateHead> read_state_head(const DatabaseReader& reader) {
  if (reader.has(Table::meta, as_bytes(meta::kStateSync))) return std::nullopt;
  const auto bytes = reader.get(Table::meta, as_bytes(meta::kStateHead));
  if (!bytes) return std::nullopt;
  if (bytes->size() != 40) reader.corrupt(Table::meta);
  return StateHead{*read_number(*bytes), *RootHash::from(ByteView{*bytes}.subspan(8))};
}

std::optional<BlockNum> read_oldest_state(const DatabaseReader& reader) {
  const auto bytes = reader.get(Table::meta, as_bytes(meta::kOldestState));
  if (!bytes) return std::nullopt;
  return intact(reader, Table::meta, read_number(*bytes));
}

std::optional<StateHead> StateStore::head() const {
  return read_state_head(*database_);
}
std::optional<BlockNum> StateStore::oldest_state() const {
  return read_oldest_state(*database_);
}

std::unique_ptr<StateView> StateStore::at_head() const {
  Snapshot snapshot = database_->snapshot();
  if (!read_state_head(snapshot)) return nullptr;
  return std::make_unique<FlatView>(std::move(snapshot));
}

std::unique_ptr<StateView> StateStore::at(BlockNum number) const {
  Snapshot snapshot = database_->snapshot();
  const auto head = read_state_head(snapshot);
  const auto oldest = read_oldest_state(snapshot);
  if (!head || !oldest || number > head->number || number < *oldest) return nullptr;
  if (number == head->number) return std::make_unique<FlatView>(std::move(snapshot));
  return std::make_unique<PastView>(std::move(snapshot), number);
}

void put_state_head(Batch& batch, const StateHead& head) {
  Bytes value = to_bytes(number_key(head.number));
  append(value, head.root);
  batch.put(Table::meta, as_bytes(meta::kStateHead), value);
}

void put_state_head(Batch& batch, const StateHead& head, BlockNum oldest_state) {
  put_state_head(batch, head);
  batch.put(Table::meta, as_bytes(meta::kOldestState), number_key(oldest_state));
}

}  // namespace quarry
