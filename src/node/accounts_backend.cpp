#include "node/accounts_backend.hpp"

#include <algorithm>

#include "core/sender.hpp"

namespace quarry {

std::vector<Address> AccountsBackend::list() {
  std::vector<Address> out;
  for (const auto& account : keystore_.accounts()) out.push_back(account.address);
  return out;
}

std::vector<rpc::Wallet> AccountsBackend::wallets() {
  std::vector<rpc::Wallet> out;
  for (const auto& account : keystore_.accounts()) {
    out.push_back({account.address, account.url(), keystore_.is_unlocked(account.address)});
  }
  return out;
}

Result<Address> AccountsBackend::new_account(const std::string& passphrase) {
  auto made = keystore_.new_account(passphrase);
  if (!made) return tl::unexpected(made.error());
  return made->address;
}

Result<Address> AccountsBackend::import_key(const PrivateKey& key, const std::string& passphrase) {
  auto made = keystore_.import_key(key, passphrase);
  if (!made) return tl::unexpected(made.error());
  return made->address;
}

Result<> AccountsBackend::unlock(const Address& address, const std::string& passphrase,
                                 std::chrono::seconds duration) {
  return keystore_.unlock(address, passphrase, duration);
}

Result<> AccountsBackend::lock(const Address& address) {
  keystore_.lock(address);
  return {};
}

Result<RecoverableSignature> AccountsBackend::sign(const Address& address, const Hash256& message) {
  if (!stand_in_for_ || !stand_in_for_(address)) return keystore_.sign(address, message);
  RecoverableSignature out;
  const auto s = U256{kStandInS}.to_be();
  std::copy(address.bytes.begin(), address.bytes.end(), out.bytes.begin() + 32 - Address::kSize);
  std::copy(s.begin(), s.end(), out.bytes.begin() + 32);
  return out;
}

Result<> MinerBackend::start(std::optional<unsigned> threads) {
  if (auto allowed = may_mine_(); !allowed) return allowed;
  return sealer_.start(threads ? std::optional<int>(static_cast<int>(*threads)) : std::nullopt);
}

std::uint64_t MinerBackend::hashrate() {
  return static_cast<std::uint64_t>(sealer_.hashrate()) + (external_ != nullptr ? external_->rate() : 0);
}

Result<SealWork> MinerBackend::work() {
  if (external_ == nullptr)
    return fail("not supported: blocks of this chain are not sealed by ethash miners");
  // A candidate that was being made when mining stopped may still come.
  auto candidate = sealer_.mining() ? sealer_.pending() : nullptr;
  if (candidate) return external_->hand_out(std::move(candidate));
  return fail("no mining work available yet",
              sealer_.mining() ? "The next block is being made, or a sync is not over: ask again."
                               : "This node does not mine: miner.start(0) makes work without a thread of its "
                                 "own, miner.start(1) mines too.");
}

bool MinerBackend::submit_work(const Hash256& seal_hash, const SealNonce& nonce, const MixHash& mix) {
  if (external_ == nullptr) return false;
  auto sealed = external_->seal(seal_hash, nonce, mix, sealer_.head_number());
  if (!sealed) return false;
  sealer_.submit(std::move(*sealed));
  return true;
}

bool MinerBackend::submit_hashrate(const Hash256& miner, std::uint64_t rate) {
  if (external_ == nullptr) return false;
  external_->report_rate(miner, rate);
  return true;
}

}  // namespace quarry
