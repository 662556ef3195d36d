/// \file
/// Reads the command line and hands over to a command; the last stop of every error.

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/log.hpp"
#include "node/commands/commands.hpp"
#include "node/log_setup.hpp"
#include "node/options.hpp"

namespace {
using CommandFunction = quarry::Result<int> (*)(const quarry::NodeOptions&);
constexpr std::pair<std::string_view, CommandFunction> kFunctions[] = {
    {"run", quarry::run_node},        {"console", quarry::run_console}, {"init", quarry::run_init},
    {"import", quarry::run_import},   {"export", quarry::run_export},   {"attach", quarry::run_attach},
    {"account", quarry::run_account}, {"migrate", quarry::run_migrate}, {"db", quarry::run_db},
    {"version", quarry::run_version}, {"dev", quarry::run_dev},         {"evm", quarry::run_evm},
    {"methods", quarry::run_methods}, {"genesis", quarry::run_genesis}, {"clique", quarry::run_clique},
    {"js", quarry::run_js},
};

int fatal(const quarry::Error& error, int code = 1) {
  quarry::flush_log();
  std::fprintf(stderr, "Fatal: %s\n", error.what.c_str());
  if (!error.remedy.empty()) std::fprintf(stderr, "%s\n", error.remedy.c_str());
  return code;
}
}  // namespace

int main(int argc, char** argv) {
  using namespace quarry;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto parsed = parse_options(arguments);
  if (!parsed) return fatal(parsed.error(), usage_exit_code(arguments));
  const NodeOptions& options = parsed->options;
  if (options.help || options.command == "help") {
    std::fputs(help_text(options.command).c_str(), stdout);
    return 0;
  }
  const LogThread log_thread(options.verbosity);
  for (const std::string& hint : parsed->hints) log_info(hint);
  for (const std::string& warning : parsed->warnings) log_warn(warning);
  for (const auto& [name, run] : kFunctions) {
    if (name != options.command) continue;
    const auto code = run(options);
    return code ? *code : fatal(code.error());
  }
  return fatal({"command \"" + options.command + "\" has no function"});
}
