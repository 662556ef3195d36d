#include "rpc/quick_request.hpp"

#include <utility>

namespace quarry::rpc {
namespace {

/// Digits of an id that certainly fit 64 bits.
constexpr std::size_t kMaxIdDigits = 18;

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  bool take(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }
  /// A string of plain ASCII without escapes.
  std::optional<std::string_view> plain_string() {
    if (!take('"')) return std::nullopt;
    const auto begin = at_;
    while (at_ < text_.size() && text_[at_] >= 0x20 && text_[at_] < 0x7f && text_[at_] != '"' &&
           text_[at_] != '\\') {
      ++at_;
    }
    if (at_ == text_.size() || text_[at_] != '"') return std::nullopt;
    return text_.substr(begin, at_++ - begin);
  }
  /// A number as JSON writes integers from 0 on.
  std::optional<std::string_view> integer() {
    skip_space();
    const auto begin = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    const auto digits = text_.substr(begin, at_ - begin);
    if (digits.empty() || digits.size() > kMaxIdDigits || (digits.size() > 1 && digits[0] == '0'))
      return std::nullopt;
    return digits;
  }
  /// The text of an array whose strings are plain; what is inside is not looked at.
  std::optional<std::string_view> array() {
    skip_space();
    const auto begin = at_;
    std::size_t depth = 0;
    do {
      if (at_ == text_.size()) return std::nullopt;
      const char c = text_[at_];
      if (c == '"') {
        if (!plain_string()) return std::nullopt;
        continue;
      }
      if (c == '[' || c == '{') ++depth;
      if (c == ']' || c == '}') --depth;
      ++at_;
    } while (depth > 0);
    return text_.substr(begin, at_ - begin);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// With its quotes, when it is a string.
std::optional<std::string_view> read_id(Scanner& scan) {
  if (const auto digits = scan.integer()) return digits;
  const auto text = scan.plain_string();
  if (!text) return std::nullopt;
  return std::string_view(text->data() - 1, text->size() + 2);
}

std::optional<std::string_view> read_params(Scanner& scan) {
  const auto text = scan.array();
  return text && text->front() == '[' ? text : std::nullopt;
}

}  // namespace

std::optional<QuickParts> quick_parts(std::string_view text) {
  Scanner scan(text);
  QuickParts out{{}, {}, "[]"};
  bool version = false, id = false, method = false, params = false;
  if (!scan.take('{')) return std::nullopt;
  do {
    const auto key = scan.plain_string();
    if (!key || !scan.take(':')) return std::nullopt;
    std::optional<std::string_view> value;
    if (*key == "jsonrpc" && !std::exchange(version, true)) {
      value = scan.plain_string();
      if (value != "2.0") return std::nullopt;
    } else if (*key == "id" && !std::exchange(id, true)) {
      value = read_id(scan);
      if (value) out.id = *value;
    } else if (*key == "method" && !std::exchange(method, true)) {
      value = scan.plain_string();
      if (value) out.method = *value;
    } else if (*key == "params" && !std::exchange(params, true)) {
      value = read_params(scan);
      if (value) out.params = *value;
    }
    if (!value) return std::nullopt;
  } while (scan.take(','));
  if (!id || !method || !scan.take('}') || !scan.at_end()) return std::nullopt;
  return out;
}

std::optional<Request> quick_request(std::string_view text) {
  const auto parts = quick_parts(text);
  if (!parts) return std::nullopt;
  Request out;
  out.id = parts->id;
  out.method = parts->method;
  if (parts->params != "[]") {
    out.params = Json::parse(parts->params.begin(), parts->params.end(), nullptr, false);
    if (!out.params.is_array()) return std::nullopt;
  }
  return out;
}

}  // namespace quarry::rpc
