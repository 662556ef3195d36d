#include "node/options_setters.hpp"

#include <fmt/format.h>

#include <array>
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

Result<std::uint64_t> read_duration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 3> kUnits = {
      {{"h", 3600}, {"m", 60}, {"s", 1}}};
  constexpr std::uint64_t kMost = 1'000'000;  // of one unit: a century of hours
  std::uint64_t seconds = 0;
  std::string_view rest = text;
  for (const auto& [unit, each] : kUnits) {
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (!rest.substr(digits).starts_with(unit)) continue;
    const auto count = number_between(rest.substr(0, digits), 0, kMost);
    if (!count) return tl::unexpected(count.error());
    seconds += *count * each;
    rest.remove_prefix(digits + 1);
  }
  if (text.empty() || !rest.empty())
    return fail(fmt::format("invalid duration \"{}\"", text), "Write it as 90s, 10m or 1h30m0s.");
  return seconds;
}

Result<Wei> read_ether(std::string_view text) {
  constexpr std::size_t kPlaces = 18, kMostDigits = 12;
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  const std::string_view places = point < text.size() ? text.substr(point + 1) : std::string_view{};
  const bool sized =
      digits.size() <= kMostDigits && places.size() <= kPlaces && digits.size() + places.size() > 0;
  digits.append(places).append(kPlaces - std::min(places.size(), kPlaces), '0');
  const bool decimal = digits.find_first_not_of("0123456789") == std::string::npos;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  const auto wei = sized && decimal ? U256::parse(digits) : std::nullopt;
  if (!wei) return fail(fmt::format("no amount of ether: \"{}\"", text), "Write it as 1 or 0.25.");
  return *wei;
}

Result<bool> read_switch(std::string_view value) {
  for (std::string_view yes : {"", "true", "1", "t", "T", "TRUE", "True"})
    if (value == yes) return true;
  for (std::string_view no : {"false", "0", "f", "F", "FALSE", "False"})
    if (value == no) return false;
  return fail("neither true nor false");
}

}  // namespace quarry
