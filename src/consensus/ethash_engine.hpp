#pragma once
/// \file
/// Proof of work by ethash.

#include "consensus/engine.hpp"

namespace quarry {

/// Extra data of an ethash block (Yellow Paper 4.3).
inline constexpr std::size_t kEthashExtraDataBytes = 32;

class EthashEngine final : public Engine {
 public:
  explicit EthashEngine(ethash::Caches& caches) : caches_(caches) {}

  U256 next_difficulty(const Header& parent, Timestamp timestamp, const Rules& rules) const override;
  std::size_t most_extra_data() const override { return kEthashExtraDataBytes; }
  std::size_t most_ommers() const override { return 2; }
  void verify_seals(std::span<const Header* const> headers, std::span<Verdict> verdicts) override;
  std::size_t seal_batch() const override;
  std::vector<Reward> rewards(const Header& header, std::span<const SealedHeader> ommers,
                              const Rules& rules) const override;
  void on_head(BlockNum number) override;

 private:
  ethash::Caches& caches_;
};

}  // namespace quarry
