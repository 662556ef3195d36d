#include "rpc/http_gate.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "net/websocket.hpp"
#include "rpc/json_rpc.hpp"
#include "rpc/origins.hpp"

namespace quarry::rpc {
namespace {

/// How long a browser may keep a preflight's answer, in seconds: geth's.
constexpr int kPreflightSeconds = 600;
/// Content types that JSON-RPC comes as. A page cannot send these to another origin without asking.
constexpr std::array kContentTypes = {std::string_view("application/json"),
                                      std::string_view("application/json-rpc"),
                                      std::string_view("application/jsonrequest")};

net::HttpResponse plain(int status, std::string text, std::string headers = {}) {
  return {status, "text/plain; charset=utf-8", net::SharedBuffer(std::move(text)), std::move(headers)};
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  const auto colon = host.rfind(':');
  if (colon == std::string_view::npos || host.find(':') != colon) return host;
  return host.substr(0, colon);
}

bool is_ip(const std::string& host) {
  std::array<unsigned char, 16> ignored{};
  return inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

bool contains(const std::vector<std::string>& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& entry) { return entry == "*" || entry == name; });
}

bool is_json(std::string_view content_type) {
  auto type = lower(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  return std::find(kContentTypes.begin(), kContentTypes.end(), type) != kContentTypes.end();
}

/// What came from a request goes into a header or a line of ours without control characters, and not whole.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, 200));
  std::erase_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return out;
}

}  // namespace

std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    auto entry = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    const auto first = entry.find_first_not_of(" \t\"'");
    if (first == std::string_view::npos) continue;
    out.emplace_back(entry.substr(first, entry.find_last_not_of(" \t\"'") - first + 1));
  }
  return out;
}

bool HttpGate::host_allowed(std::string_view header) const {
  const auto host = lower(without_port(header));
  // Without the header it is no browser, which always sends one; rebinding attacks need a browser.
  if (host.empty() || host == "localhost" || is_ip(host) || contains(options_.virtual_hosts, host))
    return true;
  return options_.exposed && (host.find('.') == std::string::npos || host == "host.docker.internal");
}

bool HttpGate::origin_allowed(std::string_view origin) const {
  if (contains(options_.cors_domains, lower(origin)) || contains(options_.cors_domains, origin)) return true;
  // Tutorials also give bare host names.
  const auto scheme = origin.find("://");
  return scheme != std::string_view::npos &&
         contains(options_.cors_domains, lower(origin.substr(scheme + 3)));
}

std::string HttpGate::answer_headers(const net::HttpRequest& request) const {
  const auto origin = request.header("origin");
  if (origin.empty() || options_.cors_domains.empty()) return {};
  if (!origin_allowed(origin)) return "Vary: Origin\r\n";
  if (contains(options_.cors_domains, "*")) return "Access-Control-Allow-Origin: *\r\nVary: Origin\r\n";
  return fmt::format("Access-Control-Allow-Origin: {}\r\nVary: Origin\r\n", shown(origin));
}

net::HttpResponse HttpGate::preflight(const net::HttpRequest& request) const {
  const auto origin = request.header("origin");
  if (origin.empty() || request.header("access-control-request-method").empty()) {
    return plain(200, "", "Allow: GET, POST, OPTIONS\r\n");
  }
  if (!origin_allowed(origin)) {
    const auto name = shown(origin);
    return plain(403,
                 fmt::format("origin {} is not allowed\nAllow it with --rpccorsdomain \"{}\", or all with "
                             "--rpccorsdomain \"*\".\n",
                             name, name),
                 "Vary: Origin\r\n");
  }
  auto headers = answer_headers(request);
  headers += "Access-Control-Allow-Methods: POST, GET\r\n";
  const auto wanted = request.header("access-control-request-headers");
  if (!wanted.empty()) headers += fmt::format("Access-Control-Allow-Headers: {}\r\n", shown(wanted));
  if (request.header("access-control-request-private-network") == "true") {
    headers += "Access-Control-Allow-Private-Network: true\r\n";
  }
  headers += fmt::format("Access-Control-Max-Age: {}\r\n", kPreflightSeconds);
  return plain(200, "", std::move(headers));
}

std::optional<net::HttpResponse> HttpGate::check_host(const net::HttpRequest& request) const {
  const auto host = request.header("host");
  if (host_allowed(host)) return std::nullopt;
  const auto name = shown(without_port(host));
  return plain(403, fmt::format("invalid host specified\nThe request was made to the name {}: allow it with "
                                "--rpcvhosts {}, or all names with --rpcvhosts \"*\".\n",
                                name, name));
}

/// A body that a JSON-RPC client shows to its user.
std::optional<net::HttpResponse> HttpGate::check_jwt(const net::HttpRequest& request) const {
  if (!options_.jwt) return std::nullopt;
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  const auto checked = check_token(request.header("authorization"), *options_.jwt, now);
  if (checked) return std::nullopt;
  auto message = checked.error().what + "\n" +
                 (checked.error().remedy.empty()
                      ? "This node was started with --rpc.jwtsecret: send the header \"Authorization: Bearer "
                        "TOKEN\", a JWT signed with HS256 and that file's secret."
                      : checked.error().remedy);
  std::string body;
  append_answer(body, "null", rpc_fail(RpcCode::unauthorized, std::move(message)));
  return net::HttpResponse{401, "application/json", net::SharedBuffer(std::move(body)),
                           "WWW-Authenticate: Bearer\r\n" + answer_headers(request)};
}

std::optional<net::HttpResponse> HttpGate::check_upgrade(const net::HttpRequest& request) const {
  if (auto refusal = check_host(request)) return refusal;
  if (auto refusal = check_jwt(request)) return refusal;
  const auto origin = request.header("origin");
  // Without one it is no browser.
  if (!origin.empty() && !quarry::rpc::origin_allowed(origin, options_.ws_origins)) {
    const auto name = shown(origin);
    return plain(403, fmt::format("origin {} is not allowed\nAllow it with --wsorigins \"{}\", or all with "
                                  "--wsorigins \"*\".\n",
                                  name, name));
  }
  return net::WebSocket::check(request);
}

std::optional<net::HttpResponse> HttpGate::check(const net::HttpRequest& request) const {
  if (auto refusal = check_host(request)) return refusal;
  if (request.method == "OPTIONS") return preflight(request);
  if (auto refusal = check_jwt(request)) return refusal;
  if (request.method == "GET" || request.method == "HEAD") return plain(200, "");  // probes of health checks
  if (request.method != "POST") {
    return plain(405, "method not allowed\nJSON-RPC comes by POST.\n", "Allow: GET, POST, OPTIONS\r\n");
  }
  const auto type = request.header("content-type");
  // A page may send a body without a type to any origin; a program that leaves the type out sends no origin.
  const bool nameless_program = type.empty() && request.header("origin").empty();
  if (is_json(type) || nameless_program) return std::nullopt;
  return plain(415,
               "invalid content type, only application/json is supported\n"
               "Send the header Content-Type: application/json.\n");
}

}  // namespace quarry::rpc
