#include "node/options_setters.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

namespace quarry {

Result<std::uint64_t> number_between(std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    return fail(fmt::format("not a whole number from {} to {}", least, most));
  return value;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!item.empty()) out.emplace_back(item);
  }
  return out;
}

std::filesystem::path expand_home(std::string_view text) {
  const char* home = std::getenv("HOME");
  if (home != nullptr && (text == "~" || text.starts_with("~/")))
    return std::filesystem::path(std::string(home) + std::string(text.substr(1)));
  return std::filesystem::path(text);
}

Result<bool> read_switch(std::string_view value) {
  for (std::string_view yes : {"", "true", "1", "t", "T", "TRUE", "True"})
    if (value == yes) return true;
  for (std::string_view no : {"false", "0", "f", "F", "FALSE", "False"})
    if (value == no) return false;
  return fail("neither true nor false");
}

}  // namespace quarry
