#pragma once
/// \file
/// Authority chains for the tests: accounts by letter, really signed blocks.

#include <algorithm>
#include <functional>
#include <sstream>

#include "chain_support.hpp"
#include "consensus/clique/engine.hpp"
#include "core/secp256k1.hpp"

namespace quarry::test {

/// The account of a letter.
inline PrivateKey key_of(char letter) {
  PrivateKey key;
  key.bytes.fill(static_cast<std::uint8_t>(letter));
  return key;
}
inline Address account_of(char letter) {
  return address_of(public_key(key_of(letter)));
}
inline std::vector<Address> accounts_of(std::string_view letters) {
  std::vector<Address> out;
  for (const char letter : letters) out.push_back(account_of(letter));
  std::sort(out.begin(), out.end());
  return out;
}

inline Header sign_with(char letter, Header header) {
  const auto signature = sign(key_of(letter), clique::signed_hash(header));
  std::copy(signature.begin(), signature.end(),
            header.extra_data.end() - static_cast<std::ptrdiff_t>(clique::kSealBytes));
  return header;
}

inline Genesis clique_genesis(std::string_view signers, std::uint64_t epoch = 30000,
                              std::uint64_t period = 1) {
  Genesis genesis;
  genesis.spec = spec_with({Fork::homestead, Fork::eip150, Fork::eip155, Fork::eip158, Fork::byzantium});
  genesis.spec.engine = EngineKind::clique;
  genesis.spec.clique.epoch = epoch;
  genesis.spec.clique.period = period;
  genesis.header.difficulty = 1;
  genesis.header.gas_limit = 8'000'000;
  genesis.header.extra_data.resize(clique::kVanityBytes);
  for (const Address& signer : accounts_of(signers)) append(genesis.header.extra_data, signer);
  genesis.header.extra_data.resize(genesis.header.extra_data.size() + clique::kSealBytes);
  return genesis;
}

/// Makes empty blocks of an authority chain. It knows the headers it made.
class SignedChain final : public HeaderSource {
 public:
  SignedChain(const Genesis& genesis, SealedHeader first)
      : engine_(genesis.spec.clique), genesis_(std::move(first)) {
    headers_.emplace(genesis_.hash(), genesis_);
  }
  const SealedHeader& genesis() const { return genesis_; }

  std::optional<SealedHeader> header_of(const BlockId& id) const override {
    const auto found = headers_.find(id.hash);
    return found == headers_.end() ? std::nullopt : std::optional(found->second);
  }

  /// The child that a word of kCliqueCases describes. `change` spoils it before it is signed. `seconds` after
  /// its parent.
  SealedHeader child(const SealedHeader& parent, std::string_view word,
                     const std::function<void(Header&)>& change = nullptr, std::uint64_t seconds = 1) {
    Header header;
    header.parent_hash = parent.hash();
    header.number = parent->number + 1;
    header.gas_limit = parent->gas_limit;
    header.state_root = parent->state_root;
    header.ommers_hash = kEmptyOmmersHash;
    header.transactions_root = header.receipts_root = kEmptyRoot;
    header.beneficiary = account_of(word[0]);
    engine_.shape_candidate(*parent, parent->timestamp + seconds, *this, header);
    if (word.size() == 3) {
      header.beneficiary = account_of(word[2]);
      header.nonce = word[1] == '+' ? clique::kVoteFor : clique::kVoteAgainst;
    }
    if (change) change(header);
    SealedHeader sealed = seal_header(sign_with(word[0], std::move(header)), HeaderIdentity::keccak_rlp);
    headers_.emplace(sealed.hash(), sealed);
    return sealed;
  }

  /// "A B C+D": a block a word.
  std::vector<SealedHeader> line(SealedHeader from, std::string_view words) {
    std::vector<SealedHeader> out;
    std::istringstream in{std::string(words)};
    for (std::string word; in >> word;) out.push_back(child(out.empty() ? from : out.back(), word));
    return out;
  }

  std::vector<Address> signers_after(const SealedHeader& header) const {
    const auto at = engine_.snapshot({header->number, header.hash()}, *this);
    return at ? (*at)->signers : std::vector<Address>{};
  }

 private:
  clique::CliqueEngine engine_;
  SealedHeader genesis_;
  std::map<BlockHash, SealedHeader> headers_;
};

inline std::vector<Block> empty_blocks(const std::vector<SealedHeader>& headers) {
  std::vector<Block> out;
  for (const SealedHeader& header : headers) out.push_back({header, {}});
  return out;
}

}  // namespace quarry::test
