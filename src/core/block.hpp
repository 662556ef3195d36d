#pragma once
/// \file
/// Block bodies and whole blocks.

#include <optional>
#include <vector>

#include "core/header.hpp"
#include "core/transaction.hpp"

namespace quarry {

/// EIP-4895.
struct Withdrawal {
  std::uint64_t index = 0;
  std::uint64_t validator_index = 0;
  Address address;
  std::uint64_t amount_gwei = 0;
  friend bool operator==(const Withdrawal&, const Withdrawal&) = default;
};

struct Body {
  std::vector<Transaction> transactions;
  std::vector<SealedHeader> ommers;
  std::optional<std::vector<Withdrawal>> withdrawals;  ///< from Shanghai on

  bool empty() const { return transactions.empty() && ommers.empty() && !withdrawals; }
};

struct Block {
  SealedHeader header;
  Body body;
};

/// [transactions, ommers] and withdrawals where there are any: as in a BlockBodies message.
[[nodiscard]] rlp::Decoded<Body> read_body(rlp::Reader& from, HeaderIdentity identity);
[[nodiscard]] rlp::Decoded<Body> decode_body(ByteView rlp, HeaderIdentity identity);
void write_body(rlp::Writer& to, const Body& body);
Bytes encode_body(const Body& body);

/// [header, transactions, ommers] and withdrawals where there are any: as in NewBlock and in geth's export
/// files.
[[nodiscard]] rlp::Decoded<Block> read_block(rlp::Reader& from, HeaderIdentity identity);
[[nodiscard]] rlp::Decoded<Block> decode_block(ByteView rlp, HeaderIdentity identity);
void write_block(rlp::Writer& to, const Block& block);
Bytes encode_block(const Block& block);
/// The same from the encodings of header and body, copied and not read.
Bytes join_block(ByteView header_rlp, ByteView body_rlp);

/// Keccak-256 of the ommers' list.
Hash256 ommers_hash(const std::vector<SealedHeader>& ommers);

}  // namespace quarry
