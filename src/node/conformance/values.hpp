#pragma once
/// \file
/// Values as the JSON files of ethereum/tests write them. Reading throws BadTest (or what the JSON library
/// throws): whoever runs a test catches std::exception at its door, and says that the test is malformed.

#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>

#include "core/fixed_bytes.hpp"
#include "core/u256.hpp"

namespace quarry::conformance {

/// A value that is not what its place asks for.
struct BadTest : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Hex digits of either case, an even number, with or without "0x"; "0x" and "" are no bytes.
Bytes bytes_of(std::string_view text);
inline Bytes bytes_of(const std::string& text) {
  return bytes_of(std::string_view(text));
}
Bytes bytes_of(const nlohmann::json& value);
/// A JSON number, decimal digits, or hex after "0x" (an odd number too); "0x" is zero. "0x:bigint " before a
/// number that is too large for the field says so.
U256 number_of(const nlohmann::json& value);
std::uint64_t u64_of(const nlohmann::json& value);
/// Bytes of a fixed size; shorter ones are filled with zeros at the left.
template <class T>
T fixed_of(const nlohmann::json& value) {
  T out;
  const Bytes bytes = bytes_of(value);
  if (bytes.size() > T::kSize) throw BadTest(std::to_string(bytes.size()) + " bytes where fewer belong");
  std::copy(bytes.begin(), bytes.end(), out.bytes.end() - static_cast<std::ptrdiff_t>(bytes.size()));
  return out;
}
/// A storage key or value: a number of 32 bytes.
template <class T>
T word_of(const nlohmann::json& value) {
  return T(number_of(value).to_be());
}
template <class T>
T word_of(std::string_view text);

}  // namespace quarry::conformance
