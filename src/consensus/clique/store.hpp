#pragma once
/// \file
/// Snapshots in the database.

#include "consensus/clique/snapshot.hpp"

namespace quarry {
class Database;
}

namespace quarry::clique {

/// A snapshot is kept every so many blocks, so that no more headers must be gone through after a start.
inline constexpr BlockNum kStoredEvery = 1024;

/// Snapshots are functions of the headers up to their block: what is lost is worked out again, and what is
/// kept of an abandoned branch is true still. Any thread may load, the chain's saves.
class SnapshotStore {
 public:
  /// The database outlives this; without one nothing is kept.
  explicit SnapshotStore(Database* database) : database_(database) {}
  /// Nothing when there is none, or one that cannot be read.
  std::optional<Snapshot> load(const BlockId& id) const;
  void save(const Snapshot& snapshot);

 private:
  Database* database_;
};

}  // namespace quarry::clique
