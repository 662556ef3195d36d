// The voting of EIP-225, by its published cases.
#include <gtest/gtest.h>

#include <sstream>

#include "clique_cases.hpp"
#include "consensus/clique/snapshot.hpp"
#include "core/secp256k1.hpp"

namespace quarry::clique {
namespace {
using test::CliqueCase;

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

class CliqueVoting : public testing::TestWithParam<CliqueCase> {};

TEST_P(CliqueVoting, EndsWithTheSignersOfTheCase) {
  const CliqueCase& c = GetParam();
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

INSTANTIATE_TEST_SUITE_P(Eip225, CliqueVoting, testing::ValuesIn(test::kCliqueCases),
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
