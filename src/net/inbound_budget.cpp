#include "net/inbound_budget.hpp"

#include <atomic>

namespace quarry::net {

struct InboundBudget::State {
  std::size_t max_bytes = 0;
  std::size_t max_messages = 0;
  std::shared_ptr<State> parent;
  std::function<void()> on_room;
  std::atomic<std::size_t> bytes{0};
  std::atomic<std::size_t> messages{0};

  bool full() const { return bytes.load() >= max_bytes || messages.load() >= max_messages; }
  void add(std::size_t count) {
    bytes += count;
    ++messages;
  }
  /// Whoever takes a count below its bound calls, and by what the subtraction itself found: looking before it
  /// would miss a message that was added in between, and then nobody would ever call.
  void give_back(std::size_t count) {
    const std::size_t bytes_before = bytes.fetch_sub(count);
    const std::size_t messages_before = messages.fetch_sub(1);
    const bool made_room =
        (bytes_before >= max_bytes && bytes_before - count < max_bytes) || messages_before == max_messages;
    if (made_room && !full() && on_room) on_room();
  }
};

/// What a Hold points to.
struct InboundBudget::Ticket {
  Ticket(std::shared_ptr<State> of, std::size_t count) : state(std::move(of)), bytes(count) {
    for (auto* s = state.get(); s != nullptr; s = s->parent.get()) s->add(bytes);
  }
  ~Ticket() {
    for (auto* s = state.get(); s != nullptr; s = s->parent.get()) s->give_back(bytes);
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  std::shared_ptr<State> state;
  std::size_t bytes;
};

std::shared_ptr<InboundBudget> InboundBudget::make(std::size_t max_bytes, std::size_t max_messages,
                                                   std::shared_ptr<InboundBudget> parent,
                                                   std::function<void()> on_room) {
  auto state = std::make_shared<State>();
  state->max_bytes = max_bytes;
  state->max_messages = max_messages;
  state->parent = parent ? parent->state_ : nullptr;
  state->on_room = std::move(on_room);
  return std::shared_ptr<InboundBudget>(new InboundBudget(std::move(state)));
}
InboundBudget::~InboundBudget() = default;

Hold InboundBudget::take(std::size_t bytes) {
  return std::make_shared<const Ticket>(state_, bytes);
}

bool InboundBudget::full() const {
  for (auto* s = state_.get(); s != nullptr; s = s->parent.get()) {
    if (s->full()) return true;
  }
  return false;
}

}  // namespace quarry::net
