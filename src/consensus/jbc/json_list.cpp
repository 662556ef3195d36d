#include "consensus/jbc/json_list.hpp"

#include <fmt/format.h>

#include <utility>

namespace quarry::jbc {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

}  // namespace

/// True when `c` ends an element.
bool ListReader::inside(char c) {
  if (in_string_) {
    if (escaped_)
      escaped_ = false;
    else if (c == '\\')
      escaped_ = true;
    else if (c == '"')
      in_string_ = false;
    return false;
  }
  if (c == '"') in_string_ = true;
  if (c == '{' || c == '[') ++depth_;
  return (c == '}' || c == ']') && --depth_ == 0;
}

/// False when `c` has no place here.
bool ListReader::step(char c) {
  switch (phase_) {
    case Phase::begin:
      if (c == '[') phase_ = Phase::element_or_end;
      return c == '[' || is_space(c);
    case Phase::element_or_end:
    case Phase::element:
      if (is_space(c)) return true;
      if (c == ']' && phase_ == Phase::element_or_end) return phase_ = Phase::ended, true;
      if (c != '{') return false;
      phase_ = Phase::inside;
      [[fallthrough]];
    case Phase::inside:
      piece_ += c;
      if (!inside(c)) return true;
      ready_.push_back(std::exchange(piece_, {}));
      phase_ = Phase::comma_or_end;
      return true;
    case Phase::comma_or_end:
      if (c == ',') phase_ = Phase::element;
      if (c == ']') phase_ = Phase::ended;
      return c == ',' || c == ']' || is_space(c);
    case Phase::ended:
      return is_space(c);
  }
  return false;
}

Expected<void, FormError> ListReader::feed(std::string_view bytes) {
  for (const char c : bytes) {
    if (!step(c))
      return tl::unexpected(FormError{"not a list of blocks",
                                      fmt::format("'{}' where {} belongs", c > ' ' && c <= '~' ? c : '?',
                                                  phase_ == Phase::begin ? "[" : "a block, a comma or ]")});
    if (piece_.size() > kMostJsonBytes)
      return tl::unexpected(FormError{"size", fmt::format("a block of more than {} bytes", kMostJsonBytes)});
  }
  return {};
}

bool ListReader::next(std::string& element) {
  if (taken_ == ready_.size()) {
    ready_.clear();
    taken_ = 0;
    return false;
  }
  element = std::move(ready_[taken_++]);
  return true;
}

}  // namespace quarry::jbc
