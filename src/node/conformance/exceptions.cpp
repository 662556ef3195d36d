#include "node/conformance/exceptions.hpp"

#include <algorithm>
#include <vector>

namespace quarry::conformance {
namespace {
using R = evm::TxnRule;

struct NamedRules {
  std::string_view name;  ///< without "TransactionException."
  std::vector<R> rules;
};
const std::vector<NamedRules>& txn_names() {
  static const std::vector<NamedRules> rows = {
      {"TYPE_NOT_SUPPORTED", {R::type_not_supported}},
      {"TR_TypeNotSupported", {R::type_not_supported}},
      {"TYPE_1_TX_PRE_FORK", {R::type_not_supported}},
      {"TYPE_2_TX_PRE_FORK", {R::type_not_supported}},
      {"TYPE_3_TX_PRE_FORK", {R::type_not_supported}},
      {"TYPE_4_TX_PRE_FORK", {R::type_not_supported}},
      {"INVALID_CHAINID", {R::wrong_chain, R::replay_protection}},
      {"INVALID_SIGNATURE_VRS", {R::signature, R::replay_protection}},
      {"EC_RECOVERY_FAIL", {R::signature}},
      {"NONCE_IS_MAX", {R::nonce_max}},
      {"NONCE_TOO_BIG", {R::nonce_max}},
      {"TR_NonceHasMaxValue", {R::nonce_max}},
      {"NONCE_MISMATCH_TOO_LOW", {R::nonce_too_low}},
      {"NONCE_MISMATCH_TOO_HIGH", {R::nonce_too_high}},
      {"GAS_LIMIT_EXCEEDS_MAXIMUM", {R::gas_cap}},
      {"INTRINSIC_GAS_TOO_LOW", {R::intrinsic_gas}},
      {"INTRINSIC_GAS_BELOW_FLOOR_GAS_COST", {R::floor_data_gas}},
      {"TR_IntrinsicGas", {R::intrinsic_gas}},
      {"IntrinsicGas", {R::intrinsic_gas}},
      {"INITCODE_SIZE_EXCEEDED", {R::initcode_too_large}},
      {"TR_InitCodeLimitExceeded", {R::initcode_too_large}},
      {"PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS", {R::tip_above_fee_cap}},
      {"TR_TipGtFeeCap", {R::tip_above_fee_cap}},
      {"GASLIMIT_PRICE_PRODUCT_OVERFLOW", {R::fee_overflow}},
      {"TYPE_3_TX_CONTRACT_CREATION", {R::blob_create}},
      {"TR_BLOBCREATE", {R::blob_create}},
      {"TYPE_3_TX_ZERO_BLOBS", {R::blob_count}},
      {"TR_EMPTYBLOB", {R::blob_count}},
      {"TYPE_3_TX_BLOB_COUNT_EXCEEDED", {R::blob_count}},
      {"TR_BLOBLIST_OVERSIZE", {R::blob_count}},
      {"TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED", {R::blob_gas_limit, R::blob_count}},
      {"TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH", {R::blob_version}},
      {"TR_BLOBVERSION_INVALID", {R::blob_version}},
      {"INSUFFICIENT_MAX_FEE_PER_BLOB_GAS", {R::blob_fee_cap}},
      {"TYPE_4_TX_CONTRACT_CREATION", {R::set_code_create}},
      {"TYPE_4_EMPTY_AUTHORIZATION_LIST", {R::set_code_empty}},
      {"INSUFFICIENT_MAX_FEE_PER_GAS", {R::fee_cap_below_base_fee}},
      {"TR_FeeCapLessThanBlocks", {R::fee_cap_below_base_fee}},
      {"TR_FeeCapLessThanBlocksORNoFunds", {R::fee_cap_below_base_fee, R::insufficient_funds}},
      {"TR_FeeCapLessThanBlocksORGasLimitReached", {R::fee_cap_below_base_fee, R::block_gas_limit}},
      {"GAS_ALLOWANCE_EXCEEDED", {R::block_gas_limit}},
      {"TR_GasLimitReached", {R::block_gas_limit}},
      {"SENDER_NOT_EOA", {R::sender_not_eoa}},
      {"SenderNotEOA", {R::sender_not_eoa}},
      {"SenderNotEOAorNoCASH", {R::sender_not_eoa, R::insufficient_funds}},
      {"INSUFFICIENT_ACCOUNT_FUNDS", {R::insufficient_funds}},
      {"TR_NoFunds", {R::insufficient_funds}},
      {"TR_NoFundsX", {R::insufficient_funds, R::fee_overflow}},
      {"TR_NoFundsOrGas", {R::insufficient_funds, R::intrinsic_gas, R::block_gas_limit}},
  };
  return rows;
}

std::string_view take_name(std::string_view& list) {
  const std::size_t end = std::min(list.find('|'), list.size());
  std::string_view name = list.substr(0, end);
  list.remove_prefix(std::min(end + 1, list.size()));
  if (const auto dot = name.find('.'); dot != name.npos) name.remove_prefix(dot + 1);
  return name;
}
}  // namespace

std::optional<bool> names_rule(std::string_view expected, evm::TxnRule rule) {
  bool known = false;
  while (!expected.empty()) {
    const std::string_view name = take_name(expected);
    const auto row = std::ranges::find(txn_names(), name, &NamedRules::name);
    if (row == txn_names().end()) continue;
    known = true;
    if (std::ranges::count(row->rules, rule) != 0) return true;
  }
  if (!known) return std::nullopt;
  return false;
}

}  // namespace quarry::conformance
