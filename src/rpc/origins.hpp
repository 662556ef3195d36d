#pragma once
/// \file
/// Which pages may open a WebSocket (--wsorigins): browsers do not ask first, so the server must look.

#include <string>
#include <string_view>
#include <vector>

namespace quarry::rpc {

/// Whether a page of `origin` is allowed by `rules`: "*", "https://a.example:3000", "https://a.example" (any
/// port) or "a.example" (any scheme and port). Without rules only pages of this machine's localhost are.
bool origin_allowed(std::string_view origin, const std::vector<std::string>& rules);

}  // namespace quarry::rpc
