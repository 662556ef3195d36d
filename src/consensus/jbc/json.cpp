#include "consensus/jbc/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace quarry::jbc {
namespace {

/// Of extra data, what the other texts and the lengths leave.
constexpr std::size_t kMostDataBytes = kMaxExtraDataBytes - 2048;
constexpr char kMark = '\x01';
/// How a field's value is written.
enum class Form : std::uint8_t { ascii, utf8, number };
constexpr std::size_t kForms = 3;

/// The fields, in the order in which the tutorial's Python wrote them.
enum Field : std::size_t { kNonce, kIndex, kHash, kTimestamp, kPrevHash, kData, kFieldCount };
struct FieldRow {
  std::string_view name;
  bool may_be_number;
};
constexpr std::array<FieldRow, kFieldCount> kFields{{{"nonce", true},
                                                     {"index", true},
                                                     {"hash", false},
                                                     {"timestamp", true},
                                                     {"prev_hash", false},
                                                     {"data", false}}};

char mark_letter(std::size_t field, Form form) {
  return static_cast<char>('A' + field * kForms + static_cast<std::size_t>(form));
}

std::string usual_layout() {
  std::string out = "{";
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    out.append(i == 0 ? "\"" : ", \"").append(kFields[i].name).append("\": ");
    out.append({kMark, mark_letter(i, Form::ascii)});
  }
  return out + "}";
}
const std::string& usual() {
  static const std::string layout = usual_layout();
  return layout;
}

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_plain(char c) {
  return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

/// The length of the UTF-8 sequence at the front (RFC 3629) and its code point; 0 when it is none.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;
};
CodePoint code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length == 0) return {};
  std::uint32_t value = first & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3fu);
  }
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value < 0xe000;
  if (value < kLeast[length] || value > 0x10ffff || surrogate) return {};
  return {value, length};
}

void append_utf8(std::string& to, std::uint32_t value) {
  if (value < 0x80) {
    to += static_cast<char>(value);
    return;
  }
  const std::size_t more = value < 0x800 ? 1 : value < 0x10000 ? 2 : 3;
  constexpr std::array<std::uint8_t, 4> kLead{0, 0xc0, 0xe0, 0xf0};
  to += static_cast<char>(kLead[more] | value >> (6 * more));
  for (std::size_t i = more; i-- > 0;) to += static_cast<char>(0x80 | (value >> (6 * i) & 0x3f));
}

/// The letter after a backslash that stands for `c`; 0 when there is none.
char short_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\f':
      return 'f';
    case '\b':
      return 'b';
    default:
      return 0;
  }
}

void append_unit(std::string& to, std::uint32_t unit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  to += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) to += kDigits[unit >> shift & 15];
}

/// A string as Python writes it: with ensure_ascii (the default) or without.
void append_string(std::string& to, std::string_view text, Form form) {
  to += '"';
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (is_plain(c)) {
      to += c;
      ++at;
      continue;
    }
    const CodePoint point = code_point(text.substr(at));
    if (const char letter = short_escape(c)) {
      to += '\\';
      to += letter;
    } else if (form == Form::utf8 && static_cast<std::uint8_t>(c) >= 0x20) {
      to.append(text, at, std::max<std::size_t>(point.length, 1));
    } else if (point.value >= 0x10000) {
      append_unit(to, 0xd800 + ((point.value - 0x10000) >> 10));
      append_unit(to, 0xdc00 + ((point.value - 0x10000) & 0x3ff));
    } else {
      append_unit(to, point.value);
    }
    at += std::max<std::size_t>(point.length, 1);
  }
  to += '"';
}

std::string_view cut(std::string_view text) {
  return text.substr(0, 80);
}

std::optional<FormError> check_number(std::string_view name, std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit))
    return FormError{"field", fmt::format("{} is \"{}\", must be a whole number", name, cut(text))};
  if (text.size() == 1 || text.front() != '0') return std::nullopt;
  return FormError{"field", fmt::format("{} is {}, must be written without leading zeros", name, cut(text))};
}

