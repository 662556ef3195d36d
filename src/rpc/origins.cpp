#include "rpc/origins.hpp"

#include <algorithm>

namespace quarry::rpc {
namespace {

struct Origin {
  std::string scheme, host, port;
};

Origin parse(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  Origin out;
  if (const auto end = lower.find("://"); end != std::string::npos) {
    out.scheme = lower.substr(0, end);
    lower.erase(0, end + 3);
  }
  const auto bracket = lower.rfind(']');
  const auto colon = lower.rfind(':');
  const bool has_port = colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  out.host = lower.substr(0, has_port ? colon : std::string::npos);
  if (has_port) out.port = lower.substr(colon + 1);
  return out;
}

/// What a rule leaves out it does not ask for.
bool matches(const Origin& rule, const Origin& origin) {
  const auto same = [](const std::string& wanted, const std::string& given) {
    return wanted.empty() || wanted == given;
  };
  return same(rule.scheme, origin.scheme) && same(rule.host, origin.host) && same(rule.port, origin.port);
}

}  // namespace

bool origin_allowed(std::string_view origin, const std::vector<std::string>& rules) {
  const auto given = parse(origin);
  if (rules.empty()) return given.host == "localhost" && given.scheme == "http";
  return std::any_of(rules.begin(), rules.end(),
                     [&](const std::string& rule) { return rule == "*" || matches(parse(rule), given); });
}

}  // namespace quarry::rpc
