#pragma once
/// \file
/// Keys and values of the tables as bytes. What decodes here was written here: a value that does not decode
/// is corruption, and gives nothing.

#include <array>
#include <optional>
#include <vector>

#include "core/account.hpp"
#include "core/block_id.hpp"
#include "core/receipt.hpp"

namespace quarry {

/// num (8).
std::array<std::uint8_t, 8> number_key(BlockNum number);
/// The number in the first 8 bytes.
std::optional<BlockNum> read_number(ByteView bytes);
/// num (8) + hash: keys of header, body, receipt; and each of the heads.
std::array<std::uint8_t, 40> block_key(const BlockId& id);
std::optional<BlockId> read_block_id(ByteView bytes);

/// hashed address + hashed slot.
std::array<std::uint8_t, 64> slot_key(const AddressHash& account, const SlotHash& slot);
/// The change set's key; without `slot`, the account itself.
Bytes change_key(const AddressHash& account, const std::optional<SlotHash>& slot, BlockNum number);
/// The node at `nibbles` (one a byte, at most 64) from a trie's root; without `account`, in the account trie.
Bytes node_key(const std::optional<AddressHash>& account, ByteView nibbles);
/// What all node keys of one storage trie start with.
Bytes storage_trie_prefix(const AddressHash& account);
/// The least key that is greater than all that start with `prefix`; empty when there is none.
Bytes after_prefix(ByteView prefix);
/// The first eight bytes as a number that orders as they do; zeros where the key is shorter.
std::uint64_t key_prefix(ByteView key);

/// The account table's value: an empty storage root and no code take one byte each.
Bytes encode_flat_account(const Account& account);
std::optional<Account> decode_flat_account(ByteView bytes);
/// The slot table's value: no leading zeros. Zero is not stored.
Bytes encode_flat_slot(const SlotValue& value);
std::optional<SlotValue> decode_flat_slot(ByteView bytes);
/// The storage trie's leaf: RLP of the value without leading zeros.
Bytes encode_slot_leaf(const SlotValue& value);

Bytes encode_stored_receipts(const std::vector<Receipt>& receipts);
std::optional<std::vector<Receipt>> decode_stored_receipts(ByteView bytes);

AddressHash hash_of(const Address& address);
SlotHash hash_of(const SlotKey& key);

}  // namespace quarry
