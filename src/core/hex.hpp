#pragma once
/// \file
/// Hexadecimal text.

#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.hpp"

namespace quarry {

/// Lower-case digits without a prefix.
std::string to_hex(ByteView bytes);
/// Lower-case digits after "0x".
std::string to_hex0x(ByteView bytes);
/// Reads an even number of digits of either case, with or without "0x".
std::optional<Bytes> from_hex(std::string_view text);
/// Reads exactly out.size() bytes; leaves `out` as it was on failure.
bool from_hex(std::string_view text, std::span<std::uint8_t> out);

}  // namespace quarry
