#pragma once
/// \file
/// Authority chains as an engine (EIP-225).

#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "consensus/clique/snapshot.hpp"
#include "consensus/engine.hpp"

namespace quarry::clique {

class CliqueEngine final : public Engine {
 public:
  explicit CliqueEngine(const CliqueParams& params) : params_(params) {}

  HeaderRuleSet header_rules() const override { return HeaderRuleSet::clique; }
  /// Whose turn it is shows in the lineage; a candidate gets its difficulty from who seals it.
  U256 next_difficulty(const Header&, Timestamp, const Rules&) const override { return kOutOfTurnDifficulty; }
  std::size_t most_extra_data() const override { return kMaxExtraDataBytes; }
  std::size_t most_ommers() const override { return 0; }
  std::vector<Reward> rewards(const Header&, std::span<const SealedHeader>, const Rules&) const override {
    return {};
  }
  void verify_seals(std::span<const Header* const> headers, std::span<Verdict> verdicts) override;
  std::size_t seal_batch() const override { return 16; }
  Verdict check_lineage(const SealedHeader& header, const HeaderSource& headers) override;
  /// The signer: it gets the fees.
  Address author(const Header& header) const override;

  /// The voting after the block; an error when a header on the way to it is missing or wrong.
  [[nodiscard]] Expected<std::shared_ptr<const Snapshot>, BlockError> snapshot(const BlockId& id,
                                                                               const HeaderSource& headers);
  const CliqueParams& params() const { return params_; }

 private:
  std::shared_ptr<const Snapshot> remembered(const BlockId& id) const;
  void remember(std::shared_ptr<const Snapshot> snapshot);
  std::optional<Address> signer(const Header& header) const;
  void add_recents(Snapshot& checkpoint, SealedHeader header, const HeaderSource& headers) const;
  Verdict check_against(const SealedHeader& header, const Address& signer, const Snapshot& parent) const;

  /// Snapshots kept: those that the next blocks of the chain and of its recent branches ask for.
  static constexpr std::size_t kMostSnapshots = 256;
  /// Signers kept: a batch of headers is recovered on the workers before its lineage is looked at.
  static constexpr std::size_t kMostSigners = 16384;

  const CliqueParams params_;
  mutable std::mutex mutex_;  ///< guards the two below
  mutable std::map<BlockHash, std::shared_ptr<const Snapshot>> snapshots_;
  mutable std::deque<BlockHash> snapshot_order_;
  mutable std::unordered_map<Hash256, Address> signers_;  ///< by the hash of the whole header
};

}  // namespace quarry::clique
