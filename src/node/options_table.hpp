#pragma once
/// \file
/// The options as data: a row gives names, help and what a value does. Help, parsing, suggestions and the
/// tests all come from these rows.

#include <array>
#include <span>
#include <string_view>

#include "node/options.hpp"

namespace quarry {

enum class OptionGroup : std::uint8_t {
  data,
  network,
  rpc,
  accounts,
  mining,
  pool,
  dev,
  ethash,
  files,
  inspection,
  bytecode,
  genesis,
  jbc,
  console,
  logging
};
inline constexpr std::size_t kOptionGroups = static_cast<std::size_t>(OptionGroup::logging) + 1;
/// The heading over a group's options in help.
std::string_view title(OptionGroup group);

/// Takes a value over into the options. An error's `what` says only what is wrong with the value.
using OptionSetter = Result<> (*)(NodeOptions& options, std::string_view value);

struct OptionRow {
  std::string_view name;  ///< today's spelling, without dashes
  /// Spellings that mean the same, geth 1.7.3's first; empty ones are unused.
  std::array<std::string_view, 3> aliases;
  OptionGroup group;
  std::string_view value;  ///< what stands for the value in help; empty: a switch
  std::string_view help;
  OptionSetter set;
  bool takes_list = false;  ///< its value may be "*", which shells expand

  bool is_switch() const { return value.empty(); }
};
std::span<const OptionRow> option_table();

/// An option of geth's that we know of and do not have.
struct ForeignOption {
  std::string_view name;  ///< "txpool.*" stands for all that start so
  bool takes_value;
  bool refuse;           ///< going on without it would do something else than was asked
  std::string_view why;  ///< what happens instead, or what to do
};
std::span<const ForeignOption> foreign_options();

/// A command of geth's that this program does not have.
struct ForeignCommand {
  std::string_view name;
  std::string_view why;  ///< what to do instead
};
std::span<const ForeignCommand> foreign_commands();

}  // namespace quarry
