#include "rpc/store_reader.hpp"

#include <fmt/format.h>

#include <array>
#include <map>

#include "consensus/clique/engine.hpp"
#include "rpc/json_rpc.hpp"
#include "storage/codec.hpp"
#include "storage/history.hpp"
#include "storage/log_index.hpp"
#include "storage/meta.hpp"

namespace quarry::rpc {

StoreReader::StoreReader(const Database& database, const Authority* authority)
    : database_(database), chain_(database), state_(database), authority_(authority) {}

BlockId StoreReader::head() const {
  return chain_.heads().block;
}
std::optional<BlockId> StoreReader::canonical(BlockNum number) const {
  return chain_.canonical_id(number);
}
std::optional<BlockId> StoreReader::find(const BlockHash& hash) const {
  return chain_.id_of(hash);
}
std::optional<SealedHeader> StoreReader::header(const BlockId& id) const {
  return chain_.header(id);
}
std::vector<BlockNum> StoreReader::blocks_with_logs(const LogTerms& terms, BlockNum first, BlockNum last,
                                                    std::size_t most) const {
  std::vector<BlockNum> out;
  LogWalk walk(database_, terms);
  for (BlockNum from = first; from <= last && out.size() < most; from = out.back() + 1) {
    const auto block = walk.next(from);
    if (!block || *block > last) break;
    out.push_back(*block);
  }
  return out;
}

std::optional<Block> StoreReader::block(const BlockId& id) const {
  return chain_.block(id);
}
std::optional<TotalDifficulty> StoreReader::total_difficulty(const BlockId& id) const {
  return chain_.total_difficulty(id);
}

std::optional<std::vector<Receipt>> StoreReader::receipts(const BlockId& id) const {
  // A block without transactions has none to keep.
  if (auto kept = chain_.receipts(id)) return kept;
  const auto body = chain_.body(id);
  if (!body || !body->transactions.empty()) return std::nullopt;
  return std::vector<Receipt>{};
}

std::optional<TxnLocation> StoreReader::find_transaction(const TxnHash& hash) const {
  const auto place = chain_.txn_place(hash);
  // Above the head block there are headers only.
  if (!place || place->number > head().number) return std::nullopt;
  const auto id = chain_.canonical_id(place->number);
  if (!id) return std::nullopt;
  return TxnLocation{*id, place->index};
}

/// More than half of the signers have signed on a block that lies so deep.
FinalityDepths StoreReader::finality() const {
  if (authority_ == nullptr) return depths_;
  const auto at = authority_->engine.snapshot(head(), authority_->headers);
  if (!at) return depths_;
  return {(*at)->window(), (*at)->window()};
}

BlockNum StoreReader::oldest_state() const {
  return state_.oldest_state().value_or(head().number);
}

Result<> StoreReader::check_canonical(const BlockId& id) const {
  if (chain_.canonical_id(id.number) == id) return {};
  return fail(fmt::format("the state of block {} ({}) is not kept: it is not on the canonical chain",
                          id.number, id.hash.hex()));
}

Result<std::unique_ptr<TrieView>> StoreReader::tries_at(const BlockId& id,
                                                        const TrieView::Bounds& bounds) const {
  if (auto known = check_canonical(id); !known) return tl::unexpected(known.error());
  return TrieView::at(database_, id.number, bounds);
}

Result<std::unique_ptr<StateView>> StoreReader::state_at(const BlockId& id) const {
  if (auto known = check_canonical(id); !known) return tl::unexpected(known.error());
  if (auto view = state_.at(id.number)) return view;
  const auto head = state_.head();
  const auto oldest = state_.oldest_state();
  if (!head || !oldest) {
    return fail("the state is not here yet: it is being downloaded", "eth.syncing tells how far it is.");
  }
  return fail(fmt::format("the state of block {} is not kept", id.number),
              fmt::format("States of the blocks {} to {} can be read.", *oldest, head->number));
}

std::vector<BlockNum> StoreReader::blocks_changing(const Address& address, BlockNum from, Direction direction,
                                                   std::size_t most) const {
  return quarry::blocks_changing(database_, hash_of(address), from, direction == Direction::up, most);
}

Result<std::vector<StoredSlot>> StoreReader::slots_at(const BlockId& id, const Address& address,
                                                      const SlotHash& first, std::size_t most) const {
  // Says which states are kept where this one is not.
  if (auto view = state_at(id); !view) return tl::unexpected(view.error());
  const auto snapshot = database_.snapshot();
  std::vector<StoredSlot> out;
  for (const auto& [key, value] : slots_after(snapshot, id.number, hash_of(address), first, most)) {
    out.push_back({key, value});
  }
  return out;
}

std::vector<Address> StoreReader::genesis_accounts() const {
  std::vector<Address> out;
  const auto genesis =
      Json::parse(ChainStore(database_).meta_text(meta::kGenesis).value_or(""), nullptr, false);
  if (!genesis.is_object() || !genesis.contains("alloc") || !genesis["alloc"].is_object()) return out;
  for (const auto& [key, account] : genesis["alloc"].items()) {
    const auto address = Address::from_hex(key.starts_with("0x") ? key.substr(2) : key);
    if (address) out.push_back(*address);
  }
  return out;
}

Result<std::vector<StoredAccount>> StoreReader::accounts_at(const BlockId& id, const AddressHash& first,
                                                            std::size_t most) const {
  if (auto view = state_at(id); !view) return tl::unexpected(view.error());
  const auto snapshot = database_.snapshot();
  std::vector<StoredAccount> out;
  for (const auto& [key, account] : accounts_after(snapshot, id.number, first, most)) {
    out.push_back({key, account});
  }
  return out;
}

/// What the database's files are, as RocksDB lists them; under geth's and RocksDB's name of it.
std::optional<std::string> StoreReader::database_property(const std::string& name) const {
  if (name != "stats" && name != "leveldb.stats" && name != "rocksdb.stats") return std::nullopt;
  std::string out =
      fmt::format("{:<12} {:>5} {:>7} {:>14} {:>14}\n", "table", "level", "files", "bytes", "entries");
  std::map<std::pair<Table, int>, std::array<std::uint64_t, 3>> levels;
  for (const auto& file : database_.files()) {
    auto& sums = levels[{file.table, file.level}];
    ++sums[0], sums[1] += file.bytes, sums[2] += file.entries;
  }
  for (const auto& [at, sums] : levels) {
    out += fmt::format("{:<12} {:>5} {:>7} {:>14} {:>14}\n", row(at.first).family, at.second, sums[0],
                       sums[1], sums[2]);
  }
  return out;
}

}  // namespace quarry::rpc
