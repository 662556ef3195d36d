#pragma once

namespace quarry::test {

/// The source tree's root. Only one file is compiled with the path, so that a compiler cache serves all
/// others to every checkout.
const char* source_dir();

}  // namespace quarry::test
