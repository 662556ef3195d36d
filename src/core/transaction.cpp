#include "core/transaction.hpp"

#include "core/keccak.hpp"

namespace quarry {
namespace {
using rlp::Decoded;
using rlp::DecodeError;
using rlp::Reader;
using rlp::Writer;

/// Reads fields one after the other and remembers the first error.
class Fields {
 public:
  explicit Fields(Reader& from) : from_(from) {}
  template <class T>
  Fields& operator>>(T& field) {
    if (status_) status_ = read(field);
    return *this;
  }
  const Decoded<>& status() const { return status_; }

 private:
  template <class T>
  Decoded<> read(T& field) {
    return from_.read(field);
  }
  Decoded<> read(std::uint8_t& field) {
    auto value = from_.u64();
    if (!value) return rlp::fail(value.error());
    if (*value > 255) return rlp::fail(DecodeError::overflow);
    field = static_cast<std::uint8_t>(*value);
    return {};
  }
  Decoded<> read(std::optional<Address>& field) {
    auto text = from_.string();
    if (!text) return rlp::fail(text.error());
    if (text->empty()) return {};
    field = Address::from(*text);
    if (!field) return rlp::fail(DecodeError::wrong_length);
    return {};
  }
  Decoded<> read(AccessListEntry& entry) {
    auto list = from_.list();
    if (!list) return rlp::fail(list.error());
    Fields inner(*list);
    inner >> entry.address >> entry.slots;
    if (!inner.status_) return inner.status_;
    return list->finish();
  }
  Decoded<> read(Authorization& one) {
    auto list = from_.list();
    if (!list) return rlp::fail(list.error());
    Fields inner(*list);
    inner >> one.chain_id >> one.address >> one.nonce >> one.y_parity >> one.r >> one.s;
    if (!inner.status_) return inner.status_;
    return list->finish();
  }
  template <class T>
  Decoded<> read(std::vector<T>& out) {
    auto list = from_.list();
    if (!list) return rlp::fail(list.error());
    Fields inner(*list);
    while (!list->at_end() && inner.status_) inner >> out.emplace_back();
    return inner.status_;
  }
  Decoded<> read(Bytes& out) { return from_.read(out); }

  Reader& from_;
  Decoded<> status_ = {};
};

Decoded<Transaction> read_legacy(Reader list) {
  Transaction txn;
  Fields fields(list);
  fields >> txn.nonce >> txn.max_fee_per_gas >> txn.gas_limit >> txn.to >> txn.value >> txn.data >> txn.v >>
      txn.r >> txn.s;
  if (!fields.status()) return rlp::fail(fields.status().error());
  if (auto end = list.finish(); !end) return rlp::fail(end.error());
  txn.max_priority_fee_per_gas = txn.max_fee_per_gas;
  return txn;
}

Decoded<Transaction> read_typed(ByteView text) {
  if (text.empty()) return rlp::fail(DecodeError::input_too_short);
  if (text[0] < 1 || text[0] > 4) return rlp::fail(DecodeError::invalid_value);
  auto list = rlp::decode_list(text.subspan(1));
  if (!list) return rlp::fail(list.error());
  Transaction txn;
  txn.type = static_cast<TxnType>(text[0]);
  Fields fields(*list);
  fields >> txn.chain_id >> txn.nonce;
  if (txn.type == TxnType::access_list) {
    fields >> txn.max_fee_per_gas;
    txn.max_priority_fee_per_gas = txn.max_fee_per_gas;
  } else {
    fields >> txn.max_priority_fee_per_gas >> txn.max_fee_per_gas;
  }
  fields >> txn.gas_limit >> txn.to >> txn.value >> txn.data >> txn.access_list;
  if (txn.type == TxnType::blob) fields >> txn.max_fee_per_blob_gas >> txn.blob_hashes;
  if (txn.type == TxnType::set_code) fields >> txn.authorizations;
  fields >> txn.v >> txn.r >> txn.s;
  if (!fields.status()) return rlp::fail(fields.status().error());
  if (auto end = list->finish(); !end) return rlp::fail(end.error());
  const bool needs_recipient = txn.type == TxnType::blob || txn.type == TxnType::set_code;
  if (needs_recipient && !txn.to) return rlp::fail(DecodeError::wrong_length);
  if (txn.v > U256{1}) return rlp::fail(DecodeError::invalid_value);
  return txn;
}

void write_to(Writer& to, const std::optional<Address>& recipient) {
  to.write(recipient ? recipient->view() : ByteView{});
}

void write_access_list(Writer& to, const std::vector<AccessListEntry>& entries) {
  const auto whole = to.begin_list();
  for (const auto& entry : entries) {
    const auto one = to.begin_list();
    to.write(entry.address);
    const auto slots = to.begin_list();
    for (const auto& slot : entry.slots) to.write(slot);
    to.end_list(slots).end_list(one);
  }
  to.end_list(whole);
}

void write_authorizations(Writer& to, const std::vector<Authorization>& list) {
  const auto whole = to.begin_list();
  for (const auto& one : list) {
    const auto mark = to.begin_list();
    to.write(one.chain_id)
        .write(one.address)
        .write(one.nonce)
        .write(std::uint64_t{one.y_parity})
        .write(one.r)
        .write(one.s);
    to.end_list(mark);
  }
  to.end_list(whole);
}

void write_list(Writer& to, const Transaction& txn) {
  const auto mark = to.begin_list();
  if (txn.type != TxnType::legacy) to.write(txn.chain_id);
  to.write(txn.nonce);
  if (txn.type >= TxnType::fee_market) to.write(txn.max_priority_fee_per_gas);
  to.write(txn.max_fee_per_gas).write(txn.gas_limit);
  write_to(to, txn.to);
  to.write(txn.value).write(ByteView{txn.data});
  if (txn.type != TxnType::legacy) write_access_list(to, txn.access_list);
  if (txn.type == TxnType::blob) {
    to.write(txn.max_fee_per_blob_gas);
    const auto hashes = to.begin_list();
    for (const auto& hash : txn.blob_hashes) to.write(hash);
    to.end_list(hashes);
  }
  if (txn.type == TxnType::set_code) write_authorizations(to, txn.authorizations);
  to.write(txn.v).write(txn.r).write(txn.s);
  to.end_list(mark);
}
}  // namespace

Decoded<Transaction> read_transaction(Reader& from) {
  auto item = from.next();
  if (!item) return rlp::fail(item.error());
  return item->is_list ? read_legacy(Reader(item->payload)) : read_typed(item->payload);
}

Decoded<Transaction> decode_transaction(ByteView encoded) {
  if (encoded.empty()) return rlp::fail(DecodeError::input_too_short);
  if (encoded[0] < 0xc0) return read_typed(encoded);
  auto list = rlp::decode_list(encoded);
  if (!list) return rlp::fail(list.error());
  return read_legacy(*list);
}

Bytes encode_transaction(const Transaction& txn) {
  Bytes out;
  if (txn.type != TxnType::legacy) out.push_back(static_cast<std::uint8_t>(txn.type));
  Writer writer(out);
  write_list(writer, txn);
  return out;
}

void write_transaction(Writer& to, const Transaction& txn) {
  if (txn.type == TxnType::legacy)
    write_list(to, txn);
  else
    to.write(ByteView{encode_transaction(txn)});
}

TxnHash hash_of(const Transaction& txn) {
  return TxnHash{keccak256(encode_transaction(txn))};
}

}  // namespace quarry
