#include "node/json_tree.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace quarry {
namespace {
using Json = nlohmann::json;

/// Builds the tree from the parser's events. The parser has read up to `*at` when an event comes.
class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, const char* const* at, const JsonLimits& limits)
      : text_(text), at_(at), limits_(limits), counted_(text.data()) {}

  // The events, under the names that nlohmann's SAX interface gives them.
  bool null() { return add({}); }
  bool boolean(bool flag) { return add({.kind = JsonValue::Kind::boolean, .flag = flag}); }
  bool number_integer(std::int64_t value) { return add_number(std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) { return add_number(std::to_string(value)); }
  bool number_float(double, const std::string& digits) { return add_number(digits); }
  bool string(std::string& text) { return add({.kind = JsonValue::Kind::string, .text = std::move(text)}); }
  bool binary(Json::binary_t&) { return false; }
  bool key(std::string& name) {
    key_ = std::move(name);
    return true;
  }
  bool start_object(std::size_t) { return open(JsonValue::Kind::object); }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(JsonValue::Kind::array); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t position, const std::string&, const Json::exception&) {
    // The last byte that was read is the one that does not fit.
    const std::size_t at = std::min(position == 0 ? 0 : position - 1, text_.size());
    const std::string_view before = text_.substr(0, at);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    error_ = fmt::format("line {}, column {}: not JSON", lines + 1, at - line_start + 1);
    return false;
  }

  Result<JsonValue> take() {
    if (!error_.empty()) return fail(error_);
    return std::move(root_);
  }

 private:
  bool refuse(std::string what) {
    error_ = fmt::format("line {}: {}", line(), what);
    return false;
  }

  /// The line of the byte before the one the parser is about to read; counts on from the last time.
  std::uint32_t line() {
    const char* end = std::min(*at_, text_.data() + text_.size());
    // A number ends at the byte after it, which may be the line's end.
    if (end > counted_ && end[-1] == '\n') --end;
    if (end > counted_) {
      line_ += static_cast<std::uint32_t>(std::count(counted_, end, '\n'));
      counted_ = end;
    }
    return line_;
  }

  bool add_number(std::string digits) {
    return add({.kind = JsonValue::Kind::number, .text = std::move(digits)});
  }

  bool add(JsonValue value) {
    if (++values_ > limits_.most_values) return refuse("too many values");
    value.line = line();
    if (open_.empty())
      root_ = std::move(value);
    else
      open_.back().second.members.emplace_back(std::move(key_), std::move(value));
    key_.clear();
    return true;
  }

  bool open(JsonValue::Kind kind) {
    if (open_.size() == limits_.most_depth)
      return refuse(fmt::format("nested more than {} deep", limits_.most_depth));
    JsonValue value{.kind = kind};
    value.line = line();
    open_.emplace_back(std::move(key_), std::move(value));
    key_.clear();
    return true;
  }

  bool close() {
    auto [key, value] = std::move(open_.back());
    open_.pop_back();
    const std::uint32_t opened = value.line;
    key_ = std::move(key);
    if (!add(std::move(value))) return false;
    (open_.empty() ? root_ : open_.back().second.members.back().second).line = opened;
    return true;
  }

  std::string_view text_;
  const char* const* at_;
  const JsonLimits& limits_;
  const char* counted_;
  std::uint32_t line_ = 1;
  std::size_t values_ = 0;
  std::string key_;
  std::vector<std::pair<std::string, JsonValue>> open_;  ///< objects and arrays not closed yet
  JsonValue root_;
  std::string error_;
};

/// Feeds the parser and lets the builder see how far it is.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor(const char* at, const char** shared) : at_(at), shared_(shared) {}
  reference operator*() const { return *at_; }
  Cursor& operator++() {
    ++at_;
    if (shared_ != nullptr) *shared_ = at_;
    return *this;
  }
  Cursor operator++(int) {
    Cursor before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Cursor& a, const Cursor& b) { return a.at_ == b.at_; }
  friend bool operator!=(const Cursor& a, const Cursor& b) { return a.at_ != b.at_; }

 private:
  const char* at_;
  const char** shared_;
};
}  // namespace

const JsonValue* JsonValue::find(std::string_view key) const {
  const JsonValue* last = nullptr;
  for (const auto& [name, value] : members)
    if (name.size() == key.size() && strncasecmp(name.data(), key.data(), key.size()) == 0) last = &value;
  return last;
}

const char* name_of(JsonValue::Kind kind) {
  switch (kind) {
    case JsonValue::Kind::null:
      return "null";
    case JsonValue::Kind::boolean:
      return "true or false";
    case JsonValue::Kind::number:
      return "a number";
    case JsonValue::Kind::string:
      return "a string";
    case JsonValue::Kind::array:
      return "a list";
    case JsonValue::Kind::object:
      return "an object";
  }
  return "?";
}

Result<JsonValue> parse_json_tree(std::string_view text, const JsonLimits& limits) {
  const char* at = text.data();
  TreeBuilder builder(text, &at, limits);
  Json::sax_parse(Cursor(text.data(), &at), Cursor(text.data() + text.size(), nullptr), &builder,
                  Json::input_format_t::json, true, limits.comments);
  return builder.take();
}

}  // namespace quarry
