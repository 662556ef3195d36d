// Looking up which blocks have logs of several terms at once.
#include <algorithm>

#include "storage/codec.hpp"
#include "storage/corruption.hpp"
#include "storage/log_index.hpp"

namespace quarry {
namespace {

/// The cursor that all terms of a walk share, and who left it where it is.
struct SharedCursor {
  const DatabaseReader& reader;
  Cursor cursor;
  const void* owner = nullptr;
  std::uint64_t records = 0;
};

/// One term's blocks.
class TermWalk {
 public:
  explicit TermWalk(Bytes term) : term_(std::move(term)) {}

  std::optional<BlockNum> next(SharedCursor& shared, BlockNum from) {
    if (!run_.empty() && run_.back() < from && !step(shared, from)) load(shared, from);
    if (run_.empty() && !ended_) load(shared, from);
    const auto at = std::lower_bound(run_.begin(), run_.end(), from);
    return at == run_.end() ? std::nullopt : std::optional(*at);
  }

 private:
  /// To the next record, where the cursor is ours and that is the one that is wanted: cheaper than a seek.
  bool step(SharedCursor& shared, BlockNum from) {
    if (shared.owner != this || !shared.cursor.valid()) return false;
    shared.cursor.next();
    take(shared);
    return ended_ || run_.back() >= from;
  }

  void load(SharedCursor& shared, BlockNum from) {
    if (ended_) return;
    shared.cursor.seek(log_run_key(term_, from));
    shared.owner = this;
    take(shared);
  }

  void take(SharedCursor& shared) {
    ++shared.records;
    run_.clear();
    const Cursor& cursor = shared.cursor;
    ended_ = !cursor.valid() || cursor.key().size() != term_.size() + 8 ||
             !equal(cursor.key().first(term_.size()), term_);
    if (!ended_) run_ = intact(shared.reader, Table::log_index, decode_log_run(cursor.key(), cursor.value()));
  }

  const Bytes term_;
  std::vector<BlockNum> run_;
  bool ended_ = false;
};

/// Terms of which one is enough.
class AnyOf {
 public:
  void add(Bytes term) { terms_.emplace_back(std::move(term)); }

  std::optional<BlockNum> next(SharedCursor& shared, BlockNum from) {
    std::optional<BlockNum> best;
    for (TermWalk& term : terms_) {
      const auto block = term.next(shared, from);
      if (block && (!best || *block < *best)) best = block;
      if (best == from) break;
    }
    return best;
  }

 private:
  std::vector<TermWalk> terms_;
};

}  // namespace

struct LogWalk::Impl {
  SharedCursor shared;
  std::vector<AnyOf> places;
};

LogWalk::LogWalk(const DatabaseReader& reader, const LogTerms& terms)
    : impl_(std::make_unique<Impl>(Impl{{reader, reader.cursor(Table::log_index)}, {}})) {
  auto& places = impl_->places;
  if (!terms.addresses.empty()) {
    AnyOf& place = places.emplace_back();
    for (const Address& address : terms.addresses) place.add(log_term(address));
  }
  for (std::size_t i = 0; i < std::min(terms.topics.size(), kMostIndexedTopics); ++i) {
    if (terms.topics[i].empty()) continue;
    AnyOf& place = places.emplace_back();
    for (const Hash256& topic : terms.topics[i]) place.add(log_term(i, topic));
  }
  if (places.empty()) places.emplace_back().add(log_term());
}
LogWalk::~LogWalk() = default;
LogWalk::LogWalk(LogWalk&&) noexcept = default;

/// Each place in turn says where it has a block at the earliest, until all say the same.
std::optional<BlockNum> LogWalk::next(BlockNum from) {
  BlockNum at = from;
  for (std::size_t agreed = 0, i = 0; agreed < impl_->places.size(); i = (i + 1) % impl_->places.size()) {
    const auto block = impl_->places[i].next(impl_->shared, at);
    if (!block) return std::nullopt;
    agreed = *block == at ? agreed + 1 : 1;
    at = *block;
  }
  return at;
}

std::uint64_t LogWalk::records_read() const {
  return impl_->shared.records;
}

}  // namespace quarry
