#pragma once
/// \file
/// Downloads one state, node by node, from its root down; gives out what is complete, from the leaves up.
/// Owner: the running cycle's Sync. Sync thread only.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "consensus/header_sync.hpp"
#include "storage/state_sync_store.hpp"

namespace quarry::sync {

/// Hashes a message: what geth asks for at most.
inline constexpr std::size_t kNodesAsked = 384;
/// Complete nodes and codes that wait to be committed; above it nothing more is asked for. (A node has at
/// most 532 bytes of RLP unless its value is long, a code 24 KiB.)
inline constexpr std::size_t kNodesUnwritten = 16'384;
inline constexpr std::size_t kBytesUnwritten = std::size_t{32} << 20;
/// Nodes and codes in one WriteState.
inline constexpr std::size_t kNodesAWrite = 4'096;

/// What the log line "Imported new state entries" and eth_syncing show.
struct StateSyncStats {
  std::uint64_t fetched = 0;     ///< nodes and codes that came and were asked for
  std::uint64_t pending = 0;     ///< known and not there yet
  std::uint64_t retry = 0;       ///< asked for again
  std::uint64_t duplicate = 0;   ///< there already, when they came or when the walk met them
  std::uint64_t unexpected = 0;  ///< hash to nothing that was asked for
};

/// The deepest nodes are asked for first, so that what waits for its children stays few: at most one path
/// with its siblings per request under way.
///
/// A peer that keeps its nodes by path finds a node by hash only below what it served before; so each node
/// is asked for, as long as possible, where its parent came from.
class StateSync {
 public:
  /// `nothing_there`: the database has no node, so none is looked for in it until walk_again().
  StateSync(const StateSyncReader& store, const BlockId& pivot, const RootHash& root,
            bool nothing_there = false);
  ~StateSync();

  std::optional<Request> next(PeerKey peer);
  /// lacking with text: the peer had none of it. lie: something else than was asked for, or a node that is
  /// none (then `malformed()` tells).
  Judgement on_nodes(PeerKey peer, const Request& request, std::vector<Bytes> nodes);
  void give_back(PeerKey peer, const Request& request);
  void forget(PeerKey peer);
  /// A wanted node that all of `peers` were asked for in vain.
  std::optional<Hash256> nobody_has(const std::vector<PeerKey>& peers) const;
  /// Begins again from the root, keeping what was handed out: only once that is committed.
  void walk_again();

  /// What is complete: children before parents, erased paths first. Fewer than kNodesAWrite are kept back
  /// unless `all`. Hand them to the chain thread in this order.
  std::optional<StateWrites> take(bool all);
  std::size_t unwritten() const { return ready_.nodes.size() + ready_.codes.size(); }
  /// Everything was handed out by take().
  bool done() const { return items_.empty() && unwritten() == 0 && ready_.erased.empty(); }
  /// The state itself is broken: its root commits to something that is no trie.
  bool malformed() const { return malformed_; }

  const BlockId& pivot() const { return pivot_; }
  const RootHash& root() const { return root_; }
  const StateSyncStats& stats() const { return stats_; }

 private:
  using ItemId = std::uint64_t;
  /// A node or code that is wanted, or that waits for what is below it.
  struct Item {
    NodePath path;
    Hash256 hash;
    bool is_code = false;
    std::optional<ItemId> parent;
    std::size_t missing = 0;  ///< children that are not complete
    Bytes rlp;
  };
  /// All items of one hash; asked for once.
  struct Wanted {
    std::vector<ItemId> items;
    unsigned depth = 0;
    PeerKey source = 0;  ///< who gave the parent; 0: nobody, or it is gone
    bool asked = false;
    std::vector<PeerKey> lacks;
  };
  using Order = std::set<std::pair<unsigned, Hash256>, std::greater<>>;

  struct Child;
  struct Children;
  bool wants(const Wanted& wanted, PeerKey peer) const;
  void ask_from(Order& order, PeerKey peer, Request& request);
  void want(Item item, PeerKey source);
  void enqueue(const Hash256& hash, const Wanted& wanted);
  void dequeue(const Hash256& hash, const Wanted& wanted);
  bool accept(const Hash256& hash, Bytes bytes, PeerKey peer);
  bool expand(ItemId id, const Bytes& bytes, PeerKey peer);
  bool is_there(const Item& item);
  void complete(ItemId id);
  void start();

  std::optional<Hash256> stored_hash(const NodePath& path) const {
    return nothing_there_ ? std::nullopt : store_.node_hash(path);
  }

  const StateSyncReader& store_;
  bool nothing_there_;
  BlockId pivot_;
  RootHash root_;
  ItemId last_item_ = 0;
  std::unordered_map<ItemId, Item> items_;
  std::unordered_map<Hash256, Wanted> wanted_;
  /// Not asked for now, deepest first: by the peer their parent came from, 0 for those of nobody.
  std::map<PeerKey, Order> open_;
  StateWrites ready_;
  std::size_t ready_bytes_ = 0;
  std::unordered_set<Hash256> codes_handed_out_;  ///< maybe not committed yet
  StateSyncStats stats_;
  bool malformed_ = false;
};

}  // namespace quarry::sync
