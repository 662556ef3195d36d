#include "node/dev/dev_changes.hpp"

#include "consensus/clique/snapshot.hpp"
#include "core/keccak.hpp"
#include "storage/chain_store.hpp"
#include "storage/database.hpp"
#include "storage/meta.hpp"

namespace quarry {
namespace {

constexpr std::size_t kWord = 32;
constexpr std::size_t kFixedPart = 1 + Address::kSize + 2 * kWord;

std::string key_of(ByteView hash) {
  return std::string(meta::kDevChange) + to_hex(hash);
}

void make(evm::Journal& journal, const rpc::DevChange& change) {
  auto& account = journal.account(change.account);
  switch (change.field) {
    case rpc::DevChange::Field::balance:
      return journal.set_balance(account, change.value);
    case rpc::DevChange::Field::nonce:
      return journal.set_nonce(account, change.value.low64());
    case rpc::DevChange::Field::code:
      return journal.set_code(account, change.code);
    case rpc::DevChange::Field::slot:
      journal.touch(account);
      return journal.set_slot(account, journal.slot(account, change.key), change.value);
  }
}

}  // namespace

Bytes encode_change(const rpc::DevChange& change) {
  Bytes out{static_cast<std::uint8_t>(change.field)};
  append(out, change.account);
  append(out, change.key.to_be());
  append(out, change.value.to_be());
  append(out, change.code);
  return out;
}

std::optional<rpc::DevChange> decode_change(ByteView bytes) {
  using Field = rpc::DevChange::Field;
  if (bytes.size() < kFixedPart || bytes[0] > static_cast<std::uint8_t>(Field::slot)) return std::nullopt;
  rpc::DevChange out;
  out.field = static_cast<Field>(bytes[0]);
  out.account = *Address::from(bytes.subspan(1, Address::kSize));
  out.key = U256::from_be(bytes.subspan(1 + Address::kSize, kWord));
  out.value = U256::from_be(bytes.subspan(1 + Address::kSize + kWord, kWord));
  out.code = to_bytes(bytes.subspan(kFixedPart));
  return out;
}

Result<Bytes> DevChanges::add(const rpc::DevChange& change) {
  const Bytes record = encode_change(change);
  const Hash256 hash = keccak256(record);
  Batch batch;
  ChainWriter(batch).put_meta(key_of(hash), record);
  if (auto done = database_.commit(std::move(batch), Durability::wal); !done)
    return tl::unexpected(done.error());
  return to_bytes(hash.view());
}

void DevChanges::apply(evm::Journal& journal, const Header& header) const {
  if (header.extra_data.size() < clique::kVanityBytes) return;
  const auto record =
      ChainStore(database_).meta_text(key_of(ByteView(header.extra_data).first(clique::kVanityBytes)));
  const auto change = record ? decode_change(as_bytes(*record)) : std::nullopt;
  if (!change) return;
  make(journal, *change);
  journal.end_transaction();
}

}  // namespace quarry
