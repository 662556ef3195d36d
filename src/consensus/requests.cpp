#include "consensus/requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/sha256.hpp"
#include "core/u256.hpp"

namespace quarry {
namespace {
/// Keccak-256 of "DepositEvent(bytes,bytes,bytes,bytes,bytes)".
const Hash256 kDepositTopic =
    *Hash256::from_hex("0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5");
constexpr std::size_t kWord = 32;
/// The event's ABI form: five offsets, then each field's length and the field, filled up to whole words.
constexpr std::size_t kDepositBytes = 576;
struct DepositField {
  std::size_t offset;  ///< of its length
  std::size_t size;
};
constexpr std::array kDepositFields = {
    DepositField{160, 48},  // public key
    DepositField{256, 32},  // withdrawal credentials
    DepositField{320, 8},   // amount
    DepositField{384, 96},  // signature
    DepositField{512, 8},   // index
};

bool word_is(ByteView data, std::size_t at, std::size_t value) {
  return U256::from_be(data.subspan(at, kWord)) == U256{value};
}

/// False when the log's data does not have the one form that the contract writes.
bool add_deposit(ByteView data, Bytes& out) {
  if (data.size() != kDepositBytes) return false;
  for (std::size_t i = 0; i < kDepositFields.size(); ++i) {
    const auto& [offset, size] = kDepositFields[i];
    if (!word_is(data, i * kWord, offset) || !word_is(data, offset, size)) return false;
    const ByteView field = data.subspan(offset + kWord, size);
    out.insert(out.end(), field.begin(), field.end());
  }
  return true;
}
}  // namespace

void add_request(std::vector<Bytes>& requests, RequestType type, ByteView data) {
  if (data.empty()) return;
  Bytes& request = requests.emplace_back();
  request.reserve(1 + data.size());
  request.push_back(static_cast<std::uint8_t>(type));
  request.insert(request.end(), data.begin(), data.end());
}

Expected<Bytes, BlockError> deposits_of(const std::vector<Receipt>& receipts, const Address& contract) {
  Bytes deposits;
  for (std::size_t i = 0; i < receipts.size(); ++i)
    for (const Log& log : receipts[i].logs) {
      if (log.address != contract || log.topics.empty() || log.topics.front() != kDepositTopic) continue;
      if (add_deposit(log.data, deposits)) continue;
      return tl::unexpected(BlockError{
          BlockRule::deposit,
          fmt::format("invalid deposit: a log of transaction {} has {} bytes in another form than EIP-6110's",
                      i, log.data.size())});
    }
  return deposits;
}

Hash256 requests_hash(const std::vector<Bytes>& requests) {
  Bytes hashes;
  for (const Bytes& request : requests) {
    const Hash256 hash = sha256(request);
    hashes.insert(hashes.end(), hash.begin(), hash.end());
  }
  return sha256(hashes);
}

Verdict check_requests_hash(const Header& header, const std::optional<std::vector<Bytes>>& requests) {
  if (!header.requests_hash || !requests) return {};  // the header phase has seen to the forks' fields
  const Hash256 computed = requests_hash(*requests);
  if (computed == *header.requests_hash) return {};
  return BlockError{BlockRule::requests_hash,
                    fmt::format("invalid requests hash: the header says {}, execution gives {}",
                                header.requests_hash->hex(), computed.hex())};
}

}  // namespace quarry
