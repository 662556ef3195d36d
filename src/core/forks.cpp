#include "core/forks.hpp"

namespace quarry {

const std::array<ForkInfo, kForkCount> kForkTable = {{
    {Fork::homestead, "Homestead", "homesteadBlock", "",
     "DELEGATECALL, difficulty that follows the block time (EIP-2, EIP-7)"},
    {Fork::dao, "DAO", "daoForkBlock", "", ""},
    {Fork::eip150, "EIP-150", "eip150Block", "", "gas prices that stop cheap denial of service"},
    {Fork::eip155, "EIP-155", "eip155Block", "", "transactions bound to the chain id; wallets need it"},
    {Fork::eip158, "EIP-158", "eip158Block", "", "removal of empty accounts, code size limit"},
    {Fork::byzantium, "Byzantium", "byzantiumBlock", "", "receipt status, REVERT, STATICCALL; tools need it"},
    {Fork::constantinople, "Constantinople", "constantinopleBlock", "", "CREATE2, shifts, EXTCODEHASH"},
    {Fork::petersburg, "Petersburg", "petersburgBlock", "", "Constantinople without EIP-1283"},
    {Fork::istanbul, "Istanbul", "istanbulBlock", "", "CHAINID, SELFBALANCE, cheaper call data"},
    {Fork::muir_glacier, "Muir Glacier", "muirGlacierBlock", "", "a later difficulty bomb"},
    {Fork::berlin, "Berlin", "berlinBlock", "", "access lists, typed transactions"},
    {Fork::london, "London", "londonBlock", "", "base fee, EIP-1559 transactions"},
    {Fork::arrow_glacier, "Arrow Glacier", "arrowGlacierBlock", "", "a later difficulty bomb"},
    {Fork::gray_glacier, "Gray Glacier", "grayGlacierBlock", "", "a later difficulty bomb"},
    {Fork::merge_netsplit, "Merge netsplit", "mergeNetsplitBlock", "", ""},
    {Fork::shanghai, "Shanghai", "shanghaiBlock", "shanghaiTime", "PUSH0; compilers since 0.8.20 use it"},
    {Fork::cancun, "Cancun", "cancunBlock", "cancunTime",
     "transient storage, MCOPY; compilers since 0.8.25 use it"},
    {Fork::prague, "Prague", "pragueBlock", "pragueTime", "set-code transactions, BLS12-381"},
    {Fork::osaka, "Osaka", "osakaBlock", "osakaTime", "CLZ, P-256, bounded MODEXP"},
    {Fork::bpo1, "BPO1", "bpo1Block", "bpo1Time", ""},
    {Fork::bpo2, "BPO2", "bpo2Block", "bpo2Time", ""},
    {Fork::bpo3, "BPO3", "bpo3Block", "bpo3Time", ""},
    {Fork::bpo4, "BPO4", "bpo4Block", "bpo4Time", ""},
    {Fork::bpo5, "BPO5", "bpo5Block", "bpo5Time", ""},
}};

Rules ForkSchedule::rules(BlockNum number, Timestamp timestamp) const {
  Rules rules;
  for (const ForkInfo& row : kForkTable) {
    const auto& activation = (*this)[row.fork];
    if (activation && activation->reached(number, timestamp)) rules.set(row.fork);
  }
  // geth takes Petersburg to be in force with Constantinople when only the latter is set.
  if (rules.has(Fork::constantinople) && !(*this)[Fork::petersburg]) rules.set(Fork::petersburg);
  return rules;
}

}  // namespace quarry
