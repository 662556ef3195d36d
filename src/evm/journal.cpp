#include "evm/journal.hpp"

#include <random>

#include "core/check.hpp"
#include "core/keccak.hpp"
#include "evm/precompiles.hpp"

namespace quarry::evm {
namespace {
/// Precompile 3. Once, on mainnet, it was touched in a call that was taken back and removed all the same;
/// every client has kept to that (EIP-161 as it was carried out).
constexpr Address kRipemd = [] {
  Address address;
  address.bytes[19] = 3;
  return address;
}();

constexpr std::uint32_t kAlwaysWarm = std::numeric_limits<std::uint32_t>::max();

std::uint64_t process_seed() {
  static const std::uint64_t seed = [] {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
  }();
  return seed;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <std::size_t Words>
std::uint64_t hash_words(const std::uint64_t (&words)[Words]) {
  std::uint64_t hash = process_seed();
  for (const std::uint64_t word : words) hash = mix(hash ^ word, 0x9e3779b97f4a7c15);
  return hash;
}

SlotKey key_of(const U256& key) {
  return SlotKey(key.to_be());
}
}  // namespace

std::size_t KeyHash::operator()(const Address& key) const noexcept {
  std::uint64_t words[3] = {};
  std::memcpy(words, key.data(), Address::kSize);
  return hash_words(words);
}

std::size_t KeyHash::operator()(const U256& key) const noexcept {
  return hash_words({key.limbs[0], key.limbs[1], key.limbs[2], key.limbs[3]});
}

std::size_t Journal::TransientHash::operator()(const TransientKey& key) const noexcept {
  return mix(KeyHash{}(key.address), KeyHash{}(key.key) | 1);
}

Journal::Journal(const StateView& base, const Rules& rules, CodeCache& codes)
    : base_(base), rules_(rules), codes_(codes) {}

AccountState& Journal::account(const Address& address) {
  if (last_ != nullptr && last_->address == address) return *last_;
  const auto found = accounts_.find(address);
  last_ = found != accounts_.end() ? &found->second : &load(address);
  return *last_;
}

AccountState& Journal::load(const Address& address) {
  AccountState& account = accounts_[address];
  account.address = address;
  account.code_hash = kEmptyCodeHash;
  if (find_precompile(address, rules_) != nullptr) account.warm_txn = kAlwaysWarm;
  if (const auto stored = base_.account(address)) {
    account.exists = account.existed = true;
    account.nonce = stored->nonce;
    account.balance = stored->balance;
    account.code_hash = stored->code_hash;
    account.has_old_storage = stored->storage_root != kEmptyRoot;
  }
  return account;
}

bool Journal::is_dead(const AccountState& account) const {
  return rules_.has(Fork::eip158) ? account.is_empty() : !account.exists;
}

const Code* Journal::code(AccountState& account) {
  if (account.code_hash == kEmptyCodeHash) return nullptr;
  if (!account.code) {
    account.code = codes_.find(account.code_hash, rules_);
    if (!account.code) account.code = codes_.insert(account.code_hash, rules_, base_.code(account.code_hash));
  }
  return account.code.get();
}

ByteView Journal::code_bytes(AccountState& account) {
  const Code* found = code(account);
  return found != nullptr ? bytes_of(*found) : ByteView{};
}

void Journal::set_balance(AccountState& account, const Wei& balance) {
  touch(account);
  note({Undo::What::balance, &account, nullptr, account.balance});
  account.balance = balance;
}

void Journal::transfer(AccountState& from, AccountState& to, Wei amount) {
  set_balance(from, from.balance - amount);
  set_balance(to, to.balance + amount);
}

void Journal::set_nonce(AccountState& account, std::uint64_t nonce) {
  touch(account);
  note({Undo::What::nonce, &account, nullptr, account.nonce});
  account.nonce = nonce;
}

void Journal::set_code(AccountState& account, Bytes code) {
  touch(account);
  note({Undo::What::code, &account, nullptr, account.new_code, account.code, account.code_hash});
  if (code.empty()) {
    account.code_hash = kEmptyCodeHash;
    account.code = nullptr;
    account.new_code = false;
    return;
  }
  account.code_hash = CodeHash(keccak256(code));
  account.code = codes_.insert(account.code_hash, rules_, std::move(code));
  account.new_code = true;
}

void Journal::touch(AccountState& account) {
  account.changed = true;
  if (!account.exists) {
    note({Undo::What::exists, &account});
    account.exists = true;
  }
  if (account.touched_txn == txn_) return;
  note({Undo::What::touched, &account, nullptr, account.touched_txn});
  account.touched_txn = txn_;
  touched_.push_back(&account);
}

void Journal::create_contract(AccountState& account) {
  touch(account);
  note({Undo::What::created, &account, nullptr, account.created_txn});
  account.created_txn = txn_;
  if (rules_.has(Fork::eip158)) set_nonce(account, 1);
}

bool Journal::selfdestruct(AccountState& account, AccountState& beneficiary) {
  const bool goes = !rules_.has(Fork::cancun) || account.created_txn == txn_;
  transfer(account, beneficiary, account.balance);
  if (!goes) return true;
  // Also where the account is its own beneficiary: what it leaves to itself is burnt.
  set_balance(account, 0);
  if (account.destructed_txn == txn_) return false;
  note({Undo::What::destructed, &account, nullptr, account.destructed_txn});
  account.destructed_txn = txn_;
  return true;
}

Slot& Journal::slot(AccountState& account, const U256& key) {
  const auto [at, is_new] = account.slots.try_emplace(key);
  Slot& slot = at->second;
  if (is_new && account.existed && account.has_old_storage && !account.storage_cleared)
    slot.current = slot.before = U256::from_be(base_.slot(account.address, key_of(key)));
  if (slot.txn != txn_) {
    slot.txn = txn_;
    slot.original = slot.current;
    slot.warm = false;
  }
  return slot;
}

void Journal::set_slot(AccountState& account, Slot& slot, const U256& value) {
  account.changed = true;
  note({Undo::What::slot, &account, &slot, slot.current});
  slot.current = value;
}

U256 Journal::transient(const AccountState& account, const U256& key) const {
  const auto found = transient_.find({account.address, key});
  return found == transient_.end() ? U256{} : found->second;
}

void Journal::set_transient(const AccountState& account, const U256& key, const U256& value) {
  U256& stored = transient_[{account.address, key}];
  transient_undo_.push_back({{account.address, key}, stored});
  note({Undo::What::transient});
  stored = value;
}

bool Journal::warm_up_cold(AccountState& account) {
  note({Undo::What::warm_account, &account, nullptr, account.warm_txn});
  account.warm_txn = txn_;
  return true;
}

bool Journal::warm_up_cold(Slot& slot) {
  note({Undo::What::warm_slot, nullptr, &slot});
  slot.warm = true;
  return true;
}

void Journal::add_log(Log log) {
  note({Undo::What::log});
  logs_.push_back(std::move(log));
}

void Journal::add_refund(std::uint64_t amount) {
  note({Undo::What::refund, nullptr, nullptr, refund_});
  refund_ += amount;
}

void Journal::sub_refund(std::uint64_t amount) {
  QUARRY_CHECK(amount <= refund_);
  note({Undo::What::refund, nullptr, nullptr, refund_});
  refund_ -= amount;
}

void Journal::revert(Mark mark) {
  while (undo_.size() > mark) {
    take_back(undo_.back());
    undo_.pop_back();
  }
}

void Journal::take_back(Undo& undo) {
  const auto epoch = static_cast<std::uint32_t>(undo.value.low64());
  switch (undo.what) {
    case Undo::What::balance:
      undo.account->balance = undo.value;
      return;
    case Undo::What::nonce:
      undo.account->nonce = undo.value.low64();
      return;
    case Undo::What::code:
      undo.account->code = std::move(undo.code);
      undo.account->code_hash = undo.code_hash;
      undo.account->new_code = !undo.value.is_zero();
      return;
    case Undo::What::exists:
      undo.account->exists = false;
      return;
    case Undo::What::slot:
      undo.slot->current = undo.value;
      return;
    case Undo::What::transient:
      transient_[transient_undo_.back().first] = transient_undo_.back().second;
      transient_undo_.pop_back();
      return;
    case Undo::What::warm_account:
      undo.account->warm_txn = epoch;
      return;
    case Undo::What::warm_slot:
      undo.slot->warm = false;
      return;
    case Undo::What::touched:
      if (undo.account->address != kRipemd) undo.account->touched_txn = epoch;
      return;
    case Undo::What::created:
      undo.account->created_txn = epoch;
      return;
    case Undo::What::destructed:
      undo.account->destructed_txn = epoch;
      return;
    case Undo::What::log:
      logs_.pop_back();
      return;
    case Undo::What::refund:
      refund_ = undo.value.low64();
      return;
  }
}

void Journal::remove(AccountState& account) {
  account.exists = false;
  account.nonce = 0;
  account.balance = 0;
  account.code_hash = kEmptyCodeHash;
  account.code = nullptr;
  account.new_code = false;
  account.slots.clear();
  account.storage_cleared = true;
  account.has_old_storage = false;
  account.changed = true;
}

void Journal::end_transaction() {
  for (AccountState* account : touched_) {
    if (!account->exists) continue;
    const bool swept = rules_.has(Fork::eip158) && account->touched_txn == txn_ && account->is_empty();
    if (swept || account->destructed_txn == txn_) remove(*account);
  }
  touched_.clear();
  transient_.clear();
  transient_undo_.clear();
  undo_.clear();
  logs_.clear();
  refund_ = 0;
  ++txn_;
}

StateDiff Journal::diff() const {
  StateDiff diff;
  for (const auto& [address, account] : accounts_) {
    if (!account.changed || (!account.exists && !account.existed)) continue;
    AccountChange& change = diff.accounts[address];
    if (!account.exists) continue;
    change.after = Account{account.nonce, account.balance, kEmptyRoot, account.code_hash};
    change.storage_cleared = account.storage_cleared && account.existed;
    for (const auto& [key, slot] : account.slots)
      if (slot.current != slot.before) change.slots[key_of(key)] = SlotValue(slot.current.to_be());
    if (account.new_code) diff.codes[account.code_hash] = to_bytes(bytes_of(*account.code));
  }
  return diff;
}

}  // namespace quarry::evm
