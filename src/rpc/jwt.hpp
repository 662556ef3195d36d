#pragma once
/// \file
/// Tokens that callers show (--rpc.jwtsecret): JSON Web Tokens signed with HMAC-SHA256, as geth takes them at
/// its engine API (execution-apis, engine/authentication).

#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/expected.hpp"

namespace quarry::rpc {

using JwtSecret = std::array<std::uint8_t, 32>;

/// How far a token's time of issue may be from ours, either way.
inline constexpr std::chrono::seconds kTokenTime{60};
/// The longest token that is looked at; clients' have some 150 bytes.
inline constexpr std::size_t kMostTokenBytes = 4096;

/// Reads 64 hex digits, with or without 0x. A file that is not there is made, with a new secret and mode
/// 0600.
Result<JwtSecret> load_jwt_secret(const std::filesystem::path& file);

/// Checks what the header Authorization says at the time `now` (seconds since 1970). The error is for the
/// caller: "missing token", "stale token", …
Result<> check_token(std::string_view authorization, const JwtSecret& secret, std::chrono::seconds now);

/// A token of that time: for tests and `attach`.
std::string make_token(const JwtSecret& secret, std::chrono::seconds issued);

}  // namespace quarry::rpc
