#include "consensus/header_sync.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace quarry::sync {
namespace {
using Kind = Judgement::Kind;

/// What can be judged without knowing the chain: count, numbers, links.
std::optional<std::string> flaw(const HeaderQuery& query, const std::vector<SealedHeader>& headers) {
  if (headers.size() > query.amount)
    return fmt::format("endless headers: sent {} BlockHeaders where at most {} were asked for",
                       headers.size(), query.amount);
  const BlockNum from = std::get<BlockNum>(query.from);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const BlockNum wanted = from + i * (query.skip + 1);
    if (headers[i]->number != wanted)
      return fmt::format("sent header number {} where number {} was asked for", headers[i]->number, wanted);
    if (query.skip == 0 && i > 0 && headers[i]->parent_hash != headers[i - 1].hash())
      return fmt::format(
          "retrieved hash chain is invalid: block {}: parent hash {}, but block {} has hash {}", wanted,
          headers[i]->parent_hash.hex(), wanted - 1, headers[i - 1].hash().hex());
  }
  return std::nullopt;
}
}  // namespace

HeaderSync::HeaderSync(HeaderTarget target)
    : target_(std::move(target)),
      planned_(target_.ancestor.number),
      planned_hash_(target_.ancestor.hash),
      taken_(target_.ancestor.number),
      difficulty_(target_.ancestor_difficulty) {
  plan_tail();
}

void HeaderSync::plan(BlockNum last, const BlockHash& end) {
  segments_.push_back({planned_ + 1, static_cast<std::size_t>(last - planned_), planned_hash_, end});
  planned_ = last;
  planned_hash_ = end;
}

/// The last gap needs no skeleton: the head itself ends it.
void HeaderSync::plan_tail() {
  const BlockNum left = target_.head->number - planned_;
  if (left > 0 && left <= kSegmentHeaders) plan(target_.head->number, target_.head.hash());
}

std::optional<Request> HeaderSync::next(PeerKey peer) {
  const auto open = [&](const Segment& segment) {
    return segment.state == Segment::State::open &&
           std::find(segment.cannot.begin(), segment.cannot.end(), peer) == segment.cannot.end();
  };
  const auto found = std::find_if(segments_.begin(), segments_.end(), open);
  const bool few_open = std::count_if(segments_.begin(), segments_.end(), open) < 4;
  if (peer == target_.master && few_open)
    if (auto skeleton = next_skeleton()) return skeleton;
  if (found == segments_.end()) return std::nullopt;
  found->state = Segment::State::asked;
  Request request{Purpose::fill};
  request.query = {found->first, found->count, 0, false};
  return request;
}

std::optional<Request> HeaderSync::next_skeleton() {
  const BlockNum left = target_.head->number - planned_;
  if (skeleton_asked_ || left <= kSegmentHeaders) return std::nullopt;
  const std::size_t room = ahead() >= kHeadersAhead ? 0 : (kHeadersAhead - ahead()) / kSegmentHeaders;
  // The last gap is the tail's, so that a skeleton header never is the head itself.
  const BlockNum wanted = std::min<BlockNum>(kSkeletonHeaders, (left - 1) / kSegmentHeaders);
  if (room < std::min<BlockNum>(wanted, kSkeletonHeaders / 4)) return std::nullopt;
  skeleton_asked_ = true;
  Request request{Purpose::skeleton};
  request.query = {planned_ + kSegmentHeaders, std::min<BlockNum>(wanted, room), kSegmentHeaders - 1, false};
  return request;
}

Judgement HeaderSync::on_headers(PeerKey peer, const Request& request, std::vector<SealedHeader> headers) {
  if (auto why = flaw(request.query, headers)) {
    give_back(peer, request);
    return {Kind::lie, std::move(*why)};
  }
  return request.purpose == Purpose::skeleton ? on_skeleton(request, headers)
                                              : on_fill(peer, request, std::move(headers));
}

