#include "core/rlp.hpp"

#include <bit>

namespace quarry::rlp {
namespace {
constexpr std::uint8_t kString = 0x80;
constexpr std::uint8_t kList = 0xc0;
/// Payloads up to this length have a one-byte prefix.
constexpr std::size_t kShort = 55;

struct Prefix {
  bool is_list;
  std::size_t header;  ///< bytes of the prefix; 0 for a byte that is its own encoding
  std::size_t payload;
};

Decoded<Prefix> read_prefix(ByteView input) {
  if (input.empty()) return fail(DecodeError::input_too_short);
  const std::uint8_t first = input[0];
  if (first < kString) return Prefix{.is_list = false, .header = 0, .payload = 1};
  const bool is_list = first >= kList;
  const std::uint8_t tag = is_list ? first - kList : first - kString;
  if (tag <= kShort) {
    if (input.size() - 1 < tag) return fail(DecodeError::input_too_short);
    if (!is_list && tag == 1 && input[1] < kString) return fail(DecodeError::non_canonical_size);
    return Prefix{.is_list = is_list, .header = 1, .payload = tag};
  }
  const std::size_t digits = tag - kShort;
  if (input.size() - 1 < digits) return fail(DecodeError::input_too_short);
  if (input[1] == 0) return fail(DecodeError::non_canonical_size);
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < digits; ++i) length = length << 8 | input[1 + i];
  if (length <= kShort) return fail(DecodeError::non_canonical_size);
  if (input.size() - 1 - digits < length) return fail(DecodeError::input_too_short);
  return Prefix{.is_list = is_list, .header = 1 + digits, .payload = static_cast<std::size_t>(length)};
}

/// Writes the prefix of a payload into `out`, which has room for nine bytes; returns its length.
std::size_t make_prefix(std::uint8_t kind, std::size_t length, std::uint8_t* out) {
  if (length <= kShort) {
    out[0] = static_cast<std::uint8_t>(kind + length);
    return 1;
  }
  const std::size_t digits = (static_cast<std::size_t>(std::bit_width(length)) + 7) / 8;
  out[0] = static_cast<std::uint8_t>(kind + kShort + digits);
  for (std::size_t i = 0; i < digits; ++i)
    out[1 + i] = static_cast<std::uint8_t>(length >> (8 * (digits - 1 - i)));
  return 1 + digits;
}
}  // namespace

const char* to_string(DecodeError error) {
  switch (error) {
    case DecodeError::input_too_short:
      return "input too short";
    case DecodeError::trailing_bytes:
      return "trailing bytes";
    case DecodeError::non_canonical_size:
      return "non-canonical size";
    case DecodeError::leading_zero:
      return "integer with leading zeros";
    case DecodeError::unexpected_list:
      return "a list where a string belongs";
    case DecodeError::unexpected_string:
      return "a string where a list belongs";
    case DecodeError::overflow:
      return "value too large for its field";
    case DecodeError::wrong_length:
      return "field of the wrong length";
    case DecodeError::invalid_value:
      return "invalid value";
    case DecodeError::too_many:
      return "too many elements";
  }
  return "unknown";
}

Decoded<> Reader::finish() const {
  if (!rest_.empty()) return fail(DecodeError::trailing_bytes);
  return {};
}

Decoded<Item> Reader::next() {
  const auto prefix = read_prefix(rest_);
  if (!prefix) return fail(prefix.error());
  const std::size_t whole = prefix->header + prefix->payload;
  const Item item{.is_list = prefix->is_list,
                  .payload = rest_.subspan(prefix->header, prefix->payload),
                  .raw = rest_.first(whole)};
  rest_ = rest_.subspan(whole);
  return item;
}

Decoded<ByteView> Reader::string() {
  auto item = next();
  if (!item) return fail(item.error());
  if (item->is_list) return fail(DecodeError::unexpected_list);
  return item->payload;
}

Decoded<Reader> Reader::list() {
  auto item = next();
  if (!item) return fail(item.error());
  if (!item->is_list) return fail(DecodeError::unexpected_string);
  return Reader(item->payload);
}

