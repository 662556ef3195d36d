#pragma once
/// \file
/// The JSON-file chain: proof of work by leading zeros of a SHA-256 in hex.

#include "consensus/engine.hpp"
#include "core/jbc.hpp"

namespace quarry {

class JbcEngine final : public Engine {
 public:
  explicit JbcEngine(const JbcParams& params)
      : zeros_(params.zeros), difficulty_(jbc::difficulty_of(params.zeros)) {}

  HeaderRuleSet header_rules() const override { return HeaderRuleSet::jbc; }
  U256 next_difficulty(const Header&, Timestamp, const Rules&) const override { return difficulty_; }
  std::size_t most_extra_data() const override { return kMaxExtraDataBytes; }
  std::size_t most_ommers() const override { return 0; }
  /// The hash's zeros, and that the header is what a jbc block's header must be, field for field.
  void verify_seals(std::span<const Header* const> headers, std::span<Verdict> verdicts) override;
  std::size_t seal_batch() const override { return 64; }
  std::vector<Reward> rewards(const Header&, std::span<const SealedHeader>, const Rules&) const override {
    return {};
  }
  void shape_candidate(const Header& parent, Timestamp now, const HeaderSource& headers,
                       Header& header) const override;

 private:
  const unsigned zeros_;
  const U256 difficulty_;
};

}  // namespace quarry
