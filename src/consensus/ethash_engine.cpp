#include "consensus/ethash_engine.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/difficulty.hpp"
#include "consensus/ethash/verify.hpp"
#include "consensus/rewards.hpp"

namespace quarry {
namespace {
ethash::SealToCheck seal_of(const Header& header) {
  std::uint64_t nonce = 0;
  for (const std::uint8_t byte : header.nonce) nonce = nonce << 8 | byte;
  return {seal_hash(header), header.mix_hash, nonce, ethash::boundary_of(header.difficulty), header.number};
}

Verdict explain(ethash::SealVerdict verdict, const Header& header) {
  switch (verdict) {
    case ethash::SealVerdict::valid:
      return {};
    case ethash::SealVerdict::wrong_mix:
      return BlockError{BlockRule::seal_mix, fmt::format("invalid mix digest: {} is not what nonce {} gives",
                                                         header.mix_hash.hex(), header.nonce.hex())};
    case ethash::SealVerdict::above_boundary:
      return BlockError{
          BlockRule::seal_result,
          fmt::format("invalid proof-of-work: the result of nonce {} is too large for difficulty {}",
                      header.nonce.hex(), header.difficulty.to_decimal())};
    case ethash::SealVerdict::unsupported_epoch:
      return BlockError{BlockRule::seal_epoch,
                        fmt::format("invalid proof-of-work: number {} is past the last epoch {}",
                                    header.number, ethash::kLastEpoch)};
  }
  return {};
}
}  // namespace

U256 EthashEngine::next_difficulty(const Header& parent, Timestamp timestamp, const Rules& rules) const {
  return ethash_difficulty(parent, timestamp, rules);
}

void EthashEngine::verify_seals(std::span<const Header* const> headers, std::span<Verdict> verdicts) {
  std::vector<ethash::SealToCheck> seals;
  seals.reserve(headers.size());
  for (const Header* header : headers) seals.push_back(seal_of(*header));
  std::vector<ethash::SealVerdict> found(seals.size());
  ethash::verify_seals(caches_, seals, found);
  for (std::size_t i = 0; i < found.size(); ++i) verdicts[i] = explain(found[i], *headers[i]);
}

std::size_t EthashEngine::seal_batch() const {
  return ethash::kVerifyBatch;
}

std::vector<Reward> EthashEngine::rewards(const Header& header, std::span<const SealedHeader> ommers,
                                          const Rules& rules) const {
  return ethash_rewards(header, ommers, rules);
}

void EthashEngine::on_head(BlockNum number) {
  caches_.on_head(number);
}

}  // namespace quarry