Judgement HeaderSync::on_skeleton(const Request& request, const std::vector<SealedHeader>& headers) {
  skeleton_asked_ = false;
  if (headers.empty())
    return {Kind::moved_on, fmt::format("has no header {}, but announced block {} as its head",
                                        std::get<BlockNum>(request.query.from), target_.head->number)};
  for (const SealedHeader& header : headers) plan(header->number, header.hash());
  plan_tail();
  return {};
}

HeaderSync::Segment* HeaderSync::asked_segment(const Request& request) {
  const BlockNum first = std::get<BlockNum>(request.query.from);
  for (Segment& segment : segments_)
    if (segment.first == first && segment.state == Segment::State::asked) return &segment;
  return nullptr;
}

/// The peer's headers do not lead where the skeleton does. Another peer may follow another branch; the
/// followed peer contradicts itself, as it does when its own chain was switched in between.
Judgement HeaderSync::misfit(PeerKey peer, Segment& segment, std::string why) {
  segment.state = Segment::State::open;
  segment.cannot.push_back(peer);
  return {peer == target_.master ? Kind::moved_on : Kind::lacking, std::move(why)};
}

Judgement HeaderSync::on_fill(PeerKey peer, const Request& request, std::vector<SealedHeader> headers) {
  Segment* segment = asked_segment(request);
  if (segment == nullptr) return {};
  if (headers.size() < segment->count)
    return misfit(peer, *segment,
                  fmt::format("sent {} of the {} headers from block {} on", headers.size(), segment->count,
                              segment->first));
  if (headers.front()->parent_hash != segment->parent)
    return misfit(
        peer, *segment,
        fmt::format("block {}: parent hash {}, but the skeleton's block {} has hash {}", segment->first,
                    headers.front()->parent_hash.hex(), segment->first - 1, segment->parent.hex()));
  if (headers.back().hash() != segment->end)
    return misfit(peer, *segment,
                  fmt::format("block {}: hash {}, but the skeleton has {}", headers.back()->number,
                              headers.back().hash().hex(), segment->end.hex()));
  segment->headers = std::move(headers);
  segment->state = Segment::State::filled;
  return {};
}

void HeaderSync::give_back(PeerKey peer, const Request& request) {
  if (request.purpose == Purpose::skeleton) {
    skeleton_asked_ = false;
  } else if (Segment* segment = asked_segment(request)) {
    segment->state = Segment::State::open;
    // The followed peer is never excluded: it named these headers.
    if (peer != target_.master) segment->cannot.push_back(peer);
  }
}

void HeaderSync::forget(PeerKey peer) {
  for (Segment& segment : segments_) std::erase(segment.cannot, peer);
}

std::size_t HeaderSync::ready() const {
  std::size_t count = 0;
  for (const Segment& segment : segments_) {
    if (segment.state != Segment::State::filled) break;
    count += segment.headers.size();
  }
  return count;
}

std::vector<SealedHeader> HeaderSync::take(std::size_t most) {
  std::vector<SealedHeader> out;
  while (!segments_.empty() && segments_.front().state == Segment::State::filled && !difficulty_lie_) {
    Segment& segment = segments_.front();
    if (!out.empty() && out.size() + segment.headers.size() > most) break;
    for (SealedHeader& header : segment.headers) {
      count_difficulty(header);
      out.push_back(std::move(header));
    }
    taken_ += segment.count;
    segments_.pop_front();
  }
  if (difficulty_lie_) out.clear();
  return out;
}

/// The announced total difficulty bounds the chain: it can neither be passed on the way nor be missed at
/// the head.
void HeaderSync::count_difficulty(const SealedHeader& header) {
  difficulty_ += header->difficulty;
  if (!target_.announced || difficulty_lie_) return;
  const bool at_head = header->number == target_.head->number;
  if (at_head ? difficulty_ == *target_.announced : difficulty_ < *target_.announced) return;
  difficulty_lie_ = fmt::format(
      "announced total difficulty {} at block {}, but the difficulties of its headers add up to {} at block "
      "{}",
      target_.announced->to_decimal(), target_.head->number, difficulty_.to_decimal(), header->number);
}

}  // namespace quarry::sync
