#include "node/keystore.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "core/keccak.hpp"
#include "fixtures.hpp"
#include "node/scrypt.hpp"

using namespace quarry;
namespace fs = std::filesystem;

namespace {

/// The vectors of the Web3 Secret Storage Definition: passphrase "testpassword".
constexpr const char* kPbkdf2File = R"({"crypto":{"cipher":"aes-128-ctr",
 "cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
 "ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2",
 "kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
 "mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},
 "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3})";
constexpr const char* kScryptFile = R"({"crypto":{"cipher":"aes-128-ctr",
 "cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},
 "ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c","kdf":"scrypt",
 "kdfparams":{"dklen":32,"n":262144,"r":1,"p":8,"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},
 "mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},
 "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3})";
constexpr const char* kVectorKey = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";

struct KeystoreTest : testing::Test {
  test::TempDir temp;
  const fs::path dir = temp.path();
};

std::string with(const char* text, const char* from, const char* to) {
  std::string out = text;
  const auto at = out.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return out.replace(at, std::string_view{from}.size(), to);
}

}  // namespace

TEST(KeyFile, ReadsThePublishedVectors) {
  for (const char* file : {kPbkdf2File, kScryptFile}) {
    const auto key = decrypt_key(file, "testpassword");
    ASSERT_TRUE(key) << key.error().what;
    EXPECT_EQ(to_hex(key->get()), kVectorKey);
  }
  EXPECT_EQ(decrypt_key(kScryptFile, "wrong").error().what, "could not decrypt key with given passphrase");
}

TEST(Scrypt, AgreesWithTheRfcAndOpenSsl) {
  std::array<std::uint8_t, 64> out;
  ASSERT_TRUE(
      scrypt_plain(as_bytes("password"), as_bytes("NaCl"), 1024, 8, 16, out));  // RFC 7914, section 12
  EXPECT_EQ(to_hex(out),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830da"
            "c727afb9"
            "4a83ee6d8360cbdfa2cc0640");
}

TEST(KeyFile, RefusesHostileFilesBeforeItPaysForThem) {
  struct Row {
    const char* from;
    const char* to;
    const char* says;
  };
  for (const Row& row : std::vector<Row>{{"\"n\":262144", "\"n\":4611686018427387904", "1 GiB"},
                                         {"\"n\":262144", "\"n\":262143", "power of two"},
                                         {"\"n\":262144", "\"n\":-1", "power of two"},
                                         {"\"r\":1", "\"r\":1000000", "1 to 1024"},
                                         {"\"p\":8", "\"p\":1024", "4 GiB of work"},
                                         {"\"dklen\":32", "\"dklen\":33", "dklen"},
                                         {"\"kdf\":\"scrypt\"", "\"kdf\":\"argon\"", "argon"},
                                         {"aes-128-ctr", "aes-128-cbc", "aes-128-ctr"},
                                         {"\"version\":3", "\"version\":1", "version"},
                                         {"83dbcc02", "83dbcc", "iv"},
                                         {"2103ac29", "", "mac"},
                                         {"\"salt\":\"", "\"salt\":\"x", "salt"},
                                         {"\"crypto\":{", "\"crypto\":{{", "JSON"}}) {
    const auto key = decrypt_key(with(kScryptFile, row.from, row.to), "testpassword");
    ASSERT_FALSE(key) << row.to;
    EXPECT_NE(key.error().what.find(row.says), std::string::npos) << key.error().what;
  }
  EXPECT_FALSE(decrypt_key(with(kPbkdf2File, "262144", "99999999999"), "testpassword"));
  EXPECT_FALSE(decrypt_key("[]", "x"));
  EXPECT_FALSE(decrypt_key("", "x"));
  EXPECT_FALSE(decrypt_key(std::string(60'000, '['), "x"));
}

TEST_F(KeystoreTest, WritesWhatGethWrites) {
  Keystore store{dir / "keystore", kLightScrypt};
  EXPECT_TRUE(store.accounts().empty());
  const auto first = store.new_account("one");
  const auto second = store.new_account("two");
  ASSERT_TRUE(first && second);
  const auto all = store.accounts();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].address, first->address);
  EXPECT_EQ(all[1].address, second->address);

  const std::regex name{R"(UTC--\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{9}Z--)" + to_hex(first->address)};
  EXPECT_TRUE(std::regex_match(first->file.filename().string(), name)) << first->file;
  struct stat info {};
  ASSERT_EQ(::stat(first->file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((dir / "keystore").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);

  std::ifstream in{first->file};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  const std::regex form{
      R"re(\{"address":"[0-9a-f]{40}","crypto":\{"cipher":"aes-128-ctr","ciphertext":"[0-9a-f]{64}",)re"
      R"re("cipherparams":\{"iv":"[0-9a-f]{32}"\},"kdf":"scrypt","kdfparams":\{"dklen":32,"n":4096,"p":6,)re"
      R"re("r":8,"salt":"[0-9a-f]{64}"\},"mac":"[0-9a-f]{64}"\},"id":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3})re"
      R"re(-[89ab][0-9a-f]{3}-[0-9a-f]{12}","version":3\})re"};
  EXPECT_TRUE(std::regex_match(text, form)) << text;
}

TEST_F(KeystoreTest, UnlocksAndLocks) {
  Keystore store{dir, kLightScrypt};
  const auto account = store.new_account("pass");
  ASSERT_TRUE(account);
  const Hash256 message = keccak256(as_bytes("m"));
  EXPECT_EQ(store.sign(account->address, message).error().what, "authentication needed: password or unlock");
  const auto wrong = store.unlock(account->address, "no", std::chrono::seconds{0});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().what, "could not decrypt key with given passphrase");
  EXPECT_NE(wrong.error().remedy.find(account->file.string()), std::string::npos);
  ASSERT_TRUE(store.unlock(account->address, "pass", std::chrono::seconds{0}));
  const auto signature = store.sign(account->address, message);
  ASSERT_TRUE(signature);
  EXPECT_EQ(address_of(*recover(*signature, message)), account->address);
  // As geth: a limited unlock does not shorten an unlimited one.
  ASSERT_TRUE(store.unlock(account->address, "pass", std::chrono::seconds{1}));
  std::this_thread::sleep_for(std::chrono::milliseconds{1'100});
  EXPECT_TRUE(store.is_unlocked(account->address));
  store.lock(account->address);
  EXPECT_FALSE(store.is_unlocked(account->address));
  ASSERT_TRUE(store.unlock(account->address, "pass", std::chrono::seconds{1}));
  EXPECT_TRUE(store.is_unlocked(account->address));
  std::this_thread::sleep_for(std::chrono::milliseconds{1'100});
  EXPECT_FALSE(store.is_unlocked(account->address));
}

TEST_F(KeystoreTest, ImportsUpdatesAndFinds) {
  Keystore store{dir, kLightScrypt};
  const auto key = PrivateKey::from_hex(kVectorKey);
  const auto account = store.import_key(*key, "old");
  ASSERT_TRUE(account);
  EXPECT_EQ(account->address.hex(), "0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b");
  EXPECT_EQ(store.import_key(*key, "old").error().what, "account already exists");
  EXPECT_FALSE(store.import_key(PrivateKey{}, "x"));
  EXPECT_FALSE(store.update(account->address, "wrong", "new"));
  ASSERT_TRUE(store.update(account->address, "old", "new"));
  EXPECT_FALSE(store.unlock(account->address, "old", std::chrono::seconds{0}));
  EXPECT_TRUE(store.unlock(account->address, "new", std::chrono::seconds{0}));
  EXPECT_TRUE(store.find("0"));
  EXPECT_TRUE(store.find("008aeeda4d805471df9b2a5b0f38a0c3bcba786b"));
  EXPECT_EQ(store.find("1").error().what, "index 1 higher than number of accounts 1");
  EXPECT_FALSE(store.find("main"));
  EXPECT_EQ(store.find(Address{}).error().what, "unknown account");
}

TEST_F(KeystoreTest, NoticesFilesOfOthersAndSkipsWhatIsNoKey) {
  Keystore store{dir, kLightScrypt};
  EXPECT_TRUE(store.accounts().empty());
  std::ofstream{dir / "README"} << "not a key";
  std::ofstream{dir / "UTC--a~"} << "{}";
  std::ofstream{dir / "huge"} << std::string(100'000, ' ');
  fs::create_directory(dir / "folder");
  std::ofstream{dir / "other"} << R"({"address":"008aeeda4d805471df9b2a5b0f38a0c3bcba786b"})";
  const auto all = store.accounts();
  ASSERT_EQ(all.size(), 1u);
  const auto opened = store.unlock(all[0].address, "x", std::chrono::seconds{0});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().remedy.find("other"), std::string::npos);
}

TEST_F(KeystoreTest, AFileUnderAnotherAddressIsNamed) {
  Keystore store{dir, kLightScrypt};
  std::ofstream{dir / "lying"} << with(kPbkdf2File, "{\"crypto\"",
                                       R"({"address":"0000000000000000000000000000000000000001","crypto")");
  const auto opened = store.unlock(store.accounts().at(0).address, "testpassword", std::chrono::seconds{0});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().what.find("key content mismatch"), std::string::npos);
}

TEST_F(KeystoreTest, OpensGethsKeystore) {
  const auto datadir = test::unpacked("geth-1.7.3/datadir.tar.xz") / "datadir";
  QUARRY_NEEDS_FIXTURE(datadir);
  Keystore store{datadir / "keystore"};
  const auto all = store.accounts();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].address.hex(), "0x6688c4e945963e690a277d537ad934877f79a262");
  EXPECT_TRUE(store.unlock(all[0].address, "pw", std::chrono::seconds{0}));
  EXPECT_TRUE(store.is_unlocked(all[0].address));
}