std::optional<FormError> check_sizes(const Block& block) {
  struct Bound {
    std::string_view name;
    std::size_t size, most;
  };
  for (const Bound& bound :
       {Bound{"nonce", block.nonce.size(), kMostNumberBytes},
        {"timestamp", block.timestamp.size(), kMostNumberBytes},
        {"hash", block.hash.size(), kMostHashText},
        {"prev_hash", block.prev_hash.size(), kMostHashText},
        {"data with its layout", block.data.size() + block.layout.size(), kMostDataBytes}})
    if (bound.size > bound.most)
      return FormError{"size",
                       fmt::format("{} has {} bytes, most is {}", bound.name, bound.size, bound.most)};
  return std::nullopt;
}

/// One JSON text, read front to back. The first fault is kept; all reading stops there.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Expected<Block, FormError> run() {
    if (text_.size() > kMostJsonBytes)
      return fault("size", fmt::format("{} bytes, most is {}", text_.size(), kMostJsonBytes));
    skip_space();
    if (at_ == text_.size()) return fault("not JSON", "there is nothing in it");
    if (text_[at_] != '{') {
      // Still JSON? The message says what it is.
      return fault("not an object",
                   fmt::format("it begins with '{}', a block is {{\"index\": …}}", printable(text_[at_])));
    }
    if (!read_object()) return tl::unexpected(error_);
    skip_space();
    if (at_ != text_.size())
      return fault("not JSON", fmt::format("more text after the object, at byte {}", at_));
    return finish();
  }

 private:
  static std::string printable(char c) {
    return is_plain(c) ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<std::uint8_t>(c));
  }
  tl::unexpected<FormError> fault(std::string rule, std::string detail) {
    return tl::unexpected(FormError{std::move(rule), std::move(detail)});
  }
  bool refuse(std::string rule, std::string detail) {
    if (error_.rule.empty()) error_ = {std::move(rule), std::move(detail)};
    return false;
  }
  bool bad_syntax(std::string_view wanted) {
    if (at_ >= text_.size())
      return refuse("not JSON", fmt::format("it ends at byte {}, where {} belongs", at_, wanted));
    return refuse("not JSON",
                  fmt::format("byte {} is '{}', where {} belongs", at_, printable(text_[at_]), wanted));
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool need(char c, std::string_view wanted) { return take(c) || bad_syntax(wanted); }

  bool read_unit(std::uint32_t& out) {
    if (text_.size() - at_ < 4) return at_ = text_.size(), bad_syntax("four hex digits");
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, out, 16);
    if (error != std::errc{} || end != text_.data() + at_ + 4) return bad_syntax("four hex digits");
    at_ += 4;
    return true;
  }

  bool read_escape(std::string& out) {
    if (at_ >= text_.size()) return bad_syntax("an escape");
    const char c = text_[at_++];
    constexpr std::string_view kLetters = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
    if (const auto known = kLetters.find(c); known != kLetters.npos) return out += kValues[known], true;
    if (c != 'u') return --at_, bad_syntax("an escape");
    std::uint32_t unit = 0, low = 0;
    if (!read_unit(unit)) return false;
    if (unit >= 0xdc00 && unit < 0xe000) return refuse("not JSON", "half of a surrogate pair");
    if (unit >= 0xd800 && unit < 0xdc00) {
      if (text_.substr(at_, 2) != "\\u") return refuse("not JSON", "half of a surrogate pair");
      at_ += 2;
      if (!read_unit(low)) return false;
      if (low < 0xdc00 || low >= 0xe000) return refuse("not JSON", "half of a surrogate pair");
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(out, unit);
    return true;
  }

  /// From the opening quote on.
  bool read_string(std::string& out) {
    if (at_ >= text_.size() || text_[at_] != '"') return bad_syntax("a string");
    ++at_;
    while (true) {
      const std::size_t begin = at_;
      while (at_ < text_.size() && is_plain(text_[at_])) ++at_;
      out.append(text_, begin, at_ - begin);
      if (at_ >= text_.size()) return bad_syntax("the rest of a string");
      const char c = text_[at_];
      if (c == '"') return ++at_, true;
      if (c == '\\') {
        ++at_;
        if (!read_escape(out)) return false;
        continue;
      }
      const CodePoint point = code_point(text_.substr(at_));
      if (static_cast<std::uint8_t>(c) < 0x20) return bad_syntax("an escape (\\n, \\t, \\u00XX)");
      if (point.length == 0) return refuse("not JSON", fmt::format("byte {} is not UTF-8", at_));
      out.append(text_, at_, point.length);
      at_ += point.length;
    }
  }

  bool read_digits() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ != begin || bad_syntax("a digit");
  }
  /// RFC 8259, section 6.
  bool read_number() {
    if (text_[at_] == '-') ++at_;
    const bool zero = at_ < text_.size() && text_[at_] == '0';
    if (zero ? (++at_, false) : !read_digits()) return false;
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      if (!read_digits()) return false;
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      return read_digits();
    }
    return true;
  }

  bool skip_members(char close, std::size_t depth) {
    if (depth > kMostJsonDepth)
      return refuse("not JSON", fmt::format("nested deeper than {} levels", kMostJsonDepth));
    std::string ignored;
    ++at_;
    if (take(close)) return true;
    do {
      skip_space();
      if (close == '}') {
        ignored.clear();
        if (!read_string(ignored) || !need(':', "a colon")) return false;
      }
      if (!skip_value(depth)) return false;
    } while (take(','));
    return need(close, close == '}' ? "a comma or }" : "a comma or ]");
  }
  bool skip_value(std::size_t depth) {
    skip_space();
    if (at_ >= text_.size()) return bad_syntax("a value");
    std::string ignored;
    const char c = text_[at_];
    if (c == '"') return read_string(ignored);
    if (c == '{') return skip_members('}', depth + 1);
    if (c == '[') return skip_members(']', depth + 1);
    if (c == '-' || is_digit(c)) return read_number();
    for (const std::string_view word : {"true", "false", "null"})
      if (text_.substr(at_, word.size()) == word) return at_ += word.size(), true;
    return bad_syntax("a value");
  }

  bool read_object() {
    ++at_;
    if (take('}')) return true;
    do {
      skip_space();
      std::string key;
      if (!read_string(key) || !need(':', "a colon")) return false;
      skip_space();
      const auto row = std::find_if(kFields.begin(), kFields.end(),
                                    [&](const FieldRow& field) { return field.name == key; });
      if (row == kFields.end() ? !skip_value(0)
                               : !read_field(static_cast<std::size_t>(row - kFields.begin())))
        return false;
    } while (take(','));
    return need('}', "a comma or }");
  }

  bool read_field(std::size_t field) {
    const FieldRow& row = kFields[field];
    std::string& value = values_[field];
    if (seen_[field]) return refuse("field given twice", fmt::format("\"{}\" is there twice", row.name));
    seen_[field] = true;
    const std::size_t begin = at_;
    if (at_ < text_.size() && text_[at_] == '"') {
      if (!read_string(value)) return false;
    } else if (row.may_be_number && at_ < text_.size() && (text_[at_] == '-' || is_digit(text_[at_]))) {
      if (!read_number()) return false;
      value.assign(text_, begin, at_ - begin);
    } else {
      if (!skip_value(0)) return false;
      return refuse("field", fmt::format("{} is {}, must be a string", row.name,
                                         text_.substr(begin, std::min<std::size_t>(at_ - begin, 40))));
    }
    lay_out(field, begin);
    return true;
  }

  /// Puts what stands before the value, and a mark for the value, into the layout.
  void lay_out(std::size_t field, std::size_t begin) {
    const std::string_view token = text_.substr(begin, at_ - begin);
    layout_.append(text_, laid_out_, begin - laid_out_);
    laid_out_ = begin;
    std::string again;
    for (const Form form : {Form::ascii, Form::utf8}) {
      again.clear();
      append_string(again, values_[field], form);
      if (again == token) return mark(field, form);
    }
    if (token.front() != '"') mark(field, Form::number);
    // Else the text stays in the layout as it is.
  }
  void mark(std::size_t field, Form form) {
    layout_ += kMark;
    layout_ += mark_letter(field, form);
    laid_out_ = at_;
  }

  bool refuse(std::optional<FormError> error) {
    return error ? refuse(std::move(error->rule), std::move(error->detail)) : true;
  }
  bool check_values() {
    for (std::size_t i = 0; i < kFieldCount; ++i)
      if (!seen_[i]) return refuse("missing field", fmt::format("there is no \"{}\"", kFields[i].name));
    const std::string_view index = values_[kIndex];
    if (index.starts_with('-'))
      return refuse("field", fmt::format("index is {}, it cannot be negative", cut(index)));
    return refuse(check_number("index", index)) && refuse(check_number("nonce", values_[kNonce]));
  }

  Expected<Block, FormError> finish() {
    layout_.append(text_, laid_out_);
    if (!check_values()) return tl::unexpected(error_);
    Block block;
    const std::string& index = values_[kIndex];
    const auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), block.index);
    if (error != std::errc{} || block.index >> 63 != 0)
      return fault("field", fmt::format("index is {}, past the last that there can be", cut(index)));
    block.timestamp = std::move(values_[kTimestamp]);
    block.prev_hash = std::move(values_[kPrevHash]);
    block.hash = std::move(values_[kHash]);
    block.data = std::move(values_[kData]);
    block.nonce = std::move(values_[kNonce]);
    if (layout_ != usual()) block.layout = std::move(layout_);
    if (auto sizes = check_sizes(block)) return tl::unexpected(std::move(*sizes));
    return block;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::array<std::string, kFieldCount> values_;
  std::array<bool, kFieldCount> seen_{};
  std::string layout_;
  std::size_t laid_out_ = 0;  ///< how much of the text is in the layout
  FormError error_;
};

