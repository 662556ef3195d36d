#pragma once
/// \file
/// A state in memory: what a test starts from, and what is left after it.

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "core/chain_spec.hpp"
#include "core/state_diff.hpp"

namespace quarry::conformance {

/// One thread at a time.
class MemoryState final : public StateView {
 public:
  MemoryState() = default;
  /// Accounts under their addresses, each with balance, nonce, code and storage. Throws (values.hpp).
  explicit MemoryState(const nlohmann::json& accounts);

  std::optional<Account> account(const Address& address) const override;
  SlotValue slot(const Address& address, const SlotKey& key) const override;
  Bytes code(const CodeHash& hash) const override;

  void apply(const StateDiff& diff);
  RootHash root() const;
  std::vector<GenesisAccount> accounts() const;
  void put(GenesisAccount account);

  /// The first place where `other` differs, as "0x…: balance 1, not 2"; empty when they are equal.
  std::string difference(const MemoryState& other) const;

 private:
  struct Entry {
    Account account;  ///< its storage root is not kept up
    std::map<SlotKey, SlotValue> slots;
  };
  std::map<Address, Entry> accounts_;
  std::map<CodeHash, Bytes> codes_;
};

}  // namespace quarry::conformance
