/// \file
/// Decoded values as lines and as JSON.

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "node/commands/db.hpp"

namespace quarry::db {
namespace {

/// Longer hex is cut on a terminal.
constexpr std::size_t kMostDigits = 130;
/// JavaScript's numbers hold integers up to here.
constexpr std::uint64_t kMostJsonNumber = (std::uint64_t{1} << 53) - 1;

using Json = nlohmann::ordered_json;

Json to_json(const Shown& value) {
  switch (value.kind) {
    case Shown::Kind::none:
      return nullptr;
    case Shown::Kind::text:
      return value.text;
    case Shown::Kind::number: {
      const std::uint64_t number = std::stoull(value.text);
      return number <= kMostJsonNumber ? Json(number) : Json(value.text);
    }
    case Shown::Kind::flag:
      return value.text == "true";
    case Shown::Kind::list: {
      Json out = Json::array();
      for (const auto& [name, member] : value.members) out.push_back(to_json(member));
      return out;
    }
    case Shown::Kind::record: {
      Json out = Json::object();
      for (const auto& [name, member] : value.members) out[name] = to_json(member);
      return out;
    }
  }
  return nullptr;
}

std::string one_line(const std::string& text) {
  if (text.starts_with("0x") && text.size() > kMostDigits)
    return fmt::format("{}… ({} bytes)", text.substr(0, 66), text.size() / 2 - 1);
  return text;
}

bool is_plain(const Shown& value) {
  return value.kind != Shown::Kind::list && value.kind != Shown::Kind::record;
}

void add_lines(std::string& to, const Shown& value, std::size_t indent) {
  if (is_plain(value)) {
    to += fmt::format(" {}\n", value.kind == Shown::Kind::none ? "-" : one_line(value.text));
    return;
  }
  if (value.members.empty()) {
    to += " (none)\n";
    return;
  }
  to += '\n';
  std::size_t width = 0, at = 0;
  for (const auto& [name, member] : value.members)
    if (is_plain(member)) width = std::max(width, name.size());
  for (const auto& [name, member] : value.members) {
    const std::string label = value.kind == Shown::Kind::list ? fmt::format("[{}]", at++) : name;
    to += fmt::format("{:{}}{:{}}", "", indent, label, is_plain(member) ? width + 1 : label.size());
    add_lines(to, member, indent + 2);
  }
}

}  // namespace

std::string shown_as_lines(const Shown& value, std::size_t indent) {
  std::string out;
  add_lines(out, value, indent);
  return out;
}

std::string shown_as_json(const Shown& value) {
  return to_json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string json_string(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  double size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < kUnits.size(); ++unit) size /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", size, kUnits[unit]);
}

}  // namespace quarry::db
