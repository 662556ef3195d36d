#include "storage/state_writer.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>

#include "core/check.hpp"
#include "core/keccak.hpp"
#include "storage/change_set.hpp"
#include "storage/codec.hpp"
#include "storage/corruption.hpp"
#include "storage/state_preview.hpp"
#include "storage/state_trie.hpp"

namespace quarry {
namespace {

/// Applied but not flushed values over the committed ones.
class Overlay final : public StateView {
 public:
  explicit Overlay(const DatabaseReader& reader) : reader_(reader) {}

  std::optional<Account> account(const Address& address) const override { return account(hash_of(address)); }
  SlotValue slot(const Address& address, const SlotKey& key) const override {
    return slot(hash_of(address), hash_of(key));
  }
  Bytes code(const CodeHash& hash) const override {
    if (hash == kEmptyCodeHash) return {};
    if (const auto found = codes_.find(hash); found != codes_.end()) return found->second;
    return intact(reader_, Table::code, reader_.get(Table::code, hash));
  }

  std::optional<Account> account(const AddressHash& key) const {
    if (const auto found = accounts_.find(key); found != accounts_.end()) return found->second;
    if (const auto found = clean_.find(key); found != clean_.end()) return found->second;
    auto account = read_account(key);
    if (clean_.size() < kMostClean) clean_.emplace(key, account);
    return account;
  }
  SlotValue slot(const AddressHash& account, const SlotHash& key) const {
    if (const auto slots = slots_.find(account); slots != slots_.end())
      if (const auto found = slots->second.find(key); found != slots->second.end()) return found->second;
    if (const auto slots = clean_slots_.find(account); slots != clean_slots_.end())
      if (const auto found = slots->second.find(key); found != slots->second.end()) return found->second;
    const SlotValue value = read_slot(account, key);
    remember_slot(account, key, value);
    return value;
  }
  /// All slots of an account that are not zero.
  std::map<SlotHash, SlotValue> live_slots(const AddressHash& account) const;

  void take(const StateDelta& delta);
  void add_code(const CodeHash& hash, const Bytes& code) { codes_[hash] = code; }
  void store(Batch& batch) const;
  /// What was stored is clean now.
  void settle();
  void clear();
  std::size_t size_bytes() const { return size_bytes_; }

 private:
  /// Committed accounts that are remembered, some 200 bytes each: executing a block reads them, and applying
  /// its changes reads them again; the next blocks mostly touch the same.
  static constexpr std::size_t kMostClean = std::size_t{1} << 16;

  std::optional<Account> read_account(const AddressHash& key) const {
    const auto bytes = reader_.get(Table::account, key);
    if (!bytes) return std::nullopt;
    return intact(reader_, Table::account, decode_flat_account(*bytes));
  }

  /// Likewise slots, some 120 bytes each.
  static constexpr std::size_t kMostCleanSlots = std::size_t{1} << 16;

  SlotValue read_slot(const AddressHash& account, const SlotHash& key) const {
    const auto bytes = reader_.get(Table::slot, slot_key(account, key));
    return bytes ? intact(reader_, Table::slot, decode_flat_slot(*bytes)) : SlotValue{};
  }
  void remember_slot(const AddressHash& account, const SlotHash& key, const SlotValue& value) const {
    if (clean_slot_count_ >= kMostCleanSlots) forget_clean_slots();
    clean_slot_count_ += clean_slots_[account].insert_or_assign(key, value).second ? 1 : 0;
  }
  void forget_clean_slots() const {
    clean_slots_.clear();
    clean_slot_count_ = 0;
  }

