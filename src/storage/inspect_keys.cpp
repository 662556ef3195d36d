// Keys as text and back, by the forms in the table.
#include <fmt/format.h>

#include <charconv>

#include "core/keccak.hpp"
#include "core/u256.hpp"
#include "storage/codec.hpp"
#include "storage/inspect.hpp"

namespace quarry {
namespace {

constexpr std::size_t kMostNibbles = 64;

/// A part's name in help, its bytes when fixed, and whether it runs to the key's end.
struct PartInfo {
  KeyPart part;
  std::string_view name;
  std::size_t size;  ///< 0: to the key's end
};
constexpr std::array<PartInfo, 10> kParts{{
    {KeyPart::none, "", 0},
    {KeyPart::number, "NUMBER", 8},
    {KeyPart::hash, "HASH", 32},
    {KeyPart::account, "ACCOUNT", 32},
    {KeyPart::slot, "SLOT", 32},
    {KeyPart::address, "ADDRESS", 20},
    {KeyPart::place, "PLACE", 1},
    {KeyPart::path, "PATH", 0},
    {KeyPart::text, "NAME", 0},
    {KeyPart::bytes, "HEX", 0},
}};
const PartInfo& info(KeyPart part) {
  return kParts[static_cast<std::size_t>(part)];
}

std::optional<std::string> path_text(ByteView packed) {
  if (packed.empty()) return std::nullopt;
  const std::size_t nibbles = packed.back();
  const ByteView bytes = packed.first(packed.size() - 1);
  if (nibbles > kMostNibbles || bytes.size() != (nibbles + 1) / 2) return std::nullopt;
  if (nibbles % 2 != 0 && (bytes.back() & 15) != 0) return std::nullopt;
  return to_hex(bytes).substr(0, nibbles);
}

std::optional<Bytes> parse_path(std::string_view text) {
  if (text.size() > kMostNibbles) return std::nullopt;
  std::string digits{text};
  if (digits.size() % 2 != 0) digits.push_back('0');
  auto bytes = from_hex(digits);
  if (!bytes) return std::nullopt;
  bytes->push_back(static_cast<std::uint8_t>(text.size()));
  return bytes;
}

std::optional<Bytes> parse_number(std::string_view text) {
  const auto number = U256::parse(text);
  if (!number || !number->fits_u64()) return std::nullopt;
  return to_bytes(number_key(number->low64()));
}

std::optional<Bytes> parse_hash(std::string_view text) {
  const auto hash = Hash256::from_hex(text);
  if (!hash) return std::nullopt;
  return to_bytes(*hash);
}

std::optional<Bytes> parse_account(std::string_view text) {
  if (const auto address = Address::from_hex(text)) return to_bytes(hash_of(*address));
  return parse_hash(text);
}

std::optional<Bytes> parse_address(std::string_view text) {
  const auto address = Address::from_hex(text);
  if (!address) return std::nullopt;
  return to_bytes(*address);
}

std::optional<Bytes> parse_place(std::string_view text) {
  const auto place = U256::parse(text);
  if (!place || !place->fits_u64() || place->low64() > 0xff) return std::nullopt;
  return Bytes{static_cast<std::uint8_t>(place->low64())};
}

/// 64 digits are the hash; anything shorter is the slot's number.
std::optional<Bytes> parse_slot(std::string_view text) {
  if (auto hash = parse_hash(text)) return hash;
  const auto number = U256::parse(text);
  if (!number) return std::nullopt;
  const std::string digits = number->to_quantity().substr(2);
  SlotKey key;
  if (!from_hex(std::string(64 - digits.size(), '0') + digits, key.bytes)) return std::nullopt;
  return to_bytes(hash_of(key));
}

std::optional<Bytes> parse_part(KeyPart part, std::string_view text) {
  switch (part) {
    case KeyPart::none:
      return std::nullopt;
    case KeyPart::number:
      return parse_number(text);
    case KeyPart::hash:
      return parse_hash(text);
    case KeyPart::account:
      return parse_account(text);
    case KeyPart::slot:
      return parse_slot(text);
    case KeyPart::address:
      return parse_address(text);
    case KeyPart::place:
      return parse_place(text);
    case KeyPart::path:
      return parse_path(text);
    case KeyPart::text:
      return to_bytes(as_bytes(text));
    case KeyPart::bytes:
      return from_hex(text);
  }
  return std::nullopt;
}

std::optional<std::string> part_text(KeyPart part, ByteView bytes) {
  switch (part) {
    case KeyPart::none:
      return std::nullopt;
    case KeyPart::number:
      return std::to_string(*read_number(bytes));
    case KeyPart::hash:
    case KeyPart::account:
    case KeyPart::slot:
    case KeyPart::address:
    case KeyPart::bytes:
      return to_hex0x(bytes);
    case KeyPart::place:
      return std::to_string(bytes[0]);
    case KeyPart::path:
      return path_text(bytes);
    case KeyPart::text:
      return std::string{as_text(bytes)};
  }
  return std::nullopt;
}

/// The form that a key of this table with this first byte has.
const KeyForm* form_of(const InspectRow& row, char first) {
  for (const KeyForm& form : row.keys)
    if (form.parts[0] != KeyPart::none && (form.tag == 0 || form.tag == first)) return &form;
  return nullptr;
}

std::optional<std::string> whole_text(Table table, ByteView key) {
  const KeyForm* form = form_of(inspect_row(table), key.empty() ? '\0' : static_cast<char>(key[0]));
  if (form == nullptr) return std::nullopt;
  std::string out;
  if (form->tag != 0) {
    out = form->tag;
    key = key.subspan(1);
  }
  for (const KeyPart part : form->parts) {
    if (part == KeyPart::none) break;
    const std::size_t size = info(part).size == 0 ? key.size() : info(part).size;
    if (key.size() < size) return std::nullopt;
    const auto text = part_text(part, key.first(size));
    if (!text) return std::nullopt;
    if (!out.empty()) out += '/';
    out += *text;
    key = key.subspan(size);
  }
  if (!key.empty()) return std::nullopt;
  return out;
}

std::string form_usage(const KeyForm& form) {
  std::string out;
  if (form.tag != 0) out = form.tag;
  for (const KeyPart part : form.parts) {
    if (part == KeyPart::none) break;
    if (!out.empty()) out += '/';
    out += info(part).name;
  }
  return out;
}

Error bad_key(Table table, std::string what) {
  return {fmt::format("\"{}\": {}", table_name(table), what),
          fmt::format("Keys of {} are written {}.", table_name(table), key_usage(table))};
}

/// The text up to the next slash, which is taken off.
std::string_view next_piece(std::string_view& text) {
  const std::size_t slash = text.find('/');
  const std::string_view piece = text.substr(0, slash);
  text = slash == text.npos ? std::string_view{} : text.substr(slash + 1);
  return piece;
}

}  // namespace

std::optional<Table> table_named(std::string_view name) {
  for (const TableRow& row : kTables)
    if (table_name(row.table) == name || row.family == name) return row.table;
  return std::nullopt;
}

std::string_view table_name(Table table) {
  return table == Table::meta ? "meta" : row(table).family;
}

std::string table_names() {
  std::string out;
  for (const TableRow& row : kTables)
    out += fmt::format("{}{}", out.empty() ? "" : ", ", table_name(row.table));
  return out;
}

std::string key_usage(Table table) {
  std::string out;
  for (const KeyForm& form : inspect_row(table).keys) {
    if (form.parts[0] == KeyPart::none) continue;
    out += fmt::format("{}{}", out.empty() ? "" : " or ", form_usage(form));
  }
  return out;
}

std::string key_text(Table table, ByteView key) {
  return whole_text(table, key).value_or(to_hex0x(key));
}

bool is_key(Table table, ByteView key) {
  return whole_text(table, key).has_value();
}

Result<ParsedKey> parse_key(Table table, std::string_view text) {
  ParsedKey out;
  const InspectRow& row = inspect_row(table);
  const KeyForm* form = &row.keys[0];
  bool more = true;  // a part follows, be it empty: "a/" is the account trie's root, "a" all of that trie
  if (form->tag != 0) {
    more = text.find('/') != text.npos;
    const std::string_view tag = next_piece(text);
    form = tag.size() == 1 ? form_of(row, tag[0]) : nullptr;
    if (form == nullptr) return tl::unexpected(bad_key(table, fmt::format("\"{}\" is no tag", tag)));
    out.bytes.push_back(static_cast<std::uint8_t>(form->tag));
  }
  for (const KeyPart part : form->parts) {
    if (part == KeyPart::none) break;
    out.whole = more;
    if (!more) break;
    const bool to_end = part == KeyPart::text;  // a name may have slashes
    more = !to_end && text.find('/') != text.npos;
    const std::string_view piece = to_end ? std::exchange(text, {}) : next_piece(text);
    const auto bytes = parse_part(part, piece);
    if (!bytes) return tl::unexpected(bad_key(table, fmt::format("\"{}\" is no {}", piece, info(part).name)));
    append(out.bytes, *bytes);
  }
  if (more || !text.empty()) return tl::unexpected(bad_key(table, "the key has too many parts"));
  return out;
}

}  // namespace quarry
