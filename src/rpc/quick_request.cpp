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

bool read_id(Scanner& scan, Request& out) {
  if (const auto digits = scan.integer()) {
    out.id = *digits;
    return true;
  }
  const auto text = scan.plain_string();
  if (!text) return false;
  out.id.assign("\"").append(*text).append("\"");
  return true;
}

bool read_params(Scanner& scan, Request& out) {
  const auto text = scan.array();
  if (!text || text->front() != '[') return false;
  if (*text == "[]") return true;
  out.params = Json::parse(text->begin(), text->end(), nullptr, false);
  return out.params.is_array();
}

}  // namespace

std::optional<Request> quick_request(std::string_view text) {
  Scanner scan(text);
  Request out;
  bool version = false, id = false, method = false, params = false;
  if (!scan.take('{')) return std::nullopt;
  do {
    const auto key = scan.plain_string();
    if (!key || !scan.take(':')) return std::nullopt;
    if (*key == "jsonrpc" && !std::exchange(version, true)) {
      if (scan.plain_string() != "2.0") return std::nullopt;
    } else if (*key == "id" && !std::exchange(id, true)) {
      if (!read_id(scan, out)) return std::nullopt;
    } else if (*key == "method" && !std::exchange(method, true)) {
      const auto name = scan.plain_string();
      if (!name) return std::nullopt;
      out.method = *name;
    } else if (*key == "params" && !std::exchange(params, true)) {
      if (!read_params(scan, out)) return std::nullopt;
    } else {
      return std::nullopt;
    }
  } while (scan.take(','));
  if (!id || !method || !scan.take('}') || !scan.at_end()) return std::nullopt;
  return out;
}

}  // namespace quarry::rpc
