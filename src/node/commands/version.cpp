#include <cstdio>

#include "net/message_table.hpp"
#include "node/commands/commands.hpp"
#include "node/options.hpp"

namespace quarry {

Result<int> run_version(const NodeOptions& options) {
  std::vector<net::Capability> spoken;
  for (const net::OwnCapability& own : net::own_capabilities(false)) spoken.push_back(own.capability);
  std::printf("Quarry\nVersion: %s\nClient: %s\nProtocols: %s\n", QUARRY_VERSION,
              client_version(options.identity).c_str(), net::list_of(spoken).c_str());
  return 0;
}

}  // namespace quarry
