#pragma once
/// \file
/// The keystore and the sealer as JSON-RPC sees them.

#include <functional>

#include "consensus/external_miners.hpp"
#include "consensus/sealing.hpp"
#include "node/keystore.hpp"
#include "rpc/backend.hpp"

namespace quarry {

class AccountsBackend final : public rpc::Accounts {
 public:
  explicit AccountsBackend(Keystore& keystore) : keystore_(keystore) {}
  std::vector<Address> list() override;
  std::vector<rpc::Wallet> wallets() override;
  Result<Address> new_account(const std::string& passphrase) override;
  Result<Address> import_key(const PrivateKey& key, const std::string& passphrase) override;
  Result<> unlock(const Address& address, const std::string& passphrase,
                  std::chrono::seconds duration) override;
  Result<> lock(const Address& address) override;
  Result<RecoverableSignature> sign(const Address& address, const Hash256& message) override;
  Result<RecoverableSignature> sign_with(const Address& address, const std::string& passphrase,
                                         const Hash256& message) override {
    return keystore_.sign_with(address, passphrase, message);
  }

  /// Accounts for which stand-ins are given instead of signatures (core/sender.hpp). Before the first call.
  void set_stand_ins(std::function<bool(const Address&)> wanted) { stand_in_for_ = std::move(wanted); }

 private:
  Keystore& keystore_;
  std::function<bool(const Address&)> stand_in_for_;
};

class MinerBackend final : public rpc::MinerControl {
 public:
  /// `may_mine` says why not, as while a fast sync is not over. `external`: none where ethash seals nothing.
  MinerBackend(Sealer& sealer, std::function<Result<>()> may_mine, ExternalMiners* external = nullptr)
      : sealer_(sealer), may_mine_(std::move(may_mine)), external_(external) {}
  Result<> start(std::optional<unsigned> threads) override;
  void stop() override { sealer_.stop(); }
  void renew() override { sealer_.renew(); }
  void set_etherbase(const Address& address) override { sealer_.set_etherbase(address); }
  Result<> set_extra_data(Bytes extra_data) override { return sealer_.set_extra_data(std::move(extra_data)); }
  void set_target_gas_limit(Gas target) override { sealer_.set_target_gas_limit(target); }
  bool mining() override { return sealer_.mining(); }
  std::uint64_t hashrate() override;
  std::optional<Address> etherbase() override { return sealer_.etherbase(); }
  Result<SealWork> work() override;
  bool submit_work(const Hash256& seal_hash, const SealNonce& nonce, const MixHash& mix) override;
  bool submit_hashrate(const Hash256& miner, std::uint64_t rate) override;

 private:
  Sealer& sealer_;
  std::function<Result<>()> may_mine_;
  ExternalMiners* const external_;
};

}  // namespace quarry
