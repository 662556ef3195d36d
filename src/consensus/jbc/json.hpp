#pragma once
/// \file
/// A jbc block as JSON: read from bytes from outside, written back byte for byte.
///
/// What Python's json.dump writes (fields in the tutorial's order, ", " and ": " between them, everything
/// past ASCII escaped, all values strings) is the usual way. A block that was written otherwise carries a
/// layout: its JSON text with a mark in the place of each field's value. A mark is the byte 1, which no JSON
/// text holds, and a letter that says which field and how it is written. A value that none of those ways
/// gives back stands there as it was. Keys that are not ours are part of the layout.

#include <string>
#include <string_view>

#include "core/jbc.hpp"

namespace quarry::jbc {

/// One block's JSON has at most so many bytes: data of the longest extra data with every byte escaped.
inline constexpr std::size_t kMostJsonBytes = 6 * kMaxExtraDataBytes;
/// Nesting of values under keys that are not ours.
inline constexpr std::size_t kMostJsonDepth = 64;

/// Which rule of the form a text breaks, and the particulars with what is there and what belongs there.
struct FormError {
  std::string rule;    ///< "not JSON", "not an object", "missing field", "field", "field given twice", "size"
  std::string detail;  ///< one line
};

/// Reads one object, with white space around it and nothing else.
[[nodiscard]] Expected<Block, FormError> parse_json(std::string_view text);

/// Appends the block's JSON, laid out as its layout says.
void append_json(std::string& to, const Block& block);
std::string to_json(const Block& block);

/// What a block that came in a header breaks of what parse_json() demands: its JSON must read as this very
/// block again, with the same layout, which the hash does not bind.
[[nodiscard]] std::optional<FormError> check_form(const Block& block);

bool is_utf8(std::string_view text);

}  // namespace quarry::jbc
