// What makes a transaction valid before any state is asked.
#include <fmt/format.h>

#include "core/sender.hpp"
#include "evm/gas_cap.hpp"
#include "evm/transition.hpp"

namespace quarry::evm {
namespace {
// Yellow Paper, appendix G, and the EIPs that changed it.
constexpr Gas kTxnGas = 21000;
constexpr Gas kCreateGas = 32000;  // EIP-2
constexpr Gas kZeroByteGas = 4;
constexpr Gas kDataByteGasFrontier = 68;
constexpr Gas kDataByteGas = 16;         // EIP-2028
constexpr Gas kAccessAddressGas = 2400;  // EIP-2930
constexpr Gas kAccessSlotGas = 1900;
constexpr Gas kInitCodeWordGas = 2;  // EIP-3860
constexpr std::size_t kMostInitCodeBytes = 49152;
constexpr Gas kAuthorizationGas = 25000;  // EIP-7702: PER_EMPTY_ACCOUNT_COST
constexpr Gas kFloorTokenGas = 10;        // EIP-7623
constexpr Gas kFloorTokensPerDataByte = 4;
constexpr std::uint8_t kBlobHashVersion = 1;

/// The order of secp256k1 and its half (EIP-2).
constexpr U256 kOrder{0xffffffffffffffff, 0xfffffffffffffffe, 0xbaaedce6af48a03b, 0xbfd25e8cd0364141};
constexpr U256 kHalfOrder = kOrder >> 1;

template <class... Args>
std::optional<TxnError> broken(TxnRule rule, fmt::format_string<Args...> form, Args&&... args) {
  return TxnError{rule, std::string(to_string(rule)) + fmt::format(form, std::forward<Args>(args)...)};
}

std::size_t nonzero_bytes(ByteView data) {
  return data.size() - static_cast<std::size_t>(std::count(data.begin(), data.end(), 0));
}

/// What each type of transaction needs.
struct TypeRow {
  TxnType type;
  std::optional<Fork> since;
};
constexpr TypeRow kTypes[] = {
    {TxnType::legacy, std::nullopt},     {TxnType::access_list, Fork::berlin},
    {TxnType::fee_market, Fork::london}, {TxnType::blob, Fork::cancun},
    {TxnType::set_code, Fork::prague},
};

std::optional<TxnError> type_is_known(const Transaction& txn, const BlockEnv& env) {
  const TypeRow& row = kTypes[static_cast<std::size_t>(txn.type)];
  if (row.since && !env.rules.has(*row.since))
    return broken(TxnRule::type_not_supported, ": type {} needs {}", static_cast<unsigned>(txn.type),
                  info(*row.since).name);
  if (txn.type == TxnType::blob && env.most_blobs == 0)
    return broken(TxnRule::type_not_supported, ": type 3 needs a chain with blobs, which this one has not");
  return {};
}

std::optional<TxnError> signature_is_right(const Transaction& txn, const BlockEnv& env) {
  const auto chain = chain_id_of(txn);
  if (chain && txn.type == TxnType::legacy && !env.rules.has(Fork::eip155))
    return broken(TxnRule::replay_protection, ": it is bound to chain {}, this chain has no EIP-155 yet",
                  chain->to_decimal());
  if (chain && *chain != env.chain_id)
    return broken(TxnRule::wrong_chain, ": have {} want {}", chain->to_decimal(), env.chain_id.to_decimal());
  const U256& most_s = env.rules.has(Fork::homestead) ? kHalfOrder : kOrder - U256{1};
  const bool v_known =
      txn.type == TxnType::legacy ? chain || txn.v == U256{27} || txn.v == U256{28} : txn.v < U256{2};
  if (v_known && !txn.r.is_zero() && txn.r < kOrder && !txn.s.is_zero() && txn.s <= most_s) return {};
  return broken(TxnRule::signature, ": v {} r {} s {}", txn.v.to_quantity(), txn.r.to_quantity(),
                txn.s.to_quantity());
}

std::optional<TxnError> nonce_can_grow(const Transaction& txn, const BlockEnv&) {
  if (txn.nonce != std::numeric_limits<std::uint64_t>::max()) return {};
  return broken(TxnRule::nonce_max, ": nonce {}", txn.nonce);
}

std::optional<TxnError> numbers_fit(const Transaction& txn, const BlockEnv& env) {
  if (!txn.to && env.rules.has(Fork::shanghai) && txn.data.size() > kMostInitCodeBytes)
    return broken(TxnRule::initcode_too_large, ": code size {} limit {}", txn.data.size(),
                  kMostInitCodeBytes);
  if (txn.max_priority_fee_per_gas > txn.max_fee_per_gas)
    return broken(TxnRule::tip_above_fee_cap, ": maxPriorityFeePerGas {}, maxFeePerGas {}",
                  txn.max_priority_fee_per_gas.to_decimal(), txn.max_fee_per_gas.to_decimal());
  if (!txn.max_fee_per_gas.is_zero() && U256{txn.gas_limit} > U256::max() / txn.max_fee_per_gas)
    return broken(TxnRule::fee_overflow, ": gas {} at {}", txn.gas_limit, txn.max_fee_per_gas.to_decimal());
  return {};
}

std::optional<TxnError> blobs_are_right(const Transaction& txn, const BlockEnv& env) {
  if (txn.type != TxnType::blob) return {};
  if (!txn.to) return broken(TxnRule::blob_create, "");
  if (txn.blob_hashes.empty() || txn.blob_hashes.size() > env.most_blobs)
    return broken(TxnRule::blob_count, ": {} blobs, 1 to {} fit", txn.blob_hashes.size(), env.most_blobs);
  for (std::size_t i = 0; i < txn.blob_hashes.size(); ++i)
    if (txn.blob_hashes[i].bytes[0] != kBlobHashVersion)
      return broken(TxnRule::blob_version, ": blob {} has version {}", i, txn.blob_hashes[i].bytes[0]);
  return {};
}

std::optional<TxnError> authorizations_are_right(const Transaction& txn, const BlockEnv&) {
  if (txn.type != TxnType::set_code) return {};
  if (!txn.to) return broken(TxnRule::set_code_create, "");
  if (txn.authorizations.empty()) return broken(TxnRule::set_code_empty, "");
  return {};
}

std::optional<TxnError> gas_suffices(const Transaction& txn, const BlockEnv& env) {
  const Gas intrinsic = intrinsic_gas(txn, env.rules), floor = floor_data_gas(txn, env.rules);
  if (txn.gas_limit < intrinsic)
    return broken(TxnRule::intrinsic_gas, ": have {}, want {}", txn.gas_limit, intrinsic);
  if (txn.gas_limit < floor)
    return broken(TxnRule::floor_data_gas, ": have {}, want {}", txn.gas_limit, floor);
  return {};
}

std::optional<TxnError> gas_is_capped(const Transaction& txn, const BlockEnv& env) {
  if (!env.rules.has(Fork::osaka) || txn.gas_limit <= kMostTxnGas) return {};
  return broken(TxnRule::gas_cap, " (cap: {}, tx: {})", kMostTxnGas, txn.gas_limit);
}
}  // namespace

std::string_view to_string(TxnRule rule) {
  switch (rule) {
    case TxnRule::type_not_supported:
      return "transaction type not supported";
    case TxnRule::wrong_chain:
      return "invalid chain id for signer";
    case TxnRule::replay_protection:
      return "invalid transaction v, r, s values: replay-protected too early";
    case TxnRule::signature:
      return "invalid transaction v, r, s values";
    case TxnRule::nonce_max:
      return "nonce has max value";
    case TxnRule::gas_cap:
      return "transaction gas limit too high";
    case TxnRule::intrinsic_gas:
      return "intrinsic gas too low";
    case TxnRule::floor_data_gas:
      return "insufficient gas for floor data gas cost";
    case TxnRule::initcode_too_large:
      return "max initcode size exceeded";
    case TxnRule::tip_above_fee_cap:
      return "max priority fee per gas higher than max fee per gas";
    case TxnRule::fee_overflow:
      return "gas * price is above 2^256 - 1";
    case TxnRule::blob_create:
      return "blob transaction of type create";
    case TxnRule::blob_count:
      return "blob transaction with a wrong number of blobs";
    case TxnRule::blob_version:
      return "blob hash of an unknown version";
    case TxnRule::set_code_create:
      return "EIP-7702 transaction cannot be used to create contract";
    case TxnRule::set_code_empty:
      return "EIP-7702 transaction with empty auth list";
    case TxnRule::fee_cap_below_base_fee:
      return "max fee per gas less than block base fee";
    case TxnRule::blob_fee_cap:
      return "max fee per blob gas less than block blob gas fee";
    case TxnRule::block_gas_limit:
      return "gas limit reached";
    case TxnRule::blob_gas_limit:
      return "blob gas limit reached";
    case TxnRule::sender_not_eoa:
      return "sender not an eoa";
    case TxnRule::nonce_too_low:
      return "nonce too low";
    case TxnRule::nonce_too_high:
      return "nonce too high";
    case TxnRule::insufficient_funds:
      return "insufficient funds for gas * price + value";
  }
  return "";
}

Gas intrinsic_gas(const Transaction& txn, const Rules& rules) {
  const std::size_t nonzero = nonzero_bytes(txn.data);
  Gas gas = kTxnGas + kZeroByteGas * (txn.data.size() - nonzero) +
            (rules.has(Fork::istanbul) ? kDataByteGas : kDataByteGasFrontier) * nonzero;
  if (!txn.to && rules.has(Fork::homestead)) gas += kCreateGas;
  if (!txn.to && rules.has(Fork::shanghai)) gas += kInitCodeWordGas * ((txn.data.size() + 31) / 32);
  for (const AccessListEntry& entry : txn.access_list)
    gas += kAccessAddressGas + kAccessSlotGas * entry.slots.size();
  return gas + kAuthorizationGas * txn.authorizations.size();
}

Gas floor_data_gas(const Transaction& txn, const Rules& rules) {
  if (!rules.has(Fork::prague)) return 0;
  const std::size_t nonzero = nonzero_bytes(txn.data);
  return kTxnGas + kFloorTokenGas * (txn.data.size() - nonzero + kFloorTokensPerDataByte * nonzero);
}

U256 effective_gas_price(const Transaction& txn, const U256& base_fee) {
  const auto sum = checked_add(base_fee, txn.max_priority_fee_per_gas).value_or(U256::max());
  return std::min(sum, txn.max_fee_per_gas);
}

std::optional<TxnError> check_transaction(const Transaction& txn, const BlockEnv& env,
                                          const TxnOptions& options) {
  using Rule = std::optional<TxnError> (*)(const Transaction&, const BlockEnv&);
  const struct {
    Rule rule;
    bool asked;
  } kRules[] = {
      {type_is_known, true},
      {signature_is_right, options.check_signature},
      {nonce_can_grow, options.check_nonce},
      {numbers_fit, true},
      {gas_is_capped, options.check_gas_cap},
      {blobs_are_right, true},
      {authorizations_are_right, true},
      {gas_suffices, true},
  };
  for (const auto& [rule, asked] : kRules)
    if (asked)
      if (auto error = rule(txn, env)) return error;
  return {};
}

}  // namespace quarry::evm
