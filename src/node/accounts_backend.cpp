#include "node/accounts_backend.hpp"

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

Result<> MinerBackend::start(std::optional<unsigned> threads) {
  if (auto allowed = may_mine_(); !allowed) return allowed;
  return sealer_.start(threads ? std::optional<int>(static_cast<int>(*threads)) : std::nullopt);
}

}  // namespace quarry