  const DatabaseReader& reader_;
  std::unordered_map<AddressHash, std::optional<Account>> accounts_;
  mutable std::unordered_map<AddressHash, std::optional<Account>> clean_;
  std::unordered_map<AddressHash, std::unordered_map<SlotHash, SlotValue>> slots_;
  mutable std::unordered_map<AddressHash, std::unordered_map<SlotHash, SlotValue>> clean_slots_;
  mutable std::size_t clean_slot_count_ = 0;
  std::map<CodeHash, Bytes> codes_;
  std::size_t size_bytes_ = 0;
};

std::map<SlotHash, SlotValue> Overlay::live_slots(const AddressHash& account) const {
  std::map<SlotHash, SlotValue> out;
  Cursor cursor = reader_.cursor(Table::slot);
  for (cursor.seek(account); cursor.valid() && equal(cursor.key().first(32), account); cursor.next()) {
    const auto key = intact(reader_, Table::slot, SlotHash::from(cursor.key().subspan(32)));
    out[key] = intact(reader_, Table::slot, decode_flat_slot(cursor.value()));
  }
  if (const auto pending = slots_.find(account); pending != slots_.end())
    for (const auto& [key, value] : pending->second) out[key] = value;
  std::erase_if(out, [](const auto& entry) { return entry.second.is_zero(); });
  return out;
}

void Overlay::take(const StateDelta& delta) {
  constexpr std::size_t kEntryBytes = 200;  // in memory and in the batch, about; trie nodes counted with it
  for (const AccountDelta& account : delta) {
    accounts_[account.key] = account.after;
    for (const SlotDelta& slot : account.slots) slots_[account.key][slot.key] = slot.after;
    size_bytes_ += (1 + account.slots.size()) * 4 * kEntryBytes;
  }
}

void Overlay::store(Batch& batch) const {
  for (const auto& [key, account] : accounts_) {
    if (account)
      batch.put(Table::account, key, encode_flat_account(*account));
    else
      batch.erase(Table::account, key);
  }
  for (const auto& [account, slots] : slots_) {
    for (const auto& [slot, value] : slots) {
      const auto key = slot_key(account, slot);
      if (value.is_zero())
        batch.erase(Table::slot, key);
      else
        batch.put(Table::slot, key, encode_flat_slot(value));
    }
  }
  for (const auto& [hash, code] : codes_) batch.put(Table::code, hash, code);
}

void Overlay::settle() {
  if (clean_.size() + accounts_.size() > kMostClean) clean_.clear();
  for (auto& [key, account] : accounts_) clean_.insert_or_assign(key, std::move(account));
  if (clean_.size() > kMostClean) clean_.clear();
  for (const auto& [account, slots] : slots_)
    for (const auto& [key, value] : slots) remember_slot(account, key, value);
  accounts_.clear();
  slots_.clear();
  codes_.clear();
  size_bytes_ = 0;
}

void Overlay::clear() {
  settle();
  clean_.clear();
  forget_clean_slots();
}

/// The slots of one account's change: those cleared with it, then those it sets.
std::vector<SlotDelta> slot_deltas(const Overlay& overlay, const AddressHash& key,
                                   const std::optional<Account>& before, const AccountChange& change) {
  std::map<SlotHash, SlotDelta> out;
  const bool cleared = !change.after || change.storage_cleared;
  if (cleared && before && before->storage_root != kEmptyRoot)
    for (const auto& [slot, value] : overlay.live_slots(key)) out[slot] = {slot, value, {}};
  if (change.after) {
    for (const auto& [slot_number, value] : change.slots) {
      const SlotHash slot = hash_of(slot_number);
      const auto [entry, is_new] = out.try_emplace(slot, SlotDelta{slot, {}, {}});
      if (is_new) entry->second.before = overlay.slot(key, slot);
      entry->second.after = value;
    }
  }
  std::vector<SlotDelta> sorted;
  for (const auto& [slot, delta] : out)
    if (delta.before != delta.after) sorted.push_back(delta);
  return sorted;
}

StateDelta make_delta(const Overlay& overlay, const StateDiff& diff) {
  std::vector<ByteView> addresses;
  for (const auto& [address, change] : diff.accounts) addresses.push_back(address);
  std::vector<Hash256> hashes(addresses.size());
  keccak256_batch(addresses, hashes);

  StateDelta out;
  out.reserve(hashes.size());
  std::size_t next = 0;
  for (const auto& [address, change] : diff.accounts) {
    const AddressHash key{hashes[next++]};
    AccountDelta delta{key, overlay.account(key), change.after, {}};
    delta.slots = slot_deltas(overlay, key, delta.before, change);
    out.push_back(std::move(delta));
  }
  std::sort(out.begin(), out.end(),
            [](const AccountDelta& a, const AccountDelta& b) { return a.key < b.key; });
  return out;
}

/// The storage roots that were worked out are those that the change set has.
bool agrees(const StateDelta& delta, const ChangeSet& changes) {
  return std::equal(delta.begin(), delta.end(), changes.accounts.begin(), changes.accounts.end(),
                    [](const AccountDelta& one, const ChangeSet::AccountBefore& kept) {
                      return !one.after || one.after->storage_root == kept.before->storage_root;
                    });
}

}  // namespace

struct StateWriter::Impl {
  Impl(const Database& from, StateWriterOptions how)
      : database(from), options(how), overlay(from), tries(&from, kEmptyRoot) {
    reload();
  }

