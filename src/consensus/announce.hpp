#pragma once
/// \file
/// Single new blocks: what peers announce is fetched, checked against its header and imported when it
/// continues what we have; what becomes our head is announced to those who do not know it.
/// Owner: Sync. Sync thread only.

#include <map>
#include <optional>
#include <random>
#include <vector>

#include "consensus/sync_context.hpp"

namespace quarry::sync {

/// A block announced by hash is asked for when it has not come whole by then.
inline constexpr Millis kArriveWait{100};
/// Announced hashes that are being fetched for one peer; more are not looked at.
inline constexpr std::size_t kFetchesAPeer = 64;
/// Blocks so far below or above our head are of no interest here: geth's maxUncleDist and maxQueueDist.
inline constexpr BlockNum kMostBelowHead = 7;
inline constexpr BlockNum kMostAboveHead = 32;
/// Blocks that wait for their parent, for the chain thread or for their time; and their bytes.
inline constexpr std::size_t kHeldBlocks = 128;
inline constexpr std::size_t kHeldBytes = std::size_t{64} << 20;
inline constexpr Millis kHeldFor{60'000};
/// Blocks further ahead of our clock are refused.
inline constexpr Timestamp kMostFuture = 30;
/// A head that moves by more blocks is announced by its last one only.
inline constexpr std::size_t kAnnouncedAtOnce = 8;

class Announcer {
 public:
  explicit Announcer(Context& context) : context_(context), random_(context.config.seed) {}

  /// `holding`: there is a state to execute on, so that single blocks near our head are kept, for now or
  /// for when the synchronisation under way is over.
  void on_new_block(Peer& peer, Block block, const TotalDifficulty& total_difficulty, bool holding);
  void on_new_hashes(Peer& peer, const std::vector<BlockId>& ids, bool holding);
  void on_headers(Peer& peer, const Request& request, std::vector<SealedHeader> headers);
  void on_bodies(Peer& peer, const Request& request, std::vector<PackedBody> bodies);
  void on_lapsed(PeerKey peer, const Request& request);
  void on_peer_gone(PeerKey peer);
  bool has_job(JobId job) const { return import_ && import_->job == job; }
  /// A fault of our own disk, if that is how its job ended.
  std::optional<Error> on_job(const JobResult& result);
  /// `importing`: no synchronisation is under way, so that they are imported.
  void pump(bool holding, bool importing);

  /// Tells peers of new head blocks.
  void announce(const HeadChange& change);
  void announce_hash(const BlockId& head);
  /// The block is here or on its way, and so is all that links it to our chain.
  bool covers(const BlockHash& hash) const;
  bool importing() const { return import_.has_value(); }

 private:
  struct Held {
    std::shared_ptr<const Block> block;
    PeerKey from = 0;
    std::size_t bytes = 0;
    Millis since{0}, not_before{0};
  };
  struct Fetch {
    BlockId id;
    std::vector<PeerKey> from;
    Millis due{0};
    std::optional<PeerKey> asked;
    std::optional<SealedHeader> header;
  };
  struct Import {
    JobId job = 0;
    std::vector<Held> blocks;
  };
  using HeldMap = std::map<BlockId, Held>;  // by height

  void hold(std::shared_ptr<const Block> block, PeerKey from, Millis not_before);
  const Held* held(const BlockHash& hash) const;
  bool in_import(const BlockHash& hash) const;
  bool of_interest(BlockNum number) const;
  bool refuse_future(const Peer& peer, const SealedHeader& header);
  bool difficulty_fits(Peer& peer, const Block& block, const TotalDifficulty& total_difficulty);
  void suggest(Peer& peer, const BlockId& id);
  void pump_fetches();
  void ask(Fetch& fetch);
  void pump_import();
  void prune();
  void release(HeldMap::iterator it);
  std::vector<PeerKey> unaware(const BlockHash& hash);

  Context& context_;
  std::mt19937_64 random_;
  HeldMap held_;
  std::size_t held_bytes_ = 0;
  bool importing_ = false;
  std::map<BlockHash, Fetch> fetches_;
  std::optional<Import> import_;
};

}  // namespace quarry::sync
