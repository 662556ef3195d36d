#pragma once
/// \file
/// JSON-RPC over a Unix socket: messages follow each other in both directions, delimited by their nesting.

#include <deque>
#include <memory>
#include <unordered_map>

#include "net/pipe.hpp"
#include "rpc/jobs.hpp"
#include "rpc/json_stream.hpp"
#include "rpc/push_client.hpp"

namespace quarry::rpc {

/// Messages of one client that are in work at once; reading stops at this.
inline constexpr std::size_t kMaxIpcInFlight = 64;
/// Clients at once. One more is refused: all belong to this user.
inline constexpr std::size_t kMaxIpcClients = 256;

/// One client. Answers leave in the order of their messages, a line each. Loop thread.
class IpcConnection : public PushClient, public std::enable_shared_from_this<IpcConnection> {
 public:
  IpcConnection(net::StreamPtr stream, Jobs& jobs, Subscriptions* subscriptions);
  void start(std::function<void()> on_closed);
  void cut_off(const std::string& why) override;

 private:
  struct Slot {
    bool done = false;
    std::string answer;
    std::shared_ptr<SubscribeScope> scope;
  };
  bool send(std::string_view head, const EventText& text) override;
  void on_read(ByteView bytes);
  void cut();
  void refuse_the_rest();
  void submit(std::string message);
  void flush();
  void finish_when_idle();

  Jobs& jobs_;
  JsonStream messages_;
  Bytes rest_;  ///< read, but not cut yet: at most one read's worth
  std::deque<std::shared_ptr<Slot>> slots_;
  bool ending_ = false;  ///< nothing more is read
};

class IpcServer {
 public:
  static Result<std::unique_ptr<IpcServer>> listen(net::Loop& loop, const std::string& path, Jobs& jobs,
                                                   Subscriptions* subscriptions);
  ~IpcServer();

 private:
  void accept(net::StreamPtr stream, Jobs& jobs, Subscriptions* subscriptions);
  std::unique_ptr<net::PipeListener> listener_;
  std::unordered_map<IpcConnection*, std::shared_ptr<IpcConnection>> clients_;
};

}  // namespace quarry::rpc
