#include "rpc/views.hpp"

#include "core/keccak.hpp"
#include "core/secp256k1.hpp"
#include "core/sender.hpp"
#include "rpc/known_senders.hpp"

namespace quarry::rpc {
namespace {

/// EIP-4844, GAS_PER_BLOB.
constexpr Gas kBlobGas = 131'072;

/// In the order of their names, as geth has them.
void write_header_fields(JsonText& out, const SealedHeader& header) {
  if (header->base_fee_per_gas) out.key("baseFeePerGas").quantity(*header->base_fee_per_gas);
  if (header->blob_gas_used) out.key("blobGasUsed").quantity(*header->blob_gas_used);
  out.key("difficulty").quantity(header->difficulty);
  if (header->excess_blob_gas) out.key("excessBlobGas").quantity(*header->excess_blob_gas);
  out.key("extraData").hex(header->extra_data);
  out.key("gasLimit").quantity(header->gas_limit);
  out.key("gasUsed").quantity(header->gas_used);
  out.key("hash").hex(header.hash());
  out.key("logsBloom").hex(header->logs_bloom);
  out.key("miner").hex(header->beneficiary);
  out.key("mixHash").hex(header->mix_hash);
  out.key("nonce").hex(header->nonce);
  out.key("number").quantity(header->number);
  if (header->parent_beacon_block_root)
    out.key("parentBeaconBlockRoot").hex(*header->parent_beacon_block_root);
  out.key("parentHash").hex(header->parent_hash);
  out.key("receiptsRoot").hex(header->receipts_root);
  if (header->requests_hash) out.key("requestsHash").hex(*header->requests_hash);
  out.key("sha3Uncles").hex(header->ommers_hash);
  out.key("stateRoot").hex(header->state_root);
  out.key("timestamp").quantity(header->timestamp);
  out.key("transactionsRoot").hex(header->transactions_root);
  if (header->withdrawals_root) out.key("withdrawalsRoot").hex(*header->withdrawals_root);
}

template <class List>
void write_hashes(JsonText& out, const List& hashes) {
  out.begin_array();
  for (const auto& hash : hashes) out.hex(hash);
  out.end_array();
}

void write_authorizations(JsonText& out, const std::vector<Authorization>& list) {
  out.begin_array();
  for (const auto& entry : list) {
    out.begin_object();
    out.key("chainId").quantity(entry.chain_id);
    out.key("address").hex(entry.address);
    out.key("nonce").quantity(entry.nonce);
    out.key("yParity").quantity(std::uint64_t{entry.y_parity});
    out.key("r").quantity(entry.r);
    out.key("s").quantity(entry.s);
    out.end_object();
  }
  out.end_array();
}

void write_typed_fields(JsonText& out, const Transaction& txn) {
  if (txn.type == TxnType::legacy) return;
  write_access_list(out.key("accessList"), txn.access_list);
  out.key("yParity").quantity(txn.v);
  if (txn.type == TxnType::access_list) return;
  out.key("maxFeePerGas").quantity(txn.max_fee_per_gas);
  out.key("maxPriorityFeePerGas").quantity(txn.max_priority_fee_per_gas);
  if (txn.type == TxnType::blob) {
    out.key("maxFeePerBlobGas").quantity(txn.max_fee_per_blob_gas);
    write_hashes(out.key("blobVersionedHashes"), txn.blob_hashes);
  }
  if (txn.type == TxnType::set_code) write_authorizations(out.key("authorizationList"), txn.authorizations);
}

template <class Bytes>
void write_optional(JsonText& out, const std::optional<Bytes>& value) {
  if (value) {
    out.hex(*value);
  } else {
    out.null();
  }
}

/// What a transaction pays for a unit of gas in a block with that base fee (EIP-1559).
U256 effective_gas_price(const Transaction& txn, const std::optional<U256>& base_fee) {
  if (!base_fee) return txn.max_fee_per_gas;
  return std::min(txn.max_fee_per_gas, *base_fee + txn.max_priority_fee_per_gas);
}

/// What is the same wherever the transaction stands.
void write_content(JsonText& out, const Transaction& txn, const std::optional<Address>& sender,
                   const std::optional<U256>& base_fee) {
  write_optional(out.key("from"), sender);
  out.key("gas").quantity(txn.gas_limit);
  out.key("gasPrice").quantity(effective_gas_price(txn, base_fee));
  out.key("hash").hex(hash_of(txn));
  out.key("input").hex(txn.data);
  out.key("nonce").quantity(txn.nonce);
  write_optional(out.key("to"), txn.to);
  out.key("value").quantity(txn.value);
  out.key("type").quantity(static_cast<std::uint64_t>(txn.type));
  if (const auto chain = chain_id_of(txn)) out.key("chainId").quantity(*chain);
  write_typed_fields(out, txn);
  out.key("v").quantity(txn.v);
  out.key("r").quantity(txn.r);
  out.key("s").quantity(txn.s);
}

void write_transaction(JsonText& out, const Transaction& txn, const std::optional<Address>& sender,
                       const BlockPlace& block, std::size_t index) {
  out.begin_object();
  out.key("blockHash").hex(block.id.hash);
  out.key("blockNumber").quantity(block.id.number);
  out.key("blockTimestamp").quantity(block.timestamp);
  out.key("transactionIndex").quantity(index);
  write_content(out, txn, sender, block.base_fee);
  out.end_object();
}

void write_transactions(JsonText& out, const Block& block, bool full, const std::vector<Address>* senders) {
  const auto place = place_of(block.header);
  out.begin_array();
  std::size_t index = 0;
  for (const auto& txn : block.body.transactions) {
    if (full) {
      const auto sender = senders == nullptr ? known_sender(txn, hash_of(txn)) : (*senders)[index];
      write_transaction(out, txn, sender, place, index++);
    } else {
      out.hex(hash_of(txn));
    }
  }
  out.end_array();
}

/// Keccak-256 of [sender, nonce], its last 20 bytes (Yellow Paper 7).
Address created_address(const Address& sender, std::uint64_t nonce) {
  rlp::Writer writer;
  const auto mark = writer.begin_list();
  writer.write(sender).write(nonce);
  writer.end_list(mark);
  return *Address::from(keccak256(writer.bytes()).view().last(20));
}

}  // namespace

Json big_number(const U256& value) {
  return value.fits_u64() ? Json(value.low64()) : Json(to_double(value));
}

void write_block_fields(JsonText& out, const Block& block,
                        const std::optional<TotalDifficulty>& total_difficulty, bool full,
                        const std::vector<Address>* senders) {
  write_header_fields(out, block.header);
  out.key("size").quantity(encode_block(block).size());
  if (total_difficulty) out.key("totalDifficulty").quantity(*total_difficulty);
  write_transactions(out.key("transactions"), block, full, senders);
  out.key("uncles").begin_array();
  for (const auto& ommer : block.body.ommers) out.hex(ommer.hash());
  out.end_array();
  if (block.body.withdrawals) write_withdrawals(out.key("withdrawals"), *block.body.withdrawals);
}

std::string block_view(const Block& block, const std::optional<TotalDifficulty>& total_difficulty,
                       bool full) {
  JsonText out;
  out.begin_object();
  write_block_fields(out, block, total_difficulty, full);
  return out.end_object().take();
}

std::string header_view(const SealedHeader& header) {
  JsonText out;
  out.begin_object();
  write_header_fields(out, header);
  return out.end_object().take();
}

void write_withdrawals(JsonText& out, const std::vector<Withdrawal>& withdrawals) {
  out.begin_array();
  for (const auto& entry : withdrawals) {
    out.begin_object();
    out.key("index").quantity(entry.index);
    out.key("validatorIndex").quantity(entry.validator_index);
    out.key("address").hex(entry.address);
    out.key("amount").quantity(entry.amount_gwei);
    out.end_object();
  }
  out.end_array();
}

std::string ommer_view(const SealedHeader& ommer) {
  JsonText out;
  out.begin_object();
  write_header_fields(out, ommer);
  out.key("size").quantity(encode_block({ommer, {}}).size());
  out.key("uncles").begin_array().end_array();
  return out.end_object().take();
}

std::string header_event_view(const SealedHeader& header) {
  JsonText out;
  out.begin_object();
  write_header_fields(out, header);
  return out.end_object().take();
}

void write_access_list(JsonText& out, const std::vector<AccessListEntry>& list) {
  out.begin_array();
  for (const auto& entry : list) {
    out.begin_object();
    out.key("address").hex(entry.address);
    write_hashes(out.key("storageKeys"), entry.slots);
    out.end_object();
  }
  out.end_array();
}

BlockPlace place_of(const SealedHeader& header, const U256& blob_base_fee) {
  return {{header->number, header.hash()}, header->timestamp, header->base_fee_per_gas, blob_base_fee};
}

std::string transaction_view(const Transaction& txn, const BlockPlace& block, std::size_t index) {
  JsonText out;
  write_transaction(out, txn, known_sender(txn, hash_of(txn)), block, index);
  return out.take();
}

void write_pending(JsonText& out, const Transaction& txn) {
  out.begin_object();
  for (const auto* name : {"blockHash", "blockNumber", "blockTimestamp", "transactionIndex"})
    out.key(name).null();
  write_content(out, txn, sender_of(txn), std::nullopt);
  out.end_object();
}

std::string pending_view(const Transaction& txn) {
  JsonText out;
  write_pending(out, txn);
  return out.take();
}

std::string signed_view(const Transaction& txn) {
  JsonText out;
  out.begin_object();
  out.key("raw").hex(encode_transaction(txn));
  out.key("tx").begin_object();
  write_content(out, txn, sender_of(txn), std::nullopt);
  out.end_object();
  return out.end_object().take();
}

void write_log(JsonText& out, const Log& log, const LogPlace& at) {
  out.begin_object();
  out.key("address").hex(log.address);
  write_hashes(out.key("topics"), log.topics);
  out.key("data").hex(log.data);
  out.key("blockNumber").quantity(at.block.id.number);
  out.key("transactionHash").hex(at.txn_hash);
  out.key("transactionIndex").quantity(at.txn_index);
  out.key("blockHash").hex(at.block.id.hash);
  out.key("blockTimestamp").quantity(at.block.timestamp);
  out.key("logIndex").quantity(at.log_index);
  out.key("removed").boolean(at.removed);
  out.end_object();
}

void ReceiptsView::write(JsonText& out, std::size_t index, std::size_t first_log) const {
  const auto& receipt = receipts_[index];
  const auto& txn = block_.body.transactions[index];
  const auto hash = hash_of(txn);
  const auto sender = known_sender(txn, hash);
  out.begin_object();
  if (txn.type == TxnType::blob) {
    out.key("blobGasPrice").quantity(place_.blob_base_fee);
    out.key("blobGasUsed").quantity(std::uint64_t{txn.blob_hashes.size()} * kBlobGas);
  }
  out.key("blockHash").hex(place_.id.hash);
  out.key("blockNumber").quantity(place_.id.number);
  const bool creates = !txn.to && sender;
  write_optional(out.key("contractAddress"),
                 creates ? std::optional(created_address(*sender, txn.nonce)) : std::nullopt);
  out.key("cumulativeGasUsed").quantity(receipt.cumulative_gas_used);
  out.key("effectiveGasPrice").quantity(effective_gas_price(txn, place_.base_fee));
  write_optional(out.key("from"), sender);
  out.key("gasUsed").quantity(receipt.cumulative_gas_used -
                              (index == 0 ? 0 : receipts_[index - 1].cumulative_gas_used));
  out.key("logs").begin_array();
  for (std::size_t i = 0; i < receipt.logs.size(); ++i) {
    write_log(out, receipt.logs[i], {place_, hash, index, first_log + i});
  }
  out.end_array();
  out.key("logsBloom").hex(receipt.logs_bloom);
  if (const auto* root = std::get_if<RootHash>(&receipt.outcome)) {
    out.key("root").hex(*root);
  } else {
    out.key("status").quantity(std::uint64_t{std::get<bool>(receipt.outcome) ? 1U : 0U});
  }
  write_optional(out.key("to"), txn.to);
  out.key("transactionHash").hex(hash);
  out.key("transactionIndex").quantity(index);
  out.key("type").quantity(static_cast<std::uint64_t>(receipt.type));
  out.end_object();
}

std::string ReceiptsView::all() const {
  JsonText out;
  out.begin_array();
  std::size_t logs = 0;
  for (std::size_t i = 0; i < receipts_.size(); ++i) {
    write(out, i, logs);
    logs += receipts_[i].logs.size();
  }
  return out.end_array().take();
}

std::string ReceiptsView::one(std::size_t index) const {
  std::size_t logs = 0;
  for (std::size_t i = 0; i < index; ++i) logs += receipts_[i].logs.size();
  JsonText out;
  write(out, index, logs);
  return out.take();
}

}  // namespace quarry::rpc
