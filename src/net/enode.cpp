#include "net/enode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/secp256k1.hpp"

namespace quarry::net {
namespace {
constexpr std::string_view kScheme = "enode://";
constexpr std::size_t kMaxHost = 253;  // RFC 1035
constexpr std::size_t kMaxUrl = 1024;

std::optional<std::uint16_t> parse_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value > 65535)
    return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

bool is_host_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
         c == '_' || c == ':' || c == '%';
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

Result<NodeId> parse_id(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  // In the order and the words of geth, whose Go library finds the first two.
  if (text.size() % 2 != 0) return fail("invalid node ID (encoding/hex: odd length hex string)");
  const auto bad = std::find_if_not(text.begin(), text.end(), is_hex_digit);
  if (bad != text.end()) {
    const auto shown = *bad > ' ' && *bad <= '~' ? fmt::format(" '{}'", *bad) : "";
    return fail(fmt::format("invalid node ID (encoding/hex: invalid byte: U+{:04X}{})",
                            static_cast<unsigned>(static_cast<unsigned char>(*bad)), shown));
  }
  const auto id = NodeId::from_hex(text);
  if (!id) return fail("invalid node ID (wrong length, want 128 hex chars)");
  // A key that is no point of the curve can never answer: any secret tells.
  static const PrivateKey probe = random_private_key();
  if (!ecdh_x(probe, *id)) return fail("invalid node ID (not a point of the curve)");
  return *id;
}

/// "host:port" or "[host]:port".
Result<> parse_address(std::string_view text, Enode& out) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']'))
    return fail("invalid host: missing port in address");
  const auto port = parse_port(text.substr(colon + 1));
  if (!port || *port == 0) return fail("invalid port");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return fail("invalid host: too many colons in address", "Write an IPv6 address in brackets: [::1].");
  }
  if (host.size() > kMaxHost || !std::all_of(host.begin(), host.end(), is_host_character))
    return fail("invalid IP address or host name");
  out.host = host;
  out.tcp_port = out.udp_port = *port;
  return {};
}
}  // namespace

bool Enode::has_unspecified_host() const {
  return host.empty() || host == "::" || host == "0.0.0.0" || host == "0:0:0:0:0:0:0:0";
}

std::string Enode::address() const {
  const bool brackets = host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", brackets ? "[" : "", host, brackets ? "]" : "", tcp_port);
}

std::string Enode::to_string() const {
  std::string out = fmt::format("{}{}@{}", kScheme, to_hex(id), address());
  if (udp_port != tcp_port) out += fmt::format("?discport={}", udp_port);
  return out;
}

Result<Enode> parse_enode(std::string_view url) {
  while (!url.empty() && is_space(url.front())) url.remove_prefix(1);
  while (!url.empty() && is_space(url.back())) url.remove_suffix(1);
  if (url.size() > kMaxUrl) return fail("invalid URL (longer than 1024 characters)");
  if (!url.starts_with(kScheme))
    return fail("invalid URL scheme, want \"enode\"",
                "An enode URL looks like enode://<128 hex digits>@10.0.0.2:30303.");
  url.remove_prefix(kScheme.size());
  std::string_view query;
  if (const auto mark = url.find('?'); mark != std::string_view::npos) {
    query = url.substr(mark + 1);
    url = url.substr(0, mark);
  }
  while (url.ends_with('/')) url.remove_suffix(1);
  const auto at = url.find('@');
  Enode out;
  const auto id = parse_id(url.substr(0, at));
  if (!id) return tl::unexpected<Error>(id.error());
  out.id = *id;
  if (at == std::string_view::npos)
    return fail("invalid host (no \"@host:port\" after the node ID)",
                "Add the address of the node: …@10.0.0.2:30303.");
  if (auto done = parse_address(url.substr(at + 1), out); !done) return tl::unexpected<Error>(done.error());
  if (query.starts_with("discport=")) {
    const auto udp = parse_port(query.substr(9, query.find('&') - 9));
    if (!udp) return fail("invalid discport in query");
    out.udp_port = *udp;
  }
  return out;
}

}  // namespace quarry::net
