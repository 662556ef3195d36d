#pragma once
/// \file
/// How much of what peers sent is still being worked on. What is over the bound stays in the peer's socket:
/// a full queue pushes back on the peer that fills it.

#include <cstddef>
#include <functional>
#include <memory>

namespace quarry::net {

/// Keeps a message's bytes counted against its peer. Copies count once; any thread may drop the last.
using Hold = std::shared_ptr<const void>;

/// Counts bytes and messages of one peer, or of all of them. take() and full() are for the loop thread;
/// the counts are given back on any thread.
class InboundBudget : public std::enable_shared_from_this<InboundBudget> {
 public:
  /// `on_room` is called, on any thread, when it was full and is no longer; it must not block.
  static std::shared_ptr<InboundBudget> make(std::size_t max_bytes, std::size_t max_messages,
                                             std::shared_ptr<InboundBudget> parent,
                                             std::function<void()> on_room);
  ~InboundBudget();

  /// Counts one message. It may pass the bound: what was read has to go somewhere.
  Hold take(std::size_t bytes);
  /// True when nothing more should be read, here or in the parent.
  bool full() const;

 private:
  struct State;
  struct Ticket;
  explicit InboundBudget(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace quarry::net
