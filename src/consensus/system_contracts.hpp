#pragma once
/// \file
/// What a block does to the state before and after its transactions, apart from them.

#include "consensus/errors.hpp"
#include "core/chain_spec.hpp"
#include "core/expected.hpp"
#include "evm/env.hpp"
#include "evm/journal.hpp"

namespace quarry {

/// Moves the balances of the DAO's accounts to the contract that pays them back (EIP-779).
void move_dao_balances(evm::Journal& journal);

/// Hands the parent's beacon root (EIP-4788) and the parent's hash (EIP-2935) to their contracts, from their
/// forks on. Where a contract is missing or fails, nothing happens.
void call_before_transactions(evm::Journal& journal, const evm::BlockEnv& env, const Header& header);

/// Takes the queued withdrawal (EIP-7002) and consolidation requests (EIP-7251) from their contracts and
/// appends them to `requests`. Fails when a contract is missing or fails.
[[nodiscard]] Verdict take_queued_requests(evm::Journal& journal, const evm::BlockEnv& env,
                                           std::vector<Bytes>& requests);

/// Pays the withdrawals (EIP-4895).
void pay_withdrawals(evm::Journal& journal, std::span<const Withdrawal> withdrawals);

}  // namespace quarry
