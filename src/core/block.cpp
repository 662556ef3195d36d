#include "core/block.hpp"

#include "core/check.hpp"
#include "core/keccak.hpp"

namespace quarry {
namespace {
using rlp::Decoded;
using rlp::Reader;
using rlp::Writer;

Decoded<Withdrawal> read_withdrawal(Reader& from) {
  auto list = from.list();
  if (!list) return rlp::fail(list.error());
  Withdrawal out;
  if (auto ok = list->read(out.index); !ok) return rlp::fail(ok.error());
  if (auto ok = list->read(out.validator_index); !ok) return rlp::fail(ok.error());
  if (auto ok = list->read(out.address); !ok) return rlp::fail(ok.error());
  if (auto ok = list->read(out.amount_gwei); !ok) return rlp::fail(ok.error());
  if (auto ok = list->finish(); !ok) return rlp::fail(ok.error());
  return out;
}

/// Reads the body's lists from `from`, which holds them and nothing more.
Decoded<Body> read_body_fields(Reader& from, HeaderIdentity identity) {
  Body body;
  auto transactions = from.list();
  if (!transactions) return rlp::fail(transactions.error());
  while (!transactions->at_end()) {
    auto txn = read_transaction(*transactions);
    if (!txn) return rlp::fail(txn.error());
    body.transactions.push_back(std::move(*txn));
  }
  auto ommers = from.list();
  if (!ommers) return rlp::fail(ommers.error());
  while (!ommers->at_end()) {
    auto ommer = read_header(*ommers, identity);
    if (!ommer) return rlp::fail(ommer.error());
    body.ommers.push_back(std::move(*ommer));
  }
  if (from.at_end()) return body;
  auto withdrawals = from.list();
  if (!withdrawals) return rlp::fail(withdrawals.error());
  body.withdrawals.emplace();
  while (!withdrawals->at_end()) {
    auto one = read_withdrawal(*withdrawals);
    if (!one) return rlp::fail(one.error());
    body.withdrawals->push_back(*one);
  }
  if (auto end = from.finish(); !end) return rlp::fail(end.error());
  return body;
}

void write_ommers(Writer& to, const std::vector<SealedHeader>& ommers) {
  const auto mark = to.begin_list();
  for (const auto& ommer : ommers) write_header(to, *ommer);
  to.end_list(mark);
}

void write_body_fields(Writer& to, const Body& body) {
  const auto transactions = to.begin_list();
  for (const auto& txn : body.transactions) write_transaction(to, txn);
  to.end_list(transactions);
  write_ommers(to, body.ommers);
  if (!body.withdrawals) return;
  const auto withdrawals = to.begin_list();
  for (const auto& one : *body.withdrawals) {
    const auto mark = to.begin_list();
    to.write(one.index).write(one.validator_index).write(one.address).write(one.amount_gwei).end_list(mark);
  }
  to.end_list(withdrawals);
}

template <class T, class Read>
Decoded<T> decode_whole(ByteView bytes, HeaderIdentity identity, Read read) {
  Reader reader(bytes);
  auto out = read(reader, identity);
  if (out && !reader.at_end()) return rlp::fail(rlp::DecodeError::trailing_bytes);
  return out;
}
}  // namespace

Decoded<Body> read_body(Reader& from, HeaderIdentity identity) {
  auto list = from.list();
  if (!list) return rlp::fail(list.error());
  return read_body_fields(*list, identity);
}

Decoded<Block> read_block(Reader& from, HeaderIdentity identity) {
  auto list = from.list();
  if (!list) return rlp::fail(list.error());
  auto header = read_header(*list, identity);
  if (!header) return rlp::fail(header.error());
  auto body = read_body_fields(*list, identity);
  if (!body) return rlp::fail(body.error());
  return Block{std::move(*header), std::move(*body)};
}

Decoded<Body> decode_body(ByteView bytes, HeaderIdentity identity) {
  return decode_whole<Body>(bytes, identity, read_body);
}
Decoded<Block> decode_block(ByteView bytes, HeaderIdentity identity) {
  return decode_whole<Block>(bytes, identity, read_block);
}

void write_body(Writer& to, const Body& body) {
  const auto mark = to.begin_list();
  write_body_fields(to, body);
  to.end_list(mark);
}

void write_block(Writer& to, const Block& block) {
  const auto mark = to.begin_list();
  write_header(to, *block.header);
  write_body_fields(to, block.body);
  to.end_list(mark);
}

Bytes encode_body(const Body& body) {
  Writer writer;
  write_body(writer, body);
  return writer.take();
}

Bytes encode_block(const Block& block) {
  Writer writer;
  write_block(writer, block);
  return writer.take();
}

Bytes join_block(ByteView header_rlp, ByteView body_rlp) {
  const auto body = rlp::decode(body_rlp);
  QUARRY_CHECK(body && body->is_list);
  Bytes out = rlp::list_prefix(header_rlp.size() + body->payload.size());
  append(out, header_rlp);
  append(out, body->payload);
  return out;
}

Hash256 ommers_hash(const std::vector<SealedHeader>& ommers) {
  if (ommers.empty()) return kEmptyOmmersHash;
  Writer writer;
  write_ommers(writer, ommers);
  return keccak256(writer.bytes());
}
}  // namespace quarry
