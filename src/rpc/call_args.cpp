#include "rpc/call_args.hpp"

namespace quarry::rpc {
namespace {

/// A member of an object inside the parameter; null when missing.
const Json& member(const Json& object, const char* name) {
  static const Json kNull;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() ? *found : kNull;
}

std::vector<AccessListEntry> read_access_list(FieldReader& fields, const Json& list) {
  std::vector<AccessListEntry> out;
  for (const auto& json : list) {
    AccessListEntry entry;
    fields.read_fixed(member(json, "address"), "common.Address", entry.address.bytes);
    const auto& keys = member(json, "storageKeys");
    if (keys.is_array()) {
      for (const auto& key : keys) {
        entry.slots.emplace_back();
        fields.read_fixed(key, "common.Hash", entry.slots.back().bytes);
      }
    }
    if (fields.failed()) break;
    out.push_back(std::move(entry));
  }
  return out;
}

std::vector<Authorization> read_authorizations(FieldReader& fields, const Json& list) {
  std::vector<Authorization> out;
  for (const auto& json : list) {
    Authorization entry;
    fields.read_fixed(member(json, "address"), "common.Address", entry.address.bytes);
    entry.chain_id = fields.read_quantity(member(json, "chainId"), "chainId");
    entry.nonce = fields.read_quantity(member(json, "nonce"), "nonce").low64();
    entry.y_parity =
        static_cast<std::uint8_t>(fields.read_quantity(member(json, "yParity"), "yParity").low64());
    entry.r = fields.read_quantity(member(json, "r"), "r");
    entry.s = fields.read_quantity(member(json, "s"), "s");
    if (fields.failed()) break;
    out.push_back(entry);
  }
  return out;
}

void read_data(FieldReader& fields, CallArgs& out) {
  const auto input = fields.data("input"), data = fields.data("data");
  if (input && data && *input != *data) {
    fields.fail(
        "both \"data\" and \"input\" are set and not equal. Please use \"input\" to pass transaction call "
        "data");
  }
  out.data = input ? *input : data.value_or(Bytes{});
}

void read_fees(FieldReader& fields, CallArgs& out) {
  out.gas_price = fields.big_quantity("gasPrice");
  out.max_fee = fields.big_quantity("maxFeePerGas");
  out.max_tip = fields.big_quantity("maxPriorityFeePerGas");
  out.max_blob_fee = fields.big_quantity("maxFeePerBlobGas");
  if (out.gas_price && (out.max_fee || out.max_tip)) {
    fields.fail("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified");
  }
}

}  // namespace

TxnType CallArgs::type() const {
  if (!authorizations.empty()) return TxnType::set_code;
  if (!blob_hashes.empty()) return TxnType::blob;
  if (max_fee || max_tip) return TxnType::fee_market;
  return access_list ? TxnType::access_list : TxnType::legacy;
}

U256 CallArgs::fee_cap() const {
  if (gas_price) return *gas_price;
  return max_fee ? *max_fee : max_tip.value_or(U256{});
}

Transaction CallArgs::transaction() const {
  Transaction out;
  out.type = type();
  out.chain_id = chain_id.value_or(U256{});
  out.nonce = nonce.value_or(0);
  out.max_fee_per_gas = fee_cap();
  out.max_priority_fee_per_gas = gas_price ? *gas_price : max_tip.value_or(U256{});
  out.gas_limit = gas.value_or(0);
  out.to = to;
  out.value = value.value_or(Wei{});
  out.data = data;
  out.access_list = access_list.value_or(std::vector<AccessListEntry>{});
  out.max_fee_per_blob_gas = max_blob_fee.value_or(U256{});
  out.blob_hashes = blob_hashes;
  out.authorizations = authorizations;
  return out;
}

CallArgs read_call_args(Params& params, std::size_t index) {
  FieldReader fields(params, index, "TransactionArgs");
  return read_call_args(fields);
}

CallArgs read_call_args(FieldReader& fields) {
  CallArgs out;
  out.from = fields.address("from");
  out.to = fields.address("to");
  out.gas = fields.quantity("gas");
  out.value = fields.big_quantity("value");
  out.nonce = fields.quantity("nonce");
  out.chain_id = fields.big_quantity("chainId");
  read_fees(fields, out);
  read_data(fields, out);
  if (const auto* list = fields.array("accessList")) out.access_list = read_access_list(fields, *list);
  if (const auto* list = fields.array("authorizationList")) {
    out.authorizations = read_authorizations(fields, *list);
  }
  if (const auto* list = fields.array("blobVersionedHashes")) {
    for (const auto& hash : *list) {
      out.blob_hashes.emplace_back();
      fields.read_fixed(hash, "common.Hash", out.blob_hashes.back().bytes);
    }
  }
  return out;
}

}  // namespace quarry::rpc
