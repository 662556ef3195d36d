#include "net/ip_networks.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace quarry::net {
namespace {
using Address16 = std::array<std::uint8_t, 16>;
constexpr unsigned kMappedBits = 96;

struct Parsed {
  Address16 address{};
  bool is_v4 = false;
};

std::optional<Parsed> parse_address(const std::string& text) {
  Parsed out;
  if (inet_pton(AF_INET6, text.c_str(), out.address.data()) == 1) return out;
  out.address[10] = out.address[11] = 0xff;
  out.is_v4 = true;
  if (inet_pton(AF_INET, text.c_str(), out.address.data() + 12) == 1) return out;
  return std::nullopt;
}
}  // namespace

Result<IpNetworks> IpNetworks::parse(const std::vector<std::string>& cidrs) {
  IpNetworks out;
  for (const std::string& cidr : cidrs) {
    const auto slash = cidr.find('/');
    const auto address = parse_address(cidr.substr(0, slash));
    unsigned bits = 0;
    bool good = address && slash != std::string::npos;
    if (good) {
      const char* const end = cidr.data() + cidr.size();
      const auto [rest, error] = std::from_chars(cidr.data() + slash + 1, end, bits);
      good = error == std::errc{} && rest == end && bits <= (address->is_v4 ? 32u : 128u);
    }
    if (!good)
      return fail("invalid CIDR address: " + cidr, "Write networks as 10.0.0.0/8, with commas between.");
    out.networks_.push_back({address->address, bits + (address->is_v4 ? kMappedBits : 0)});
  }
  return out;
}

bool IpNetworks::allow(const std::string& ip) const {
  if (networks_.empty()) return true;
  const auto address = parse_address(ip);
  if (!address) return false;
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    for (unsigned bit = 0; bit < network.bits; ++bit) {
      const unsigned mask = 0x80u >> bit % 8;
      if (((network.address[bit / 8] ^ address->address[bit / 8]) & mask) != 0) return false;
    }
    return true;
  });
}

}  // namespace quarry::net
