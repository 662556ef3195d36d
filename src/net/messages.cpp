#include "net/messages.hpp"

namespace quarry::net {
namespace {
using rlp::Decoded;
using rlp::DecodeError;

/// Reads a list of at most `most` items with `read_one(reader) -> Decoded<T>`.
template <class T, class ReadOne>
Decoded<std::vector<T>> read_items(rlp::Reader list, std::size_t most, ReadOne read_one) {
  std::vector<T> out;
  while (!list.at_end()) {
    if (out.size() == most) return rlp::fail(DecodeError::too_many);
    auto one = read_one(list);
    if (!one) return rlp::fail(one.error());
    out.push_back(std::move(*one));
  }
  return out;
}

template <class Items, class WriteOne>
Bytes encode_items(const Items& items, WriteOne write_one) {
  rlp::Writer to;
  const auto mark = to.begin_list();
  for (const auto& item : items) write_one(to, item);
  to.end_list(mark);
  return to.take();
}

template <class T, class ReadOne>
Decoded<std::vector<T>> decode_items(ByteView payload, std::size_t most, ReadOne read_one) {
  auto list = rlp::decode_list(payload);
  if (!list) return rlp::fail(list.error());
  return read_items<T>(*list, most, read_one);
}
}  // namespace

Bytes encode(const Status& status) {
  rlp::Writer to;
  const auto mark = to.begin_list();
  to.write(status.protocol_version)
      .write(status.network_id)
      .write(status.total_difficulty)
      .write(status.head)
      .write(status.genesis);
  if (status.fork_id) {
    const auto fork = to.begin_list();
    to.write(status.fork_id->hash).write(status.fork_id->next).end_list(fork);
  }
  to.end_list(mark);
  return to.take();
}

Decoded<Status> decode_status(ByteView payload) {
  auto list = rlp::decode_list(payload);
  if (!list) return rlp::fail(list.error());
  Status out;
  if (auto ok = list->read(out.protocol_version); !ok) return rlp::fail(ok.error());
  if (auto ok = list->read(out.network_id); !ok) return rlp::fail(ok.error());
  if (auto ok = list->read(out.total_difficulty); !ok) return rlp::fail(ok.error());
  if (auto ok = list->read(out.head); !ok) return rlp::fail(ok.error());
  if (auto ok = list->read(out.genesis); !ok) return rlp::fail(ok.error());
  if (!list->at_end()) {
    auto fork = list->list();
    if (!fork) return rlp::fail(fork.error());
    out.fork_id.emplace();
    if (auto ok = fork->read(out.fork_id->hash); !ok) return rlp::fail(ok.error());
    if (auto ok = fork->read(out.fork_id->next); !ok) return rlp::fail(ok.error());
    if (auto ok = fork->finish(); !ok) return rlp::fail(ok.error());
  }
  if (auto ok = list->finish(); !ok) return rlp::fail(ok.error());
  return out;
}

Bytes encode(const GetBlockHeaders& query) {
  rlp::Writer to;
  const auto mark = to.begin_list();
  std::visit([&](const auto& from) { to.write(from); }, query.from);
  to.write(query.amount).write(query.skip).write(std::uint64_t{query.reverse}).end_list(mark);
  return to.take();
}

Decoded<GetBlockHeaders> decode_get_block_headers(ByteView payload) {
  auto list = rlp::decode_list(payload);
  if (!list) return rlp::fail(list.error());
  GetBlockHeaders out;
  // 32 bytes are a hash; a number has at most eight.
  rlp::Reader peek = *list;
  const auto origin = peek.string();
  if (!origin) return rlp::fail(origin.error());
  if (const auto hash = BlockHash::from(*origin)) {
    out.from = *hash;
    *list = peek;
  } else if (auto number = list->u64()) {
    out.from = *number;
  } else {
    return rlp::fail(number.error());
  }
  if (auto ok = list->read(out.amount); !ok) return rlp::fail(ok.error());
  if (auto ok = list->read(out.skip); !ok) return rlp::fail(ok.error());
  auto reverse = list->boolean();
  if (!reverse) return rlp::fail(reverse.error());
  out.reverse = *reverse;
  if (auto ok = list->finish(); !ok) return rlp::fail(ok.error());
  return out;
}

Bytes encode_new_block_hashes(std::span<const BlockId> ids) {
  rlp::Writer to;
  const auto whole = to.begin_list();
  for (const BlockId& id : ids) {
    const auto one = to.begin_list();
    to.write(id.hash).write(id.number).end_list(one);
  }
  to.end_list(whole);
  return to.take();
}

Decoded<std::vector<BlockId>> decode_new_block_hashes(ByteView payload) {
  return decode_items<BlockId>(payload, kMaxItemsRead, [](rlp::Reader& from) -> Decoded<BlockId> {
    auto list = from.list();
    if (!list) return rlp::fail(list.error());
    BlockId id;
    if (auto ok = list->read(id.hash); !ok) return rlp::fail(ok.error());
    if (auto ok = list->read(id.number); !ok) return rlp::fail(ok.error());
    if (auto ok = list->finish(); !ok) return rlp::fail(ok.error());
    return id;
  });
}

Bytes encode_new_block(const Block& block, const TotalDifficulty& total_difficulty) {
  rlp::Writer to;
  const auto mark = to.begin_list();
  write_block(to, block);
  to.write(total_difficulty).end_list(mark);
  return to.take();
}

Decoded<NewBlock> decode_new_block(ByteView payload, HeaderIdentity identity) {
  auto list = rlp::decode_list(payload);
  if (!list) return rlp::fail(list.error());
  auto block = read_block(*list, identity);
  if (!block) return rlp::fail(block.error());
  NewBlock out{std::move(*block), {}};
  if (auto ok = list->read(out.total_difficulty); !ok) return rlp::fail(ok.error());
  if (auto ok = list->finish(); !ok) return rlp::fail(ok.error());
  return out;
}

Bytes encode_block_headers(std::span<const SealedHeader> headers) {
  return encode_items(headers,
                      [](rlp::Writer& to, const SealedHeader& header) { write_header(to, *header); });
}
Bytes encode_block_bodies(std::span<const Body> bodies) {
  return encode_items(bodies, write_body);
}
Bytes encode_receipts(std::span<const std::vector<Receipt>> of_blocks) {
  return encode_items(of_blocks, [](rlp::Writer& to, const std::vector<Receipt>& receipts) {
    const auto mark = to.begin_list();
    for (const auto& receipt : receipts) write_receipt(to, receipt);
    to.end_list(mark);
  });
}
Bytes encode_transactions(std::span<const Transaction> transactions) {
  return encode_items(transactions, write_transaction);
}

Bytes encode_raw_list(std::span<const Bytes> items) {
  std::size_t length = 0;
  for (const Bytes& item : items) length += item.size();
  Bytes out = rlp::list_prefix(length);
  out.reserve(out.size() + length);
  for (const Bytes& item : items) append(out, item);
  return out;
}

Bytes encode_node_data(std::span<const Bytes> nodes) {
  rlp::Writer to;
  const auto mark = to.begin_list();
  for (const Bytes& node : nodes) to.write(ByteView{node});
  to.end_list(mark);
  return to.take();
}

Decoded<std::vector<SealedHeader>> decode_headers(ByteView payload, HeaderIdentity identity) {
  return decode_items<SealedHeader>(payload, kMaxItemsRead,
                                    [&](rlp::Reader& from) { return read_header(from, identity); });
}

Decoded<std::vector<Body>> decode_bodies(ByteView payload, HeaderIdentity identity) {
  return decode_items<Body>(payload, kMaxItemsRead,
                            [&](rlp::Reader& from) { return read_body(from, identity); });
}

Decoded<std::vector<std::vector<Receipt>>> decode_receipts(ByteView payload) {
  using OfBlock = std::vector<Receipt>;
  return decode_items<OfBlock>(payload, kMaxItemsRead, [](rlp::Reader& from) -> Decoded<OfBlock> {
    auto list = from.list();
    if (!list) return rlp::fail(list.error());
    return read_items<Receipt>(*list, kMaxTransactions,
                               [](rlp::Reader& inner) { return read_receipt(inner); });
  });
}

Decoded<std::vector<Bytes>> decode_node_data(ByteView payload) {
  return decode_items<Bytes>(payload, kMaxItemsRead, [](rlp::Reader& from) -> Decoded<Bytes> {
    auto text = from.string();
    if (!text) return rlp::fail(text.error());
    return to_bytes(*text);
  });
}

Decoded<std::vector<Transaction>> decode_transactions(ByteView payload) {
  return decode_items<Transaction>(payload, kMaxTransactions,
                                   [](rlp::Reader& from) { return read_transaction(from); });
}

Decoded<std::vector<PooledItem>> decode_pooled_transactions(ByteView payload) {
  return decode_items<PooledItem>(payload, kMaxTransactions, [](rlp::Reader& from) -> Decoded<PooledItem> {
    rlp::Reader ahead = from;
    const auto item = ahead.next();
    if (!item) return rlp::fail(item.error());
    if (item->is_list || !carries_blobs(item->payload)) {
      auto txn = read_transaction(from);
      if (!txn) return rlp::fail(txn.error());
      return PooledItem{std::move(*txn), std::nullopt};
    }
    from = ahead;
    auto carried = decode_carried(item->payload);
    if (!carried) return rlp::fail(carried.error());
    return PooledItem{std::move(carried->txn), std::move(carried->sidecar)};
  });
}

Bytes encode_announced_hashes(std::span<const AnnouncedTxn> txns) {
  return encode_items(txns, [](rlp::Writer& to, const AnnouncedTxn& txn) { to.write(txn.hash); });
}

Bytes encode_announced_txns(std::span<const AnnouncedTxn> txns) {
  rlp::Writer to;
  const auto whole = to.begin_list();
  Bytes types;
  for (const AnnouncedTxn& txn : txns) types.push_back(txn.form.value_or(AnnouncedTxn::Form{}).type);
  to.write(ByteView{types});
  const auto sizes = to.begin_list();
  for (const AnnouncedTxn& txn : txns) to.write(txn.form.value_or(AnnouncedTxn::Form{}).bytes);
  to.end_list(sizes);
  to.raw(encode_announced_hashes(txns)).end_list(whole);
  return to.take();
}

Decoded<std::vector<AnnouncedTxn>> decode_announced_hashes(ByteView payload) {
  return decode_items<AnnouncedTxn>(payload, kMaxHashesRead, [](rlp::Reader& from) -> Decoded<AnnouncedTxn> {
    AnnouncedTxn out;
    if (auto ok = from.read(out.hash); !ok) return rlp::fail(ok.error());
    return out;
  });
}

Decoded<std::vector<AnnouncedTxn>> decode_announced_txns(ByteView payload) {
  auto list = rlp::decode_list(payload);
  if (!list) return rlp::fail(list.error());
  const auto types = list->string();
  if (!types) return rlp::fail(types.error());
  if (types->size() > kMaxHashesRead) return rlp::fail(DecodeError::too_many);
  auto sizes = list->list();
  if (!sizes) return rlp::fail(sizes.error());
  auto hashes = list->list();
  if (!hashes) return rlp::fail(hashes.error());
  if (auto ok = list->finish(); !ok) return rlp::fail(ok.error());
  std::vector<AnnouncedTxn> out(types->size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].form.emplace().type = (*types)[i];
    if (auto ok = sizes->read(out[i].form->bytes); !ok) return rlp::fail(ok.error());
    if (auto ok = hashes->read(out[i].hash); !ok) return rlp::fail(ok.error());
  }
  // Three lists of one length, or the announcement says nothing.
  if (auto ok = sizes->finish(); !ok) return rlp::fail(ok.error());
  if (auto ok = hashes->finish(); !ok) return rlp::fail(ok.error());
  return out;
}

Bytes with_request_id(std::uint64_t id, ByteView payload) {
  const Bytes number = rlp::encode(id);
  Bytes out = rlp::list_prefix(number.size() + payload.size());
  out.reserve(out.size() + number.size() + payload.size());
  append(out, number);
  append(out, payload);
  return out;
}

Decoded<Numbered> split_request_id(ByteView payload) {
  auto list = rlp::decode_list(payload);
  if (!list) return rlp::fail(list.error());
  Numbered out;
  if (auto ok = list->read(out.id); !ok) return rlp::fail(ok.error());
  const auto item = list->next();
  if (!item) return rlp::fail(item.error());
  if (auto ok = list->finish(); !ok) return rlp::fail(ok.error());
  out.payload = item->raw;
  return out;
}

}  // namespace quarry::net
