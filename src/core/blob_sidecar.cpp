#include "core/blob_sidecar.hpp"

namespace quarry {
namespace {

constexpr auto kBlobType = static_cast<std::uint8_t>(TxnType::blob);

rlp::Decoded<> read_strings(rlp::Reader& from, std::size_t size, std::size_t most, std::vector<Bytes>& out) {
  auto list = from.list();
  if (!list) return rlp::fail(list.error());
  while (!list->at_end()) {
    const auto text = list->string();
    if (!text) return rlp::fail(text.error());
    if (text->size() != size) return rlp::fail(rlp::DecodeError::wrong_length);
    if (out.size() == most) return rlp::fail(rlp::DecodeError::too_many);
    out.push_back(to_bytes(*text));
  }
  return {};
}

/// The version, where there is one: a string stands in a list's place.
rlp::Decoded<bool> read_version(rlp::Reader& from) {
  rlp::Reader ahead = from;
  const auto item = ahead.next();
  if (!item) return rlp::fail(item.error());
  if (item->is_list) return false;
  from = ahead;
  if (item->payload.size() != 1 || item->payload[0] != 1) return rlp::fail(rlp::DecodeError::invalid_value);
  return true;
}

}  // namespace

bool carries_blobs(ByteView encoded) {
  if (encoded.empty() || encoded[0] != kBlobType) return false;
  auto list = rlp::decode_list(encoded.subspan(1));
  if (!list) return false;
  const auto first = list->next();
  return first && first->is_list;
}

rlp::Decoded<CarriedTransaction> decode_carried(ByteView encoded) {
  if (encoded.empty() || encoded[0] != kBlobType) return rlp::fail(rlp::DecodeError::invalid_value);
  auto list = rlp::decode_list(encoded.subspan(1));
  if (!list) return rlp::fail(list.error());
  const auto body = list->next();
  if (!body) return rlp::fail(body.error());
  Bytes plain{kBlobType};
  append(plain, body->raw);
  auto txn = decode_transaction(plain);
  if (!txn) return rlp::fail(txn.error());
  CarriedTransaction out{std::move(*txn), {}};
  const auto version = read_version(*list);
  if (!version) return rlp::fail(version.error());
  auto& sidecar = out.sidecar;
  sidecar.cell_proofs = *version;
  const std::size_t proofs = kMostBlobs * (*version ? kCellsABlob : 1);
  if (auto read = read_strings(*list, kBlobBytes, kMostBlobs, sidecar.blobs); !read)
    return rlp::fail(read.error());
  if (auto read = read_strings(*list, kKzgBytes, kMostBlobs, sidecar.commitments); !read)
    return rlp::fail(read.error());
  if (auto read = read_strings(*list, kKzgBytes, proofs, sidecar.proofs); !read)
    return rlp::fail(read.error());
  if (auto done = list->finish(); !done) return rlp::fail(done.error());
  return out;
}

Bytes encode_carried(const CarriedTransaction& carried) {
  rlp::Writer to;
  const auto whole = to.begin_list();
  const auto plain = encode_transaction(carried.txn);
  to.raw(ByteView{plain}.subspan(1));
  if (carried.sidecar.cell_proofs) to.write(std::uint64_t{1});
  for (const auto* strings :
       {&carried.sidecar.blobs, &carried.sidecar.commitments, &carried.sidecar.proofs}) {
    const auto list = to.begin_list();
    for (const auto& one : *strings) to.write(ByteView{one});
    to.end_list(list);
  }
  to.end_list(whole);
  Bytes out{kBlobType};
  append(out, to.take());
  return out;
}

}  // namespace quarry
