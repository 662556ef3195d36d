#include "consensus/seal_miner.hpp"

#include "consensus/ethash/miner.hpp"

namespace quarry {
namespace {
Header with_seal(Header header, const ethash::Seal& seal) {
  header.mix_hash = seal.mix;
  for (std::size_t i = 0; i < SealNonce::kSize; ++i)
    header.nonce.bytes[i] = static_cast<std::uint8_t>(seal.nonce >> (8 * (SealNonce::kSize - 1 - i)));
  return header;
}

class EthashSealMiner final : public SealMiner {
 public:
  explicit EthashSealMiner(ethash::Miner& miner) : miner_(miner) {}

  void start(unsigned threads) override { miner_.start(threads); }
  void stop() override { miner_.stop(); }
  void clear_work() override { miner_.clear_work(); }
  double hashrate() const override { return miner_.hashrate(); }
  void set_work(const Header& candidate, OnFound on_found) override {
    const ethash::Work work{seal_hash(candidate), ethash::boundary_of(candidate.difficulty),
                            candidate.number};
    miner_.set_work(
        work, [candidate, on_found = std::move(on_found)](const ethash::Work&, const ethash::Seal& seal) {
          on_found(with_seal(candidate, seal));
        });
  }

 private:
  ethash::Miner& miner_;
};
}  // namespace

std::unique_ptr<SealMiner> ethash_seal_miner(ethash::Miner& miner) {
  return std::make_unique<EthashSealMiner>(miner);
}

}  // namespace quarry
