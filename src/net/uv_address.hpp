#pragma once
/// \file
/// Socket addresses as text. For .cpp files of this folder only: it brings in uv.h.

#include <uv.h>

#include <optional>
#include <string>
#include <string_view>

namespace quarry::net {

/// "127.0.0.1:30303" or "[::1]:30303"; an IPv4 peer of a dual-stack socket is shown as IPv4.
std::string address_text(const sockaddr* address);
std::string local_address_of(const uv_tcp_t* tcp);
std::string remote_address_of(const uv_tcp_t* tcp);
/// The port of a bound socket; 0 when it has none.
std::uint16_t local_port_of(const uv_tcp_t* tcp);
/// The address that `host` spells: an IPv4 or IPv6 literal (brackets allowed), or "localhost".
/// Nothing for names that need a resolver.
std::optional<sockaddr_storage> literal_address(std::string_view host, std::uint16_t port);
void set_port(sockaddr_storage& address, std::uint16_t port);

}  // namespace quarry::net
