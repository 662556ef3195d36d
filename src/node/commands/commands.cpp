#include "node/commands/commands.hpp"

namespace quarry {
namespace {
constexpr std::size_t kAny = 10'000;  ///< files on one command line

constexpr CommandRow kCommands[] = {
    {"run", "", "Run the node (what happens when no command is named)", 0, 0},
    {"console", "", "Run the node with a JavaScript prompt", 0, 0},
    {"js", "FILE…", "Run the node, JavaScript files on it, and stop it", 1, kAny},
    {"dev", "", "A chain for development: funded accounts, blocks at once", 0, 0},
    {"init", "GENESIS", "Start a chain from a genesis file, or change its future forks", 1, 1},
    {"genesis", "new [--clique ADDR… | --ethash | --jbc] [FILE]",
     "Write a genesis file, asking for what is not given", 1, kAny},
    {"clique", "recover", "Lead an authority chain out of a deadlock", 1, 1},
    {"import", "FILE…", "Read blocks from files (RLP, also .gz)", 1, kAny},
    {"export", "FILE [FIRST LAST]", "Write blocks to a file (RLP, .gz when named so), or to a folder", 1, 3},
    {"migrate", "jbc|geth PATH", "Take over a chain of another program", 2, 2},
    {"db", "stats|get|list|verify|check|compact|checkpoint|rewind|repair",
     "Look at the database, check it, repair it", 1, 3, 2},
    {"evm", "[HEX] | statetest FILE…", "Run bytecode, or the state tests of a file; --trace tells each step",
     0, kAny},
    {"attach", "[URL|SOCKET]", "A JavaScript prompt on a running node", 0, 1},
    {"account", "new|list|import|update", "Make, list, take over accounts, change a passphrase", 0, 2},
    {"methods", "[text|markdown|openrpc]", "List what the JSON-RPC server can be asked", 0, 1},
    {"version", "", "Print the version", 0, 0},
    {"help", "[COMMAND]", "Print this help, or a command's", 0, 1},
};
}  // namespace

std::span<const CommandRow> command_table() {
  return kCommands;
}

int usage_exit_code(std::span<const std::string> arguments) {
  for (const std::string& word : arguments)
    for (const CommandRow& row : kCommands)
      if (row.name == word) return row.usage_exit_code;
  return 1;
}

}  // namespace quarry
