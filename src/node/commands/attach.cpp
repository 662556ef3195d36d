/// \file
/// `quarry attach [URL|SOCKET]`: the console on a node that runs already.

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "node/commands/commands.hpp"
#include "node/console/console.hpp"
#include "node/options.hpp"
#include "node/rpc_client.hpp"

namespace quarry {
namespace {

namespace fs = std::filesystem;

/// Looking for sockets must not take long in a large folder.
constexpr int kMostFoldersSeen = 2'000;

bool socket_exists(const fs::path& path) {
  std::error_code ec;
  return fs::is_socket(path, ec);
}

/// Sockets that answer, of nodes started with another data dir: below here, the home folder's and the parent
/// of the one that was asked for.
std::vector<std::string> live_sockets(const fs::path& asked) {
  std::vector<fs::path> places{".", asked.parent_path().parent_path()};
  if (const char* home = std::getenv("HOME")) places.push_back(fs::path{home} / ".quarry");
  std::vector<std::string> found;
  const auto consider = [&](const fs::path& folder) {
    for (const char* name : {"quarry.ipc", "geth.ipc"}) {
      std::error_code ec;
      const fs::path socket = fs::weakly_canonical(folder / name, ec);
      if (ec || !socket_exists(socket) || !connect_ipc(socket.string())) continue;
      if (std::find(found.begin(), found.end(), socket.string()) == found.end())
        found.push_back(socket.string());
    }
  };
  int seen = 0;
  for (const fs::path& place : places) {
    if (place.empty()) continue;
    consider(place);
    std::error_code ec;
    for (fs::directory_iterator it{place, fs::directory_options::skip_permission_denied, ec}, end;
         !ec && it != end && seen < kMostFoldersSeen; it.increment(ec), ++seen) {
      std::error_code ignored;
      if (it->is_directory(ignored)) consider(it->path());
    }
  }
  return found;
}

std::string remedy_for(const std::string& endpoint, const Error& error) {
  if (endpoint.find("://") != std::string::npos) return error.remedy;
  const auto colon = endpoint.rfind(':');
  if (colon != std::string::npos && endpoint.find('/') == std::string::npos &&
      endpoint.find_first_not_of("0123456789", colon + 1) == std::string::npos)
    return "a URL begins with its kind: quarry attach http://" + endpoint;
  std::string text =
      "no node listens there: start one with `quarry --datadir DIR console`, or name its data dir: "
      "`quarry attach --datadir DIR`";
  for (const std::string& socket : live_sockets(endpoint))
    text += "\na node answers on it: quarry attach " + socket;
  return text;
}

}  // namespace

Result<int> run_attach(const NodeOptions& options) {
  std::string endpoint = options.args.empty() ? options.ipc_path.string() : options.args.front();
  std::error_code ignored;
  if (fs::is_directory(endpoint, ignored)) endpoint = (fs::path(endpoint) / "quarry.ipc").string();
  RpcClientOptions client_options;
  client_options.interrupted = &console_interrupted();
  auto client = connect_rpc(endpoint, client_options);
  if (!client) {
    return fail("Unable to attach to remote quarry: " + client.error().what,
                remedy_for(endpoint, client.error()));
  }
  return run_console(**client, console_options(options));
}

}  // namespace quarry
