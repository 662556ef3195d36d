#pragma once
/// \file
/// Unix sockets: the same streams, between processes of one machine and one user.

#include "net/tcp.hpp"

namespace quarry::net {

/// Accepts connections on a socket file of mode 0600 until it is destroyed, which removes the file.
/// Loop thread.
class PipeListener {
 public:
  using OnAccept = TcpListener::OnAccept;
  /// A file left by a process that died is replaced; one that somebody answers on is not, nor any
  /// file that is no socket.
  static Result<std::unique_ptr<PipeListener>> listen(Loop& loop, const std::string& path,
                                                      OnAccept on_accept);
  ~PipeListener();
  const std::string& path() const { return path_; }

 private:
  struct Impl;
  PipeListener();
  std::unique_ptr<Impl> impl_;
  std::string path_;
};

/// Connects to a socket file: at once or not at all.
Result<StreamPtr> pipe_connect(Loop& loop, const std::string& path);

}  // namespace quarry::net
