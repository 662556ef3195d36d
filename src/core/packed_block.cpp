#include "core/packed_block.hpp"

#include "core/check.hpp"
#include "core/keccak.hpp"
#include "core/trie_root.hpp"
#include "core/trie_roots.hpp"

namespace quarry {
namespace {
using rlp::Decoded;
using rlp::DecodeError;
using rlp::Reader;

/// Fields of a legacy transaction but its recipient and its data, at their longest.
constexpr std::size_t kLegacyFields[] = {8, 32, 8, 20, 32, ~std::size_t{0}, 32, 32, 32};
constexpr std::size_t kRecipient = 3, kData = 5;

/// Succeeds where read_transaction() does, and makes no value.
Decoded<> check_legacy(Reader list) {
  for (std::size_t i = 0; i < std::size(kLegacyFields); ++i) {
    const auto text = list.string();
    if (!text) return rlp::fail(text.error());
    if (i == kData) continue;
    if (i == kRecipient) {
      if (!text->empty() && text->size() != kLegacyFields[i]) return rlp::fail(DecodeError::wrong_length);
      continue;
    }
    if (text->size() > kLegacyFields[i]) return rlp::fail(DecodeError::overflow);
    if (!text->empty() && text->front() == 0) return rlp::fail(DecodeError::leading_zero);
  }
  return list.finish();
}

/// Gives the transaction's network form, which the trie holds and whose hash is its name.
Decoded<ByteView> take_transaction(Reader& from) {
  Reader again = from;
  const auto item = from.next();
  if (!item) return rlp::fail(item.error());
  if (item->is_list) {
    if (auto good = check_legacy(Reader(item->payload)); !good) return rlp::fail(good.error());
    return item->raw;
  }
  if (auto good = read_transaction(again); !good) return rlp::fail(good.error());
  return item->payload;
}

/// What is hashed of all bodies of a message, in the order of the bodies.
struct BodyHashes {
  TrieRoots roots;
  std::vector<ByteView> txns;

