#pragma once
/// \file
/// The state part of a fast sync: begins or resumes the download in the database, feeds StateSync, commits
/// what is complete, and tells about it.
/// Owner: Cycle. Sync thread only.

#include <map>
#include <optional>

#include "consensus/state_sync.hpp"
#include "consensus/sync_context.hpp"

namespace quarry::sync {

/// Complete nodes are committed after so long even when few, so that a kill costs little.
inline constexpr Millis kStateWriteEvery{1'000};
/// Walks from the root that may bring nothing before the state counts as gone.
inline constexpr unsigned kMostVainWalks = 2;

class FastState {
 public:
  FastState(Context& context, std::uint64_t cycle, const BlockId& pivot, const RootHash& root);

  Judgement on_nodes(Peer& peer, const Request& request, std::vector<Bytes> nodes);
  void on_lapsed(PeerKey peer, const Request& request);
  void on_peer_gone(PeerKey peer);
  bool has_job(JobId job) const { return jobs_.contains(job); }
  /// Its own jobs only.
  void on_job(const JobResult& result);
  void pump();
  /// Hands over what is complete, for a cycle that ends before the state is.
  void flush();

  bool done() const { return sync_ && sync_->done() && jobs_.empty(); }
  bool idle() const { return jobs_.empty(); }
  /// Why nobody can go on with this state; none while somebody may.
  std::optional<std::string> stuck();
  bool malformed() const { return sync_ && sync_->malformed(); }
  const BlockId& pivot() const { return pivot_; }
  std::uint64_t pulled() const { return record_.written; }
  std::uint64_t known() const {
    return record_.written + (sync_ ? sync_->stats().pending + sync_->unwritten() : 1);
  }

 private:
  void begin();
  void write(StateWrites writes);
  void tell(std::size_t count) const;
  bool asking() const;

  Context& context_;
  const std::uint64_t cycle_;
  const BlockId pivot_;
  const RootHash root_;
  StateSyncRecord record_;
  std::optional<StateSync> sync_;
  std::map<JobId, std::size_t> jobs_;  ///< with the nodes and codes in each
  std::uint64_t written_at_walk_ = 0;
  unsigned vain_walks_ = 0;  ///< from the root, in a row, that brought nothing to write
  Millis last_write_;
  Millis started_;
};

}  // namespace quarry::sync
