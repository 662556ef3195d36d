#pragma once
/// \file
/// JSON as a file's author sees it: every value with its line, members in order, keys that occur twice kept,
/// and numbers as they were written. For files that people write by hand; JSON-RPC has its own parser.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/expected.hpp"

namespace quarry {

struct JsonMember;

struct JsonValue {
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
  Kind kind = Kind::null;
  bool flag = false;
  std::string text;                 ///< a string's content, or a number's digits
  std::vector<JsonMember> members;  ///< an object's; an array's have empty keys
  std::uint32_t line = 0;           ///< from 1

  bool is(Kind what) const { return kind == what; }
  /// The last member of that name, letters compared without case, both as in Go; null when there is none.
  const JsonValue* find(std::string_view key) const;
};

struct JsonMember {
  JsonMember(std::string key, JsonValue value) : first(std::move(key)), second(std::move(value)) {}
  std::string first;
  JsonValue second;
};

/// "a string", "an object": for messages.
const char* name_of(JsonValue::Kind kind);

struct JsonLimits {
  std::size_t most_depth = 16;          ///< objects and arrays in one another: bounds our recursion
  std::size_t most_values = 4'000'000;  ///< values in all: bounds memory
  bool comments = false;                ///< take // and /* */ for white space
};

/// An error reads "line 3: …".
Result<JsonValue> parse_json_tree(std::string_view text, const JsonLimits& limits = {});

}  // namespace quarry
