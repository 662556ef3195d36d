#pragma once
/// \file
/// Authority chains as an engine (EIP-225).

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <unordered_map>

#include "consensus/clique/snapshot.hpp"
#include "consensus/clique/store.hpp"
#include "consensus/engine.hpp"

namespace quarry::clique {

/// A miner's own bytes in the extra data, as geth allows: the vanity.
inline constexpr std::size_t kMostMinerData = kVanityBytes;

/// Thread-safe. What it remembers are functions of headers; the proposals alone are this node's.
class CliqueEngine final : public Engine {
 public:
  /// The database, if there is one, outlives the engine.
  explicit CliqueEngine(const CliqueParams& params, Database* database = nullptr);

  HeaderRuleSet header_rules() const override { return HeaderRuleSet::clique; }
  /// Whose turn it is shows in the lineage: shape_candidate() sets it.
  U256 next_difficulty(const Header&, Timestamp, const Rules&) const override { return kOutOfTurnDifficulty; }
  std::size_t most_extra_data() const override { return kMaxExtraDataBytes; }
  std::size_t most_miner_data() const override { return kMostMinerData; }
  std::size_t most_ommers() const override { return 0; }
  std::vector<Reward> rewards(const Header&, std::span<const SealedHeader>, const Rules&) const override {
    return {};
  }
  void verify_seals(std::span<const Header* const> headers, std::span<Verdict> verdicts) override;
  std::size_t seal_batch() const override { return 16; }
  Verdict check_lineage(const SealedHeader& header, const HeaderSource& headers) override;
  /// The signer: it gets the fees.
  Address author(const Header& header) const override;
  /// Time, difficulty, vote and signer list of a block that the beneficiary is to sign.
  void shape_candidate(const Header& parent, Timestamp now, const HeaderSource& headers,
                       Header& header) const override;
  /// EIP-3436, where the chain's config asks for it.
  bool wins_tie(const SealedHeader& header, const SealedHeader& than,
                const HeaderSource& headers) const override;
  CliqueEngine* authority() override { return this; }
  void begin_block(evm::Journal& journal, const Header& header) const override {
    if (before_block_) before_block_(journal, header);
  }
  /// For development chains, whose state is changed without transactions. Before the first block.
  using BeforeBlock = std::function<void(evm::Journal&, const Header&)>;
  void set_before_block(BeforeBlock before) { before_block_ = std::move(before); }
  /// EIP-3436's order of two heads of the same total difficulty, whatever the config says.
  bool preferred(const SealedHeader& header, const SealedHeader& than, const HeaderSource& headers) const;

  /// The voting after the block; an error when a header on the way to it is missing or wrong.
  [[nodiscard]] Expected<std::shared_ptr<const Snapshot>, BlockError> snapshot(
      const BlockId& id, const HeaderSource& headers) const;
  /// Who signed the header; nothing when its seal is none, as block 0's.
  std::optional<Address> signer(const Header& header) const;
  const CliqueParams& params() const { return params_; }

  /// What this node votes for when it seals, until it is discarded: let in (true) or put out.
  void propose(const Address& subject, bool authorize);
  void discard(const Address& subject);
  std::map<Address, bool> proposals() const;

  /// Proposals that are kept.
  static constexpr std::size_t kMostProposals = 1024;

 private:
  std::shared_ptr<const Snapshot> remembered(const BlockId& id) const;
  void remember(std::shared_ptr<const Snapshot> snapshot) const;
  Expected<std::shared_ptr<const Snapshot>, BlockError> known_at(const BlockId& id,
                                                                 const HeaderSource& headers) const;
  void add_recents(Snapshot& checkpoint, SealedHeader header, const HeaderSource& headers) const;
  Verdict check_against(const SealedHeader& header, const Address& signer, const Snapshot& parent) const;
  void vote(const Snapshot& at, Header& header) const;
  std::optional<std::uint64_t> turn_distance(const SealedHeader& header, const HeaderSource& headers) const;

  /// Snapshots kept: those that the next blocks of the chain and of its recent branches ask for.
  static constexpr std::size_t kMostSnapshots = 256;
  /// Signers kept: a batch of headers is recovered on the workers before its lineage is looked at.
  static constexpr std::size_t kMostSigners = 16384;

  const CliqueParams params_;
  SnapshotStore store_;
  BeforeBlock before_block_;
  mutable std::mutex mutex_;  ///< guards what follows
  mutable std::map<BlockHash, std::shared_ptr<const Snapshot>> snapshots_;
  mutable std::deque<BlockHash> snapshot_order_;
  mutable std::unordered_map<Hash256, Address> signers_;  ///< by the hash of the whole header
  mutable std::mt19937_64 random_{std::random_device{}()};
  std::map<Address, bool> proposals_;
};

}  // namespace quarry::clique
