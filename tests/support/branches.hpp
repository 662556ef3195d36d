#pragma once
/// \file
/// A chain with branches in memory, whose blocks have logs: what events are read from.

#include <mutex>

#include "consensus/chain.hpp"
#include "core/keccak.hpp"
#include "rpc/backend.hpp"
#include "rpc/events.hpp"
#include "test_backend.hpp"

namespace quarry::test {

/// Thread-safe.
class Branches final : public rpc::ChainReader {
 public:
  Branches() {
    auto genesis = seal_header({}, HeaderIdentity::keccak_rlp);
    head_ = {0, genesis.hash()};
    put(Block{std::move(genesis), {}}, {});
  }
  /// A block on `parent` with a transaction that wrote `logs` logs of contract `contract`; `salt` tells
  /// branches apart.
  BlockId mine(const BlockId& parent, std::size_t logs = 1, std::uint8_t contract = 1,
               std::uint64_t salt = 0) {
    Header header;
    header.parent_hash = parent.hash;
    header.number = parent.number + 1;
    header.timestamp = header.number * 10 + salt;
    Block block;
    std::vector<Receipt> receipts;
    if (logs > 0) {
      Transaction txn;
      txn.nonce = header.number;
      block.body.transactions.push_back(txn);
      Receipt receipt;
      for (std::size_t i = 0; i < logs; ++i) receipt.logs.push_back(log_of(contract, i));
      receipt.logs_bloom = header.logs_bloom = bloom_of(receipt.logs);
      receipts.push_back(receipt);
    }
    block.header = seal_header(header, HeaderIdentity::keccak_rlp);
    const BlockId id{header.number, block.header.hash()};
    put(std::move(block), std::move(receipts));
    return id;
  }
  static Log log_of(std::uint8_t contract, std::size_t index) {
    Log log;
    log.address.bytes[19] = contract;
    Hash256 topic;
    topic.bytes[31] = static_cast<std::uint8_t>(index);
    log.topics.push_back(topic);
    log.data = Bytes(32, static_cast<std::uint8_t>(index));
    return log;
  }
  /// The head moves there: as the chain would tell it, but for the blocks, which are in the store.
  HeadEvent set_head(const BlockId& id) {
    const std::lock_guard lock(mutex_);
    HeadEvent event;
    event.after.header = blocks_.at(id.hash).header;
    event.before.header = blocks_.at(head_.hash).header;
    event.added = {std::make_shared<const Block>(blocks_.at(id.hash))};
    event.added_count = 1;
    head_ = id;
    return event;
  }

  /// The head goes back to an ancestor, and the blocks above are gone, as after Chain::set_head.
  HeadEvent erase_to(const BlockId& id) {
    const std::lock_guard lock(mutex_);
    HeadEvent event;
    event.before.header = blocks_.at(head_.hash).header;
    event.after.header = blocks_.at(id.hash).header;
    while (head_ != id) {
      const auto block = std::make_shared<const Block>(blocks_.at(head_.hash));
      auto receipts = receipts_.at(head_.hash);
      ++event.removed_count;
      event.removed.push_back(block);
      if (!receipts.empty()) event.erased.push_back({block, std::move(receipts)});
      receipts_.erase(head_.hash);
      blocks_.erase(head_.hash);
      head_ = {head_.number - 1, block->header->parent_hash};
    }
    return event;
  }

  BlockId head() const override {
    const std::lock_guard lock(mutex_);
    return head_;
  }
  std::optional<BlockId> canonical(BlockNum number) const override {
    auto id = head();
    if (number > id.number) return std::nullopt;
    while (id.number > number) id = {id.number - 1, (*header(id))->parent_hash};
    return id;
  }
  std::optional<BlockId> find(const BlockHash& hash) const override {
    const std::lock_guard lock(mutex_);
    const auto found = blocks_.find(hash);
    return found == blocks_.end() ? std::nullopt : std::optional(BlockId{found->second.header->number, hash});
  }
  std::optional<SealedHeader> header(const BlockId& id) const override {
    const auto found = block(id);
    return found ? std::optional(found->header) : std::nullopt;
  }
  /// Those with any logs: whether they are what is asked for the caller looks at anyway.
  std::vector<BlockNum> blocks_with_logs(const LogTerms&, BlockNum first, BlockNum last,
                                         std::size_t most) const override {
    std::vector<BlockNum> out;
    for (auto n = first; n <= last && out.size() < most; ++n) {
      const auto id = canonical(n);
      if (id && !(*header(*id))->logs_bloom.is_zero()) out.push_back(n);
    }
    return out;
  }
  std::optional<Block> block(const BlockId& id) const override {
    const std::lock_guard lock(mutex_);
    const auto found = blocks_.find(id.hash);
    return found == blocks_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<TotalDifficulty> total_difficulty(const BlockId&) const override { return TotalDifficulty{}; }
  std::optional<std::vector<Receipt>> receipts(const BlockId& id) const override {
    const std::lock_guard lock(mutex_);
    const auto found = receipts_.find(id.hash);
    return found == receipts_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<rpc::TxnLocation> find_transaction(const TxnHash&) const override { return std::nullopt; }
  Result<std::unique_ptr<StateView>> state_at(const BlockId&) const override {
    return fail("no states here");
  }

 private:
  void put(Block block, std::vector<Receipt> receipts) {
    const std::lock_guard lock(mutex_);
    const auto hash = block.header.hash();
    receipts_[hash] = std::move(receipts);
    blocks_[hash] = std::move(block);
  }
  mutable std::mutex mutex_;
  BlockId head_;
  std::map<BlockHash, Block> blocks_;
  std::map<BlockHash, std::vector<Receipt>> receipts_;
};

inline rpc::Backend backend_with(rpc::Backend backend, rpc::Filters* filters,
                                 rpc::Subscriptions* subscriptions) {
  backend.filters = filters;
  backend.subscriptions = subscriptions;
  return backend;
}

/// Transactions as the pool tells of them.
inline std::vector<TxnRef> pooled(std::uint64_t first, std::size_t count) {
  std::vector<TxnRef> out;
  for (std::size_t i = 0; i < count; ++i) {
    auto entry = std::make_shared<PooledTxn>();
    entry->txn.nonce = first + i;
    entry->hash = hash_of(entry->txn);
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace quarry::test
