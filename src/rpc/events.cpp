#include "rpc/events.hpp"

#include <pthread.h>

#include <algorithm>

#include "core/log.hpp"
#include "rpc/event_texts.hpp"

namespace quarry::rpc {
namespace {

constexpr std::chrono::milliseconds kIdle{1000};
/// Transactions told at once: one take() a listener.
constexpr std::size_t kMostAtOnce = 512;

/// From one head to another: what has to be taken back, newest first, and what was added, oldest first.
struct Path {
  std::vector<BlockId> removed, added;
  bool complete = false;
};

/// False when the header is gone: the chain was set back.
bool to_parent(const ChainReader& reader, BlockId& id) {
  const auto header = id.number == 0 ? std::nullopt : reader.header(id);
  if (!header) return false;
  id = {id.number - 1, (*header)->parent_hash};
  return true;
}

Path path_between(const ChainReader& reader, BlockId from, BlockId to) {
  Path out;
  while (from != to) {
    if (from.number >= to.number) {
      out.removed.push_back(from);
      if (!to_parent(reader, from)) return out;
      if (from.number >= to.number) continue;
    }
    if (from == to) break;
    while (to.number > from.number) {
      out.added.push_back(to);
      if (!to_parent(reader, to)) return out;
    }
  }
  std::reverse(out.added.begin(), out.added.end());
  out.complete = true;
  return out;
}

}  // namespace

Events::Events(const ChainReader& reader) : reader_(reader), at_(reader.head()) {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "events");
    run();
  });
}

Events::~Events() {
  stop();
}

void Events::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  told_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Events::set_sync_source(std::function<std::optional<SyncProgress>()> source) {
  const std::lock_guard lock(mutex_);
  sync_source_ = std::move(source);
}

void Events::set_on_step(std::size_t place, std::function<void()> on_step) {
  const std::lock_guard lock(mutex_);
  on_step_.at(place) = std::move(on_step);
}

void Events::on_head(const HeadEvent& event) {
  const bool jump = event.added.empty() && event.added_count > 0;
  {
    const std::lock_guard lock(mutex_);
    Move move{++number_, event.after.id(), jump, {}};
    if (wanted(Interest::Kind::logs)) move.erased = event.erased;
    if (listeners_.empty() && moves_.empty()) {
      at_ = move.to;
    } else if (moves_.size() < kMostMoves || jump || moves_.back().jump || !move.erased.empty() ||
               !moves_.back().erased.empty()) {
      moves_.push_back(std::move(move));
    } else {
      moves_.back() = std::move(move);  // the way there is found from the store
    }
  }
  wake_.notify_one();
}

void Events::on_new_txns(const std::vector<TxnRef>& txns) {
  if (!wanted(Interest::Kind::txn_hashes) && !wanted(Interest::Kind::txns)) return;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& txn : txns) txns_.push_back({++number_, txn});
    for (; txns_.size() > kMostTxns; ++lost_txns_) txns_.pop_front();
  }
  wake_.notify_one();
}

void Events::add(std::shared_ptr<Listener> listener) {
  ++counts_[static_cast<std::size_t>(listener->interest().kind)];
  const std::lock_guard lock(mutex_);
  listener->since_ = number_;
  listeners_.push_back(std::move(listener));
}

void Events::remove(const Listener& listener) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(listeners_.begin(), listeners_.end(),
                                  [&](const auto& entry) { return entry.get() == &listener; });
  if (found == listeners_.end()) return;
  --counts_[static_cast<std::size_t>(listener.interest().kind)];
  listeners_.erase(found);
}

void Events::catch_up() {
  const auto head = reader_.head();
  std::unique_lock lock(mutex_);
  told_.wait_for(lock, kIdle, [&] {
    return stopping_ || ((at_ == head || at_.number > head.number) && txns_.empty() && !telling_txns_);
  });
}

Events::Listeners Events::listeners_of(std::uint64_t event) const {
  Listeners out;
  for (const auto& listener : listeners_)
    if (listener->since_ < event) out.push_back(listener);
  return out;
}

void Events::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (moves_.empty() && txns_.empty()) {
      wake_.wait_for(lock, kIdle, [&] { return stopping_ || !moves_.empty() || !txns_.empty(); });
    }
    if (stopping_) return;
    const auto txns = std::exchange(txns_, {});
    telling_txns_ = !txns.empty();
    const auto lost = std::exchange(lost_txns_, 0);
    std::optional<Move> move;
    if (!moves_.empty()) move = moves_.front();
    const auto listeners = move ? listeners_of(move->number) : Listeners{};
    lock.unlock();
    if (lost > 0) log_warn("Pending transactions came too fast to be told to subscribers", {{"lost", lost}});
    if (!txns.empty()) tell_txns(txns);
    if (move) tell_move(*move, listeners);
    if (wanted(Interest::Kind::syncing)) tell_syncing();
    step();
    lock.lock();
    telling_txns_ = false;
    if (move) {
      moves_.pop_front();
      at_ = move->to;
    }
    told_.notify_all();
  }
}

void Events::step() {
  std::unique_lock lock(mutex_);
  const auto calls = on_step_;
  lock.unlock();
  for (const auto& call : calls)
    if (call) call();
}

void Events::tell_move(const Move& move, const Listeners& listeners) {
  if (listeners.empty()) return;
  if (move.jump) {
    EventTexts texts(reader_, move.to);
    for (const auto& listener : listeners)
      if (listener->interest().kind != Interest::Kind::logs) texts.tell(*listener, false);
    return;
  }
  for (const auto& block : move.erased) {
    EventTexts texts(reader_, block);
    for (const auto& listener : listeners)
      if (listener->interest().kind == Interest::Kind::logs) texts.tell(*listener, true);
    step();
  }
  if (!move.erased.empty()) return;
  const auto path = path_between(reader_, at_, move.to);
  if (!path.complete) return;
  for (const auto& id : path.removed) tell_block(id, true, listeners);
  for (const auto& id : path.added) tell_block(id, false, listeners);
}

void Events::tell_block(const BlockId& id, bool removed, const Listeners& listeners) {
  EventTexts texts(reader_, id);
  for (const auto& listener : listeners) texts.tell(*listener, removed);
  step();
}

void Events::tell_txns(const std::deque<NewTxn>& txns) {
  for (std::size_t first = 0; first < txns.size(); first += kMostAtOnce) {
    const std::size_t last = std::min(first + kMostAtOnce, txns.size());
    Listeners listeners;
    {
      const std::lock_guard lock(mutex_);
      listeners = listeners_of(txns[last - 1].number);
    }
    TxnTexts texts;
    for (const auto& listener : listeners) {
      std::vector<TxnRef> heard;
      for (std::size_t i = first; i < last; ++i)
        if (listener->since_ < txns[i].number) heard.push_back(txns[i].txn);
      texts.tell(*listener, heard);
    }
    step();
  }
}

void Events::tell_syncing() {
  std::unique_lock lock(mutex_);
  const auto source = sync_source_;
  lock.unlock();
  const auto progress = source ? source() : std::nullopt;
  if (progress.has_value() == syncing_told_) return;
  syncing_told_ = progress.has_value();
  const std::vector<EventText> text{
      EventText(progress ? R"({"syncing":true,"status":)" + syncing_view(*progress) + "}" : "false")};
  lock.lock();
  const auto listeners = listeners_;
  lock.unlock();
  for (const auto& listener : listeners)
    if (listener->interest().kind == Interest::Kind::syncing) listener->take(text, 0);
}

}  // namespace quarry::rpc
