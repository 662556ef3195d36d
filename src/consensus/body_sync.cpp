#include "consensus/body_sync.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/body_check.hpp"
#include "core/check.hpp"

namespace quarry::sync {
namespace {
using Kind = Judgement::Kind;

bool contains(const std::vector<PeerKey>& peers, PeerKey peer) {
  return std::find(peers.begin(), peers.end(), peer) != peers.end();
}

std::size_t size_of(const PackedBody& body) {
  return sizeof body + body.rlp.size() + body.txn_hashes.size() * sizeof(TxnHash);
}
std::size_t size_of(const PackedReceipts& receipts) {
  return sizeof receipts + receipts.bare.size();
}

std::string difference(const RootHash& got, const Header& header) {
  if (got == header.receipts_root) return {};
  return fmt::format("receipts root {}, its header says {}", got.hex(), header.receipts_root.hex());
}
}  // namespace

void BodySync::add(SealedHeader header) {
  QUARRY_CHECK(room() > 0);
  Entry entry{std::move(header)};
  if (body_is_empty(*entry.header)) entry.body.emplace();
  if (with_receipts_ && entry.header->receipts_root == kEmptyRoot) entry.receipts.emplace();
  index_[entry.header.hash()] = taken_ + entries_.size();
  entries_.push_back(std::move(entry));
}

BodySync::Entry* BodySync::find(const Hash256& hash) {
  const auto it = index_.find(BlockHash{hash});
  return it == index_.end() ? nullptr : &entries_[it->second - taken_];
}

std::optional<Request> BodySync::next(PeerKey peer, Ask ask, std::size_t peers) {
  const Purpose purpose = ask == Ask::bodies ? Purpose::bodies : Purpose::receipts;
  if (purpose == Purpose::receipts && !with_receipts_) return std::nullopt;
  const std::size_t bound = purpose == Purpose::bodies ? kBodiesAsked : kReceiptsAsked;
  const std::size_t most = std::max<std::size_t>(16, bound / std::max<std::size_t>(1, peers));
  Request request{purpose};
  for (Entry& entry : entries_) {
    if (bytes_ >= kBytesAhead && &entry != &entries_.front()) break;
    const bool there = purpose == Purpose::bodies ? entry.body.has_value() : entry.receipts.has_value();
    Entry::Part& wanted = part(entry, purpose);
    if (there || wanted.asked || contains(wanted.lacks, peer)) continue;
    wanted.asked = true;
    request.hashes.emplace_back(entry.header.hash());
    if (request.hashes.size() == most) break;
  }
  if (request.hashes.empty()) return std::nullopt;
  return request;
}

template <class Item, class Fits, class Put>
Judgement BodySync::match(PeerKey peer, const Request& request, std::vector<Item>& items, const char* message,
                          Fits fits, Put put) {
  Judgement out;
  if (items.size() > request.hashes.size())
    out = {Kind::lie, fmt::format("sent {} {} where at most {} were asked for", items.size(), message,
                                  request.hashes.size())};
  std::size_t at = 0;
  for (std::size_t i = 0; i < items.size() && out.kind == Kind::good; ++i) {
    std::string first_difference;
    bool placed = false;
    const auto roots = fits(items[i]);
    for (; at < request.hashes.size() && !placed; ++at) {
      Entry* entry = find(request.hashes[at]);
      if (entry == nullptr) continue;
      const std::string differs = difference(roots, *entry->header);
      if (differs.empty()) {
        put(*entry, std::move(items[i]));
        placed = true;
      } else {
        // Left out by the peer, or the item is wrong: which one is known when nothing later fits either.
        if (first_difference.empty())
          first_difference = fmt::format("block {}: {}", entry->header->number, differs);
      }
    }
    if (!placed)
      out = {Kind::lie,
             fmt::format("sent {} that match none of the blocks asked for: {}", message, first_difference)};
  }
  // What an honest answer leaves out before its last item the peer does not have; after it, the message was
  // full.
  for (std::size_t i = 0; i < request.hashes.size(); ++i) {
    Entry* entry = find(request.hashes[i]);
    if (entry == nullptr) continue;
    Entry::Part& one = part(*entry, request.purpose);
    const bool there =
        request.purpose == Purpose::bodies ? entry->body.has_value() : entry->receipts.has_value();
    one.asked = false;
    if (there || (i >= at && !items.empty()) || contains(one.lacks, peer)) continue;
    one.lacks.push_back(peer);
    any_lack_ = true;
  }
  if (out.kind == Kind::good && items.empty())
    out = {Kind::lacking, fmt::format("has none of {} {}", request.hashes.size(), message)};
  return out;
}

Judgement BodySync::on_bodies(PeerKey peer, const Request& request, std::vector<PackedBody> bodies) {
  return match(
      peer, request, bodies, "BlockBodies", [](const PackedBody& body) { return roots_of(body); },
      [this](Entry& entry, PackedBody body) {
        if (entry.body) return;
        const std::size_t bytes = size_of(body);
        entry.bytes += bytes;
        bytes_ += bytes;
        entry.body = std::move(body);
      });
}

Judgement BodySync::on_receipts(PeerKey peer, const Request& request, std::vector<PackedReceipts> receipts) {
  return match(
      peer, request, receipts, "Receipts", [](const PackedReceipts& one) { return one.root; },
      [this](Entry& entry, PackedReceipts one) {
        if (entry.receipts) return;
        const std::size_t bytes = size_of(one);
        entry.bytes += bytes;
        bytes_ += bytes;
        entry.receipts = std::move(one);
      });
}

void BodySync::give_back(PeerKey, const Request& request) {
  for (const Hash256& hash : request.hashes)
    if (Entry* entry = find(hash)) part(*entry, request.purpose).asked = false;
}

void BodySync::forget(PeerKey peer) {
  for (Entry& entry : entries_) {
    std::erase(entry.body_part.lacks, peer);
    std::erase(entry.receipts_part.lacks, peer);
  }
}

std::optional<BlockId> BodySync::nobody_has(const std::vector<PeerKey>& peers) const {
  if (!any_lack_ && !peers.empty()) return std::nullopt;
  for (const Entry& entry : entries_) {
    const auto all_lack = [&](const Entry::Part& one) {
      return !one.asked &&
             std::all_of(peers.begin(), peers.end(), [&](PeerKey p) { return contains(one.lacks, p); });
    };
    if ((!entry.body && all_lack(entry.body_part)) ||
        (with_receipts_ && !entry.receipts && all_lack(entry.receipts_part)))
      return BlockId{entry.header->number, entry.header.hash()};
  }
  return std::nullopt;
}

std::size_t BodySync::ready() const {
  const auto end =
      std::find_if_not(entries_.begin(), entries_.end(), [&](const Entry& e) { return complete(e); });
  return static_cast<std::size_t>(end - entries_.begin());
}

std::vector<BodySync::Entry> BodySync::take(std::size_t most, std::size_t most_bytes) {
  std::vector<Entry> out;
  std::size_t bytes = 0;
  while (!entries_.empty() && out.size() < most && complete(entries_.front())) {
    if (!out.empty() && bytes + entries_.front().bytes > most_bytes) break;
    bytes += entries_.front().bytes;
    bytes_ -= entries_.front().bytes;
    index_.erase(entries_.front().header.hash());
    out.push_back(std::move(entries_.front()));
    entries_.pop_front();
    ++taken_;
  }
  return out;
}

}  // namespace quarry::sync
