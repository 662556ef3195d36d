#pragma once
/// \file
/// Where a state that is being downloaded node by node goes: trie nodes by path, the flat accounts and slots
/// their leaves hold, and code by hash.
///
/// What makes a download resumable: a node is written only when everything below it is there (children before
/// parents, an account's storage and code before its leaf), and a node at a path that is to get another one
/// is erased before anything below it changes. So a node that is present, with the hash its parent names,
/// proves its whole subtree, nodes and flat entries alike; a walk from the root need not go below it.

#include <memory>
#include <optional>
#include <vector>

#include "core/block_id.hpp"
#include "core/expected.hpp"
#include "core/fixed_bytes.hpp"

namespace quarry {

class Batch;
class Database;

/// A place in the state: in the account trie, or in the storage trie of one account.
struct NodePath {
  std::optional<AddressHash> account;  ///< none: the account trie
  Bytes nibbles;                       ///< one a byte, from the trie's root; at most 64

  friend bool operator==(const NodePath&, const NodePath&) = default;
};

/// The meta record of a download that is not finished. While it is there the state tables hold neither the
/// genesis state nor the pivot's, and nobody may be served from them.
struct StateSyncRecord {
  BlockId pivot;
  RootHash root;
  /// The pivot moved at least once: paths may hold what an older pivot's state left.
  bool moved = false;
  std::uint64_t written = 0;  ///< nodes and codes committed so far, over restarts

  friend bool operator==(const StateSyncRecord&, const StateSyncRecord&) = default;
};

/// As the meta table holds it.
std::optional<StateSyncRecord> decode_state_sync_record(ByteView bytes);

/// One atomic step of the download.
struct StateWrites {
  struct Node {
    NodePath path;
    Bytes rlp;
  };
  struct Code {
    CodeHash hash;
    Bytes code;
  };
  /// Empties nodes, accounts and slots first: the genesis state goes when a download begins.
  bool wipe = false;
  std::vector<NodePath> erased;
  std::vector<Node> nodes;
  std::vector<Code> codes;
  /// The record after this step; none: it stays as it is.
  std::optional<StateSyncRecord> record;
};

/// What the sync machine asks before it requests a node. Called on the sync thread only.
class StateSyncReader {
 public:
  virtual ~StateSyncReader() = default;
  virtual std::optional<StateSyncRecord> record() const = 0;
  /// Keccak-256 of the node at `path`, if there is one.
  virtual std::optional<Hash256> node_hash(const NodePath& path) const = 0;
  virtual bool has_code(const CodeHash& hash) const = 0;
};

/// The same over the database, and the writer. Reads on any thread, `write` on the chain thread.
class StateSyncStore final : public StateSyncReader {
 public:
  explicit StateSyncStore(Database& database);
  ~StateSyncStore() override;

  std::optional<StateSyncRecord> record() const override;
  std::optional<Hash256> node_hash(const NodePath& path) const override;
  bool has_code(const CodeHash& hash) const override;

  /// Commits one step in one batch: nodes, the flat entries of the leaves among them, codes, the record.
  /// Fails when the disk does, or when a node is none (its bytes were checked by hash, not by form).
  Result<> write(const StateWrites& writes);

 private:
  Database& database_;
};

/// The download is complete: goes into the batch that makes the pivot the head block.
void end_state_sync(Batch& batch);

}  // namespace quarry
