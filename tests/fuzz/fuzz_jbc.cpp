/// Any bytes as a JSON-file chain's block, as a list of them, and as the extra data of a header: no crash,
/// and what is accepted comes back byte for byte.
#include "consensus/jbc/json_list.hpp"
#include "core/check.hpp"

namespace {
using namespace quarry;

void as_block(std::string_view text) {
  const auto block = jbc::parse_json(text);
  if (!block) return;
  QUARRY_CHECK(jbc::to_json(*block) == text);
  jbc::Block whole = *block;
  if (whole.index != 0) whole.hash = jbc::compute_hash(whole);
  const Header header = jbc::to_header(whole, 4);
  const auto decoded = decode_header(encode_header(header), HeaderIdentity::jbc_sha256);
  QUARRY_CHECK(decoded.has_value());
  const auto back = jbc::from_header(*decoded);
  QUARRY_CHECK(back == whole && back->layout == whole.layout);
  QUARRY_CHECK(jbc::to_header(*back, 4) == header);
}

/// The same elements, wherever the bytes are torn.
void as_list(std::string_view text) {
  jbc::ListReader whole, torn;
  const bool fine = whole.feed(text).has_value();
  bool torn_fine = true;
  for (std::size_t at = 0; at < text.size() && torn_fine; at += 3)
    torn_fine = torn.feed(text.substr(at, 3)).has_value();
  QUARRY_CHECK(fine == torn_fine);
  std::string a, b;
  while (whole.next(a)) QUARRY_CHECK(torn.next(b) && a == b);
}

void as_extra_data(ByteView bytes) {
  Header header;
  header.number = bytes.size() % 2;
  header.extra_data = to_bytes(bytes);
  const auto block = jbc::from_header(header);
  QUARRY_CHECK(block.has_value() == jbc::header_hash(header).has_value());
  if (!block || jbc::check_form(*block)) return;
  QUARRY_CHECK(jbc::to_json(*block) == jbc::to_json(*jbc::parse_json(jbc::to_json(*block))));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes{data, size};
  as_block(as_text(bytes));
  as_list(as_text(bytes));
  as_extra_data(bytes);
  return 0;
}
