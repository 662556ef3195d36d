#include "core/header.hpp"

#include "core/check.hpp"
#include "core/jbc.hpp"
#include "core/keccak.hpp"

namespace quarry {

const Hash256 kEmptyOmmersHash =
    *Hash256::from_hex("0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");
const RootHash kEmptyRoot =
    *RootHash::from_hex("0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
const CodeHash kEmptyCodeHash =
    *CodeHash::from_hex("0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");

namespace {
/// Writes a header's fields; optional ones end the list where they end.
struct FieldWriter {
  rlp::Writer& to;
  template <class T>
  bool operator()(const T& field) {
    to.write(field);
    return true;
  }
  bool operator()(const Bytes& field) {
    to.write(ByteView{field});
    return true;
  }
  template <class T>
  bool operator()(const std::optional<T>& field) {
    if (field) to.write(*field);
    return field.has_value();
  }
};

struct FieldReader {
  rlp::Reader& from;
  rlp::Decoded<> status = {};
  template <class T>
  bool operator()(T& field) {
    status = from.read(field);
    return status.has_value();
  }
  template <class T>
  bool operator()(std::optional<T>& field) {
    if (from.at_end()) return false;
    return (*this)(field.emplace());
  }
};
}  // namespace

void write_header(rlp::Writer& to, const Header& header) {
  const std::size_t mark = to.begin_list();
  Header::fields(header, FieldWriter{to});
  to.end_list(mark);
}

Bytes encode_header(const Header& header) {
  rlp::Writer writer;
  write_header(writer, header);
  return writer.take();
}

SealedHeader seal_header(Header header, HeaderIdentity identity) {
  if (identity == HeaderIdentity::jbc_sha256) {
    const auto name = jbc::header_hash(header);
    QUARRY_CHECK(name.has_value());
    return SealedHeader::trusted(std::move(header), *name);
  }
  const BlockHash hash{keccak256(encode_header(header))};
  return SealedHeader::trusted(std::move(header), hash);
}

rlp::Decoded<SealedHeader> read_header(rlp::Reader& from, HeaderIdentity identity) {
  auto item = from.next();
  if (!item) return rlp::fail(item.error());
  if (!item->is_list) return rlp::fail(rlp::DecodeError::unexpected_string);
  rlp::Reader list(item->payload);
  Header header;
  FieldReader reader{list};
  Header::fields(header, reader);
  if (!reader.status) return rlp::fail(reader.status.error());
  if (auto end = list.finish(); !end) return rlp::fail(end.error());
  if (header.extra_data.size() > kMaxExtraDataBytes) return rlp::fail(rlp::DecodeError::overflow);
  if (identity == HeaderIdentity::jbc_sha256) {
    const auto name = jbc::header_hash(header);
    if (!name) return rlp::fail(rlp::DecodeError::invalid_value);
    return SealedHeader::trusted(std::move(header), *name);
  }
  // Canonical decoding makes the bytes read the only encoding, so they are hashed as they came.
  return SealedHeader::trusted(std::move(header), BlockHash{keccak256(item->raw)});
}

rlp::Decoded<SealedHeader> decode_header(ByteView bytes, HeaderIdentity identity) {
  rlp::Reader reader(bytes);
  auto header = read_header(reader, identity);
  if (header && !reader.at_end()) return rlp::fail(rlp::DecodeError::trailing_bytes);
  return header;
}

Hash256 seal_hash(const Header& header) {
  rlp::Writer writer;
  const std::size_t mark = writer.begin_list();
  FieldWriter fields{writer};
  Header::fields(header, [&](const auto& field) {
    const void* at = &field;
    if (at == &header.mix_hash || at == &header.nonce) return true;
    return fields(field);
  });
  writer.end_list(mark);
  return keccak256(writer.bytes());
}

}  // namespace quarry
