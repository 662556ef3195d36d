#pragma once
/// \file
/// One synchronisation with one followed peer: its head, the common ancestor, then headers, bodies and,
/// in fast mode, receipts and the pivot's state, each ahead of the chain thread within bounds.
/// Owner: Sync. Sync thread only.

#include <map>
#include <optional>
#include <string>

#include "consensus/ancestor.hpp"
#include "consensus/body_sync.hpp"
#include "consensus/fast_state.hpp"
#include "consensus/header_sync.hpp"
#include "consensus/sync_context.hpp"

namespace quarry::sync {

/// Fast sync executes so many of the last blocks itself: geth's fsMinFullBlocks.
inline constexpr BlockNum kFullBlocks = 64;
/// Any peer serves the states of its last 128 blocks (geth's pruning leaves so many); a pivot further behind
/// than that is moved.
inline constexpr BlockNum kStalePivot = 2 * kFullBlocks;
/// Jobs of one kind that the chain thread has at once: one to do, one to go on with.
inline constexpr std::size_t kJobsAhead = 2;
inline constexpr std::size_t kHeadersAJob = 2'048;
inline constexpr std::size_t kBlocksAJob = 512;
inline constexpr std::size_t kBytesAJob = std::size_t{8} << 20;
/// Below the pivot a job is stored in one piece, and large pieces cost less.
inline constexpr std::size_t kFastBlocksAJob = 4'096;
inline constexpr std::size_t kFastBytesAJob = std::size_t{16} << 20;
/// Nothing that is complete waits longer for more.
inline constexpr Millis kLongestGather{1'000};

/// How a cycle ended.
struct CycleEnd {
  enum class Kind : std::uint8_t {
    done,       ///< at the followed peer's head, or it was no better than ours
    again,      ///< nothing is wrong: choose a peer and begin anew at once
    failed,     ///< it did not work out: the peer is not followed for a while
    lie,        ///< the peer is to be dropped
    node_fault  ///< our own disk: sync stops
  } kind;
  std::string why = {};
  bool our_clock = false;  ///< failed, and not the peer is to blame but maybe our clock
  bool fast_over = false;  ///< fast mode has done its part: the rest is full import
};

class Cycle {
 public:
  Cycle(Context& context, std::uint64_t number, const Peer& master, Mode mode);
  ~Cycle();

  void on_headers(Peer& peer, const Request& request, std::vector<SealedHeader> headers);
  void on_bodies(Peer& peer, const Request& request, std::vector<PackedBody> bodies);
  void on_receipts(Peer& peer, const Request& request, std::vector<PackedReceipts> receipts);
  void on_nodes(Peer& peer, const Request& request, std::vector<Bytes> nodes);
  /// A request of this cycle came to nothing: the peer was silent, or is gone.
  void on_lapsed(PeerKey peer, const Request& request);
  void on_peer_gone(PeerKey peer);
  void on_job(const JobResult& result);
  /// Asks and imports whatever can be, now. Call it after every event.
  void pump();

  const std::optional<CycleEnd>& end() const { return end_; }
  /// What was fetched and not yet handed to the chain thread, when it is worth keeping.
  void close();

  std::uint64_t number() const { return number_; }
  PeerKey master() const { return master_; }
  Mode mode() const { return mode_; }
  const std::optional<SealedHeader>& head() const { return head_; }
  bool has_job(JobId job) const { return jobs_.contains(job); }
  void show(SyncProgress& progress) const;

 private:
  enum class JobKind : std::uint8_t { headers, blocks, fast_blocks, finish };
  struct Job {
    JobKind kind;
    std::size_t items;
    BlockNum last;
  };

  void finish(CycleEnd::Kind kind, std::string why = {});
  void judge(Peer& peer, Ask ask, Judgement judgement);
  Peer* idle_master();
  void on_head_header(const Peer& peer, const std::vector<SealedHeader>& headers);
  void begin_download(const BlockId& ancestor);
  void choose_pivot();
  bool is_reorg() const;

  void pump_questions();
  void pump_headers();
  void pump_full();
  void pump_fast();
  void queue_fast_bodies();
  void pump_bodies_jobs();
  void pump_fast_jobs();
  void hand_over_fast();
  void ask_headers();
  void ask_bodies(Ask what);
  void check_stale_pivot();
  void check_stuck();
  void check_finished();
  std::size_t jobs_of(JobKind kind) const;
  JobId add_job(JobKind kind, std::size_t items, BlockNum last);
  std::string blamed(const JobResult& result) const;

  Context& context_;
  const std::uint64_t number_;
  const PeerKey master_;
  const Mode mode_;
  const PeerHead wanted_;  ///< the followed peer's head when the cycle began
  const bool exact_;

  bool question_asked_ = false;
  std::optional<SealedHeader> head_;
  std::optional<AncestorSearch> search_;
  std::optional<HeaderSync> headers_;
  std::optional<BodySync> bodies_;
  std::map<JobId, Job> jobs_;

  BlockNum start_ = 0;
  BlockNum headers_in_ = 0;  ///< fast: the last header that the chain has
  BlockNum current_ = 0;     ///< the last block in, of the phase
  BlockNum next_body_ = 0;   ///< fast: the next one to queue
  BlockNum pivot_number_ = 0;
  Millis last_job_{0};  ///< fast: when blocks were handed over last
  std::optional<FastState> state_;
  bool finishing_ = false;
  std::optional<CycleEnd> end_;
};

}  // namespace quarry::sync
