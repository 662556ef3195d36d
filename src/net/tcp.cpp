#include "net/tcp.hpp"

#include "net/resolver.hpp"
#include "net/timer.hpp"
#include "net/uv_address.hpp"
#include "net/uv_handle.hpp"

namespace quarry::net {
namespace {

/// Connections the kernel keeps for us while the loop is busy.
constexpr int kBacklog = 1024;
/// How far a free port is looked for, to suggest it.
constexpr int kPortsTried = 32;

const sockaddr* as_sockaddr(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// Tells whether `address` could be listened on, with a socket of its own.
bool is_free(Loop& loop, const sockaddr_storage& address) {
  UvHandle<uv_tcp_t> probe;
  if (probe.open(nullptr, [&](uv_tcp_t* tcp) { return uv_tcp_init(loop.raw(), tcp); }) != 0) return false;
  return uv_tcp_bind(probe.get(), as_sockaddr(address), 0) == 0 &&
         uv_listen(probe.stream(), 1, [](uv_stream_t*, int) {}) == 0;
}

std::string port_in_use_remedy(Loop& loop, sockaddr_storage address, const ListenOptions& options) {
  for (int port = options.port + 1; port <= options.port + kPortsTried && port < 65536; ++port) {
    set_port(address, static_cast<std::uint16_t>(port));
    if (!is_free(loop, address)) continue;
    return "Is another node running? Stop it, or choose another port; this one is free: " +
           options.port_flag + " " + std::to_string(port);
  }
  return "Is another node running? Stop it, or choose another port with " + options.port_flag + ".";
}

tl::unexpected<Error> listen_error(Loop& loop, const sockaddr_storage& address, const ListenOptions& options,
                                   int status) {
  const auto what = "cannot listen on " + address_text(as_sockaddr(address)) + " (" + options.port_flag +
                    "): " + uv_strerror(status);
  if (status == UV_EADDRINUSE) return fail(what, port_in_use_remedy(loop, address, options));
  if (status == UV_EACCES)
    return fail(what, "Ports below 1024 need privileges: choose one above with " + options.port_flag + ".");
  if (status == UV_EADDRNOTAVAIL) {
    return fail(what, "This machine has no such address: give one of its own" +
                          (options.host_flag.empty() ? "" : " with " + options.host_flag) +
                          ", 127.0.0.1 for this machine only, or 0.0.0.0 for all.");
  }
  return fail(what);
}

}  // namespace

struct TcpListener::Impl {
  Loop* loop = nullptr;
  UvHandle<uv_tcp_t> handle;
  // Shared, so that a callback which destroys its listener goes on to its end.
  std::shared_ptr<OnAccept> on_accept;

  int listen(const sockaddr_storage& address) {
    int status = handle.open(this, [this](uv_tcp_t* tcp) { return uv_tcp_init(loop->raw(), tcp); });
    if (status == 0) status = uv_tcp_bind(handle.get(), as_sockaddr(address), 0);
    if (status != 0) return status;
    return uv_listen(handle.stream(), kBacklog, [](uv_stream_t* server, int result) {
      if (auto* self = UvHandle<uv_tcp_t>::owner_of<Impl>(server); self != nullptr && result == 0)
        self->accept();
    });
  }
  void accept() {
    auto stream = std::make_shared<Stream>(*loop);
    if (stream->open_tcp() != 0 || uv_accept(handle.stream(), &stream->raw()->stream) != 0) return;
    stream->take_addresses();
    const auto call = on_accept;
    (*call)(std::move(stream));
  }
};

TcpListener::TcpListener() : impl_(new Impl) {}
TcpListener::~TcpListener() = default;

Result<std::unique_ptr<TcpListener>> TcpListener::listen(Loop& loop, const ListenOptions& options,
                                                         OnAccept on_accept) {
  const bool any = options.host.empty() || options.host == "::" || options.host == "[::]";
  auto addresses = resolve_now(any ? "::" : options.host, options.port);
  if (!addresses) return tl::unexpected(addresses.error());
  // A machine without IPv6 still listens on every IPv4 address.
  if (any) addresses->push_back(*literal_address("0.0.0.0", options.port));

  int status = 0;
  for (const auto& address : *addresses) {
    std::unique_ptr<TcpListener> out(new TcpListener);
    out->impl_->loop = &loop;
    out->impl_->on_accept = std::make_shared<OnAccept>(on_accept);
    status = out->impl_->listen(address);
    if (status == 0) {
      out->port_ = local_port_of(out->impl_->handle.get());
      out->address_ = local_address_of(out->impl_->handle.get());
      return out;
    }
    if (status != UV_EAFNOSUPPORT && status != UV_EADDRNOTAVAIL)
      return listen_error(loop, address, options, status);
  }
  return listen_error(loop, addresses->front(), options, status);
}

namespace {

ConnectFailure failure_of(int status) {
  switch (status) {
    case UV_ECONNREFUSED:
      return ConnectFailure::refused;
    case UV_ETIMEDOUT:
      return ConnectFailure::timed_out;
    case UV_EHOSTUNREACH:
    case UV_ENETUNREACH:
    case UV_EADDRNOTAVAIL:
    case UV_EAFNOSUPPORT:
      return ConnectFailure::unreachable;
    default:
      return ConnectFailure::other;
  }
}

Error connect_error_text(const std::string& where, ConnectFailure failure, int status) {
  switch (failure) {
    case ConnectFailure::refused:
      return {"connection to " + where + " refused",
              "Nobody listens there: is the node running, and is the port right?"};
    case ConnectFailure::timed_out:
      return {"connection to " + where + " timed out",
              "No answer: check the address and the firewalls on the way."};
    case ConnectFailure::unreachable:
      return {"no route to " + where + ": " + uv_strerror(status),
              "Check the address and this machine's network."};
    case ConnectFailure::unknown_host:
    case ConnectFailure::other:
      break;
  }
  return {"connection to " + where + " failed: " + uv_strerror(status), {}};
}

class Attempt final : public ConnectAttempt, public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(Loop& loop, std::string where, OnConnect done)
      : loop_(loop),
        where_(std::move(where)),
        done_(std::move(done)),
        timer_(loop, [this] { fail(UV_ETIMEDOUT); }) {}

