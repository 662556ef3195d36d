#pragma once
/// \file
/// The committed state at one moment, and what changes would make of its root.

#include <memory>

#include "storage/state_store.hpp"

namespace quarry {

/// Over a snapshot: what is committed meanwhile is not seen. One thread.
class StatePreview {
 public:
  /// nullptr where there is no state: see StateStore::head(). `database` outlives this.
  static std::unique_ptr<StatePreview> at_head(const Database& database);
  ~StatePreview();

  const StateView& view() const;
  const StateHead& head() const;
  /// The snapshot, for what else belongs to this moment.
  const DatabaseReader& reader() const;
  RootHash root_after(const StateDiff& diff);

 private:
  struct Impl;
  explicit StatePreview(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quarry
