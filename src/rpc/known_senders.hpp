#pragma once
/// \file
/// Who signed a transaction, remembered: recovering it takes some 40 us, and a block that is asked for has
/// the same transactions under every head.

#include <optional>

#include "core/transaction.hpp"

namespace quarry::rpc {

/// sender_of(txn); `hash` is the transaction's. Keeps the last ones by hash, at most 1.8 MB of them.
/// Thread-safe.
std::optional<Address> known_sender(const Transaction& txn, const TxnHash& hash);

}  // namespace quarry::rpc
