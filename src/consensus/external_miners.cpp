#include "consensus/external_miners.hpp"

#include <algorithm>
#include <limits>

#include "consensus/ethash/params.hpp"

namespace quarry {

SealWork ExternalMiners::hand_out(std::shared_ptr<const Block> candidate) {
  const Header& header = *candidate->header;
  SealWork out{seal_hash(header), ethash::seed_hash(ethash::epoch_of(header.number)), {}, header.number};
  out.boundary.bytes = ethash::boundary_of(header.difficulty).to_be();
  const std::lock_guard lock(mutex_);
  const bool known = std::any_of(handed_out_.begin(), handed_out_.end(),
                                 [&](const Work& work) { return work.seal_hash == out.seal_hash; });
  if (known) return out;
  if (handed_out_.size() == kMostHandedOut) handed_out_.pop_front();
  handed_out_.push_back({out.seal_hash, std::move(candidate)});
  return out;
}

std::optional<Block> ExternalMiners::seal(const Hash256& seal_hash, const SealNonce& nonce,
                                          const MixHash& mix, BlockNum head) {
  std::shared_ptr<const Block> candidate;
  {
    const std::lock_guard lock(mutex_);
    for (const Work& work : handed_out_)
      if (work.seal_hash == seal_hash) candidate = work.candidate;
  }
  if (!candidate || candidate->header->number + kStaleBlocks <= head) return std::nullopt;
  Header sealed = *candidate->header;
  sealed.nonce = nonce;
  sealed.mix_hash = mix;
  const Header* const headers[] = {&sealed};
  Verdict verdicts[1];
  engine_.verify_seals(headers, verdicts);
  if (verdicts[0]) return std::nullopt;
  return Block{seal_header(std::move(sealed), HeaderIdentity::keccak_rlp), candidate->body};
}

void ExternalMiners::forget_rates(Clock::time_point now) {
  std::erase_if(rates_, [&](const auto& entry) { return now - entry.second.reported > kRateLifetime; });
}

void ExternalMiners::report_rate(const Hash256& id, std::uint64_t rate, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  forget_rates(now);
  if (rates_.size() == kMostRates && !rates_.contains(id)) return;
  rates_[id] = {rate, now};
}

std::uint64_t ExternalMiners::rate(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  forget_rates(now);
  std::uint64_t sum = 0;
  for (const auto& [id, one] : rates_) {
    sum = one.rate > std::numeric_limits<std::uint64_t>::max() - sum
              ? std::numeric_limits<std::uint64_t>::max()
              : sum + one.rate;
  }
  return sum;
}

}  // namespace quarry
