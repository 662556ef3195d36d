#include "node/console/js_source.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace quarry {
namespace {

bool is_word_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || (c & 0x80) != 0;
}

/// After these words a slash begins a regular expression, not a division.
constexpr std::array<std::string_view, 10> kBeforeRegex{"return", "typeof", "case",  "in",  "of",
                                                        "delete", "void",   "throw", "new", "else"};

bool regex_may_follow(const std::vector<JsToken>& tokens) {
  if (tokens.empty()) return true;
  const JsToken& last = tokens.back();
  if (last.kind == JsToken::Kind::mark) return last.text != ")" && last.text != "]" && last.text != "}";
  if (last.kind != JsToken::Kind::word) return false;
  return std::find(kBeforeRegex.begin(), kBeforeRegex.end(), last.text) != kBeforeRegex.end();
}

class Scanner {
 public:
  explicit Scanner(std::string_view source) : source_(source) {}

  std::vector<JsToken> run() {
    while (skip_blank(), at_ < source_.size()) next();
    return std::move(tokens_);
  }
  bool open_end() const { return open_end_; }

 private:
  void skip_blank() {
    for (; at_ < source_.size(); ++at_) {
      if (std::isspace(static_cast<unsigned char>(source_[at_]))) continue;
      const std::string_view rest = source_.substr(at_);
      std::size_t end;
      if (rest.starts_with("//")) {
        end = source_.find('\n', at_);
      } else if (rest.starts_with("/*")) {
        end = source_.find("*/", at_ + 2);
        open_end_ = end == std::string_view::npos;
        if (!open_end_) ++end;
      } else {
        return;
      }
      at_ = std::min(end, source_.size() - 1);
    }
  }

  void next() {
    const char c = source_[at_];
    const std::size_t from = at_;
    if (std::isdigit(static_cast<unsigned char>(c))) {
      while (at_ < source_.size() && (is_word_char(source_[at_]) || source_[at_] == '.')) ++at_;
      return add(JsToken::Kind::number, from);
    }
    if (is_word_char(c)) {
      while (at_ < source_.size() && is_word_char(source_[at_])) ++at_;
      return add(JsToken::Kind::word, from);
    }
    if (c == '"' || c == '\'') return quoted(c, JsToken::Kind::text);
    if (c == '/' && regex_may_follow(tokens_)) return quoted('/', JsToken::Kind::regex);
    ++at_;
    add(JsToken::Kind::mark, from);
  }

  /// To the closing character, past escapes and, in a regular expression, past classes.
  void quoted(char close, JsToken::Kind kind) {
    const std::size_t from = at_++;
    bool in_class = false;
    for (; at_ < source_.size() && source_[at_] != '\n'; ++at_) {
      const char c = source_[at_];
      if (c == '\\') {
        ++at_;
      } else if (kind == JsToken::Kind::regex && (c == '[' || c == ']')) {
        in_class = c == '[';
      } else if (c == close && !in_class) {
        break;
      }
    }
    at_ = std::min(at_ + 1, source_.size());
    add(kind, from);
  }

  void add(JsToken::Kind kind, std::size_t from) {
    tokens_.push_back({kind, source_.substr(from, at_ - from)});
  }

  std::string_view source_;
  std::size_t at_ = 0;
  bool open_end_ = false;
  std::vector<JsToken> tokens_;
};

bool is(const std::vector<JsToken>& tokens, std::size_t at, std::string_view text) {
  return at < tokens.size() && tokens[at].text == text;
}

int depth_step(const JsToken& token) {
  if (token.kind != JsToken::Kind::mark) return 0;
  const char c = token.text.front();
  return (c == '(' || c == '[' || c == '{') - (c == ')' || c == ']' || c == '}');
}

/// Where to put the guard in `for (a; b; c)`: before b. Nothing for `for (x in y)`, which ends by itself.
const char* for_condition(const std::vector<JsToken>& tokens, std::size_t open, bool& empty) {
  int depth = 0;
  for (std::size_t at = open; at < tokens.size(); ++at) {
    depth += depth_step(tokens[at]);
    if (depth == 0) return nullptr;
    if (depth == 1 && tokens[at].text == ";") {
      empty = is(tokens, at + 1, ";");
      return tokens[at].text.data() + 1;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<JsToken> js_tokens(std::string_view source, bool* open_end) {
  Scanner scanner{source};
  auto tokens = scanner.run();
  if (open_end) *open_end = scanner.open_end();
  return tokens;
}

bool js_is_open(std::string_view source) {
  bool open_end = false;
  int depth = 0;
  for (const JsToken& token : js_tokens(source, &open_end)) depth += depth_step(token);
  return depth > 0 || open_end;
}

std::string js_guard_loops(std::string_view source, std::string_view guard) {
  const auto tokens = js_tokens(source);
  std::string out;
  const char* copied = source.data();
  const auto insert = [&](const char* at, std::string_view text) {
    out.append(copied, at);
    out.append(text);
    copied = at;
  };
  for (std::size_t at = 0; at + 1 < tokens.size(); ++at) {
    if (tokens[at].kind != JsToken::Kind::word || !is(tokens, at + 1, "(")) continue;
    if (at > 0 && is(tokens, at - 1, ".")) continue;
    const char* after_open = tokens[at + 1].text.data() + 1;
    if (tokens[at].text == "while") insert(after_open, std::string{guard} + "(),");
    bool empty = false;
    const char* condition = tokens[at].text == "for" ? for_condition(tokens, at + 1, empty) : nullptr;
    // A `for` inside the head of another is a function's; its guard comes first then, out of order: leave it.
    if (condition && condition >= copied) insert(condition, std::string{guard} + (empty ? "()" : "(),"));
  }
  out.append(copied, source.data() + source.size());
  return out;
}

std::map<std::string, std::string> js_function_heads(std::string_view source) {
  const auto tokens = js_tokens(source);
  std::map<std::string, std::string> heads;
  for (std::size_t at = 0; at < tokens.size(); ++at) {
    if (tokens[at].text != "function") continue;
    std::string name;
    std::size_t open = at + 1;
    if (open < tokens.size() && tokens[open].kind == JsToken::Kind::word) name = tokens[open++].text;
    if (!is(tokens, open, "(")) continue;
    std::string names;
    std::size_t count = 0;
    for (std::size_t i = open + 1; i < tokens.size() && tokens[i].text != ")"; ++i) {
      if (tokens[i].kind != JsToken::Kind::word) continue;
      names += (count++ ? ", " : "") + std::string{tokens[i].text};
    }
    heads[name + "/" + std::to_string(count)] = names;
  }
  return heads;
}

}  // namespace quarry
