#pragma once
/// \file
/// Accounts whose keys lie encrypted in files (Web3 Secret Storage, version 3), readable by geth and written
/// as geth writes them: `<dir>/UTC--2017-11-21T04-33-59.123456789Z--<address>`.
///
/// Thread-safe. Deriving a key takes about a second and holds no lock; call what does it (new_account,
/// import_key, update, unlock, sign_with) on a worker, never on the loop.

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/expected.hpp"
#include "core/secp256k1.hpp"
#include "node/key_file.hpp"

namespace quarry {

struct KeyAccount {
  Address address;
  std::filesystem::path file;
  /// "keystore:///absolute/path", as geth names it.
  std::string url() const;
};

class Keystore {
 public:
  /// Reads nothing yet; a missing `dir` is an empty keystore until the first account is made.
  explicit Keystore(std::filesystem::path dir, ScryptCost cost = kStandardScrypt);
  ~Keystore();
  Keystore(const Keystore&) = delete;
  Keystore& operator=(const Keystore&) = delete;

  const std::filesystem::path& dir() const { return dir_; }
  /// In the order of the files' names, which is the order of creation. Files that other programs put there
  /// appear; files that are no key files are skipped with a warning, once each.
  std::vector<KeyAccount> accounts();
  /// The error is geth's "unknown account", with the way to list those there are.
  Result<KeyAccount> find(const Address& address);
  /// "0x9f6a…", "9f6a…" or an index into accounts().
  Result<KeyAccount> find(std::string_view address_or_index);

  /// A key that lies in no file: first among the accounts, and unlocked until the end. Before other threads
  /// know of the keystore.
  void hold(const PrivateKey& key);

  Result<KeyAccount> new_account(std::string_view passphrase);
  Result<KeyAccount> import_key(const PrivateKey& key, std::string_view passphrase);
  /// Encrypts an account's key again with a new passphrase, in the same file.
  Result<> update(const Address& address, std::string_view passphrase, std::string_view new_passphrase);

  /// Keeps the key in memory for `duration`; zero: until lock() or the end. As in geth, a limited unlock does
  /// not shorten an unlimited one.
  Result<> unlock(const Address& address, std::string_view passphrase, std::chrono::seconds duration);
  /// Wipes the key from memory; a locked account stays locked.
  void lock(const Address& address);
  bool is_unlocked(const Address& address);
  /// The error is geth's "authentication needed: password or unlock".
  Result<RecoverableSignature> sign(const Address& address, const Hash256& message);
  /// The same with the key out of its file, without unlocking it.
  Result<RecoverableSignature> sign_with(const Address& address, std::string_view passphrase,
                                         const Hash256& message);

 private:
  using Clock = std::chrono::steady_clock;
  struct Unlocked {
    SecretKey key;
    std::optional<Clock::time_point> until;
  };

  void scan();
  void drop_expired();
  void expire_forever(std::stop_token stop);
  Result<KeyAccount> store(const SecretKey& key, std::string_view passphrase);

  const std::filesystem::path dir_;
  const ScryptCost cost_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<KeyAccount> held_;  ///< their keys are among the unlocked
  std::vector<KeyAccount> accounts_;
  std::optional<std::filesystem::file_time_type> scanned_;
  std::map<std::filesystem::path, bool> warned_;
  std::map<Address, Unlocked> unlocked_;
  std::uint64_t changes_ = 0;  // tells the expirer that there is a new deadline
  std::jthread expirer_;       // runs once the first limited unlock is made
};

}  // namespace quarry
