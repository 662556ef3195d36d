#include "node/keystore.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include "core/log.hpp"

namespace quarry {
namespace {

namespace fs = std::filesystem;

/// A key file has some 500 bytes.
constexpr std::size_t kMostFileBytes = 64 * 1'024;
/// Other programs may leave anything in the folder; more than this is no keystore.
constexpr std::size_t kMostFiles = 100'000;
/// A folder's time of change moves in steps of some milliseconds on some file systems; a scan younger than
/// this may have missed a change of the same instant.
constexpr std::chrono::milliseconds kClockStep{50};

/// "UTC--2017-11-21T04-33-59.123456789Z--<address>".
std::string file_name(const Address& address) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(now - seconds).count();
  return fmt::format("UTC--{:%Y-%m-%dT%H-%M-%S}.{:09}Z--{}",
                     fmt::gmtime(static_cast<std::time_t>(seconds.count())), rest, to_hex(address));
}

Result<std::string> read_key_file(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in) return fail("cannot read " + file.string() + ": " + std::strerror(errno));
  std::string text(kMostFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMostFileBytes) return fail(file.string() + " is too long for a key file");
  return text;
}

/// Aside and renamed, readable by its owner alone: a crash leaves the old file or the new one, whole.
Result<void> write_key_file(const fs::path& file, std::string_view text) {
  const fs::path aside =
      file.parent_path() / ("." + file.filename().string() + ".tmp" + std::to_string(::getpid()));
  const auto give_up = [&](const char* step) {
    const std::string why = std::strerror(errno);
    ::unlink(aside.c_str());
    return fail(std::string{"cannot "} + step + " " + file.string() + ": " + why,
                "check the folder's permissions and the space on its disk");
  };
  const int fd = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return give_up("create");
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  const bool synced = done == text.size() && ::fsync(fd) == 0;
  ::close(fd);
  if (!synced) return give_up("write");
  if (::rename(aside.c_str(), file.c_str()) != 0) return give_up("rename");
  return {};
}

/// geth skips what editors leave behind, too.
bool is_key_file_name(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.back() != '~';
}

}  // namespace

std::string KeyAccount::url() const {
  return "keystore://" + file.string();
}

Keystore::Keystore(fs::path dir, ScryptCost cost) : dir_(fs::absolute(dir).lexically_normal()), cost_(cost) {}

Keystore::~Keystore() {
  expirer_.request_stop();
  wake_.notify_all();
}

std::vector<KeyAccount> Keystore::accounts() {
  std::lock_guard lock{mutex_};
  scan();
  if (held_.empty()) return accounts_;
  auto all = held_;
  all.insert(all.end(), accounts_.begin(), accounts_.end());
  return all;
}

void Keystore::hold(const PrivateKey& key) {
  const Address address = address_of(public_key(key));
  std::lock_guard lock{mutex_};
  held_.push_back({address, "held in memory/" + to_hex(address)});
  unlocked_.insert_or_assign(address, Unlocked{SecretKey{key}, std::nullopt});
}

void Keystore::scan() {
  std::error_code ec;
  const auto changed = fs::last_write_time(dir_, ec);
  if (ec) {
    accounts_.clear();
    scanned_.reset();
    return;
  }
  if (scanned_ == changed) return;
  accounts_.clear();
  std::size_t seen = 0;
  for (fs::directory_iterator it{dir_, ec}, end; !ec && it != end && seen < kMostFiles;
       it.increment(ec), ++seen) {
    const fs::path& file = it->path();
    std::error_code ignored;
    if (!is_key_file_name(file.filename().string()) || !it->is_regular_file(ignored)) continue;
    const auto text = read_key_file(file);
    const auto address = text ? key_file_address(*text) : Result<Address>{tl::unexpected(text.error())};
    if (address) {
      accounts_.push_back({*address, file});
    } else if (warned_.emplace(file, true).second) {
      log_warn("Not a key file in the keystore", {{"file", file.string()}, {"err", address.error().what}});
    }
  }
  std::sort(accounts_.begin(), accounts_.end(),
            [](const KeyAccount& a, const KeyAccount& b) { return a.file < b.file; });
  const auto age = fs::file_time_type::clock::now() - changed;
  scanned_ = age > kClockStep ? std::optional{changed} : std::nullopt;
}

Result<KeyAccount> Keystore::find(const Address& address) {
  const auto all = accounts();
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const KeyAccount& a) { return a.address == address; });
  if (at != all.end()) return *at;
  return fail("unknown account", "no key for " + address.hex() + " in " + dir_.string() +
                                     ": list those there are with `quarry account list`");
}

Result<KeyAccount> Keystore::find(std::string_view address_or_index) {
  if (const auto address = Address::from_hex(address_or_index)) return find(*address);
  std::size_t index = 0;
  const char* end = address_or_index.data() + address_or_index.size();
  const auto [stop, error] = std::from_chars(address_or_index.data(), end, index);
  if (address_or_index.empty() || error != std::errc{} || stop != end) {
    return fail("invalid account address or index \"" + std::string{address_or_index} + "\"",
                "give 40 hex digits, or a number from `quarry account list`");
  }
  const auto all = accounts();
  if (index < all.size()) return all[index];
  return fail(fmt::format("index {} higher than number of accounts {}", index, all.size()),
              "list them with `quarry account list`");
}

