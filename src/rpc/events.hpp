#pragma once
/// \file
/// What happens on the chain and in the pool, told to whoever asked: the source behind filters and
/// subscriptions. One thread reads the moved blocks from the store and makes the JSON of each event once.

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "consensus/chain.hpp"
#include "consensus/txpool.hpp"
#include "rpc/backend.hpp"
#include "rpc/log_filter.hpp"

namespace quarry::rpc {

/// An event's JSON, followed by what closes the notification it is sent in: made once, shared by all.
class EventText {
 public:
  /// Ends the object "params", the notification, and its line.
  static constexpr std::string_view kTail = "}}\n";
  EventText() = default;
  explicit EventText(std::string json)
      : text_(std::make_shared<const std::string>(std::move(json.append(kTail)))) {}
  std::string_view json() const { return std::string_view(*text_).substr(0, text_->size() - kTail.size()); }
  const std::shared_ptr<const std::string>& with_tail() const { return text_; }
  std::size_t size() const { return text_->size(); }

 private:
  std::shared_ptr<const std::string> text_;
};

/// What a listener wants to hear of.
struct Interest {
  enum class Kind : std::uint8_t {
    heads,         ///< headers of blocks that became canonical
    block_hashes,  ///< their hashes
    logs,          ///< logs of blocks that became canonical, or are so no longer
    txn_hashes,    ///< transactions that can run now
    txns,          ///< the same, whole
    syncing        ///< a sync began or ended
  };
  Kind kind = Kind::heads;
  LogFilter filter = {};                       ///< of logs
  std::optional<BlockNum> from = {}, to = {};  ///< only logs of these blocks; both included
};
inline constexpr std::size_t kInterestKinds = static_cast<std::size_t>(Interest::Kind::syncing) + 1;

/// One filter or subscription.
class Listener {
 public:
  explicit Listener(Interest interest) : interest_(std::move(interest)) {}
  virtual ~Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  const Interest& interest() const { return interest_; }
  /// Events of one block (or of none: `block` is then the head), in order. On the events' thread.
  virtual void take(const std::vector<EventText>& texts, BlockNum block) = 0;

 private:
  friend class Events;
  const Interest interest_;
  std::uint64_t since_ = 0;  ///< hears of what came after this
};

/// Thread-safe but where a function says otherwise.
class Events {
 public:
  /// Head moves that wait apart; what comes on top is laid together with the newest, losing no block.
  static constexpr std::size_t kMostMoves = 256;
  /// Transactions that wait to be told; of more the oldest are left out, with a line in the log.
  static constexpr std::size_t kMostTxns = 16384;

  /// `reader` outlives this.
  explicit Events(const ChainReader& reader);
  ~Events();

  /// From Chain::on_head, on the chain thread: takes note and returns.
  void on_head(const HeadEvent& event);
  /// From TxPool::on_new, on whatever thread.
  void on_new_txns(const std::vector<TxnRef>& txns);
  /// Asked about once a second while somebody listens to it. Before the first listener.
  void set_sync_source(std::function<std::optional<SyncProgress>()> source);
  /// Called on the events' thread after each block and each time it has been idle for a second. Before the
  /// first listener; null to end it.
  void set_on_step(std::size_t place, std::function<void()> on_step);

  void add(std::shared_ptr<Listener> listener);
  /// It may hear of one more event while this runs, not after.
  void remove(const Listener& listener);
  /// Waits until everything up to the chain's head was told, a second at most. Not on the events' thread.
  void catch_up();
  /// Ends the thread; nothing more is told. Safe to call twice.
  void stop();

 private:
  struct Move {
    std::uint64_t number = 0;  ///< of all events
    BlockId to;
    bool jump = false;                ///< not by blocks: the head of a fast sync
    std::vector<ErasedBlock> erased;  ///< gone from the store: what they logged is taken back
  };
  struct NewTxn {
    std::uint64_t number = 0;
    TxnRef txn;
  };
  using Listeners = std::vector<std::shared_ptr<Listener>>;

  void run();
  Listeners listeners_of(std::uint64_t event) const;
  bool wanted(Interest::Kind kind) const { return counts_[static_cast<std::size_t>(kind)] != 0; }
  void tell_move(const Move& move, const Listeners& listeners);
  void tell_block(const BlockId& id, bool removed, const Listeners& listeners);
  void tell_txns(const std::deque<NewTxn>& txns);
  void tell_syncing();
  void step();

  const ChainReader& reader_;
  std::function<std::optional<SyncProgress>()> sync_source_;
  std::array<std::function<void()>, 2> on_step_;
  std::array<std::atomic<std::size_t>, kInterestKinds> counts_{};

  mutable std::mutex mutex_;
  std::condition_variable wake_, told_;
  Listeners listeners_;
  std::deque<Move> moves_;
  std::deque<NewTxn> txns_;
  std::size_t lost_txns_ = 0;
  std::uint64_t number_ = 0;  ///< of the last event
  BlockId at_;                ///< everything up to here was told
  bool telling_txns_ = false;
  bool stopping_ = false;
  bool syncing_told_ = false;  ///< the events' thread only, as what follows
  std::thread thread_;
};

/// eth_syncing's object.
std::string syncing_view(const SyncProgress& progress);

}  // namespace quarry::rpc
