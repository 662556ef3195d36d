#pragma once
/// \file
/// Who signed a transaction (Yellow Paper, appendix "Signing Transactions"; EIP-2, EIP-155, EIP-2718).

#include <optional>

#include "core/transaction.hpp"

namespace quarry {

/// What the signature of `txn` covers.
Hash256 signing_hash(const Transaction& txn);
/// The chain a transaction is bound to; nothing for a legacy one from before EIP-155.
std::optional<U256> chain_id_of(const Transaction& txn);
/// The signer's address; nothing when the signature is none. Rules of a fork (low s, chain id) are not looked
/// at.
std::optional<Address> sender_of(const Transaction& txn);

/// The `s` of a stand-in for a signature that nobody can make: its `r` is the sender's address.
inline constexpr std::uint64_t kStandInS = 0x717561727279;
/// From now on this process takes stand-ins for signatures. For development chains, whose users send for
/// accounts without keys; whoever serves another chain never calls it.
void accept_stand_ins();
/// Is it such a stand-in, in a process that takes them?
bool is_stand_in(const Transaction& txn);

}  // namespace quarry
