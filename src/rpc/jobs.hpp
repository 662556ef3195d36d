#pragma once
/// \file
/// Runs messages where their methods belong, and brings the answers back to the loop.

#include <functional>

#include "core/worker_pool.hpp"
#include "net/loop.hpp"
#include "rpc/answer_cache.hpp"
#include "rpc/dispatcher.hpp"

namespace quarry::rpc {

/// Loop thread.
class Jobs {
 public:
  /// Called once, on the loop, with the answer's text; empty when there is nothing to answer.
  using Done = std::function<void(std::string)>;

  Jobs(net::Loop& loop, const Dispatcher& dispatcher, unsigned workers, std::size_t most_queued);

  /// An answer that is known already: begin_answer() of the id, and the rest.
  struct Known {
    std::string_view id;  ///< within the message
    AnswerCache::Rest rest;
  };
  std::optional<Known> known(std::string_view message, const Caller& caller) const;

  /// Answers at once, inside the call, what is answered on the loop. `done` holds what it answers to
  /// weakly: it may come after that is gone, but not after this object is.
  void run(std::string message, const Caller& caller, Done done);
  /// The same for a message that known() has no answer to.
  void work_out(std::string message, const Caller& caller, Done done);
  /// Waits for what runs; drops the rest.
  void stop();

 private:
  /// A question whose answer is worth keeping, and the head it is asked about.
  struct Kept {
    std::uint64_t head = 0;
    std::string key, id;
  };
  std::optional<Kept> worth_keeping(std::string_view message, const Caller& caller) const;

  net::Loop& loop_;
  const Dispatcher& dispatcher_;
  WorkerPool workers_;
  WorkerPool waiting_;
  WorkerPool slow_;
  /// Shared with callbacks that are posted already.
  std::shared_ptr<AnswerCache> answers_ = std::make_shared<AnswerCache>();
};

}  // namespace quarry::rpc
