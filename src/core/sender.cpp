#include "core/sender.hpp"

#include <atomic>

#include "core/keccak.hpp"
#include "core/secp256k1.hpp"

namespace quarry {
namespace {

/// The six fields a legacy signature covers, and by EIP-155 the chain id with two zeros.
Hash256 legacy_signing_hash(const Transaction& txn) {
  rlp::Writer writer;
  const auto mark = writer.begin_list();
  writer.write(txn.nonce).write(txn.max_fee_per_gas).write(txn.gas_limit);
  writer.write(txn.to ? txn.to->view() : ByteView{}).write(txn.value).write(ByteView(txn.data));
  if (const auto chain = chain_id_of(txn)) {
    writer.write(*chain).write(std::uint64_t{0}).write(std::uint64_t{0});
  }
  writer.end_list(mark);
  return keccak256(writer.bytes());
}

/// A typed transaction's signature covers the type and every field but the last three: v, r, s.
Hash256 typed_signing_hash(const Transaction& txn) {
  const auto whole = encode_transaction(txn);
  const ByteView fields = ByteView(whole).subspan(1);
  rlp::Reader reader = *rlp::decode_list(fields);
  Bytes payload;
  std::vector<ByteView> items;
  while (!reader.at_end()) items.push_back(reader.next()->raw);
  for (std::size_t i = 0; i + 3 < items.size(); ++i) append(payload, items[i]);
  Bytes signed_part{whole.front()};
  append(signed_part, rlp::list_prefix(payload.size()));
  append(signed_part, payload);
  return keccak256(signed_part);
}

/// The parity of y, 0 or 1, out of v.
std::optional<std::uint8_t> y_parity_of(const Transaction& txn) {
  if (txn.type != TxnType::legacy) {
    return txn.v.fits_u64() && txn.v.low64() < 2 ? std::optional(static_cast<std::uint8_t>(txn.v.low64()))
                                                 : std::nullopt;
  }
  if (txn.v == U256{27} || txn.v == U256{28}) return static_cast<std::uint8_t>(txn.v.low64() - 27);
  if (txn.v < U256{35}) return std::nullopt;
  return static_cast<std::uint8_t>((txn.v - U256{35}).low64() & 1);
}

std::atomic<bool> stand_ins_accepted{false};
}  // namespace

void accept_stand_ins() {
  stand_ins_accepted = true;
}

bool is_stand_in(const Transaction& txn) {
  return stand_ins_accepted && txn.s == U256{kStandInS} && txn.r.bit_length() <= Address::kSize * 8;
}

std::optional<U256> chain_id_of(const Transaction& txn) {
  if (txn.type != TxnType::legacy) return txn.chain_id;
  if (txn.v < U256{35}) return std::nullopt;
  return (txn.v - U256{35}) >> 1;
}

Hash256 signing_hash(const Transaction& txn) {
  return txn.type == TxnType::legacy ? legacy_signing_hash(txn) : typed_signing_hash(txn);
}

std::optional<Address> sender_of(const Transaction& txn) {
  if (is_stand_in(txn)) {
    const auto word = txn.r.to_be();
    return Address::from(ByteView(word).last(Address::kSize));
  }
  const auto parity = y_parity_of(txn);
  if (!parity) return std::nullopt;
  RecoverableSignature signature;
  const auto r = txn.r.to_be();
  const auto s = txn.s.to_be();
  std::copy(r.begin(), r.end(), signature.bytes.begin());
  std::copy(s.begin(), s.end(), signature.bytes.begin() + 32);
  signature.bytes[64] = *parity;
  const auto key = recover(signature, signing_hash(txn));
  if (!key) return std::nullopt;
  return address_of(*key);
}

}  // namespace quarry
