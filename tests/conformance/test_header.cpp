#include "test_header.hpp"

#include <nlohmann/json.hpp>

#include "node/conformance/memory_state.hpp"
#include "node/conformance/values.hpp"

namespace quarry::conformance {

Header header_of(const nlohmann::json& fields) {
  Header header;
  header.parent_hash = fixed_of<BlockHash>(fields.at("parentHash"));
  header.ommers_hash = fixed_of<Hash256>(fields.at("uncleHash"));
  header.beneficiary = fixed_of<Address>(fields.at("coinbase"));
  header.state_root = fixed_of<RootHash>(fields.at("stateRoot"));
  header.transactions_root = fixed_of<RootHash>(fields.at("transactionsTrie"));
  header.receipts_root = fixed_of<RootHash>(fields.at("receiptTrie"));
  header.logs_bloom = fixed_of<Bloom>(fields.at("bloom"));
  header.difficulty = number_of(fields.at("difficulty"));
  header.number = u64_of(fields.at("number"));
  header.gas_limit = u64_of(fields.at("gasLimit"));
  header.gas_used = u64_of(fields.at("gasUsed"));
  header.timestamp = u64_of(fields.at("timestamp"));
  header.extra_data = bytes_of(fields.at("extraData"));
  header.mix_hash = fixed_of<MixHash>(fields.at("mixHash"));
  header.nonce = fixed_of<SealNonce>(fields.at("nonce"));
  if (fields.contains("baseFeePerGas")) header.base_fee_per_gas = number_of(fields.at("baseFeePerGas"));
  if (fields.contains("withdrawalsRoot"))
    header.withdrawals_root = fixed_of<RootHash>(fields.at("withdrawalsRoot"));
  if (fields.contains("blobGasUsed")) header.blob_gas_used = u64_of(fields.at("blobGasUsed"));
  if (fields.contains("excessBlobGas")) header.excess_blob_gas = u64_of(fields.at("excessBlobGas"));
  if (fields.contains("parentBeaconBlockRoot"))
    header.parent_beacon_block_root = fixed_of<Hash256>(fields.at("parentBeaconBlockRoot"));
  if (fields.contains("requestsHash")) header.requests_hash = fixed_of<Hash256>(fields.at("requestsHash"));
  return header;
}

Genesis genesis_of(const nlohmann::json& test, const ChainSpec& spec) {
  Genesis genesis;
  genesis.spec = spec;
  genesis.header = header_of(test.at("genesisBlockHeader"));
  genesis.alloc = MemoryState(test.at("pre")).accounts();
  return genesis;
}

}  // namespace quarry::conformance
