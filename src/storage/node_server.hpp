#pragma once
/// \file
/// Answers eth/63 GetNodeData for one peer: trie nodes and code by hash.

#include <memory>
#include <optional>

#include "core/fixed_bytes.hpp"
#include "storage/database.hpp"

namespace quarry {

/// States of so many blocks below the head can be asked for. geth up to 1.7 draws its pivot from the blocks
/// 64 to 320 below the head and asks for its state only once every block up to it is there; 700 more may come
/// meanwhile. (Later ones take a pivot of 64 and count on 128 states.) Opening a state costs what has changed
/// since.
inline constexpr std::uint64_t kServedStates = 1024;

/// The tables keep nodes by path, and peers ask by hash. A peer learns a node's hash from the node above it,
/// which we served; so what was served tells where the rest is. It starts from the root of one of the last
/// kServedStates canonical blocks.
///
/// One a session; used by one thread at a time (a worker: it reads the disk). Cheap while not asked.
class NodeServer {
 public:
  /// Hashes whose place is remembered, some 120 bytes each. A peer that walks depth first needs a few
  /// thousand; those that were served go first.
  static constexpr std::size_t kMostPlaces = std::size_t{1} << 17;

  /// `database` outlives this.
  explicit NodeServer(const Database& database);
  ~NodeServer();
  NodeServer(NodeServer&&) noexcept;

  /// The bytes whose Keccak-256 is `hash`: a node's RLP, or code; nothing when it isn't here or its place is
  /// unknown.
  std::optional<Bytes> get(const Hash256& hash);
  /// Lets go of the state that is being served (a snapshot, and the tries over it): when the peer has been
  /// quiet for a while, so that old data can be compacted away. It may go on asking from a root.
  void release();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quarry
