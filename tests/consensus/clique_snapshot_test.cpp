// The voting of EIP-225, by its published cases. A chain is written as a word a block: the signer's letter,
// and where it votes the subject's with + (let in) or - (put out) before it.
#include <gtest/gtest.h>

#include <sstream>

#include "consensus/clique/snapshot.hpp"
#include "core/secp256k1.hpp"

namespace quarry::clique {
namespace {
Address named(char letter) {
  Address address;
  address.bytes.fill(static_cast<std::uint8_t>(letter));
  return address;
}

std::vector<Address> named_all(std::string_view letters) {
  std::vector<Address> out;
  for (const char letter : letters) out.push_back(named(letter));
  return out;
}

struct Case {
  const char* what;
  const char* signers;
  const char* blocks;
  const char* result;  ///< signers in the end
  std::optional<BlockRule> failure = {};
  std::uint64_t epoch = 30000;
};

constexpr Case kCases[] = {
    {"nothing voted", "A", "A", "A"},
    {"one lets in a second, who must agree to a third", "A", "A+B B A+C", "AB"},
    {"two let in two, and the third needs three", "AB", "A+C B+C A+D B+D C A+E B+E", "ABCD"},
    {"one puts itself out", "A", "A-A", ""},
    {"two must agree to put out one: not met", "AB", "A-B", "AB"},
    {"two must agree to put out one: met", "AB", "A-B B-B", "A"},
    {"two of three put out the third", "ABC", "A-C B-C", "AB"},
    {"two of four do not suffice", "ABCD", "A-C B-C", "ABCD"},
    {"three of four do", "ABCD", "A-D B-D C-D", "ABC"},
    {"a vote for counts once", "AB", "A+C B A+C B A+C", "AB"},
    {"several can be let in at once", "AB", "A+C B A+D B A B+D A B+C", "ABCD"},
    {"a vote against counts once", "AB", "A-B B A-B B A-B", "AB"},
    {"several can be put out at once", "ABCD", "A-C B C A-D B C A B-D C-D A B-C", "AB"},
    {"who is put out takes its votes against along", "ABC", "C-B A-C B-C A-B", "AB"},
    {"who is put out takes its votes for along", "ABC", "C+D A-C B-C A+D", "AB"},
    {"no cascade", "ABCD", "A-C B C A-D B-C C A B-D C-D", "ABC"},
    {"a majority that came about elsewhere acts when touched", "ABCD", "A-C B C A-D B-C C A B-D C-D A C+C",
     "AB"},
    {"or is gone when touched", "ABCD", "A-C B C A-D B-C C A B-D C-D A B+C", "ABC"},
    {"votes do not outlive a change of their subject", "ABCDE",
     "A+F B+F C+F D-F E-F B-F C-F D+F E+F B-A C-A D-A B+F", "BCDEF"},
    {"an epoch forgets votes", "AB", "A+C B A B+C", "AB", {}, 3},
    {"a stranger signs", "A", "B", "", BlockRule::unauthorized_signer},
    {"a signer signs twice", "AB", "A A", "", BlockRule::signed_recently},
    {"a checkpoint forgets no recent signer", "ABC", "A B A A", "", BlockRule::signed_recently, 3},
};

SealedHeader header_of(const BlockId& parent, const std::string& word) {
  Header header;
  header.number = parent.number + 1;
  header.parent_hash = parent.hash;
  if (word.size() == 3) {
    header.beneficiary = named(word[2]);
    header.nonce = word[1] == '+' ? kVoteFor : kVoteAgainst;
  }
  return seal_header(std::move(header), HeaderIdentity::keccak_rlp);
}

class CliqueVoting : public testing::TestWithParam<Case> {};

TEST_P(CliqueVoting, EndsWithTheSignersOfTheCase) {
  const Case& c = GetParam();
  Snapshot snapshot;
  snapshot.signers = named_all(c.signers);
  CliqueParams params;
  params.epoch = c.epoch;
  std::istringstream blocks(c.blocks);
  std::optional<BlockRule> failure;
  for (std::string word; !failure && blocks >> word;) {
    auto next = snapshot.next(header_of(snapshot.id, word), named(word[0]), params);
    if (next)
      snapshot = *std::move(next);
    else
      failure = next.error().rule;
    const auto stored = decode_snapshot(encode_snapshot(snapshot));
    ASSERT_TRUE(stored);
    EXPECT_EQ(*stored, snapshot);
  }
  EXPECT_EQ(failure, c.failure);
  if (!c.failure) {
    EXPECT_EQ(snapshot.signers, named_all(c.result));
  }
}

INSTANTIATE_TEST_SUITE_P(Eip225, CliqueVoting, testing::ValuesIn(kCases),
                         [](const auto& one) { return "case_" + std::to_string(one.index); });

TEST(CliqueSeal, NamesItsSigner) {
  const PrivateKey key = random_private_key();
  Header header;
  header.extra_data.resize(kVanityBytes + kSealBytes);
  const RecoverableSignature signature = sign(key, signed_hash(header));
  std::copy(signature.begin(), signature.end(), header.extra_data.end() - kSealBytes);
  EXPECT_EQ(signer_of(header), address_of(public_key(key)));
  header.gas_used = 1;
  EXPECT_NE(signer_of(header), address_of(public_key(key)));
  header.extra_data.resize(kVanityBytes + kSealBytes - 1);
  EXPECT_EQ(signer_of(header), std::nullopt);
}

TEST(CliqueSeal, ListsTheSignersOfACheckpoint) {
  Bytes extra(kVanityBytes + 2 * Address::kSize + kSealBytes);
  extra[kVanityBytes] = 7;
  const auto signers = listed_signers(extra);
  ASSERT_TRUE(signers);
  EXPECT_EQ(signers->size(), 2u);
  extra.push_back(0);
  EXPECT_FALSE(listed_signers(extra));
}
}  // namespace
}  // namespace quarry::clique