  void reload();
  StateTrie::Version try_out(const StateDiff& diff, StateDelta& delta);
  void take(const StateDelta& delta, StateTrie::Version version);
  bool change(StateDelta& delta);

  const Database& database;
  const StateWriterOptions options;
  Overlay overlay;
  StateTrie tries;
  BlockNum number = 0;
  BlockNum oldest = 0;
  std::deque<ChangeSet> pending;      ///< applied and not flushed, lowest first
  std::vector<ChangeSet> taken_back;  ///< flushed and then reverted
};

void StateWriter::Impl::reload() {
  const StateStore store(database);
  const StateHead head = store.head().value_or(StateHead{0, kEmptyRoot});
  number = head.number;
  oldest = store.oldest_state().value_or(0);
  tries = StateTrie(&database, head.root);
  overlay.clear();
  pending.clear();
  taken_back.clear();
}

StateTrie::Version StateWriter::Impl::try_out(const StateDiff& diff, StateDelta& delta) {
  delta = make_delta(overlay, diff);
  auto version = tries.changed(delta);
  QUARRY_CHECK(version.sound);
  return version;
}

void StateWriter::Impl::take(const StateDelta& delta, StateTrie::Version version) {
  overlay.take(delta);
  tries.take(std::move(version));
}

/// Applies it for good. Was it sound?
bool StateWriter::Impl::change(StateDelta& delta) {
  const bool sound = tries.change(delta);
  overlay.take(delta);
  return sound;
}

StateWriter::StateWriter(const Database& database, StateWriterOptions options)
    : impl_(std::make_unique<Impl>(database, options)) {}
StateWriter::~StateWriter() = default;

const StateView& StateWriter::view() const {
  return impl_->overlay;
}
RootHash StateWriter::root() const {
  return impl_->tries.root();
}
BlockNum StateWriter::number() const {
  return impl_->number;
}
std::size_t StateWriter::pending_blocks() const {
  return impl_->pending.size() + impl_->taken_back.size();
}
std::size_t StateWriter::pending_bytes() const {
  return impl_->overlay.size_bytes();
}
void StateWriter::discard() {
  impl_->reload();
}

struct StatePreview::Impl {
  Impl(Snapshot from, const StateHead& at)
      : snapshot(std::move(from)), head(at), overlay(snapshot), tries(&snapshot, at.root) {}
  const Snapshot snapshot;
  const StateHead head;
  const Overlay overlay;
  StateTrie tries;
};

StatePreview::StatePreview(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StatePreview::~StatePreview() = default;

std::unique_ptr<StatePreview> StatePreview::at_head(const Database& database) {
  Snapshot snapshot = database.snapshot();
  const auto head = read_state_head(snapshot);
  if (!head) return nullptr;
  return std::unique_ptr<StatePreview>(new StatePreview(std::make_unique<Impl>(std::move(snapshot), *head)));
}

const StateView& StatePreview::view() const {
  return impl_->overlay;
}
const StateHead& StatePreview::head() const {
  return impl_->head;
}
const DatabaseReader& StatePreview::reader() const {
  return impl_->snapshot;
}
RootHash StatePreview::root_after(const StateDiff& diff) {
  StateDelta delta = make_delta(impl_->overlay, diff);
  return impl_->tries.changed(delta).root;
}

RootHash StateWriter::preview(const StateDiff& diff) {
  StateDelta delta;
  return impl_->try_out(diff, delta).root;
}

RootHash StateWriter::apply(BlockNum number, const StateDiff& diff) {
  QUARRY_CHECK(number == impl_->number + 1);
  StateDelta delta = make_delta(impl_->overlay, diff);
  QUARRY_CHECK(impl_->change(delta));
  for (const auto& [hash, code] : diff.codes) impl_->overlay.add_code(hash, code);
  impl_->pending.push_back(change_set_of(number, delta));
  impl_->number = number;
  return impl_->tries.root();
}

RootHash StateWriter::apply(BlockNum number, const HashedDiff& diff) {
  QUARRY_CHECK(number == impl_->number + 1);
  StateDelta delta;
  for (const auto& change : diff.accounts) {
    AccountDelta one{change.key, impl_->overlay.account(change.key), change.after, {}};
    for (const auto& [slot, after] : change.slots) {
      const SlotValue before = impl_->overlay.slot(change.key, slot);
      if (before != after) one.slots.push_back({slot, before, after});
    }
    delta.push_back(std::move(one));
  }
  impl_->change(delta);
  for (const auto& [hash, code] : diff.codes) impl_->overlay.add_code(hash, code);
  impl_->pending.push_back(change_set_of(number, delta));
  impl_->number = number;
  return impl_->tries.root();
}

Result<> StateWriter::revert(BlockNum number) {
  QUARRY_CHECK(number == impl_->number && number > 0);
  const bool flushed = impl_->pending.empty();
  std::optional<ChangeSet> changes;
  if (!flushed)
    changes = std::move(impl_->pending.back());
  else if (number > impl_->oldest)
    changes = read_change_set(impl_->database, number);
  if (!changes)
    return fail("the state before block " + std::to_string(number) + " is not kept",
                "The chain can be taken back to block " + std::to_string(impl_->oldest) + " at most.");
  StateDelta delta;
  for (const auto& account : changes->accounts) {
    AccountDelta one{account.key, impl_->overlay.account(account.key), account.before, {}};
    for (const auto& [slot, before] : account.slots)
      one.slots.push_back({slot, impl_->overlay.slot(account.key, slot), before});
    delta.push_back(std::move(one));
  }
  auto version = impl_->tries.changed(delta);
  if (!version.sound || !agrees(delta, *changes)) {
    if (!flushed) impl_->pending.back() = *std::move(changes);
    return fail("the change set of block " + std::to_string(number) + " is damaged",
                "`quarry db verify` lists the damage.");
  }
  impl_->take(delta, std::move(version));
  if (flushed)
    impl_->taken_back.push_back(*std::move(changes));
  else
    impl_->pending.pop_back();
  impl_->number = number - 1;
  return {};
}

void StateWriter::flush(Batch& batch) {
  impl_->overlay.store(batch);
  impl_->tries.store(batch);
  // A block that was taken back may have another one in its place: first the old goes, then the new comes.
  for (const ChangeSet& changes : impl_->taken_back) erase_change_set(batch, changes);
  for (const ChangeSet& changes : impl_->pending) put_change_set(batch, changes);
  put_state_head(batch, {impl_->number, impl_->tries.root()});
  impl_->overlay.settle();
  impl_->pending.clear();
  impl_->taken_back.clear();
  impl_->tries.trim(impl_->options.most_cached_nodes);
}

namespace {

/// Genesis accounts as a change of the empty state.
StateDelta genesis_delta(const std::vector<GenesisAccount>& accounts) {
  std::map<AddressHash, AccountDelta> out;
  for (const GenesisAccount& one : accounts) {
    const AddressHash key = hash_of(one.address);
    AccountDelta delta{key, std::nullopt, Account{one.nonce, one.balance}, {}};
    if (!one.code.empty()) delta.after->code_hash = CodeHash{keccak256(one.code)};
    std::map<SlotHash, SlotValue> slots;
    for (const auto& [slot, value] : one.storage) slots[hash_of(slot)] = value;
    for (const auto& [slot, value] : slots)
      if (!value.is_zero()) delta.slots.push_back({slot, {}, value});
    out.insert_or_assign(key, std::move(delta));
  }
  StateDelta sorted;
  for (auto& [key, delta] : out) sorted.push_back(std::move(delta));
  return sorted;
}

}  // namespace

RootHash genesis_root(const std::vector<GenesisAccount>& accounts) {
  StateDelta delta = genesis_delta(accounts);
  return StateTrie(nullptr, kEmptyRoot).changed(delta).root;
}

RootHash write_genesis_state(Batch& batch, const std::vector<GenesisAccount>& accounts) {
  StateDelta delta = genesis_delta(accounts);
  StateTrie tries(nullptr, kEmptyRoot);
  tries.take(tries.changed(delta));
  tries.store(batch);
  for (const AccountDelta& account : delta) {
    batch.put(Table::account, account.key, encode_flat_account(*account.after));
    for (const SlotDelta& slot : account.slots)
      batch.put(Table::slot, slot_key(account.key, slot.key), encode_flat_slot(slot.after));
  }
  for (const GenesisAccount& one : accounts)
    if (!one.code.empty()) batch.put(Table::code, keccak256(one.code), one.code);
  put_state_head(batch, {0, tries.root()}, 0);
  return tries.root();
}

}  // namespace quarry
