#pragma once
/// \file
/// What the sync machines want done. They own no socket, thread, disk or clock: events go in, actions come
/// out, and the answer to an action comes back as an event (see sync.hpp for which).

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "consensus/fast_block.hpp"
#include "core/block.hpp"
#include "core/block_id.hpp"
#include "core/receipt.hpp"
#include "storage/state_sync_store.hpp"

namespace quarry::sync {

/// Names a connected peer; never used again for another one while the process lives.
using PeerKey = std::uint64_t;
/// Names one piece of work for the chain thread; counted from 1.
using JobId = std::uint64_t;

/// The time, passed in with every event. `steady` counts from any fixed moment and never goes back;
/// `unix` is the system clock's, which may be wrong.
struct Now {
  std::chrono::milliseconds steady{0};
  std::chrono::milliseconds unix{0};
};

/// eth/63 GetBlockHeaders: `amount` headers from `from`, leaving out `skip` between two, upwards or
/// downwards.
struct HeaderQuery {
  std::variant<BlockHash, BlockNum> from;
  std::uint64_t amount = 1;
  std::uint64_t skip = 0;
  bool reverse = false;
  friend bool operator==(const HeaderQuery&, const HeaderQuery&) = default;
};

// ---- for the network. At most one request of each kind is under way to a peer, since eth/63's answers
// ---- do not say what they answer.

/// Answered by Sync::on_headers.
struct RequestHeaders {
  PeerKey peer;
  HeaderQuery query;
};
/// Answered by Sync::on_bodies.
struct RequestBodies {
  PeerKey peer;
  std::vector<BlockHash> hashes;
};
/// Answered by Sync::on_receipts.
struct RequestReceipts {
  PeerKey peer;
  std::vector<BlockHash> hashes;
};
/// Answered by Sync::on_nodes. Hashes of trie nodes and of code.
struct RequestNodes {
  PeerKey peer;
  std::vector<Hash256> hashes;
};
/// Disconnect the peer. `why` is one line: the field and both values. Already logged.
struct Drop {
  PeerKey peer;
  std::string why;
};
/// Send a NewBlock to each of `peers`.
struct AnnounceBlock {
  std::shared_ptr<const Block> block;
  TotalDifficulty total_difficulty;
  std::vector<PeerKey> peers;
};
/// Send a NewBlockHashes with this one entry to each of `peers`.
struct AnnounceHash {
  BlockId id;
  std::vector<PeerKey> peers;
};

// ---- for the chain thread, in the order they come. Each is answered by Sync::on_job.

/// Chain::insert_headers: linked, ascending.
struct InsertHeaders {
  JobId job;
  std::vector<SealedHeader> headers;
};
/// Chain::insert_blocks: linked, ascending.
struct InsertBlocks {
  JobId job;
  std::vector<Block> blocks;
};
/// Chain::insert_fast_blocks: their headers are in already.
struct InsertFastBlocks {
  JobId job;
  std::vector<FastBlock> blocks;
};
/// StateSyncStore::write.
struct WriteState {
  JobId job;
  StateWrites writes;
};
/// Chain::finish_fast_sync.
struct FinishFastSync {
  JobId job;
  BlockId pivot;
};

using Action =
    std::variant<RequestHeaders, RequestBodies, RequestReceipts, RequestNodes, Drop, AnnounceBlock,
                 AnnounceHash, InsertHeaders, InsertBlocks, InsertFastBlocks, WriteState, FinishFastSync>;
using Actions = std::vector<Action>;

/// How a job ended.
struct JobResult {
  JobId job = 0;
  /// Items, from the first on, that are in now (inserted, or known before). Not used for WriteState.
  std::size_t done = 0;
  struct Bad {
    BlockId id;
    std::string why;  ///< the rule, the field and both values
  };
  /// Item `done` broke a rule: whoever sent it lied.
  std::optional<Bad> bad;
  /// Item `done` is only too early by our clock; `bad` may say more.
  bool future = false;
  /// The disk or the node itself failed: nobody is to blame, nothing more is to be tried.
  std::optional<Error> error;
};

}  // namespace quarry::sync
