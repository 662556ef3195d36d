#pragma once
/// \file
/// What an HTTP request must be before its body is read as JSON-RPC: method, virtual host, content type,
/// origin (CORS). No sockets here.

#include <optional>
#include <string>
#include <vector>

#include "net/http.hpp"
#include "rpc/jwt.hpp"

namespace quarry::rpc {

struct HttpGateOptions {
  /// Origins that browsers may call from: "http://localhost:3000", or "*" (--rpccorsdomain).
  std::vector<std::string> cors_domains;
  /// Host names besides IP addresses and localhost, or "*" (--rpcvhosts).
  std::vector<std::string> virtual_hosts;
  /// Listening on more than loopback: names that no stranger can own (without a dot, and Docker's) are
  /// taken as well.
  bool exposed = false;
  /// Pages that may open a WebSocket (--wsorigins).
  std::vector<std::string> ws_origins = {};
  /// Callers show a token signed with this (--rpc.jwtsecret).
  std::optional<JwtSecret> jwt = {};
};

/// "a, b" as a list; empty entries are dropped.
std::vector<std::string> split_list(std::string_view list);

class HttpGate {
 public:
  explicit HttpGate(HttpGateOptions options) : options_(std::move(options)) {}

  /// The answer to a request that is no JSON-RPC call (a preflight, a probe, a refusal); nothing for one
  /// whose body is to be read.
  std::optional<net::HttpResponse> check(const net::HttpRequest& request) const;
  /// Only the refusal of a name that is not ours.
  std::optional<net::HttpResponse> check_host(const net::HttpRequest& request) const;
  /// The refusal of a request that opens a WebSocket: host, token, origin, handshake.
  std::optional<net::HttpResponse> check_upgrade(const net::HttpRequest& request) const;
  /// Headers that a call's answer needs so that the page that made it may read it.
  std::string answer_headers(const net::HttpRequest& request) const;

 private:
  bool host_allowed(std::string_view host) const;
  bool origin_allowed(std::string_view origin) const;
  std::optional<net::HttpResponse> check_jwt(const net::HttpRequest& request) const;
  net::HttpResponse preflight(const net::HttpRequest& request) const;

  HttpGateOptions options_;
};

}  // namespace quarry::rpc
