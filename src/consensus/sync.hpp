#pragma once
/// \file
/// Block synchronisation of a full node that speaks eth/63 or later: which peer to follow, what to ask whom,
/// what to import, what to tell others. Sans-IO: it is driven by events, and answers each with actions.
///
/// Owner and thread: everything here belongs to the sync thread; only what is named thread-safe may be called
/// from elsewhere. Reads through ChainReader and StateSyncReader happen inside the calls.
///
/// | action                                     | done by      | answered by                               |
/// |--------------------------------------------|--------------|-------------------------------------------|
/// | RequestHeaders                             | net loop     | on_headers: as they came, also when empty |
/// | RequestBodies                              | net loop     | on_bodies                                 |
/// | RequestReceipts                            | net loop     | on_receipts                               |
/// | RequestNodes                               | net loop     | on_nodes                                  |
/// | Drop                                       | net loop     | on_peer_gone, once closed; harmless twice |
/// | AnnounceBlock, AnnounceHash                | net loop     | nothing                                   |
/// | InsertHeaders, -Blocks, -FastBlocks        | chain thread | on_job, in order                          |
/// | WriteState, FinishFastSync                 | chain thread | on_job, in order                          |
///
/// No request needs a timer outside: a request that stays unanswered is given up inside `tick`. Whether an
/// answer was asked for is judged here too; pass on whatever comes.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consensus/actions.hpp"

namespace quarry::sync {

enum class Mode : std::uint8_t { full, fast };

struct SyncConfig {
  Mode mode = Mode::fast;
  HeaderIdentity identity = HeaderIdentity::keccak_rlp;
  std::uint64_t seed = 1;  ///< which peers get a block whole; any number
};

/// Where the chain stands in the database. Called on the sync thread; every answer is as committed by the
/// jobs whose `on_job` was called, or newer. StoredChain (stored_chain.hpp) is the one over storage.
class ChainReader {
 public:
  virtual ~ChainReader() = default;
  /// The last header, the last executed block, and the last block with body and receipts.
  struct Heads {
    BlockId header, block, fast_block;
  };
  virtual Heads heads() const = 0;
  virtual std::optional<BlockHash> canonical_hash(BlockNum number) const = 0;
  virtual std::optional<SealedHeader> header(const BlockHash& hash) const = 0;
  virtual std::optional<TotalDifficulty> total_difficulty(const BlockId& id) const = 0;
  /// Header and body are there, on any branch.
  virtual bool has_body(const BlockId& id) const = 0;
};

/// What a peer's Status said.
struct PeerHead {
  BlockHash hash;
  TotalDifficulty total_difficulty;
  std::string name;  ///< for the log: the first 16 hex digits of its node id
};

/// The chain has a new head block. From Chain::on_head, in order.
struct HeadChange {
  BlockId head;
  TotalDifficulty total_difficulty;
  /// The blocks that became canonical, ascending; the last is the head. Blocks of a long import may be left
  /// out.
  std::vector<std::shared_ptr<const Block>> added;
};

enum class Phase : std::uint8_t { idle, finding_ancestor, headers, bodies, state, blocks };
const char* to_string(Phase phase);

/// What eth_syncing shows.
struct SyncProgress {
  Phase phase = Phase::idle;  ///< idle: eth_syncing is false
  BlockNum starting_block = 0;
  BlockNum current_block = 0;  ///< of the phase: last header, body or block imported
  BlockNum highest_block = 0;
  std::uint64_t pulled_states = 0;
  std::uint64_t known_states = 0;
  BlockNum pivot = 0;  ///< 0: none
};

enum class AnswerKind : std::uint8_t { bodies, receipts };

class Sync {
 public:
  /// The references stay valid for the machine's life.
  Sync(const SyncConfig& config, const ChainReader& chain, const StateSyncReader& state);
  ~Sync();
  Sync(const Sync&) = delete;
  Sync& operator=(const Sync&) = delete;

  /// A peer passed the Status exchange (same network, genesis, version).
  [[nodiscard]] Actions on_peer(PeerKey peer, PeerHead head, Now now);
  [[nodiscard]] Actions on_peer_gone(PeerKey peer, Now now);

  [[nodiscard]] Actions on_headers(PeerKey peer, std::vector<SealedHeader> headers, Now now);
  /// An answer came that takes time to be read: the peer is asked on meanwhile. on_bodies() or on_receipts()
  /// follows, in the order of the arrivals of a kind.
  [[nodiscard]] Actions on_arrival(PeerKey peer, AnswerKind kind, Now now);
  [[nodiscard]] Actions on_bodies(PeerKey peer, std::vector<PackedBody> bodies, Now now);
  [[nodiscard]] Actions on_receipts(PeerKey peer, std::vector<PackedReceipts> receipts, Now now);
  [[nodiscard]] Actions on_nodes(PeerKey peer, std::vector<Bytes> nodes, Now now);
  [[nodiscard]] Actions on_new_block(PeerKey peer, Block block, TotalDifficulty total_difficulty, Now now);
  [[nodiscard]] Actions on_new_hashes(PeerKey peer, std::vector<BlockId> ids, Now now);

  [[nodiscard]] Actions on_job(JobResult result, Now now);
  [[nodiscard]] Actions on_head(HeadChange change, Now now);
  /// Call it at least four times a second.
  [[nodiscard]] Actions tick(Now now);

  /// Thread-safe, as is all that follows.
  SyncProgress progress() const;
  /// True while a fast sync is under way or half done: then no block may be mined or executed on our head.
  bool fast_sync_pending() const;
  /// True as long as a fast sync is pending or will be with the first peer: the state is not here yet.
  bool needs_state() const;
  /// True while the first sync since the start is under way, from its first question until it ended well or
  /// ill: a miner waits for it, as geth's does, for what it found would lie beside the chain to come.
  bool first_sync_running() const;
  /// The peer's head as we know it now: what admin.peers shows. Nothing for an unknown peer. Thread-safe.
  std::optional<PeerHead> peer_head(PeerKey peer) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quarry::sync
