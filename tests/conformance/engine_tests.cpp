// EngineTests (execution-spec-tests blockchain_tests_engine): blocks as a consensus client hands them over
// with engine_newPayload. There is no such interface here; the payloads become blocks, which go the chain's
// way.
#include <openssl/sha.h>

#include <nlohmann/json.hpp>

#include "core/trie_root.hpp"
#include "kinds.hpp"
#include "node/conformance/networks.hpp"
#include "node/conformance/values.hpp"
#include "test_chain.hpp"
#include "test_header.hpp"

namespace quarry::conformance {
namespace {
using nlohmann::json;

Hash256 sha256(ByteView bytes) {
  Hash256 hash;
  SHA256(bytes.data(), bytes.size(), hash.data());
  return hash;
}

/// EIP-7685.
Hash256 hash_of_requests(const json& requests) {
  Bytes hashes;
  for (const json& request : requests) append(hashes, sha256(bytes_of(request)));
  return sha256(hashes);
}

Withdrawal withdrawal_of(const json& one) {
  return {u64_of(one.at("index")), u64_of(one.at("validatorIndex")), fixed_of<Address>(one.at("address")),
          u64_of(one.at("amount"))};
}

void read_payload(const json& payload, Header& header) {
  header.ommers_hash = kEmptyOmmersHash;
  header.parent_hash = fixed_of<BlockHash>(payload.at("parentHash"));
  header.beneficiary = fixed_of<Address>(payload.at("feeRecipient"));
  header.state_root = fixed_of<RootHash>(payload.at("stateRoot"));
  header.receipts_root = fixed_of<RootHash>(payload.at("receiptsRoot"));
  header.logs_bloom = fixed_of<Bloom>(payload.at("logsBloom"));
  header.number = u64_of(payload.at("blockNumber"));
  header.gas_limit = u64_of(payload.at("gasLimit"));
  header.gas_used = u64_of(payload.at("gasUsed"));
  header.timestamp = u64_of(payload.at("timestamp"));
  header.extra_data = bytes_of(payload.at("extraData"));
  header.mix_hash = fixed_of<MixHash>(payload.at("prevRandao"));
  header.base_fee_per_gas = number_of(payload.at("baseFeePerGas"));
  if (payload.contains("blobGasUsed")) header.blob_gas_used = u64_of(payload.at("blobGasUsed"));
  if (payload.contains("excessBlobGas")) header.excess_blob_gas = u64_of(payload.at("excessBlobGas"));
}

/// Blob hashes that a transaction list has, in order.
std::vector<Hash256> blobs_of(const Body& body) {
  std::vector<Hash256> out;
  for (const Transaction& txn : body.transactions)
    out.insert(out.end(), txn.blob_hashes.begin(), txn.blob_hashes.end());
  return out;
}

/// The block that a call's parameters describe, or why they describe none.
Expected<Block, std::string> block_of(const json& params) {
  const json& payload = params.at(0);
  Header header;
  read_payload(payload, header);
  Block block;
  for (const json& encoded : payload.at("transactions")) {
    auto txn = decode_transaction(bytes_of(encoded));
    if (!txn) return tl::unexpected(std::string("a transaction does not decode: ") + to_string(txn.error()));
    block.body.transactions.push_back(std::move(*txn));
  }
  header.transactions_root = transactions_root(block.body.transactions);
  if (payload.contains("withdrawals")) {
    auto& withdrawals = block.body.withdrawals.emplace();
    for (const json& one : payload.at("withdrawals")) withdrawals.push_back(withdrawal_of(one));
    header.withdrawals_root = withdrawals_root(withdrawals);
  }
  if (params.size() > 1) {
    std::vector<Hash256> hashes;
    for (const json& hash : params.at(1)) hashes.push_back(fixed_of<Hash256>(hash));
    if (hashes != blobs_of(block.body))
      return tl::unexpected(std::string("the blob hashes are not the transactions'"));
  }
  if (params.size() > 2) header.parent_beacon_block_root = fixed_of<Hash256>(params.at(2));
  if (params.size() > 3) header.requests_hash = hash_of_requests(params.at(3));
  block.header = seal_header(std::move(header), HeaderIdentity::keccak_rlp);
  const auto wanted = fixed_of<BlockHash>(payload.at("blockHash"));
  if (block.header.hash() == wanted) return block;
  return tl::unexpected("the payload's hash is " + block.header.hash().hex() + ", not " + wanted.hex());
}

std::string insert(TestChain& chain, const json& call, std::size_t index) {
  const auto block = block_of(call.at("params"));
  const std::string refused = block ? chain.insert(*block) : block.error();
  const std::string where = "payload " + std::to_string(index) + " ";
  const bool valid = !call.contains("validationError");
  if (valid && !refused.empty()) return where + "must be valid, but was refused: " + refused;
  if (!valid && refused.empty()) return where + "must be refused: " + call.at("validationError").dump();
  return {};
}

std::string run(const TestCase& test, const Network& network, Results& results) {
  TestChain chain(genesis_of(test.json, network.spec), Seals::none);
  const auto genesis = fixed_of<BlockHash>(test.json.at("genesisBlockHeader").at("hash"));
  if (chain.genesis_hash() != genesis)
    return "expected genesis " + genesis.hex() + ", got " + chain.genesis_hash().hex();
  std::size_t index = 0;
  for (const json& call : test.json.at("engineNewPayloads")) {
    ++index;
    if (call.contains("errorCode")) {
      results.note(test.json.at("network"), test.name,
                   "payload " + std::to_string(index) + " is about the call's parameters: left out");
      continue;
    }
    if (auto wrong = insert(chain, call, index); !wrong.empty()) return wrong;
  }
  const auto wanted = fixed_of<BlockHash>(test.json.at("lastblockhash"));
  if (chain.head() == wanted) return {};
  return "expected head " + wanted.hex() + ", the head is " + chain.head().hex();
}
}  // namespace

void run_engine_test(const TestCase& test, Results& results) {
  const std::string name = test.json.at("network");
  if (!test.wants(name)) return;
  auto network = find_network(name);
  if (!network) return results.skip(Kind::engine, name, test.name, "no network of this name is known here");
  if (!test.json.contains("genesisBlockHeader") || !test.json.contains("pre"))
    return results.skip(Kind::engine, name, test.name, "its accounts lie in another file");
  if (test.json.contains("config")) read_config(test.json.at("config"), network->spec);
  std::string wrong;
  try {
    wrong = run(test, *network, results);
  } catch (const std::exception& error) {
    wrong = std::string("malformed test: ") + error.what();
  }
  results.judge(Kind::engine, name, test.name, wrong);
}

}  // namespace quarry::conformance