Result<KeyAccount> Keystore::store(const SecretKey& key, std::string_view passphrase) {
  const Address address = address_of(public_key(key.get()));
  const std::string text = encrypt_key(key.get(), passphrase, cost_);
  std::error_code ec;
  if (fs::create_directories(dir_, ec)) fs::permissions(dir_, fs::perms::owner_all, ec);
  if (ec)
    return fail("cannot create " + dir_.string() + ": " + ec.message(),
                "check the permissions of its parent");
  KeyAccount account{address, dir_ / file_name(address)};
  if (auto written = write_key_file(account.file, text); !written) return tl::unexpected(written.error());
  std::lock_guard lock{mutex_};
  scanned_.reset();
  return account;
}

Result<KeyAccount> Keystore::new_account(std::string_view passphrase) {
  return store(SecretKey{random_private_key()}, passphrase);
}

Result<KeyAccount> Keystore::import_key(const PrivateKey& key, std::string_view passphrase) {
  if (!is_valid(key))
    return fail("invalid private key", "it must be 64 hex digits, above zero and below the group order");
  if (auto known = find(address_of(public_key(key)))) {
    return fail("account already exists", "its key is in " + known->file.string());
  }
  return store(SecretKey{key}, passphrase);
}

namespace {

Result<SecretKey> open_account(const KeyAccount& account, std::string_view passphrase) {
  const auto text = read_key_file(account.file);
  if (!text) return tl::unexpected(text.error());
  auto key = decrypt_key(*text, passphrase);
  if (!key) {
    Error error = key.error();
    error.remedy = account.file.string() + ": " + error.remedy;
    return tl::unexpected(std::move(error));
  }
  const Address holds = address_of(public_key(key->get()));
  if (holds == account.address) return key;
  return fail(
      "key content mismatch: have account " + to_hex(holds) + ", want " + to_hex(account.address),
      account.file.string() + " names another address than its key has: rename the right file into place");
}

}  // namespace

Result<void> Keystore::update(const Address& address, std::string_view passphrase,
                              std::string_view new_passphrase) {
  const auto account = find(address);
  if (!account) return tl::unexpected(account.error());
  const auto key = open_account(*account, passphrase);
  if (!key) return tl::unexpected(key.error());
  return write_key_file(account->file, encrypt_key(key->get(), new_passphrase, cost_));
}

Result<void> Keystore::unlock(const Address& address, std::string_view passphrase,
                              std::chrono::seconds duration) {
  const auto account = find(address);
  if (!account) return tl::unexpected(account.error());
  auto key = open_account(*account, passphrase);
  if (!key) return tl::unexpected(key.error());
  // A year is as good as for ever, and keeps the sum below from overflowing.
  constexpr std::chrono::seconds kYear = std::chrono::hours{24 * 365};
  std::optional<Clock::time_point> until;
  if (duration.count() > 0) until = Clock::now() + std::min(duration, kYear);
  std::lock_guard lock{mutex_};
  const auto known = unlocked_.find(address);
  if (known != unlocked_.end() && !known->second.until) return {};
  unlocked_.insert_or_assign(address, Unlocked{std::move(*key), until});
  if (until && !expirer_.joinable()) {
    expirer_ = std::jthread{[this](std::stop_token stop) { expire_forever(std::move(stop)); }};
  }
  ++changes_;
  wake_.notify_all();
  return {};
}

void Keystore::expire_forever(std::stop_token stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    drop_expired();
    std::optional<Clock::time_point> next;
    for (const auto& [address, entry] : unlocked_) {
      if (entry.until && (!next || *entry.until < *next)) next = entry.until;
    }
    const auto at = next.value_or(Clock::now() + std::chrono::hours{1});
    wake_.wait_until(lock, stop, at, [&, seen = changes_] { return changes_ != seen; });
  }
}

void Keystore::drop_expired() {
  const auto now = Clock::now();
  std::erase_if(unlocked_,
                [&](const auto& entry) { return entry.second.until && *entry.second.until <= now; });
}

void Keystore::lock(const Address& address) {
  std::lock_guard lock{mutex_};
  unlocked_.erase(address);
}

bool Keystore::is_unlocked(const Address& address) {
  std::lock_guard lock{mutex_};
  drop_expired();
  return unlocked_.contains(address);
}

Result<RecoverableSignature> Keystore::sign(const Address& address, const Hash256& message) {
  if (auto known = find(address); !known) return tl::unexpected(known.error());
  std::lock_guard lock{mutex_};
  drop_expired();
  const auto at = unlocked_.find(address);
  if (at != unlocked_.end()) return quarry::sign(at->second.key.get(), message);
  return fail("authentication needed: password or unlock",
              "unlock it first: personal.unlockAccount(\"" + address.hex() + "\")");
}

Result<RecoverableSignature> Keystore::sign_with(const Address& address, std::string_view passphrase,
                                                 const Hash256& message) {
  const auto account = find(address);
  if (!account) return tl::unexpected(account.error());
  const auto key = open_account(*account, passphrase);
  if (!key) return tl::unexpected(key.error());
  return quarry::sign(key->get(), message);
}

}  // namespace quarry
