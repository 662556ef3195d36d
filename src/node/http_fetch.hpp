#pragma once
/// \file
/// One HTTP/1.1 request from a thread that may wait: the answer's body comes in pieces and is not kept.

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/expected.hpp"

namespace quarry {

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case; at most kMostHeaders
  /// The length the answer said, if it did.
  std::optional<std::uint64_t> length() const;
};

struct HttpFetch {
  std::string method = "GET";  ///< GET, HEAD, POST
  std::string url;             ///< "http://host:port/path"
  std::string body = {};       ///< JSON
  /// Takes the body's pieces of an answer with status 200; false ends the transfer, which is no error.
  std::function<bool(std::string_view)> on_body = nullptr;
  /// True: give up.
  const std::atomic<bool>* stopped = nullptr;
};

/// Waits at most 3 s for the connection and 20 s for each next byte. An error says that the peer could not be
/// reached, or broke off.
Result<HttpAnswer> http_fetch(const HttpFetch& fetch);

}  // namespace quarry
