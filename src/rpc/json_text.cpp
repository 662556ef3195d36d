#include "rpc/json_text.hpp"

#include <array>
#include <charconv>

namespace quarry::rpc {

/// A value or a name follows: a comma stands before it unless it is the first or a name's value.
void JsonText::separate() {
  if (out_.empty()) return;
  const char last = out_.back();
  if (last != '{' && last != '[' && last != ':') out_.push_back(',');
}

JsonText& JsonText::open(char bracket) {
  separate();
  out_.push_back(bracket);
  return *this;
}

JsonText& JsonText::close(char bracket) {
  out_.push_back(bracket);
  return *this;
}

JsonText& JsonText::literal(std::string_view text) {
  separate();
  out_.append(text);
  return *this;
}

JsonText& JsonText::key(std::string_view name) {
  separate();
  out_.append("\"").append(name).append("\":");
  return *this;
}

JsonText& JsonText::plain(std::string_view text) {
  separate();
  out_.append("\"").append(text).append("\"");
  return *this;
}

JsonText& JsonText::hex(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  separate();
  out_.append("\"0x");
  const auto begin = out_.size();
  out_.resize(begin + 2 * bytes.size());
  char* to = out_.data() + begin;
  for (const auto byte : bytes) {
    *to++ = kDigits[byte >> 4];
    *to++ = kDigits[byte & 15];
  }
  out_.push_back('"');
  return *this;
}

JsonText& JsonText::quantity(std::uint64_t value) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), value, 16).ptr;
  separate();
  out_.append("\"0x").append(digits.data(), end).append("\"");
  return *this;
}

JsonText& JsonText::quantity(const U256& value) {
  return value.fits_u64() ? quantity(value.low64()) : plain(value.to_quantity());
}

}  // namespace quarry::rpc
