#pragma once
/// \file
/// Who may sign the next block of an authority chain (EIP-225): the signers after a block, and the votes
/// under way.

#include <map>
#include <span>
#include <vector>

#include "consensus/errors.hpp"
#include "core/block_id.hpp"
#include "core/chain_spec.hpp"
#include "core/expected.hpp"

namespace quarry::clique {

/// Extra data: vanity, at checkpoints the signers, the signature.
inline constexpr std::size_t kVanityBytes = 32;
inline constexpr std::size_t kSealBytes = 65;
/// Difficulty of a block by the signer whose turn it is, and by another.
inline constexpr std::uint64_t kInTurnDifficulty = 2;
inline constexpr std::uint64_t kOutOfTurnDifficulty = 1;
/// A header's nonce votes for (all ones) or against (zero) its beneficiary.
inline constexpr SealNonce kVoteFor{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
inline constexpr SealNonce kVoteAgainst{};

struct Vote {
  Address signer;
  BlockNum block = 0;
  Address subject;
  bool authorize = false;
  friend bool operator==(const Vote&, const Vote&) = default;
};
struct Tally {
  bool authorize = false;
  std::size_t votes = 0;
  friend bool operator==(const Tally&, const Tally&) = default;
};

/// The state of the voting after one block. A value.
struct Snapshot {
  BlockId id;
  std::vector<Address> signers;         ///< sorted
  std::map<BlockNum, Address> recents;  ///< who signed the last blocks
  std::vector<Vote> votes;              ///< in the order they were cast
  std::map<Address, Tally> tally;
  friend bool operator==(const Snapshot&, const Snapshot&) = default;

  bool is_signer(const Address& address) const;
  /// Is it this signer's turn at block `number`?
  bool in_turn(BlockNum number, const Address& signer) const;
  /// A signer signs one block of so many at most.
  std::size_t window() const { return signers.size() / 2 + 1; }
  /// The block that the signer signed so lately that it must not sign `number`.
  std::optional<BlockNum> signed_recently(BlockNum number, const Address& signer) const;

  /// The snapshot after `header`, the next block, which `signer` signed. An error when it must not have.
  [[nodiscard]] Expected<Snapshot, BlockError> next(const SealedHeader& header, const Address& signer,
                                                    const CliqueParams& params) const;
};

/// The signers that a checkpoint's extra data lists; nothing when its length is none.
std::optional<std::vector<Address>> listed_signers(ByteView extra_data);
/// Who signed the header; nothing when the seal is none.
std::optional<Address> signer_of(const Header& header);
/// What a signer signs: the header's hash without its signature.
Hash256 signed_hash(const Header& header);
/// A checkpoint's snapshot: signers as listed, no votes, nobody recent.
std::optional<Snapshot> snapshot_of_checkpoint(const SealedHeader& header);

/// For the database.
Bytes encode_snapshot(const Snapshot& snapshot);
[[nodiscard]] rlp::Decoded<Snapshot> decode_snapshot(ByteView bytes);

}  // namespace quarry::clique
