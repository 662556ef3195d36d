/// \file
/// The node in the foreground, alone or with a prompt.
#include "node/app.hpp"
#include "node/commands/commands.hpp"
#include "node/console/console.hpp"
#include "node/options.hpp"
#include "node/rpc_client.hpp"
#include "node/stop_signals.hpp"

namespace quarry {

Result<int> run_node(const NodeOptions& options) {
  const StopSignals signals(true);
  const auto app = App::start(options);
  if (!app) return tl::unexpected(app.error());
  signals.wait();
  return 0;
}

Result<int> run_js(const NodeOptions& options) {
  NodeOptions with_files = options;
  with_files.preload.insert(with_files.preload.end(), options.args.begin(), options.args.end());
  return run_console(with_files);
}

Result<int> run_console(const NodeOptions& options) {
  const StopSignals signals(false);  // at the prompt, Ctrl-C clears the line
  const auto app = App::start(options);
  if (!app) return tl::unexpected(app.error());
  const auto client = make_local_client([&](const std::string& request) { return (*app)->call(request); });
  ConsoleOptions console = console_options(options);
  console.stop_fd = signals.stop_fd();
  return run_console(*client, console);
}

}  // namespace quarry
