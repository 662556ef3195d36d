#pragma once
/// \file
/// Calling a precompile by its number, with hexadecimal text in and out.

#include <gtest/gtest.h>

#include <string>

#include "evm/precompiles.hpp"

namespace quarry::evm {

/// The rules of a chain with all forks up to and with `last`.
inline Rules rules_of(Fork last) {
  Rules rules;
  for (const ForkInfo& row : kForkTable)
    if (row.fork <= last) rules.set(row.fork);
  return rules;
}

inline Address address_of_number(std::uint16_t number) {
  Address out;
  out.bytes[18] = static_cast<std::uint8_t>(number >> 8);
  out.bytes[19] = static_cast<std::uint8_t>(number);
  return out;
}

inline Bytes hex(std::string_view text) {
  auto out = from_hex(text);
  EXPECT_TRUE(out) << text;
  return out.value_or(Bytes{});
}

/// 32 bytes with `value` at their end.
inline std::string word(std::uint64_t value) {
  return to_hex(U256{value}.to_be());
}

/// What running contract `number` gives as hex, or "refused".
inline std::string run(std::uint16_t number, ByteView input, Fork last = Fork::osaka) {
  const Precompile* row = find_precompile(address_of_number(number), rules_of(last));
  if (!row) return "none";
  Bytes output;
  return row->run(input, rules_of(last), output) ? to_hex(output) : "refused";
}
inline std::string run(std::uint16_t number, std::string_view input, Fork last = Fork::osaka) {
  return run(number, hex(input), last);
}

inline Gas gas(std::uint16_t number, ByteView input, Fork last = Fork::osaka) {
  return find_precompile(address_of_number(number), rules_of(last))->gas(input, rules_of(last));
}
inline Gas gas(std::uint16_t number, std::string_view input, Fork last = Fork::osaka) {
  return gas(number, hex(input), last);
}

}  // namespace quarry::evm
