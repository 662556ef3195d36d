#pragma once
/// \file
/// Reading call data as the early contracts do: as if endless zeros followed it.

#include <algorithm>
#include <array>

#include "core/bytes.hpp"

namespace quarry::evm::precompiles {

/// The part of `input` from `offset` on, at most `count` bytes of it.
inline ByteView slice(ByteView input, std::size_t offset, std::size_t count) {
  if (offset >= input.size()) return {};
  return input.subspan(offset, std::min(count, input.size() - offset));
}

/// N bytes from `offset` on, zero where the input has ended.
template <std::size_t N>
std::array<std::uint8_t, N> padded(ByteView input, std::size_t offset = 0) {
  std::array<std::uint8_t, N> out{};
  const ByteView there = slice(input, offset, N);
  std::copy(there.begin(), there.end(), out.begin());
  return out;
}

inline bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

}  // namespace quarry::evm::precompiles
