#pragma once
/// \file
/// The one entry to a block's validation, in its three phases.

#include "consensus/block_executor.hpp"
#include "consensus/body_rules.hpp"
#include "consensus/header_rules.hpp"

namespace quarry {

/// Pure but for the engine's caches; thread-safe. Seals are apart: Engine::verify_seals takes many at once.
class Validator {
 public:
  Validator(const ChainSpec& spec, Engine& engine) : spec_(spec), engine_(engine) {}

  /// First phase: the header against its parent and our clock. `parent_total`, the parent's total difficulty,
  /// says whether the merge lies behind it; without it the header's own word counts.
  Verdict header(const SealedHeader& header, const Header& parent, Timestamp now,
                 const std::optional<TotalDifficulty>& parent_total = std::nullopt) const;
  /// Second phase: the body against its header and its ancestors.
  Verdict body(const Block& block, const Ancestry& ancestry) const;
  /// Third phase: what executing the block gave against what its header says.
  Verdict execution(const Header& header, const Execution& execution, const RootHash& state_root) const;

  Rules rules(const Header& header) const { return spec_.forks.rules(header.number, header.timestamp); }
  const ChainSpec& spec() const { return spec_; }
  Engine& engine() const { return engine_; }

 private:
  const ChainSpec spec_;  ///< a copy: who opens a chain may move what it was read into
  Engine& engine_;
};

}  // namespace quarry
