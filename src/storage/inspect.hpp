#pragma once
/// \file
/// Rows of the tables as people see them. The forms of keys and values are data beside the schema
/// (storage/tables.hpp), one row a table, from which decoding, encoding and help are made.
///
/// A key is written as its parts between slashes, a tag first where the table has tags: `5/0x5e1f…`,
/// `a/0x3c…/12`, `s/0x3c…/f0a` (a path's nibbles as hex digits).

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.hpp"
#include "core/u256.hpp"
#include "storage/database.hpp"

namespace quarry {

/// A value as a tree, of which text and JSON are made a floor above.
struct Shown {
  enum class Kind : std::uint8_t { none, text, number, flag, list, record };
  Kind kind = Kind::none;
  std::string text = {};  ///< text as it is; a number (of 64 bits) in decimal; a flag as "true" or "false"
  std::vector<std::pair<std::string, Shown>> members = {};  ///< a list's have no names

  static Shown of_text(std::string text) { return {Kind::text, std::move(text)}; }
  static Shown of_hex(ByteView bytes);
  static Shown of(std::uint64_t number) { return {Kind::number, std::to_string(number)}; }
  /// Decimal text: JSON's numbers do not hold it.
  static Shown of(const U256& number) { return {Kind::text, number.to_decimal()}; }
  static Shown of_flag(bool flag) { return {Kind::flag, flag ? "true" : "false"}; }
  static Shown list() { return {Kind::list}; }
  static Shown record() { return {Kind::record}; }
  /// Adds a member and gives the whole back.
  Shown& add(std::string name, Shown value);
  Shown& add(Shown value) { return add({}, std::move(value)); }
};

/// What a part of a key is.
enum class KeyPart : std::uint8_t {
  none,     ///< the key has no more parts
  number,   ///< a block's number, 8 bytes
  hash,     ///< 32 bytes
  account,  ///< a hashed address; an address may be written instead
  slot,     ///< a hashed slot key; a slot's number may be written instead
  address,  ///< 20 bytes
  place,    ///< one byte: a topic's place, from 0
  path,     ///< a trie path: nibbles two a byte, then their number; to the key's end
  text,     ///< to the key's end
  bytes,    ///< to the key's end, as hex
};

/// One form that a table's keys have.
struct KeyForm {
  char tag = 0;  ///< the first byte; 0: there is none
  std::array<KeyPart, 3> parts{};
};

/// How a table's rows are read. A table has one form of keys or some told apart by their tags.
struct InspectRow {
  Table table;
  std::array<KeyForm, 3> keys;
  /// Nothing when the value was not written by this program.
  std::optional<Shown> (*value)(ByteView key, ByteView value);
};
const InspectRow& inspect_row(Table table);

/// The table whose family has this name; "meta" is the default family's.
std::optional<Table> table_named(std::string_view name);
/// The name as a user writes it: the family's, "meta" for the default one.
std::string_view table_name(Table table);
/// All names, for help: "header, body, …".
std::string table_names();

/// How the table's keys are written: "NUMBER/HASH", "a/ACCOUNT/NUMBER or s/ACCOUNT/SLOT/NUMBER".
std::string key_usage(Table table);
/// The key, as parse_key reads it; hex after "0x" when it is not of the table's form.
std::string key_text(Table table, ByteView key);
/// Is it of the table's form?
bool is_key(Table table, ByteView key);

struct ParsedKey {
  Bytes bytes;
  bool whole = true;  ///< all parts were given: the key, and not what several keys start with
};
/// Reads a key, or the first parts of one. Errors name the part and how keys of the table are written.
Result<ParsedKey> parse_key(Table table, std::string_view text);

/// The value decoded; nothing when it does not decode.
std::optional<Shown> shown_value(Table table, ByteView key, ByteView value);

}  // namespace quarry
