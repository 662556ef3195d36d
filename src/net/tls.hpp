#pragma once
/// \file
/// TLS 1.2 and 1.3 of a server (OpenSSL), over streams.

#include <filesystem>
#include <memory>

#include "core/expected.hpp"
#include "net/stream.hpp"

struct ssl_ctx_st;

namespace quarry::net {

/// A certificate and its key. Loop thread once loaded.
class TlsContext {
 public:
  /// Reads PEM files: the certificate, with those it was signed by after it, and its private key. The error
  /// names the file and what is wrong with it.
  static Result<std::shared_ptr<TlsContext>> load(const std::filesystem::path& certificate,
                                                  const std::filesystem::path& key);
  /// For one connection.
  std::unique_ptr<StreamCodec> accept();

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  std::unique_ptr<ssl_ctx_st, Free> context_;
};

}  // namespace quarry::net
