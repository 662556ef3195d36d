/// \file
/// Reads the command line and hands over to a command; the last stop of every error.

#include <cstdio>
#include <string>
#include <vector>

#include "core/log.hpp"
#include "node/commands/commands.hpp"
#include "node/log_setup.hpp"
#include "node/options.hpp"

namespace {
int fatal(const quarry::Error& error) {
  quarry::flush_log();
  std::fprintf(stderr, "Fatal: %s\n", error.what.c_str());
  if (!error.remedy.empty()) std::fprintf(stderr, "%s\n", error.remedy.c_str());
  return 1;
}
}  // namespace

int main(int argc, char** argv) {
  using namespace quarry;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto parsed = parse_options(arguments);
  if (!parsed) return fatal(parsed.error());
  const NodeOptions& options = parsed->options;
  if (options.help || options.command == "help") {
    std::fputs(help_text(options.command).c_str(), stdout);
    return 0;
  }
  const LogThread log_thread(options.verbosity);
  for (const std::string& hint : parsed->hints) log_info(hint);
  for (const std::string& warning : parsed->warnings) log_warn(warning);
  for (const CommandRow& row : command_table()) {
    if (row.name != options.command) continue;
    const auto code = row.run(options);
    return code ? *code : fatal(code.error());
  }
  return 1;
}
