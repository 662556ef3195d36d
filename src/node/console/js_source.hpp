#pragma once
/// \file
/// What the console must know of a statement's text before the engine compiles it. A scanner of ES5's tokens,
/// not a parser: text it misreads is left as it was. Pure functions.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace quarry {

struct JsToken {
  enum class Kind { word, number, text, regex, mark };
  Kind kind;
  std::string_view text;  ///< a view into the source
};

/// The tokens without comments and spaces. `open_end` is set when the source ends inside a comment or text.
std::vector<JsToken> js_tokens(std::string_view source, bool* open_end = nullptr);

/// More lines are to come: a brace, bracket or parenthesis is open, or a comment.
bool js_is_open(std::string_view source);

/// The source with `guard()` called at each turn of each loop, so that a loop without end can be interrupted:
/// the engine as Debian builds it has no such hook. Line numbers stay.
std::string js_guard_loops(std::string_view source, std::string_view guard);

/// The parameters of the functions that the source defines: "name/count" -> "a, b". The engine forgets them,
/// and the console prints functions by their head as geth's does.
std::map<std::string, std::string> js_function_heads(std::string_view source);

}  // namespace quarry
