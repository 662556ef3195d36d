#pragma once
/// \file
/// The names that tests give to what is wrong with a transaction or a block.

#include <optional>
#include <string_view>

#include "consensus/errors.hpp"
#include "evm/transition.hpp"

namespace quarry::conformance {

/// Does one of the names in `expected` ("TransactionException.NONCE_MISMATCH_TOO_LOW|…", "TR_NoFunds") stand
/// for `rule`? Nothing when none of the names is known here.
std::optional<bool> names_rule(std::string_view expected, evm::TxnRule rule);

}  // namespace quarry::conformance
