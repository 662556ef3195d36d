#include "rpc/event_texts.hpp"

#include <algorithm>

namespace quarry::rpc {
namespace {

template <class Values>
bool any_in(const Bloom& bloom, const Values& values) {
  return values.empty() || std::any_of(values.begin(), values.end(), [&](const auto& value) {
           Bloom wanted = bloom;
           add_to_bloom(wanted, value);
           return wanted == bloom;
         });
}

/// False when no log of a block with this bloom matches.
bool may_match(const LogFilter& filter, const Bloom& bloom) {
  return !bloom.is_zero() && any_in(bloom, filter.addresses) &&
         std::all_of(filter.topics.begin(), filter.topics.end(),
                     [&](const auto& place) { return any_in(bloom, place); });
}

}  // namespace

bool EventTexts::load_header() {
  if (!header_) header_ = reader_.header(id_);
  return header_.has_value();
}

void EventTexts::tell(Listener& listener, bool removed) {
  switch (listener.interest().kind) {
    case Interest::Kind::heads:
    case Interest::Kind::block_hashes:
      if (!removed) tell_head(listener);
      return;
    case Interest::Kind::logs:
      return tell_logs(listener, removed);
    case Interest::Kind::txn_hashes:
    case Interest::Kind::txns:
    case Interest::Kind::syncing:
      return;
  }
}

void EventTexts::tell_head(Listener& listener) {
  const bool whole = listener.interest().kind == Interest::Kind::heads;
  auto& text = whole ? head_ : hash_;
  if (!text) {
    if (whole && !load_header()) return;
    text.emplace(whole ? header_event_view(*header_) : "\"" + id_.hash.hex() + "\"");
  }
  listener.take({*text}, id_.number);
}

void EventTexts::tell_logs(Listener& listener, bool removed) {
  const auto& interest = listener.interest();
  if ((interest.from && id_.number < *interest.from) || (interest.to && id_.number > *interest.to)) return;
  if (!load_header() || !may_match(interest.filter, (*header_)->logs_bloom) || !load_logs()) return;
  std::vector<EventText> texts;
  for (auto& entry : logs_)
    if (interest.filter.matches(*entry.log)) texts.push_back(text_of(entry, removed));
  // What is taken back goes in the opposite order.
  if (removed) std::reverse(texts.begin(), texts.end());
  if (!texts.empty()) listener.take(texts, id_.number);
}

bool EventTexts::load_logs() {
  if (std::exchange(logs_looked_for_, true)) return place_.has_value();
  const auto block = erased_ != nullptr ? std::optional(*erased_->block) : reader_.block(id_);
  auto receipts = erased_ != nullptr ? std::optional(erased_->receipts) : reader_.receipts(id_);
  if (!block || !receipts || receipts->size() != block->body.transactions.size()) return false;
  receipts_ = std::move(*receipts);
  place_ = place_of(block->header);
  for (std::size_t i = 0; i < receipts_.size(); ++i) {
    if (receipts_[i].logs.empty()) continue;
    const auto hash = hash_of(block->body.transactions[i]);
    for (const auto& log : receipts_[i].logs) logs_.push_back({&log, hash, i, logs_.size(), {}});
  }
  return true;
}

const EventText& EventTexts::text_of(Entry& entry, bool removed) {
  if (!entry.text) {
    JsonText out;
    write_log(out, *entry.log, {*place_, entry.txn_hash, entry.txn_index, entry.log_index, removed});
    entry.text.emplace(out.take());
  }
  return *entry.text;
}

void TxnTexts::tell(Listener& listener, const std::vector<TxnRef>& txns) {
  const auto kind = listener.interest().kind;
  if (kind != Interest::Kind::txn_hashes && kind != Interest::Kind::txns) return;
  const bool whole = kind == Interest::Kind::txns;
  auto& known = whole ? whole_ : hashes_;
  std::vector<EventText> texts;
  for (const auto& txn : txns) {
    auto [place, fresh] = known.try_emplace(txn.get());
    if (fresh) place->second = EventText(whole ? pending_view(txn->txn) : "\"" + txn->hash.hex() + "\"");
    texts.push_back(place->second);
  }
  if (!texts.empty()) listener.take(texts, 0);
}

}  // namespace quarry::rpc
