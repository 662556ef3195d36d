#include "consensus/errors.hpp"

#include <array>

namespace quarry {
namespace {
struct RuleName {
  BlockRule rule;
  std::string_view name;
};
constexpr std::array<RuleName, kBlockRuleCount> kRuleNames = {{
    {BlockRule::unknown_parent, "unknown parent"},
    {BlockRule::not_linked, "not linked"},
    {BlockRule::known_bad, "known bad block"},
    {BlockRule::number, "number"},
    {BlockRule::future_time, "block in the future"},
    {BlockRule::timestamp, "timestamp"},
    {BlockRule::extra_data, "extra data"},
    {BlockRule::dao_extra_data, "DAO fork extra data"},
    {BlockRule::gas_limit, "gas limit"},
    {BlockRule::gas_used_above_limit, "gas used above limit"},
    {BlockRule::base_fee, "base fee"},
    {BlockRule::fork_fields, "fields of another fork"},
    {BlockRule::difficulty, "difficulty"},
    {BlockRule::proof_of_work_fields, "fields of proof of work"},
    {BlockRule::blob_gas_used, "blob gas used"},
    {BlockRule::excess_blob_gas, "excess blob gas"},
    {BlockRule::seal_mix, "seal mix"},
    {BlockRule::seal_result, "seal result"},
    {BlockRule::seal_epoch, "seal epoch"},
    {BlockRule::jbc_form, "jbc form"},
    {BlockRule::clique_form, "clique form"},
    {BlockRule::clique_checkpoint, "clique checkpoint"},
    {BlockRule::unauthorized_signer, "unauthorized signer"},
    {BlockRule::signed_recently, "signed recently"},
    {BlockRule::ommers_hash, "ommers hash"},
    {BlockRule::ommer_count, "ommer count"},
    {BlockRule::ommer_repeated, "ommer repeated"},
    {BlockRule::ommer_is_ancestor, "ommer is ancestor"},
    {BlockRule::ommer_parent, "ommer parent"},
    {BlockRule::ommer_header, "ommer header"},
    {BlockRule::transactions_root, "transactions root"},
    {BlockRule::withdrawals, "withdrawals"},
    {BlockRule::receipts_root, "receipts root"},
    {BlockRule::block_size, "block size"},
    {BlockRule::transaction, "transaction"},
    {BlockRule::system_contract, "system contract"},
    {BlockRule::deposit, "deposit"},
    {BlockRule::gas_used, "gas used"},
    {BlockRule::logs_bloom, "logs bloom"},
    {BlockRule::requests_hash, "requests hash"},
    {BlockRule::state_root, "state root"},
}};
constexpr bool in_order() {
  for (std::size_t i = 0; i < kRuleNames.size(); ++i)
    if (static_cast<std::size_t>(kRuleNames[i].rule) != i) return false;
  return true;
}
static_assert(in_order(), "a row for each BlockRule, in its order");
}  // namespace

std::string_view to_string(BlockRule rule) {
  return kRuleNames[static_cast<std::size_t>(rule)].name;
}

}  // namespace quarry
