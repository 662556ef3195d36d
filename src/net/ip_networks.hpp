#pragma once
/// \file
/// Networks in CIDR form, as --netrestrict has them: "10.0.0.0/8", "fd00::/8". Pure functions.

#include <array>
#include <string>
#include <vector>

#include "core/expected.hpp"

namespace quarry::net {

class IpNetworks {
 public:
  /// The error names the entry that is none.
  static Result<IpNetworks> parse(const std::vector<std::string>& cidrs);
  /// An IPv4 or IPv6 literal lies in one of the networks. Always true when there are none.
  bool allow(const std::string& ip) const;

 private:
  /// IPv4 is kept as ::ffff:a.b.c.d.
  struct Network {
    std::array<std::uint8_t, 16> address;
    unsigned bits;
  };
  std::vector<Network> networks_;
};

}  // namespace quarry::net
