#pragma once
/// \file
/// TCP: listening on an address, connecting to one.

#include "core/expected.hpp"
#include "net/stream.hpp"

namespace quarry::net {

struct ListenOptions {
  /// An IPv4 or IPv6 literal or a name; empty or "::" for every address of both families.
  std::string host;
  std::uint16_t port = 0;  ///< 0: the system picks one
  /// The option that sets the port, named when the port is taken: "--rpcport".
  std::string port_flag;
  /// The option that sets the host, named when the address is not this machine's: "--rpcaddr".
  std::string host_flag = {};
};

/// Accepts connections until it is destroyed. Loop thread.
class TcpListener {
 public:
  using OnAccept = std::function<void(StreamPtr)>;
  /// Errors name the address, the option, and a free port near by. `on_accept` gets streams that
  /// have not been started; dropping one refuses it.
  static Result<std::unique_ptr<TcpListener>> listen(Loop& loop, const ListenOptions& options,
                                                     OnAccept on_accept);
  ~TcpListener();

  std::uint16_t port() const { return port_; }
  /// "[::]:30303".
  const std::string& address() const { return address_; }

 private:
  struct Impl;
  TcpListener();
  std::unique_ptr<Impl> impl_;
  std::uint16_t port_ = 0;
  std::string address_;
};

enum class ConnectFailure : std::uint8_t {
  refused,       ///< nobody listens there
  timed_out,     ///< no answer in time
  unreachable,   ///< no route to the host or its network
  unknown_host,  ///< the name has no address
  other,
};
struct ConnectError {
  ConnectFailure failure = ConnectFailure::other;
  Error error;
};

/// A connection on its way. Dropping it gives up: `done` is then not called.
class ConnectAttempt {
 public:
  virtual ~ConnectAttempt() = default;
};
using OnConnect = std::function<void(Expected<StreamPtr, ConnectError>)>;

/// Connects to `host` (a literal or a name, whose addresses are tried in turn) within `timeout`
/// over all. `done` is called once, in a later turn of the loop. Loop thread.
[[nodiscard]] std::shared_ptr<ConnectAttempt> tcp_connect(Loop& loop, const std::string& host,
                                                          std::uint16_t port,
                                                          std::chrono::milliseconds timeout, OnConnect done);

}  // namespace quarry::net
