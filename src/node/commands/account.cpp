/// \file
/// `quarry account new|list|import|update`: the keystore without a node.

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

#include "node/commands/commands.hpp"
#include "node/console/passphrase.hpp"
#include "node/keystore.hpp"
#include "node/options.hpp"

namespace quarry {
namespace {

/// The passphrase at `index` of --password FILE; without the option it is asked for.
Result<std::string> passphrase_for(const NodeOptions& options, std::size_t index, bool is_new) {
  if (options.password_file.empty()) return is_new ? read_new_passphrase() : read_passphrase("Passphrase: ");
  const auto lines = read_password_file(options.password_file);
  if (!lines) return tl::unexpected(lines.error());
  return (*lines)[std::min(index, lines->size() - 1)];
}

Result<int> list_accounts(Keystore& keystore, const NodeOptions&) {
  std::size_t index = 0;
  for (const KeyAccount& account : keystore.accounts()) {
    std::printf("Account #%zu: {%s} %s\n", index++, to_hex(account.address).c_str(), account.url().c_str());
  }
  if (index == 0)
    std::fprintf(stderr, "No accounts in %s\nmake one with `quarry account new`\n", keystore.dir().c_str());
  return 0;
}

Result<int> report(const Result<KeyAccount>& account) {
  if (!account) return tl::unexpected(account.error());
  std::printf("Address: {%s}\n", to_hex(account->address).c_str());
  return 0;
}

Result<int> new_account(Keystore& keystore, const NodeOptions& options) {
  std::puts(
      "Your new account is locked with a password. Please give a password. Do not forget this password.");
  const auto passphrase = passphrase_for(options, 0, true);
  if (!passphrase) return tl::unexpected(passphrase.error());
  return report(keystore.new_account(*passphrase));
}

/// A file with the key as 64 hex digits, as `geth account import` takes it.
Result<PrivateKey> read_raw_key(const std::string& file) {
  std::ifstream in{file};
  std::string text;
  if (!in || !(in >> text)) return fail("Failed to load the private key: cannot read " + file);
  const auto key = PrivateKey::from_hex(text);
  if (!key) return fail("Failed to load the private key: " + file + " must hold 64 hex digits");
  return *key;
}

Result<int> import_account(Keystore& keystore, const NodeOptions& options) {
  if (options.args.size() != 2)
    return fail("keyfile must be given as argument", "quarry account import FILE");
  const auto key = read_raw_key(options.args[1]);
  if (!key) return tl::unexpected(key.error());
  std::puts(
      "Your new account is locked with a password. Please give a password. Do not forget this password.");
  const auto passphrase = passphrase_for(options, 0, true);
  if (!passphrase) return tl::unexpected(passphrase.error());
  return report(keystore.import_key(*key, *passphrase));
}

Result<int> update_one(Keystore& keystore, const NodeOptions& options, const std::string& which) {
  const auto account = keystore.find(std::string_view{which});
  if (!account) return tl::unexpected(account.error());
  std::printf("Unlocking account %s\n", to_hex(account->address).c_str());
  const auto before = passphrase_for(options, 0, false);
  if (!before) return tl::unexpected(before.error());
  std::puts("Please give a new password. Do not forget this password.");
  const auto after = passphrase_for(options, 1, true);
  if (!after) return tl::unexpected(after.error());
  const auto done = keystore.update(account->address, *before, *after);
  if (!done) return tl::unexpected(done.error());
  return 0;
}

Result<int> update_accounts(Keystore& keystore, const NodeOptions& options) {
  if (options.args.size() < 2)
    return fail("No accounts specified to update", "quarry account update ADDRESS");
  for (std::size_t i = 1; i < options.args.size(); ++i) {
    if (auto done = update_one(keystore, options, options.args[i]); !done) return done;
  }
  return 0;
}

struct ActionRow {
  std::string_view name;
  Result<int> (*run)(Keystore&, const NodeOptions&);
};
constexpr std::array<ActionRow, 4> kActions{{{"list", &list_accounts},
                                             {"new", &new_account},
                                             {"import", &import_account},
                                             {"update", &update_accounts}}};

}  // namespace

Result<int> run_account(const NodeOptions& options) {
  const std::string action = options.args.empty() ? "list" : options.args.front();
  const auto row =
      std::find_if(kActions.begin(), kActions.end(), [&](const ActionRow& r) { return r.name == action; });
  if (row == kActions.end()) {
    return fail("invalid command: \"account " + action + "\"", "it is account new, list, import or update");
  }
  Keystore keystore{options.keystore, options.light_kdf ? kLightScrypt : kStandardScrypt};
  return row->run(keystore, options);
}

}  // namespace quarry
