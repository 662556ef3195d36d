#include "node/jbc_migrate.hpp"

namespace quarry {

Result<int> migrate_jbc(const NodeOptions&) {
  return fail("migrate jbc is not there yet");
}

}  // namespace quarry
