#include "rpc/jwt.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/check.hpp"
#include "core/hex.hpp"

namespace quarry::rpc {
namespace {

using Json = nlohmann::json;
/// Of a secret's file: 64 digits, 0x, and spaces.
constexpr std::size_t kMostFileBytes = 1024;
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

Bytes hmac(const JwtSecret& secret, std::string_view text) {
  Bytes out(32);
  unsigned size = 0;
  QUARRY_CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                    reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(),
                    &size) != nullptr &&
               size == out.size());
  return out;
}

/// base64url without padding (RFC 7515, 2).
std::string encode(std::string_view bytes) {
  std::string out;
  unsigned bits = 0, held = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (held += 8; held >= 6;) out.push_back(kDigits[bits >> (held -= 6) & 63]);
  }
  if (held > 0) out.push_back(kDigits[bits << (6 - held) & 63]);
  return out;
}

std::optional<std::string> decode(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  unsigned bits = 0, held = 0;
  for (const char digit : text) {
    const auto value = kDigits.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(value);
    if ((held += 6) < 8) continue;
    out.push_back(static_cast<char>(bits >> (held -= 8) & 0xff));
  }
  // One text for each value: the digits that are left over are zero.
  if ((bits & ((1U << held) - 1)) != 0) return std::nullopt;
  return out;
}

std::optional<Json> decode_object(std::string_view part) {
  const auto text = decode(part);
  if (!text) return std::nullopt;
  auto value = Json::parse(*text, nullptr, false);
  return value.is_object() ? std::optional(std::move(value)) : std::nullopt;
}

/// A time in a claim: a number, whole or not.
std::optional<double> time_claim(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const auto value = found->get<double>();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

Result<> check_claims(const Json& claims, std::chrono::seconds now) {
  const auto clock = static_cast<double>(now.count());
  const auto most = static_cast<double>(kTokenTime.count());
  if (claims.contains("exp")) {
    const auto until = time_claim(claims, "exp");
    if (!until || *until <= clock) return fail("token is expired");
  }
  const auto issued = time_claim(claims, "iat");
  if (!issued) return fail("missing issued-at", "A token's claims have \"iat\", seconds since 1970.");
  const std::string remedy =
      fmt::format("Make a token for each call; it holds {} s. Do the clocks agree?", kTokenTime.count());
  if (clock - *issued > most) return fail("stale token", remedy);
  if (*issued - clock > most) return fail("future token", remedy);
  return {};
}

Result<std::string> read_file(const std::filesystem::path& path, int fd) {
  std::string text(kMostFileBytes + 1, '\0');
  const auto got = read(fd, text.data(), text.size());
  if (got < 0)
    return fail(fmt::format("cannot read the JWT secret {}: {}", path.string(), std::strerror(errno)));
  text.resize(static_cast<std::size_t>(got));
  return text;
}

Result<JwtSecret> make_secret(const std::filesystem::path& path) {
  JwtSecret out{};
  QUARRY_CHECK(getrandom(out.data(), out.size(), 0) == static_cast<ssize_t>(out.size()));
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  const auto text = to_hex0x(out);
  const bool done = fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  if (fd >= 0) close(fd);
  if (done) return out;
  return fail(fmt::format("cannot write a new JWT secret to {}: {}", path.string(), std::strerror(error)),
              "Give --rpc.jwtsecret a path that this user can write to.");
}

}  // namespace

Result<JwtSecret> load_jwt_secret(const std::filesystem::path& file) {
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return make_secret(file);
  if (fd < 0)
    return fail(fmt::format("cannot read the JWT secret {}: {}", file.string(), std::strerror(errno)));
  auto text = read_file(file, fd);
  close(fd);
  if (!text) return tl::unexpected(text.error());
  const auto first = text->find_first_not_of(" \t\r\n");
  std::string_view digits;
  if (first != std::string::npos)
    digits = std::string_view(*text).substr(first, text->find_last_not_of(" \t\r\n") - first + 1);
  JwtSecret out{};
  if (from_hex(digits, out)) return out;
  return fail(fmt::format("invalid JWT secret in {}: it has {} characters, want 64 hex digits", file.string(),
                          digits.size()),
              "Make one with: openssl rand -hex 32 > " + file.string());
}

Result<> check_token(std::string_view authorization, const JwtSecret& secret, std::chrono::seconds now) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!authorization.starts_with(kScheme)) return fail("missing token");
  const auto token = authorization.substr(kScheme.size());
  if (token.size() > kMostTokenBytes) return fail("invalid token: it is too long");
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return fail("invalid token: it has not three parts");
  const auto header = decode_object(token.substr(0, first));
  // Nothing but this one algorithm, whatever the token says of itself: "none" least of all.
  if (!header || header->value("alg", Json()) != "HS256") return fail("invalid token: its alg is not HS256");
  const auto signature = decode(token.substr(second + 1));
  const auto right = hmac(secret, token.substr(0, second));
  if (!signature || signature->size() != right.size() ||
      CRYPTO_memcmp(signature->data(), right.data(), right.size()) != 0)
    return fail("invalid token: the signature is not this secret's");
  const auto claims = decode_object(token.substr(first + 1, second - first - 1));
  if (!claims) return fail("invalid token: its claims are no JSON object");
  return check_claims(*claims, now);
}

std::string make_token(const JwtSecret& secret, std::chrono::seconds issued) {
  std::string out =
      encode(R"({"alg":"HS256","typ":"JWT"})") + "." + encode(fmt::format(R"({{"iat":{}}})", issued.count()));
  const auto signature = hmac(secret, out);
  return out + "." + encode(as_text(signature));
}

}  // namespace quarry::rpc
