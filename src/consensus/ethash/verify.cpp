#include "consensus/ethash/verify.hpp"

#include <array>

#include "consensus/ethash/hashimoto.hpp"
#include "core/check.hpp"

namespace quarry::ethash {
namespace {
static_assert(kVerifyBatch == kLightBatch);

/// At most a batch, all of the cache's epoch. True when every mix is right.
bool judge(const Cache& cache, std::span<const SealToCheck> seals, std::span<SealVerdict> verdicts) {
  std::array<HashInput, kVerifyBatch> inputs;
  std::array<HashOutput, kVerifyBatch> outputs;
  for (std::size_t i = 0; i < seals.size(); ++i) inputs[i] = {seals[i].seal_hash, seals[i].nonce};
  hash_light(cache, std::span(inputs).first(seals.size()), outputs.data());
  bool mixes_right = true;
  for (std::size_t i = 0; i < seals.size(); ++i) {
    if (outputs[i].mix != seals[i].mix) {
      verdicts[i] = SealVerdict::wrong_mix;
      mixes_right = false;
    } else {
      const bool low = U256::from_be(outputs[i].result) <= seals[i].boundary;
      verdicts[i] = low ? SealVerdict::valid : SealVerdict::above_boundary;
    }
  }
  return mixes_right;
}
}  // namespace

void verify_seals(Caches& caches, std::span<const SealToCheck> seals, std::span<SealVerdict> verdicts) {
  QUARRY_CHECK(seals.size() == verdicts.size());
  while (!seals.empty()) {
    const Epoch epoch = epoch_of(seals.front().number);
    std::size_t now = 1;
    while (now < seals.size() && now < kVerifyBatch && epoch_of(seals[now].number) == epoch) ++now;
    if (epoch > kLastEpoch) {
      std::fill_n(verdicts.begin(), now, SealVerdict::unsupported_epoch);
    } else if (auto cache = caches.get(epoch); !judge(*cache, seals.first(now), verdicts.first(now))) {
      // Before others are called liars, a cache that was only read is computed.
      if (auto fresh = caches.rebuilt(cache); fresh != cache)
        judge(*fresh, seals.first(now), verdicts.first(now));
    }
    seals = seals.subspan(now);
    verdicts = verdicts.subspan(now);
  }
}

SealVerdict verify_seal(Caches& caches, const SealToCheck& seal) {
  SealVerdict verdict;
  verify_seals(caches, {&seal, 1}, {&verdict, 1});
  return verdict;
}

}  // namespace quarry::ethash
