#pragma once
/// \file
/// Accounts as the state trie holds them (Yellow Paper 4.1).

#include "core/header.hpp"

namespace quarry {

struct Account {
  std::uint64_t nonce = 0;
  Wei balance;
  RootHash storage_root = kEmptyRoot;
  CodeHash code_hash = kEmptyCodeHash;

  /// EIP-161: no nonce, no balance, no code.
  bool is_empty() const { return nonce == 0 && balance.is_zero() && code_hash == kEmptyCodeHash; }
  friend bool operator==(const Account&, const Account&) = default;
};

/// [nonce, balance, storage root, code hash].
Bytes encode_account(const Account& account);
[[nodiscard]] rlp::Decoded<Account> decode_account(ByteView rlp);

}  // namespace quarry