  Decoded<> add(Reader transactions, std::size_t& count) {
    const std::size_t first = txns.size();
    while (!transactions.at_end()) {
      auto txn = take_transaction(transactions);
      if (!txn) return rlp::fail(txn.error());
      txns.push_back(*txn);
    }
    count = txns.size() - first;
    roots.add_list(std::span(txns).subspan(first));
    return {};
  }
};

/// A body's ommers and withdrawals, of which few have any.
Decoded<> take_rest(const rlp::Item& whole, HeaderIdentity identity, Reader fields, PackedBody& out) {
  const auto ommers = fields.next();
  if (!ommers) return rlp::fail(ommers.error());
  if (!ommers->is_list) return rlp::fail(DecodeError::unexpected_string);
  if (fields.at_end() && ommers->payload.empty()) return {};
  Reader again(whole.raw);
  auto body = read_body(again, identity);
  if (!body) return rlp::fail(body.error());
  out.ommers_hash = keccak256(ommers->raw);
  if (body->withdrawals) out.withdrawals_root = withdrawals_root(*body->withdrawals);
  return {};
}

Decoded<PackedBody> take_body(Reader& from, HeaderIdentity identity, BodyHashes& hashes) {
  const auto whole = from.next();
  if (!whole) return rlp::fail(whole.error());
  if (!whole->is_list) return rlp::fail(DecodeError::unexpected_string);
  Reader fields(whole->payload);
  auto transactions = fields.list();
  if (!transactions) return rlp::fail(transactions.error());
  PackedBody out;
  std::size_t count = 0;
  if (auto good = hashes.add(*transactions, count); !good) return rlp::fail(good.error());
  if (auto good = take_rest(*whole, identity, fields, out); !good) return rlp::fail(good.error());
  out.rlp = to_bytes(whole->raw);
  out.txn_hashes.resize(count);
  return out;
}

/// A receipt's parts that are stored, inside the message.
struct BareReceipt {
  std::uint8_t type = 0;
  ByteView outcome_and_gas;
  ByteView logs;
  std::size_t payload() const { return 1 + outcome_and_gas.size() + logs.size(); }
};

/// The EVM's LOG4 is the widest (Yellow Paper, appendix H).
constexpr std::size_t kMostTopics = 4;

Decoded<> expect(Decoded<ByteView> text, std::size_t size) {
  if (!text) return rlp::fail(text.error());
  if (text->size() != size) return rlp::fail(DecodeError::wrong_length);
  return {};
}

Decoded<> check_log(Reader& from) {
  auto log = from.list();
  if (!log) return rlp::fail(log.error());
  if (auto good = expect(log->string(), 20); !good) return good;
  auto topics = log->list();
  if (!topics) return rlp::fail(topics.error());
  for (std::size_t i = 0; !topics->at_end(); ++i) {
    if (i == kMostTopics) return rlp::fail(DecodeError::too_many);
    if (auto good = expect(topics->string(), 32); !good) return good;
  }
  if (auto data = log->string(); !data) return rlp::fail(data.error());
  return log->finish();
}

Decoded<> check_outcome(Reader& from) {
  const auto text = from.string();
  if (!text) return rlp::fail(text.error());
  const bool status = text->empty() || (text->size() == 1 && text->front() == 1);
  return status || text->size() == 32 ? Decoded<>{} : rlp::fail(DecodeError::invalid_value);
}

Decoded<> take_receipt_fields(Reader list, BareReceipt& out) {
  const std::uint8_t* const begin = list.rest().data();
  if (auto good = check_outcome(list); !good) return good;
  if (auto gas = list.u64(); !gas) return rlp::fail(gas.error());
  out.outcome_and_gas = {begin, list.rest().data()};
  if (auto good = expect(list.string(), sizeof(Bloom)); !good) return good;
  const auto logs = list.next();
  if (!logs) return rlp::fail(logs.error());
  if (!logs->is_list) return rlp::fail(DecodeError::unexpected_string);
  out.logs = logs->raw;
  for (Reader each(logs->payload); !each.at_end();)
    if (auto good = check_log(each); !good) return good;
  return list.finish();
}

/// Gives the form that the trie holds.
Decoded<ByteView> take_receipt(Reader& from, BareReceipt& out) {
  const auto item = from.next();
  if (!item) return rlp::fail(item.error());
  if (item->is_list) {
    if (auto good = take_receipt_fields(Reader(item->payload), out); !good) return rlp::fail(good.error());
    return item->raw;
  }
  if (item->payload.empty()) return rlp::fail(DecodeError::input_too_short);
  out.type = item->payload.front();
  if (out.type < 1 || out.type > 4) return rlp::fail(DecodeError::invalid_value);
  auto list = rlp::decode_list(item->payload.subspan(1));
  if (!list) return rlp::fail(list.error());
  if (auto good = take_receipt_fields(*list, out); !good) return rlp::fail(good.error());
  return item->payload;
}

Bytes join(const std::vector<BareReceipt>& receipts) {
  std::size_t length = 0;
  for (const BareReceipt& one : receipts) length += rlp::size_with_prefix(one.payload());
  Bytes out = rlp::list_prefix(length);
  out.reserve(out.size() + length);
  for (const BareReceipt& one : receipts) {
    append(out, rlp::list_prefix(one.payload()));
    out.push_back(one.type == 0 ? 0x80 : one.type);
    append(out, one.outcome_and_gas);
    append(out, one.logs);
  }
  return out;
}

Decoded<PackedReceipts> take_receipts(Reader& from, std::size_t most, TrieRoots& roots) {
  auto list = from.list();
  if (!list) return rlp::fail(list.error());
  std::vector<BareReceipt> bare;
  std::vector<ByteView> values;
  while (!list->at_end()) {
    if (values.size() == most) return rlp::fail(DecodeError::too_many);
    auto value = take_receipt(*list, bare.emplace_back());
    if (!value) return rlp::fail(value.error());
    values.push_back(*value);
  }
  roots.add_list(values);
  PackedReceipts out;
  out.bare = join(bare);
  return out;
}
}  // namespace

Decoded<std::vector<PackedBody>> pack_bodies(Reader items, HeaderIdentity identity, std::size_t most) {
  std::vector<PackedBody> out;
  BodyHashes hashes;
  while (!items.at_end()) {
    if (out.size() == most) return rlp::fail(DecodeError::too_many);
    auto body = take_body(items, identity, hashes);
    if (!body) return rlp::fail(body.error());
    out.push_back(std::move(*body));
  }
  const std::vector<RootHash> roots = hashes.roots.finish();
  std::vector<Hash256> names(hashes.txns.size());
  keccak256_batch(hashes.txns, names);
  std::size_t at = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].transactions_root = roots[i];
    for (TxnHash& hash : out[i].txn_hashes) hash = TxnHash{names[at++]};
  }
  return out;
}

Decoded<std::vector<PackedReceipts>> pack_receipts(Reader items, std::size_t most, std::size_t most_each) {
  std::vector<PackedReceipts> out;
  TrieRoots roots;
  while (!items.at_end()) {
    if (out.size() == most) return rlp::fail(DecodeError::too_many);
    auto receipts = take_receipts(items, most_each, roots);
    if (!receipts) return rlp::fail(receipts.error());
    out.push_back(std::move(*receipts));
  }
  const std::vector<RootHash> found = roots.finish();
  for (std::size_t i = 0; i < out.size(); ++i) out[i].root = found[i];
  return out;
}

