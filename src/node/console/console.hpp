#pragma once
/// \file
/// The JavaScript console: eth, admin, personal, miner, net, web3, txpool, debug on a node, in this process
/// or another. It runs on the thread that calls run_console and blocks it until the user leaves.

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/expected.hpp"

namespace quarry {

class RpcClient;
struct NodeOptions;

struct ConsoleOptions {
  std::optional<std::string> exec;             ///< a statement to run instead of the prompt
  std::vector<std::filesystem::path> preload;  ///< files to run first
  bool prompt = true;                          ///< false: leave when the files have run
  std::filesystem::path js_path = ".";         ///< where loadScript looks for relative names
  std::filesystem::path history_file;          ///< empty: no history is kept
  /// Readable (an eventfd or a pipe's end) when the console should leave, as when the node got SIGTERM. -1:
  /// none.
  int stop_fd = -1;
};

/// What the command line says of the console; the history is kept in the data dir.
ConsoleOptions console_options(const NodeOptions& options);

/// Shows the prompt, or reads statements from standard input when that is no terminal, or runs
/// `options.exec`. Returns the program's exit code: 1 after a script error in `exec` or a preloaded file, and
/// when standard input is no terminal also after a script error there.
int run_console(RpcClient& client, const ConsoleOptions& options);

/// Set while Ctrl-C asks a running script to stop: for the `interrupted` of the client's options.
const std::atomic<bool>& console_interrupted();

}  // namespace quarry
