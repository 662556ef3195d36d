#pragma once
/// \file
/// The JSON of a block's and of transactions' events, made when the first listener wants it.

#include <unordered_map>

#include "rpc/events.hpp"
#include "rpc/views.hpp"

namespace quarry::rpc {

/// A block that became canonical, or is so no longer.
class EventTexts {
 public:
  /// `reader` outlives this.
  EventTexts(const ChainReader& reader, const BlockId& id) : reader_(reader), id_(id) {}
  /// Of a block that the store has no longer.
  EventTexts(const ChainReader& reader, const ErasedBlock& erased)
      : reader_(reader), id_{erased.block->header->number, erased.block->header.hash()}, erased_(&erased) {
    header_ = erased.block->header;
  }
  /// Gives the listener what it wants to hear of this block, if anything.
  void tell(Listener& listener, bool removed);

 private:
  /// A log with its place, and its text once it is there.
  struct Entry {
    const Log* log;
    TxnHash txn_hash;
    std::size_t txn_index;
    std::size_t log_index;
    std::optional<EventText> text;
  };
  bool load_header();
  bool load_logs();
  void tell_head(Listener& listener);
  void tell_logs(Listener& listener, bool removed);
  const EventText& text_of(Entry& entry, bool removed);

  const ChainReader& reader_;
  const BlockId id_;
  const ErasedBlock* const erased_ = nullptr;
  std::optional<SealedHeader> header_;
  std::optional<EventText> head_, hash_;
  bool logs_looked_for_ = false;
  std::vector<Receipt> receipts_;
  std::optional<BlockPlace> place_;
  std::vector<Entry> logs_;
};

/// Transactions that can run now.
class TxnTexts {
 public:
  void tell(Listener& listener, const std::vector<TxnRef>& txns);

 private:
  std::unordered_map<const PooledTxn*, EventText> hashes_, whole_;
};

}  // namespace quarry::rpc
