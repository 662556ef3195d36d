#pragma once
/// \file
/// What the option tables are made of: one setter a kind of field. Private to the tables.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "node/options_table.hpp"

namespace quarry {

inline constexpr std::uint64_t kMaxU64 = std::numeric_limits<std::uint64_t>::max();

/// The error names both bounds.
Result<std::uint64_t> number_between(std::string_view text, std::uint64_t least, std::uint64_t most);
/// Split at commas, blanks around the items dropped.
std::vector<std::string> split_list(std::string_view text);
/// "~/x" when the shell left it as it is, as in --datadir=~/x.
std::filesystem::path expand_home(std::string_view text);
/// A duration as Go writes it, 90s, 10m or 1h30m0s, in whole seconds.
Result<std::uint64_t> read_duration(std::string_view text);
/// An amount of ether, "1", "0.25", with 18 places at most.
Result<Wei> read_ether(std::string_view text);
/// An empty value is yes, as in --mine.
Result<bool> read_switch(std::string_view value);

// One setter a kind of field: the table names the field, and the compiler makes the function.
template <auto Field>
Result<> set_text(NodeOptions& to, std::string_view value) {
  to.*Field = std::string(value);
  return {};
}
template <auto Field>
Result<> set_path(NodeOptions& to, std::string_view value) {
  if (value.empty()) return fail("a path must not be empty");
  to.*Field = expand_home(value);
  return {};
}
template <auto Field>
Result<> set_list(NodeOptions& to, std::string_view value) {
  to.*Field = split_list(value);
  return {};
}
template <auto Field, std::uint64_t Least, std::uint64_t Most>
Result<> set_number(NodeOptions& to, std::string_view value) {
  const auto number = number_between(value, Least, Most);
  if (!number) return tl::unexpected(number.error());
  using Number = std::remove_cvref_t<decltype(to.*Field)>;
  if constexpr (std::is_arithmetic_v<Number>)
    to.*Field = static_cast<Number>(*number);
  else
    to.*Field = *number;
  return {};
}
template <auto Field>
Result<> set_switch(NodeOptions& to, std::string_view value) {
  const auto on = read_switch(value);
  if (!on) return tl::unexpected(on.error());
  to.*Field = *on;
  return {};
}

/// The tables by subject; option_table() is all of them, in this order.
std::span<const OptionRow> node_options();
std::span<const OptionRow> rpc_options();
std::span<const OptionRow> mining_options();
std::span<const OptionRow> tool_options();
std::span<const OptionRow> genesis_options();

}  // namespace quarry
