#pragma once
/// \file
/// Asserts that stay on in release. They guard our own invariants and never judge input.

namespace quarry {
/// Prints the condition and place, then aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace quarry

#define QUARRY_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::quarry::check_failed(#condition, __FILE__, __LINE__))
