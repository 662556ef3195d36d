#include "node/conformance/memory_state.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/keccak.hpp"
#include "node/conformance/values.hpp"
#include "storage/state_writer.hpp"

namespace quarry::conformance {
namespace {
/// Stands for any root but that of no storage: what asks is whether there is some (EIP-7610).
constexpr RootHash kSomeRoot{{0x01}};
}  // namespace

MemoryState::MemoryState(const nlohmann::json& accounts) {
  for (const auto& [name, one] : accounts.items()) {
    GenesisAccount account;
    account.address = fixed_of<Address>(nlohmann::json(name));
    if (one.contains("balance")) account.balance = number_of(one.at("balance"));
    if (one.contains("nonce")) account.nonce = u64_of(one.at("nonce"));
    if (one.contains("code")) account.code = bytes_of(one.at("code"));
    if (one.contains("storage"))
      for (const auto& [key, value] : one.at("storage").items())
        account.storage.emplace_back(word_of<SlotKey>(std::string_view(key)), word_of<SlotValue>(value));
    put(std::move(account));
  }
}

void MemoryState::put(GenesisAccount account) {
  Entry& entry = accounts_[account.address];
  entry = {};
  entry.account.nonce = account.nonce;
  entry.account.balance = account.balance;
  if (!account.code.empty()) {
    entry.account.code_hash = CodeHash{keccak256(account.code)};
    codes_[entry.account.code_hash] = std::move(account.code);
  }
  for (const auto& [key, value] : account.storage)
    if (!value.is_zero()) entry.slots[key] = value;
}

std::optional<Account> MemoryState::account(const Address& address) const {
  const auto found = accounts_.find(address);
  if (found == accounts_.end()) return std::nullopt;
  Account account = found->second.account;
  account.storage_root = found->second.slots.empty() ? kEmptyRoot : kSomeRoot;
  return account;
}

SlotValue MemoryState::slot(const Address& address, const SlotKey& key) const {
  const auto found = accounts_.find(address);
  if (found == accounts_.end()) return {};
  const auto value = found->second.slots.find(key);
  return value == found->second.slots.end() ? SlotValue{} : value->second;
}

Bytes MemoryState::code(const CodeHash& hash) const {
  const auto found = codes_.find(hash);
  return found == codes_.end() ? Bytes{} : found->second;
}

void MemoryState::apply(const StateDiff& diff) {
  for (const auto& [hash, code] : diff.codes) codes_[hash] = code;
  for (const auto& [address, change] : diff.accounts) {
    if (!change.after) {
      accounts_.erase(address);
      continue;
    }
    Entry& entry = accounts_[address];
    entry.account = *change.after;
    if (change.storage_cleared) entry.slots.clear();
    for (const auto& [key, value] : change.slots)
      if (value.is_zero())
        entry.slots.erase(key);
      else
        entry.slots[key] = value;
  }
}

std::vector<GenesisAccount> MemoryState::accounts() const {
  std::vector<GenesisAccount> out;
  out.reserve(accounts_.size());
  for (const auto& [address, entry] : accounts_) {
    GenesisAccount& account = out.emplace_back();
    account.address = address;
    account.balance = entry.account.balance;
    account.nonce = entry.account.nonce;
    if (entry.account.code_hash != kEmptyCodeHash) account.code = code(entry.account.code_hash);
    account.storage.assign(entry.slots.begin(), entry.slots.end());
  }
  return out;
}

RootHash MemoryState::root() const {
  return genesis_root(accounts());
}

std::string MemoryState::difference(const MemoryState& other) const {
  for (const auto& [address, entry] : other.accounts_)
    if (!accounts_.contains(address)) return address.hex() + ": is not there";
  for (const auto& [address, mine] : accounts_) {
    const auto found = other.accounts_.find(address);
    if (found == other.accounts_.end()) return address.hex() + ": should not be there";
    const Entry& theirs = found->second;
    if (mine.account.balance != theirs.account.balance)
      return fmt::format("{}: balance {}, not {}", address.hex(), mine.account.balance.to_quantity(),
                         theirs.account.balance.to_quantity());
    if (mine.account.nonce != theirs.account.nonce)
      return fmt::format("{}: nonce {}, not {}", address.hex(), mine.account.nonce, theirs.account.nonce);
    if (mine.account.code_hash != theirs.account.code_hash)
      return fmt::format("{}: code {}, not {}", address.hex(), to_hex0x(code(mine.account.code_hash)),
                         to_hex0x(other.code(theirs.account.code_hash)));
    for (const auto& [key, value] : theirs.slots)
      if (slot(address, key) != value)
        return fmt::format("{}: slot {} is {}, not {}", address.hex(), key.hex(), slot(address, key).hex(),
                           value.hex());
    for (const auto& [key, value] : mine.slots)
      if (!theirs.slots.contains(key))
        return fmt::format("{}: slot {} is {}, not zero", address.hex(), key.hex(), value.hex());
  }
  return {};
}

}  // namespace quarry::conformance
