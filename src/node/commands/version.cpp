#include <cstdio>

#include "node/commands/commands.hpp"
#include "node/options.hpp"

namespace quarry {

Result<int> run_version(const NodeOptions& options) {
  std::printf("Quarry\nVersion: %s\nClient: %s\nProtocols: eth/63\n", QUARRY_VERSION,
              client_version(options.identity).c_str());
  return 0;
}

}  // namespace quarry
