#include "core/receipt.hpp"

#include "core/keccak.hpp"
#include "core/receipt_parts.hpp"

namespace quarry {
namespace {
using rlp::Decoded;
using rlp::DecodeError;
using rlp::Reader;
using rlp::Writer;

/// The EVM's LOG4 is the widest (Yellow Paper, appendix H).
constexpr std::size_t kMaxTopics = 4;

Decoded<Receipt> read_fields(Reader list, TxnType type) {
  Receipt receipt{.type = type};
  if (auto ok = read_outcome(list, receipt); !ok) return rlp::fail(ok.error());
  if (auto ok = list.read(receipt.cumulative_gas_used); !ok) return rlp::fail(ok.error());
  if (auto ok = list.read(receipt.logs_bloom); !ok) return rlp::fail(ok.error());
  auto logs = list.list();
  if (!logs) return rlp::fail(logs.error());
  while (!logs->at_end()) {
    auto log = read_log(*logs);
    if (!log) return rlp::fail(log.error());
    receipt.logs.push_back(std::move(*log));
  }
  if (auto ok = list.finish(); !ok) return rlp::fail(ok.error());
  return receipt;
}

void write_fields(Writer& to, const Receipt& receipt) {
  const auto whole = to.begin_list();
  write_outcome(to, receipt);
  to.write(receipt.cumulative_gas_used).write(receipt.logs_bloom);
  const auto logs = to.begin_list();
  for (const auto& log : receipt.logs) write_log(to, log);
  to.end_list(logs).end_list(whole);
}
}  // namespace

Decoded<> read_outcome(Reader& from, Receipt& receipt) {
  auto text = from.string();
  if (!text) return rlp::fail(text.error());
  if (auto root = RootHash::from(*text))
    receipt.outcome = *root;
  else if (text->empty())
    receipt.outcome = false;
  else if (text->size() == 1 && (*text)[0] == 1)
    receipt.outcome = true;
  else
    return rlp::fail(DecodeError::invalid_value);
  return {};
}

void write_outcome(Writer& to, const Receipt& receipt) {
  if (const auto* root = std::get_if<RootHash>(&receipt.outcome))
    to.write(*root);
  else
    to.write(std::uint64_t{std::get<bool>(receipt.outcome)});
}

Decoded<Log> read_log(Reader& from) {
  auto list = from.list();
  if (!list) return rlp::fail(list.error());
  Log log;
  if (auto ok = list->read(log.address); !ok) return rlp::fail(ok.error());
  auto topics = list->list();
  if (!topics) return rlp::fail(topics.error());
  while (!topics->at_end()) {
    if (log.topics.size() == kMaxTopics) return rlp::fail(DecodeError::too_many);
    if (auto ok = topics->read(log.topics.emplace_back()); !ok) return rlp::fail(ok.error());
  }
  if (auto ok = list->read(log.data); !ok) return rlp::fail(ok.error());
  if (auto ok = list->finish(); !ok) return rlp::fail(ok.error());
  return log;
}

void write_log(Writer& to, const Log& log) {
  const auto whole = to.begin_list();
  to.write(log.address);
  const auto topics = to.begin_list();
  for (const auto& topic : log.topics) to.write(topic);
  to.end_list(topics).write(ByteView{log.data}).end_list(whole);
}

void add_to_bloom(Bloom& bloom, ByteView what) {
  const Hash256 hash = keccak256(what);
  for (int i = 0; i < 6; i += 2) {
    const unsigned bit = (hash.bytes[i] << 8 | hash.bytes[i + 1]) & 2047u;
    bloom.bytes[255 - bit / 8] |= static_cast<std::uint8_t>(1u << bit % 8);
  }
}

Bloom bloom_of(const std::vector<Log>& logs) {
  Bloom bloom;
  for (const auto& log : logs) {
    add_to_bloom(bloom, log.address);
    for (const auto& topic : log.topics) add_to_bloom(bloom, topic);
  }
  return bloom;
}

Decoded<Receipt> read_receipt(Reader& from) {
  auto item = from.next();
  if (!item) return rlp::fail(item.error());
  if (item->is_list) return read_fields(Reader(item->payload), TxnType::legacy);
  if (item->payload.empty()) return rlp::fail(DecodeError::input_too_short);
  const std::uint8_t type = item->payload[0];
  if (type < 1 || type > 4) return rlp::fail(DecodeError::invalid_value);
  auto list = rlp::decode_list(item->payload.subspan(1));
  if (!list) return rlp::fail(list.error());
  return read_fields(*list, static_cast<TxnType>(type));
}

Bytes encode_receipt(const Receipt& receipt) {
  Bytes out;
  if (receipt.type != TxnType::legacy) out.push_back(static_cast<std::uint8_t>(receipt.type));
  Writer writer(out);
  write_fields(writer, receipt);
  return out;
}

void write_receipt(Writer& to, const Receipt& receipt) {
  if (receipt.type == TxnType::legacy)
    write_fields(to, receipt);
  else
    to.write(ByteView{encode_receipt(receipt)});
}
}  // namespace quarry
