#pragma once
/// \file
/// An engine up to the merge, and no seals from then on.

#include "consensus/engine.hpp"

namespace quarry {

/// Blocks after the merge (difficulty 0) have nothing to check: a beacon chain has decided on them. The
/// others go to the engine before. What else the merge changes is written where it is asked:
/// header_rules.cpp, block_executor.cpp.
class MergeEngine final : public Engine {
 public:
  MergeEngine(std::unique_ptr<Engine> before, SealPolicy seals) : before_(std::move(before)), seals_(seals) {}

  HeaderRuleSet header_rules() const override { return before_->header_rules(); }
  U256 next_difficulty(const Header& parent, Timestamp timestamp, const Rules& rules) const override {
    return before_->next_difficulty(parent, timestamp, rules);
  }
  std::size_t most_extra_data() const override { return before_->most_extra_data(); }
  std::size_t most_ommers() const override { return before_->most_ommers(); }
  void verify_seals(std::span<const Header* const> headers, std::span<Verdict> verdicts) override;
  std::size_t seal_batch() const override { return before_->seal_batch(); }
  Verdict check_lineage(const SealedHeader& header, const HeaderSource& headers) override;
  std::vector<Reward> rewards(const Header& header, std::span<const SealedHeader> ommers,
                              const Rules& rules) const override {
    return before_->rewards(header, ommers, rules);
  }
  Address author(const Header& header) const override;
  void shape_candidate(const Header& parent, Timestamp now, const HeaderSource& headers,
                       Header& header) const override {
    before_->shape_candidate(parent, now, headers, header);
  }
  std::size_t most_miner_data() const override { return before_->most_miner_data(); }
  bool wins_tie(const SealedHeader& header, const SealedHeader& than,
                const HeaderSource& headers) const override {
    return !header->difficulty.is_zero() && before_->wins_tie(header, than, headers);
  }
  clique::CliqueEngine* authority() override { return before_->authority(); }
  void on_head(BlockNum number) override { before_->on_head(number); }

 private:
  std::unique_ptr<Engine> before_;
  const SealPolicy seals_;
};

}  // namespace quarry
