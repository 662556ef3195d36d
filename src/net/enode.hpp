#pragma once
/// \file
/// Enode URLs: enode://<128 hex digits>@<host>:<tcp port>?discport=<udp port>.

#include <optional>
#include <string>
#include <string_view>

#include "core/expected.hpp"
#include "core/fixed_bytes.hpp"

namespace quarry::net {

struct Enode {
  NodeId id;
  std::string host;  ///< an IPv4 or IPv6 literal without brackets, or a name; may be empty or unspecified
  std::uint16_t tcp_port = 30303;
  std::uint16_t udp_port = 30303;

  /// "[::]", "0.0.0.0" or nothing: what a node prints of itself when it does not know its address.
  bool has_unspecified_host() const;
  /// The URL.
  std::string to_string() const;
  /// "10.0.0.2:30303", "[::1]:30303".
  std::string address() const;
  friend bool operator==(const Enode&, const Enode&) = default;
};

/// Errors in geth's words after "invalid enode: ", which is the caller's to add.
Result<Enode> parse_enode(std::string_view url);

}  // namespace quarry::net