void append_field(std::string& to, const Block& block, std::size_t field, Form form) {
  const std::string index = field == kIndex ? std::to_string(block.index) : std::string{};
  const std::array<const std::string*, kFieldCount> values{&block.nonce,     &index,           &block.hash,
                                                           &block.timestamp, &block.prev_hash, &block.data};
  if (form == Form::number)
    to += *values[field];
  else
    append_string(to, *values[field], form);
}
}  // namespace

Expected<Block, FormError> parse_json(std::string_view text) {
  return Parser(text).run();
}

void append_json(std::string& to, const Block& block) {
  const std::string_view layout = block.layout.empty() ? usual() : block.layout;
  for (std::size_t at = 0; at < layout.size();) {
    const std::size_t mark = std::min(layout.find(kMark, at), layout.size());
    to.append(layout, at, mark - at);
    if (layout.size() - mark < 2) break;
    const auto code = static_cast<std::size_t>(static_cast<std::uint8_t>(layout[mark + 1]) - 'A');
    if (code < kFieldCount * kForms) append_field(to, block, code / kForms, static_cast<Form>(code % kForms));
    at = mark + 2;
  }
}

std::string to_json(const Block& block) {
  std::string out;
  append_json(out, block);
  return out;
}

std::optional<FormError> check_form(const Block& block) {
  for (const std::string* text :
       {&block.timestamp, &block.prev_hash, &block.hash, &block.data, &block.layout})
    if (!is_utf8(*text)) return FormError{"not JSON", "its text is not UTF-8"};
  if (auto error = check_number("nonce", block.nonce)) return error;
  if (auto error = check_sizes(block)) return error;
  if (block.layout.empty()) return std::nullopt;
  if (std::count(block.layout.begin(), block.layout.end(), kMark) > std::ptrdiff_t{kFieldCount})
    return FormError{"layout", "its layout has more marks than a block has fields"};
  const auto again = parse_json(to_json(block));
  if (!again) return again.error();
  if (*again == block && again->layout == block.layout) return std::nullopt;
  return FormError{"layout", "its layout gives another block"};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = code_point(text);
    if (point.length == 0) return false;
    text.remove_prefix(point.length);
  }
  return true;
}

}  // namespace quarry::jbc