Decoded<std::uint64_t> Reader::u64() {
  auto text = string();
  if (!text) return fail(text.error());
  if (text->size() > 8) return fail(DecodeError::overflow);
  if (!text->empty() && text->front() == 0) return fail(DecodeError::leading_zero);
  std::uint64_t value = 0;
  for (std::uint8_t byte : *text) value = value << 8 | byte;
  return value;
}

Decoded<U256> Reader::u256() {
  auto text = string();
  if (!text) return fail(text.error());
  if (text->size() > 32) return fail(DecodeError::overflow);
  if (!text->empty() && text->front() == 0) return fail(DecodeError::leading_zero);
  return U256::from_be(*text);
}

Decoded<bool> Reader::boolean() {
  auto value = u64();
  if (!value) return fail(value.error());
  if (*value > 1) return fail(DecodeError::invalid_value);
  return *value == 1;
}

Decoded<> Reader::read(std::uint64_t& out) {
  auto value = u64();
  if (!value) return fail(value.error());
  out = *value;
  return {};
}

Decoded<> Reader::read(U256& out) {
  auto value = u256();
  if (!value) return fail(value.error());
  out = *value;
  return {};
}

Decoded<> Reader::read(Bytes& out) {
  auto text = string();
  if (!text) return fail(text.error());
  out.assign(text->begin(), text->end());
  return {};
}

Decoded<> Reader::read(std::string& out) {
  auto text = string();
  if (!text) return fail(text.error());
  out = as_text(*text);
  return {};
}

Decoded<Item> decode(ByteView input) {
  Reader reader(input);
  auto item = reader.next();
  if (!item) return item;
  if (!reader.at_end()) return fail(DecodeError::trailing_bytes);
  return item;
}

Decoded<Reader> decode_list(ByteView input) {
  auto item = decode(input);
  if (!item) return fail(item.error());
  if (!item->is_list) return fail(DecodeError::unexpected_string);
  return Reader(item->payload);
}

Decoded<std::size_t> count_items(ByteView payload, std::size_t most) {
  Reader reader(payload);
  std::size_t count = 0;
  while (!reader.at_end()) {
    if (auto item = reader.next(); !item) return fail(item.error());
    if (++count > most) return fail(DecodeError::too_many);
  }
  return count;
}

Writer& Writer::write(ByteView text) {
  if (text.size() == 1 && text[0] < kString) {
    out_->push_back(text[0]);
    return *this;
  }
  std::uint8_t prefix[9];
  const std::size_t length = make_prefix(kString, text.size(), prefix);
  append(*out_, {prefix, length});
  append(*out_, text);
  return *this;
}

Writer& Writer::write(std::uint64_t value) {
  std::uint8_t digits[8];
  const std::size_t count = (static_cast<std::size_t>(std::bit_width(value)) + 7) / 8;
  for (std::size_t i = 0; i < count; ++i)
    digits[i] = static_cast<std::uint8_t>(value >> (8 * (count - 1 - i)));
  return write(ByteView{digits, count});
}

Writer& Writer::write(const U256& value) {
  const auto digits = value.to_be();
  const std::size_t count = (value.bit_length() + 7) / 8;
  return write(ByteView{digits}.last(count));
}

Writer& Writer::raw(ByteView encoded) {
  append(*out_, encoded);
  return *this;
}

Writer& Writer::end_list(std::size_t mark) {
  std::uint8_t prefix[9];
  const std::size_t length = make_prefix(kList, out_->size() - mark, prefix);
  out_->insert(out_->begin() + static_cast<std::ptrdiff_t>(mark), prefix, prefix + length);
  return *this;
}

Bytes list_prefix(std::size_t length) {
  std::uint8_t prefix[9];
  return Bytes(prefix, prefix + make_prefix(kList, length, prefix));
}

std::size_t size_with_prefix(std::size_t payload) {
  std::uint8_t prefix[9];
  return make_prefix(kList, payload, prefix) + payload;
}
}  // namespace quarry::rlp
