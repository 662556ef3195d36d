#include "rpc/json_stream.hpp"

#include <fmt/format.h>

#include "rpc/json_rpc.hpp"

namespace quarry::rpc {
namespace {
bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
}  // namespace

bool JsonNesting::take(char c) {
  if (in_string_) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
    }
    return false;
  }
  if (c == '"') in_string_ = true;
  if (c == '{' || c == '[') ++depth_;
  if (c != '}' && c != ']') return false;
  if (depth_ > 0) --depth_;
  return depth_ == 0;
}

JsonStream::Step JsonStream::feed(ByteView bytes) {
  Step step;
  if (failed()) return step;
  const auto text = as_text(bytes);
  std::size_t begin = 0;
  if (!pending()) {
    while (begin < text.size() && is_space(text[begin])) ++begin;
    if (begin < text.size() && text[begin] != '{' && text[begin] != '[') {
      failure_ = "a message begins with { or [";
    }
  }
  std::size_t at = begin;
  bool whole = false;
  while (at < text.size() && !whole && failure_.empty()) {
    whole = nesting_.take(text[at++]);
    if (nesting_.depth() > kMaxDepth) failure_ = fmt::format("nested deeper than {} levels", kMaxDepth);
  }
  if (message_.size() + (at - begin) > kMaxMessageBytes) {
    failure_ = fmt::format("a message of more than {} bytes", kMaxMessageBytes);
  }
  if (failed()) {
    message_ = {};
    return step;
  }
  message_.append(text.substr(begin, at - begin));
  step.used = at;
  if (whole) step.message = std::exchange(message_, {});
  return step;
}

}  // namespace quarry::rpc
