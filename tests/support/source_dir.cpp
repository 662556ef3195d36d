#include "source_dir.hpp"

const char* quarry::test::source_dir() {
  return QUARRY_SOURCE_DIR;
}