  void begin(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout) {
    timer_.start(timeout);
    resolve(loop_, host, port, [weak = weak_from_this()](Result<Addresses> found) {
      if (const auto self = weak.lock()) self->resolved(std::move(found));
    });
  }

 private:
  void resolved(Result<Addresses> found) {
    if (!done_) return;
    if (!found) return finish(tl::unexpected(ConnectError{ConnectFailure::unknown_host, found.error()}));
    addresses_ = std::move(*found);
    try_next(UV_EADDRNOTAVAIL);
  }

  void try_next(int last_status) {
    if (next_ == addresses_.size()) return fail(last_status);
    const auto address = addresses_[next_++];
    stream_ = std::make_shared<Stream>(loop_);
    int status = stream_->open_tcp();
    if (status == 0) status = connect(address);
    if (status != 0) try_next(status);
  }

  int connect(const sockaddr_storage& address) {
    auto* request = new Request{{}, weak_from_this(), stream_};
    request->connect.data = request;
    const auto connected = [](uv_connect_t* done, int status) {
      const std::unique_ptr<Request> own(static_cast<Request*>(done->data));
      const auto self = own->attempt.lock();
      // A stream that was given up meanwhile answers too, with UV_ECANCELED.
      if (self != nullptr && self->stream_ == own->stream.lock()) self->on_connected(status);
    };
    const int status = uv_tcp_connect(&request->connect, &stream_->raw()->tcp,
                                      reinterpret_cast<const sockaddr*>(&address), connected);
    if (status != 0) delete request;
    return status;
  }

  void on_connected(int status) {
    if (!done_) return;
    if (status != 0) return try_next(status);
    stream_->take_addresses();
    finish(std::move(stream_));
  }

  void fail(int status) {
    const auto failure = failure_of(status);
    finish(tl::unexpected(ConnectError{failure, connect_error_text(where_, failure, status)}));
  }

  void finish(Expected<StreamPtr, ConnectError> result) {
    const auto self = shared_from_this();
    timer_.stop();
    if (!result) stream_.reset();
    const auto done = std::exchange(done_, nullptr);
    if (done) done(std::move(result));
  }

  struct Request {
    uv_connect_t connect;
    std::weak_ptr<Attempt> attempt;
    std::weak_ptr<Stream> stream;
  };

  Loop& loop_;
  std::string where_;
  OnConnect done_;
  Timer timer_;
  Addresses addresses_;
  std::size_t next_ = 0;
  StreamPtr stream_;
};

}  // namespace

std::shared_ptr<ConnectAttempt> tcp_connect(Loop& loop, const std::string& host, std::uint16_t port,
                                            std::chrono::milliseconds timeout, OnConnect done) {
  const bool six = host.find(':') != std::string::npos && host.front() != '[';
  auto where = (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
  auto attempt = std::make_shared<Attempt>(loop, std::move(where), std::move(done));
  attempt->begin(host, port, timeout);
  return attempt;
}

}  // namespace quarry::net
