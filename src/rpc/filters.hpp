#pragma once
/// \file
/// Filters: what happened since a client last asked. They belong to the node, not to a connection: HTTP
/// callers have none.

#include <chrono>
#include <map>

#include "rpc/events.hpp"
#include "rpc/json_rpc.hpp"

namespace quarry::rpc {

struct FilterLimits {
  /// A filter that nobody asks for so long is gone (geth: 5 min).
  std::chrono::milliseconds lifetime = std::chrono::minutes(5);
  /// Of one address; a page that is loaded again and again leaves its filters behind for five minutes.
  std::size_t most_per_owner = 1000;
  std::size_t most = 10'000;
  /// Addresses and topics that all filters look for together: 64 MiB at 32 bytes.
  std::size_t most_terms = std::size_t{2} << 20;
  /// Changes that wait to be asked for, each filter: those of five minutes at 33 a second.
  std::size_t most_changes = 10'000;
  /// Bytes of them: a log has some 600.
  std::size_t most_change_bytes = std::size_t{8} << 20;
  /// And of all filters together.
  std::size_t most_bytes = std::size_t{128} << 20;
};

/// "0x" and 32 random hex digits at most, without leading zeros: as geth's, nobody else can guess it.
std::string random_id();

/// Thread-safe.
class Filters {
 public:
  /// `events` outlives this.
  explicit Filters(Events& events, FilterLimits limits = {});
  ~Filters();

  /// A new filter's id. `query` is what eth_newFilter was given, for getFilterLogs; `owner` an IP address,
  /// empty for this machine's user.
  Expected<std::string, RpcError> add(Interest interest, const std::optional<LogQuery>& query,
                                      const std::string& owner);
  /// A JSON array of what came since the last call. When more came than is kept: once an error that says
  /// which blocks to read with eth_getLogs.
  Answer changes(const std::string& id);
  /// A log filter's query; nothing when there is no such filter.
  std::optional<LogQuery> query(const std::string& id);
  /// False when there is none.
  bool remove(const std::string& id);
  std::size_t size() const;
  /// Lets go of those that nobody asks; called by the events' thread.
  void expire();

 private:
  using Clock = std::chrono::steady_clock;
  class Filter;
  struct Entry {
    std::shared_ptr<Filter> filter;
    std::optional<LogQuery> query;
    std::string owner;
    std::size_t terms = 0;
    Clock::time_point asked;
  };
  using Entries = std::map<std::string, Entry>;
  Entries::iterator drop(Entries::iterator entry);
  std::shared_ptr<Filter> touch(const std::string& id);

  Events& events_;
  const FilterLimits limits_;
  std::atomic<std::size_t> bytes_{0};  ///< of all filters' changes
  mutable std::mutex mutex_;
  Entries entries_;
  std::map<std::string, std::size_t> owners_;
  std::size_t terms_ = 0;
  Clock::time_point expired_at_;
};

}  // namespace quarry::rpc
