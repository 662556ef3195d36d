#pragma once
/// \file
/// Block headers (Yellow Paper section 4.3) with every fork's fields.

#include <optional>

#include "core/quantities.hpp"
#include "core/rlp.hpp"
#include "core/sealed.hpp"

namespace quarry {

struct Header {
  BlockHash parent_hash;
  Hash256 ommers_hash;  ///< Keccak-256 of the ommers' RLP list
  Address beneficiary;
  RootHash state_root;
  RootHash transactions_root;
  RootHash receipts_root;
  Bloom logs_bloom;
  U256 difficulty;
  BlockNum number = 0;
  Gas gas_limit = 0;
  Gas gas_used = 0;
  Timestamp timestamp = 0;
  Bytes extra_data;
  MixHash mix_hash;
  SealNonce nonce;
  // Later forks append fields; one is there only when all before it are.
  std::optional<U256> base_fee_per_gas;             ///< EIP-1559 (London)
  std::optional<RootHash> withdrawals_root;         ///< EIP-4895 (Shanghai)
  std::optional<Gas> blob_gas_used;                 ///< EIP-4844 (Cancun)
  std::optional<Gas> excess_blob_gas;               ///< EIP-4844 (Cancun)
  std::optional<Hash256> parent_beacon_block_root;  ///< EIP-4788 (Cancun)
  std::optional<Hash256> requests_hash;             ///< EIP-7685 (Prague)

  /// The one list of a header's fields, in wire order. `visit` takes a field and says whether to go on.
  template <class Self, class Visitor>
  static bool fields(Self& h, Visitor&& visit) {
    return visit(h.parent_hash) && visit(h.ommers_hash) && visit(h.beneficiary) && visit(h.state_root) &&
           visit(h.transactions_root) && visit(h.receipts_root) && visit(h.logs_bloom) &&
           visit(h.difficulty) && visit(h.number) && visit(h.gas_limit) && visit(h.gas_used) &&
           visit(h.timestamp) && visit(h.extra_data) && visit(h.mix_hash) && visit(h.nonce) &&
           visit(h.base_fee_per_gas) && visit(h.withdrawals_root) && visit(h.blob_gas_used) &&
           visit(h.excess_blob_gas) && visit(h.parent_beacon_block_root) && visit(h.requests_hash);
  }
  friend bool operator==(const Header&, const Header&) = default;
};

using SealedHeader = Sealed<Header, BlockHash>;

/// How a chain names its headers: the engine's choice.
enum class HeaderIdentity : std::uint8_t {
  keccak_rlp,  ///< Keccak-256 of the RLP: ethash, clique, post-merge
  jbc_sha256,  ///< SHA-256 of the JSON-file chain's text form
};

/// Extra data longer than this is refused while decoding, before any rule of a chain is asked: clique
/// checkpoints and the JSON-file chain's data need far more than the 32 bytes of proof of work.
inline constexpr std::size_t kMaxExtraDataBytes = std::size_t{1} << 20;

/// The header with its hash.
SealedHeader seal_header(Header header, HeaderIdentity identity);
/// Reads one header, a list item.
[[nodiscard]] rlp::Decoded<SealedHeader> read_header(rlp::Reader& from, HeaderIdentity identity);
[[nodiscard]] rlp::Decoded<SealedHeader> decode_header(ByteView rlp, HeaderIdentity identity);
void write_header(rlp::Writer& to, const Header& header);
Bytes encode_header(const Header& header);

/// Keccak-256 of the RLP without mix hash and nonce: what an ethash seal proves (Yellow Paper 4.3.4).
Hash256 seal_hash(const Header& header);

/// Keccak-256 of the empty list: the ommers hash of a block without ommers.
extern const Hash256 kEmptyOmmersHash;
/// The root of a trie without entries: Keccak-256 of the empty string's RLP.
extern const RootHash kEmptyRoot;
/// Keccak-256 of nothing: the code hash of an account without code.
extern const CodeHash kEmptyCodeHash;

}  // namespace quarry
