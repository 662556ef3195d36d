#include "rpc/views.hpp"

#include "core/keccak.hpp"
#include "core/secp256k1.hpp"
#include "core/sender.hpp"

namespace quarry::rpc {
namespace {

void add_later_header_fields(Json& out, const Header& header) {
  if (header.base_fee_per_gas) out["baseFeePerGas"] = quantity(*header.base_fee_per_gas);
  if (header.withdrawals_root) out["withdrawalsRoot"] = header.withdrawals_root->hex();
  if (header.blob_gas_used) out["blobGasUsed"] = quantity(*header.blob_gas_used);
  if (header.excess_blob_gas) out["excessBlobGas"] = quantity(*header.excess_blob_gas);
  if (header.parent_beacon_block_root) out["parentBeaconBlockRoot"] = header.parent_beacon_block_root->hex();
  if (header.requests_hash) out["requestsHash"] = header.requests_hash->hex();
}

Json withdrawal_view(const Withdrawal& withdrawal) {
  return {{"index", quantity(withdrawal.index)},
          {"validatorIndex", quantity(withdrawal.validator_index)},
          {"address", withdrawal.address.hex()},
          {"amount", quantity(withdrawal.amount_gwei)}};
}

Json access_list_view(const std::vector<AccessListEntry>& list) {
  Json out = Json::array();
  for (const auto& entry : list) {
    Json slots = Json::array();
    for (const auto& slot : entry.slots) slots.push_back(slot.hex());
    out.push_back({{"address", entry.address.hex()}, {"storageKeys", std::move(slots)}});
  }
  return out;
}

Json authorization_view(const Authorization& a) {
  return {{"chainId", quantity(a.chain_id)}, {"address", a.address.hex()}, {"nonce", quantity(a.nonce)},
          {"yParity", quantity(a.y_parity)}, {"r", quantity(a.r)},         {"s", quantity(a.s)}};
}

void add_typed_fields(Json& out, const Transaction& txn) {
  if (txn.type == TxnType::legacy) return;
  out["accessList"] = access_list_view(txn.access_list);
  out["yParity"] = quantity(txn.v);
  if (txn.type == TxnType::access_list) return;
  out["maxFeePerGas"] = quantity(txn.max_fee_per_gas);
  out["maxPriorityFeePerGas"] = quantity(txn.max_priority_fee_per_gas);
  if (txn.type == TxnType::blob) {
    out["maxFeePerBlobGas"] = quantity(txn.max_fee_per_blob_gas);
    Json hashes = Json::array();
    for (const auto& hash : txn.blob_hashes) hashes.push_back(hash.hex());
    out["blobVersionedHashes"] = std::move(hashes);
  }
  if (txn.type == TxnType::set_code) {
    Json list = Json::array();
    for (const auto& entry : txn.authorizations) list.push_back(authorization_view(entry));
    out["authorizationList"] = std::move(list);
  }
}

/// What a transaction pays for a unit of gas in a block with that base fee (EIP-1559).
U256 effective_gas_price(const Transaction& txn, const std::optional<U256>& base_fee) {
  if (!base_fee) return txn.max_fee_per_gas;
  return std::min(txn.max_fee_per_gas, *base_fee + txn.max_priority_fee_per_gas);
}

/// Keccak-256 of [sender, nonce], its last 20 bytes (Yellow Paper 7).
Address created_address(const Address& sender, std::uint64_t nonce) {
  rlp::Writer writer;
  const auto mark = writer.begin_list();
  writer.write(sender).write(nonce);
  writer.end_list(mark);
  return *Address::from(keccak256(writer.bytes()).view().last(20));
}

Json log_view(const Log& log, const ReceiptPlace& at, std::size_t index) {
  Json topics = Json::array();
  for (const auto& topic : log.topics) topics.push_back(topic.hex());
  return {{"address", log.address.hex()},
          {"topics", std::move(topics)},
          {"data", to_hex0x(log.data)},
          {"blockNumber", quantity(at.place.block_num)},
          {"blockHash", at.place.block_hash.hex()},
          {"transactionHash", at.txn_hash.hex()},
          {"transactionIndex", quantity(at.place.index)},
          {"logIndex", quantity(at.first_log + index)},
          {"removed", false}};
}

}  // namespace

Json big_number(const U256& value) {
  return value.fits_u64() ? Json(value.low64()) : Json(to_double(value));
}

Json header_view(const SealedHeader& header) {
  Json out = {{"number", quantity(header->number)},
              {"hash", header.hash().hex()},
              {"parentHash", header->parent_hash.hex()},
              {"nonce", header->nonce.hex()},
              {"mixHash", header->mix_hash.hex()},
              {"sha3Uncles", header->ommers_hash.hex()},
              {"logsBloom", header->logs_bloom.hex()},
              {"stateRoot", header->state_root.hex()},
              {"miner", header->beneficiary.hex()},
              {"difficulty", quantity(header->difficulty)},
              {"extraData", to_hex0x(header->extra_data)},
              {"gasLimit", quantity(header->gas_limit)},
              {"gasUsed", quantity(header->gas_used)},
              {"timestamp", quantity(header->timestamp)},
              {"transactionsRoot", header->transactions_root.hex()},
              {"receiptsRoot", header->receipts_root.hex()}};
  add_later_header_fields(out, *header);
  return out;
}

Json block_view(const Block& block, const std::optional<TotalDifficulty>& total_difficulty, bool full) {
  Json out = header_view(block.header);
  out["size"] = quantity(encode_block(block).size());
  if (total_difficulty) out["totalDifficulty"] = quantity(*total_difficulty);
  Json transactions = Json::array();
  TxnPlace place{block.header.hash(), block.header->number, 0};
  for (const auto& txn : block.body.transactions) {
    transactions.push_back(full ? transaction_view(txn, place) : Json(hash_of(txn).hex()));
    ++place.index;
  }
  out["transactions"] = std::move(transactions);
  Json ommers = Json::array();
  for (const auto& ommer : block.body.ommers) ommers.push_back(ommer.hash().hex());
  out["uncles"] = std::move(ommers);
  if (block.body.withdrawals) {
    Json withdrawals = Json::array();
    for (const auto& entry : *block.body.withdrawals) withdrawals.push_back(withdrawal_view(entry));
    out["withdrawals"] = std::move(withdrawals);
  }
  return out;
}

Json ommer_view(const SealedHeader& ommer) {
  Json out = header_view(ommer);
  out["size"] = quantity(encode_block({ommer, {}}).size());
  out["uncles"] = Json::array();
  return out;
}

Json transaction_view(const Transaction& txn, const TxnPlace& place) {
  const auto sender = sender_of(txn);
  Json out = {{"blockHash", place.block_hash.hex()},
              {"blockNumber", quantity(place.block_num)},
              {"from", sender ? Json(sender->hex()) : Json(nullptr)},
              {"gas", quantity(txn.gas_limit)},
              {"gasPrice", quantity(txn.max_fee_per_gas)},
              {"hash", hash_of(txn).hex()},
              {"input", to_hex0x(txn.data)},
              {"nonce", quantity(txn.nonce)},
              {"to", txn.to ? Json(txn.to->hex()) : Json(nullptr)},
              {"transactionIndex", quantity(place.index)},
              {"value", quantity(txn.value)},
              {"type", quantity(static_cast<std::uint64_t>(txn.type))},
              {"v", quantity(txn.v)},
              {"r", quantity(txn.r)},
              {"s", quantity(txn.s)}};
  if (const auto chain = chain_id_of(txn)) out["chainId"] = quantity(*chain);
  add_typed_fields(out, txn);
  return out;
}

Json receipt_view(const Receipt& receipt, const Transaction& txn, const ReceiptPlace& at) {
  const auto sender = sender_of(txn);
  Json logs = Json::array();
  for (std::size_t i = 0; i < receipt.logs.size(); ++i) logs.push_back(log_view(receipt.logs[i], at, i));
  const bool creates = !txn.to && sender;
  Json out = {{"blockHash", at.place.block_hash.hex()},
              {"blockNumber", quantity(at.place.block_num)},
              {"contractAddress", creates ? Json(created_address(*sender, txn.nonce).hex()) : Json(nullptr)},
              {"cumulativeGasUsed", quantity(receipt.cumulative_gas_used)},
              {"effectiveGasPrice", quantity(effective_gas_price(txn, at.base_fee))},
              {"from", sender ? Json(sender->hex()) : Json(nullptr)},
              {"gasUsed", quantity(at.gas_used)},
              {"logs", std::move(logs)},
              {"logsBloom", receipt.logs_bloom.hex()},
              {"to", txn.to ? Json(txn.to->hex()) : Json(nullptr)},
              {"transactionHash", at.txn_hash.hex()},
              {"transactionIndex", quantity(at.place.index)},
              {"type", quantity(static_cast<std::uint64_t>(receipt.type))}};
  if (const auto* root = std::get_if<RootHash>(&receipt.outcome)) {
    out["root"] = root->hex();
  } else {
    out["status"] = quantity(std::get<bool>(receipt.outcome) ? 1 : 0);
  }
  return out;
}

}  // namespace quarry::rpc
