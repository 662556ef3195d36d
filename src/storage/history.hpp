#pragma once
/// \file
/// Searches through change sets: which blocks changed an account, and what storage it had.

#include <utility>
#include <vector>

#include "core/account.hpp"
#include "storage/database.hpp"

namespace quarry {

/// Blocks that changed the account or its storage, from block `from` on upwards or downwards, at most `most`:
/// one step of a cursor each.
std::vector<BlockNum> blocks_changing(const DatabaseReader& reader, const AddressHash& account, BlockNum from,
                                      bool upwards, std::size_t most);

/// The account's slots after block `number`, without those that are zero, in the order of their hashed keys
/// from `first` on, at most `most`. A slot that was changed later takes one seek more.
std::vector<std::pair<SlotHash, SlotValue>> slots_after(const DatabaseReader& reader, BlockNum number,
                                                        const AddressHash& account, const SlotHash& first,
                                                        std::size_t most);

/// The accounts after block `number` in the order of their hashed addresses from `first` on, at most `most`. An
/// account that was changed later takes one seek more.
std::vector<std::pair<AddressHash, Account>> accounts_after(const DatabaseReader& reader, BlockNum number,
                                                            const AddressHash& first, std::size_t most);

}  // namespace quarry
