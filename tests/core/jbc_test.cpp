/// The JSON-file chain's block in a header and back, and its hash.
#include "core/jbc.hpp"

#include <gtest/gtest.h>

#include <random>

#include "core/sha256.hpp"

using namespace quarry;

namespace {
constexpr std::string_view kHash0 = "000002f9c703dc80340c08462a0d6acdac9d0e10eb4190f6e57af6bb0850d03c";
constexpr std::string_view kHash1 = "00000c575050241e0a4df1acd7e6fb90cc1f599e2cc2908ec8225e10915006cc";

/// The tutorial's own first two blocks.
jbc::Block first() {
  return {.index = 0,
          .timestamp = "1508895381",
          .prev_hash = "",
          .hash = std::string(kHash0),
          .data = "First block data",
          .nonce = "631412"};
}
jbc::Block second() {
  return {.index = 1,
          .timestamp = "1508895386",
          .prev_hash = std::string(kHash0),
          .hash = std::string(kHash1),
          .data = "I block #1",
          .nonce = "1225518"};
}

/// What a block is after it rode in a header over the wire.
std::optional<jbc::Block> ridden(const jbc::Block& block) {
  const auto header = decode_header(encode_header(jbc::to_header(block, 5)), HeaderIdentity::jbc_sha256);
  return header ? jbc::from_header(*header) : std::nullopt;
}
void expect_kept(const jbc::Block& block) {
  const auto back = ridden(block);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, block);
  EXPECT_EQ(back->layout, block.layout);
  EXPECT_EQ(jbc::to_header(*back, 5), jbc::to_header(block, 5));
}
}  // namespace

TEST(Sha256, KernelsAgreeWithTheStandard) {
  // FIPS 180-4's examples.
  EXPECT_EQ(sha256(as_bytes("abc")).hex(),
            "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(as_bytes("")).hex(), "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).hex(),
            "0x248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(Bytes(1'000'000, 'a')).hex(),
            "0xcdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  std::mt19937 random(7);
  Bytes blocks(8 * 64);
  for (auto& byte : blocks) byte = static_cast<std::uint8_t>(random());
  const auto& portable = *sha256_parts::kernels().front();
  auto wanted = sha256_parts::kInitial;
  portable.compress(wanted, blocks.data(), 8);
  for (const auto* kernel : sha256_parts::kernels()) {
    auto got = sha256_parts::kInitial, a = got, b = got;
    kernel->compress(got, blocks.data(), 8);
    EXPECT_EQ(got, wanted) << kernel->name;
    for (std::size_t i = 0; i < 8; ++i)
      kernel->compress_pair(a, b, blocks.data() + 64 * i, blocks.data() + 64 * (7 - i));
    EXPECT_EQ(a, wanted) << kernel->name;
    EXPECT_NE(b, wanted) << kernel->name;
  }
}

TEST(Jbc, HashIsThatOfTheText) {
  EXPECT_EQ(jbc::text_form(second()), "1" + std::string(kHash0) + "I block #115088953861225518");
  EXPECT_EQ(jbc::compute_hash(first()), kHash0);
  EXPECT_EQ(jbc::compute_hash(second()), kHash1);
  EXPECT_EQ(jbc::leading_zeros(kHash1), 5u);
  EXPECT_EQ(jbc::leading_zeros(*Hash256::from_hex(kHash1)), 5u);
  EXPECT_EQ(jbc::leading_zeros(Hash256{}), 64u);
}

TEST(Jbc, HeaderSaysWhatTheBlockSays) {
  const SealedHeader header = seal_header(jbc::to_header(second(), 5), HeaderIdentity::jbc_sha256);
  EXPECT_EQ(to_hex(header.hash()), kHash1);
  EXPECT_EQ(to_hex(header->parent_hash), kHash0);
  EXPECT_EQ(header->number, 1u);
  EXPECT_EQ(header->timestamp, 1508895386u);
  EXPECT_EQ(header->difficulty, U256{1} << 20);
  EXPECT_EQ(as_text(header->extra_data).substr(2), "I block #1");
  EXPECT_EQ(header->parent_hash, seal_header(jbc::to_header(first(), 5), HeaderIdentity::jbc_sha256).hash());
}

TEST(Jbc, EveryFieldComesBack) {
  expect_kept(first());
  expect_kept(second());
  jbc::Block odd = first();
  odd.hash = "no hash at all";
  expect_kept(odd);
  odd.hash = "";
  expect_kept(odd);
  odd.prev_hash = std::string(64, '0');
  expect_kept(odd);
  odd.prev_hash = "genesis";
  odd.timestamp = "2017-10-24 18:36";
  odd.nonce = std::string(70, '9');
  odd.layout = "{\"x\": 1}";
  expect_kept(odd);
}

TEST(Jbc, LongNumbersAndAnyTextComeBack) {
  for (const char* timestamp : {"20171102153012123456", "18446744073709551615", "18446744073709551616", "007",
                                "", "0", "yesterday"}) {
    for (const char* nonce : {"0", "18446744073709551615", "18446744073709551616"}) {
      for (const std::string& data :
           {std::string(), std::string("\0a", 2), std::string(5000, 'x'), std::string("区块链 🔨"),
            std::string("\x7f"), std::string("\xc3\xa9")}) {
        jbc::Block block = second();
        block.timestamp = timestamp;
        block.nonce = nonce;
        block.data = data;
        block.hash = jbc::compute_hash(block);
        expect_kept(block);
      }
    }
  }
}

TEST(Jbc, NamesAreApart) {
  EXPECT_TRUE(jbc::name_of("").is_zero());
  EXPECT_EQ(to_hex(jbc::name_of(kHash1)), kHash1);
  std::string upper(kHash1);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_NE(jbc::name_of(upper), jbc::name_of(kHash1));
  EXPECT_NE(jbc::name_of("genesis"), jbc::name_of("Genesis"));
}

TEST(Jbc, HeadersThatCarryNoBlockAreRefused) {
  Header header = jbc::to_header(second(), 5);
  const auto refused = [&](ByteView extra) {
    header.extra_data = to_bytes(extra);
    EXPECT_FALSE(jbc::from_header(header)) << to_hex(extra);
    EXPECT_FALSE(decode_header(encode_header(header), HeaderIdentity::jbc_sha256)) << to_hex(extra);
  };
  refused(as_bytes("I block #1"));
  refused(Bytes{});
  refused(*from_hex("c0"));          // no data
  refused(*from_hex("c26100"));      // a text that is no list
  refused(*from_hex("c261c0"));      // ends with what is not there
  refused(*from_hex("c461c2c0c0"));  // a list in a text's list
  refused(*from_hex("c361c162ff"));  // bytes after the end
  refused(*from_hex("c7c061c0c0c0c162"));
  // Only block 0 may have a hash of its own.
  refused(*from_hex("c661c0c0c0c162"));
  header.number = 0;
  EXPECT_EQ(jbc::from_header(header)->hash, "b");
}

TEST(Jbc, GenesisOfAFileGetsTheForm) {
  Header given;
  given.timestamp = 1508895381;
  given.extra_data = to_bytes(as_bytes("First block data"));
  given.nonce.bytes = {0, 0, 0, 0, 0, 0x09, 0xa2, 0x74};
  const Header made = jbc::genesis_header(given, 5);
  EXPECT_EQ(jbc::from_header(made), first());
  EXPECT_EQ(jbc::genesis_header(made, 5), made);
}