namespace {
/// Sets the three bits of what has this hash (Yellow Paper 4.3.1, M3:2048).
void set_bits(Bloom& bloom, const Hash256& hash) {
  for (std::size_t i = 0; i < 6; i += 2) {
    const unsigned bit = (hash.bytes[i] << 8 | hash.bytes[i + 1]) & 2047u;
    bloom.bytes[255 - bit / 8] |= static_cast<std::uint8_t>(1u << bit % 8);
  }
}

/// A receipt that gets its bloom back.
struct Unpacked {
  std::uint8_t type = 0;
  ByteView outcome_and_gas, logs;
  std::size_t first = 0, count = 0;  ///< what its logs add to the bloom
  std::size_t fields() const { return outcome_and_gas.size() + kBloomItem + logs.size(); }
  std::size_t typed() const { return 1 + rlp::size_with_prefix(fields()); }
  std::size_t size() const {
    return type == 0 ? rlp::size_with_prefix(fields()) : rlp::size_with_prefix(typed());
  }
  static constexpr std::size_t kBloomItem = 3 + sizeof(Bloom);
};

Decoded<> take_unpacked(Reader& from, Unpacked& out, std::vector<ByteView>& seen) {
  auto list = from.list();
  if (!list) return rlp::fail(list.error());
  const auto type = list->u64();
  if (!type) return rlp::fail(type.error());
  out.type = static_cast<std::uint8_t>(*type);
  const std::uint8_t* const begin = list->rest().data();
  for (int i = 0; i < 2; ++i)
    if (auto text = list->string(); !text) return rlp::fail(text.error());
  out.outcome_and_gas = {begin, list->rest().data()};
  const auto logs = list->next();
  if (!logs) return rlp::fail(logs.error());
  out.logs = logs->raw;
  out.first = seen.size();
  for (Reader each(logs->payload); !each.at_end();) {
    auto log = each.list();
    if (!log) return rlp::fail(log.error());
    auto address = log->string();
    if (!address) return rlp::fail(address.error());
    seen.push_back(*address);
    auto topics = log->list();
    if (!topics) return rlp::fail(topics.error());
    while (!topics->at_end()) {
      auto topic = topics->string();
      if (!topic) return rlp::fail(topic.error());
      seen.push_back(*topic);
    }
  }
  out.count = seen.size() - out.first;
  return list->finish();
}

void write_unpacked(Bytes& to, const Unpacked& one, const Bloom& bloom) {
  if (one.type != 0) {
    Bytes prefix = rlp::list_prefix(one.typed());
    // A string's prefix is a list's, 0x40 lower.
    prefix[0] = static_cast<std::uint8_t>(prefix[0] - 0x40);
    append(to, prefix);
    to.push_back(one.type);
  }
  append(to, rlp::list_prefix(one.fields()));
  append(to, one.outcome_and_gas);
  append(to, Bytes{0xb9, 0x01, 0x00});
  append(to, bloom);
  append(to, one.logs);
}
}  // namespace

Decoded<Bytes> with_blooms(ByteView bare) {
  auto list = rlp::decode_list(bare);
  if (!list) return rlp::fail(list.error());
  std::vector<Unpacked> all;
  std::vector<ByteView> seen;
  std::size_t length = 0;
  while (!list->at_end()) {
    if (auto good = take_unpacked(*list, all.emplace_back(), seen); !good) return rlp::fail(good.error());
    length += all.back().size();
  }
  std::vector<Hash256> hashes(seen.size());
  keccak256_batch(seen, hashes);
  Bytes out = rlp::list_prefix(length);
  out.reserve(out.size() + length);
  for (const Unpacked& one : all) {
    Bloom bloom;
    for (const Hash256& hash : std::span(hashes).subspan(one.first, one.count))
      set_bits(bloom, hash);
    write_unpacked(out, one, bloom);
  }
  return out;
}

PackedBody::PackedBody(const Body& body) {
  const Bytes encoded = encode_body(body);
  auto packed = pack_bodies(Reader(encoded), HeaderIdentity::keccak_rlp, 1);
  QUARRY_CHECK(packed && packed->size() == 1);  // what we write we read
  *this = std::move(packed->front());
}

PackedReceipts::PackedReceipts(const std::vector<Receipt>& receipts) {
  rlp::Writer to;
  const auto mark = to.begin_list();
  for (const Receipt& receipt : receipts) write_receipt(to, receipt);
  to.end_list(mark);
  auto packed = pack_receipts(Reader(to.bytes()), 1, receipts.size());
  QUARRY_CHECK(packed && packed->size() == 1);
  *this = std::move(packed->front());
}

}  // namespace quarry
