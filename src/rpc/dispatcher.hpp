#pragma once
/// \file
/// From requests to answers: finds the method, checks who may call it and with what, runs it.

#include <atomic>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "rpc/backend.hpp"
#include "rpc/modules.hpp"

namespace quarry::rpc {

struct Message;
struct Request;
struct Method;
enum class Where : std::uint8_t;

/// Thread-safe: any number of threads may answer messages at once.
class Dispatcher {
 public:
  /// What the backend points to outlives the dispatcher.
  explicit Dispatcher(const Backend& backend) : backend_(backend) {}

  /// Answers a message from beginning to end on the calling thread, which must not be the loop's. Empty
  /// when there is nothing to answer (notifications). The console calls this with `{Access::console}`.
  std::string call(std::string_view message, const Caller& caller) const;

  using Clock = std::chrono::steady_clock;
  /// The same in two steps: parse(), then, on the thread that where() says, answer(). `since` is when the
  /// message came.
  Message parse(std::string_view text) const;
  static Where where(const Message& message);
  std::string answer(const Message& message, const Caller& caller, Clock::time_point since) const;

  /// The server ends: methods that wait for something answer now.
  void stop() const { stopping_ = true; }

  /// ChainControl::head_mark().
  std::optional<std::uint64_t> head_mark() const { return backend_.chain.head_mark(); }

 private:
  void append(std::string& to, const Request& request, const Caller& caller, Clock::time_point until) const;

  Backend backend_;
  mutable std::atomic<bool> stopping_ = false;
};

/// An answer to a message that could not be taken up: an error with the id of its request, if it is one.
std::string error_answer(const Message& message, int code, std::string_view text);

}  // namespace quarry::rpc
