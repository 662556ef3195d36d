#pragma once
/// \file
/// The commands: a table of how they are written, and a function each. A command is a function of the options
/// that returns the exit code, or the error that `main` prints as "Fatal: what" and its remedy. Which
/// function is whose is known to `main` alone, so that reading a command line draws in no node.

#include <span>
#include <string>
#include <string_view>

#include "core/expected.hpp"

namespace quarry {

struct NodeOptions;

struct CommandRow {
  std::string_view name;
  std::string_view usage;  ///< its arguments: "GENESIS", "FILE [FIRST LAST]"; empty: none
  std::string_view help;   ///< one line
  std::size_t least_args;
  std::size_t most_args;
  int usage_exit_code = 1;  ///< how the program ends when the command line cannot be read
};

/// In the order help shows them; the first is what runs when no command is named.
std::span<const CommandRow> command_table();

/// The exit code for a command line that could not be read: that of the first command named in it.
int usage_exit_code(std::span<const std::string> arguments);

Result<int> run_node(const NodeOptions& options);     ///< the node, in the foreground
Result<int> run_js(const NodeOptions& options);       ///< the node for as long as scripts run on it
Result<int> run_console(const NodeOptions& options);  ///< the node with a prompt on the terminal
Result<int> run_attach(const NodeOptions& options);   ///< a prompt on a running node
Result<int> run_account(const NodeOptions& options);  ///< new, list, import
Result<int> run_init(const NodeOptions& options);
Result<int> run_dev(const NodeOptions& options);  ///< a chain for development
Result<int> run_import(const NodeOptions& options);
Result<int> run_export(const NodeOptions& options);
Result<int> run_migrate(const NodeOptions& options);  ///< another program's chain into a data dir
Result<int> run_db(const NodeOptions& options);       ///< what lies in the database, and is it right
Result<int> run_genesis(const NodeOptions& options);  ///< new
Result<int> run_clique(const NodeOptions& options);   ///< recover
Result<int> run_evm(const NodeOptions& options);      ///< bytecode, state tests
Result<int> run_methods(const NodeOptions& options);
Result<int> run_version(const NodeOptions& options);

}  // namespace quarry
