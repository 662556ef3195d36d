#include "consensus/system_contracts.hpp"

#include <fmt/format.h>

#include <array>

#include "consensus/requests.hpp"
#include "evm/transition.hpp"

namespace quarry {
namespace {
constexpr std::string_view kDaoAccounts[] = {
#include "consensus/dao_accounts.inc"
};
static_assert(std::size(kDaoAccounts) == 116);

Address address_from(std::string_view digits) {
  return *Address::from_hex(digits);
}
const Address kDaoRefund = address_from("bf4ed7b27f1d666546e30d74d50d173d20bca754");
const Address kBeaconRoots = address_from("000f3df6d732807ef1319fb7b8bb8522d0beac02");     // EIP-4788
const Address kBlockHistory = address_from("0000f90827f1c53a10cb7a02335b175320002935");    // EIP-2935
const Address kWithdrawals = address_from("00000961ef480eb55e80d19ad83579a64c007002");     // EIP-7002
const Address kConsolidations = address_from("0000bbddc7ce488642fb579f8b00f3a590007251");  // EIP-7251

constexpr std::uint64_t kWeiAGwei = 1'000'000'000;

Verdict take_queued(evm::Journal& journal, const evm::BlockEnv& env, RequestType type,
                    const Address& contract, std::vector<Bytes>& requests) {
  const char* what = type == RequestType::withdrawal ? "withdrawal requests" : "consolidation requests";
  const evm::SystemCallResult result = evm::system_call(journal, env, contract, {});
  if (result.no_code)
    return BlockError{BlockRule::system_contract,
                      fmt::format("the contract for {} is missing: there is no code at {}; a genesis with "
                                  "Prague has it in its alloc",
                                  what, contract.hex())};
  if (result.status != evm::Status::success)
    return BlockError{BlockRule::system_contract, fmt::format("the contract for {}, {}, failed: {}", what,
                                                              contract.hex(), to_string(result.status))};
  add_request(requests, type, result.output);
  return {};
}
}  // namespace

void move_dao_balances(evm::Journal& journal) {
  evm::AccountState& refund = journal.account(kDaoRefund);
  for (const std::string_view digits : kDaoAccounts) {
    evm::AccountState& account = journal.account(address_from(digits));
    journal.transfer(account, refund, account.balance);
  }
  journal.end_transaction();
}

void call_before_transactions(evm::Journal& journal, const evm::BlockEnv& env, const Header& header) {
  if (env.rules.has(Fork::cancun) && header.parent_beacon_block_root)
    (void)evm::system_call(journal, env, kBeaconRoots, *header.parent_beacon_block_root);
  if (env.rules.has(Fork::prague)) (void)evm::system_call(journal, env, kBlockHistory, header.parent_hash);
}

Verdict take_queued_requests(evm::Journal& journal, const evm::BlockEnv& env, std::vector<Bytes>& requests) {
  if (auto error = take_queued(journal, env, RequestType::withdrawal, kWithdrawals, requests)) return error;
  return take_queued(journal, env, RequestType::consolidation, kConsolidations, requests);
}

void pay_withdrawals(evm::Journal& journal, std::span<const Withdrawal> withdrawals) {
  for (const Withdrawal& withdrawal : withdrawals)
    journal.add_balance(journal.account(withdrawal.address), Wei{withdrawal.amount_gwei} * Wei{kWeiAGwei});
  journal.end_transaction();
}

}  // namespace quarry
