#include "core/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace quarry {
void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "quarry: internal error: %s does not hold at %s:%d\n", condition, file, line);
  std::abort();
}
}  // namespace quarry
