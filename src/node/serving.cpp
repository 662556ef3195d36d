#include "node/serving.hpp"

#include <algorithm>

#include "core/packed_block.hpp"
#include "storage/block_sweep.hpp"

namespace quarry {
namespace {
using net::EthCode;

/// Headers walked at most to answer one query on a side branch, where there is no index by number.
constexpr std::uint64_t kMaxBranchSteps = 4096;

/// Collects items until there are enough of them, or enough bytes.
class AnswerBuilder {
 public:
  explicit AnswerBuilder(std::size_t most) : most_(most) {}
  bool full() const { return items_.size() >= most_ || bytes_ >= net::kSoftAnswerBytes; }
  void add(Bytes item) {
    bytes_ += item.size();
    items_.push_back(std::move(item));
  }
  std::vector<Bytes> take() { return std::move(items_); }

 private:
  const std::size_t most_;
  std::size_t bytes_ = 0;
  std::vector<Bytes> items_;
};

std::size_t bound(std::uint64_t asked, std::size_t most) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(asked, most));
}
}  // namespace

Serving::Serving(const Database& database) : database_(database), chain_(database) {}

std::vector<Bytes> Serving::headers_by_number(BlockNum number, const net::GetBlockHeaders& query) const {
  AnswerBuilder out(bound(query.amount, net::kMaxHeadersServed));
  if (query.skip == 0 && !query.reverse) {
    // Headers may be long, so a few at a time.
    constexpr std::size_t kAtOnce = 64;
    for (std::size_t got = kAtOnce; got == kAtOnce && !out.full(); number += got) {
      auto some = chain_.canonical_headers_rlp(number, kAtOnce);
      got = some.size();
      for (Bytes& header : some)
        if (!out.full()) out.add(std::move(header));
    }
    return out.take();
  }
  const std::uint64_t step = query.skip + 1;  // zero when the skip is 2^64 - 1
  while (!out.full()) {
    const auto hash = chain_.canonical_hash(number);
    auto header = hash ? chain_.header_rlp({number, *hash}) : std::nullopt;
    if (!header) break;
    out.add(std::move(*header));
    const BlockNum next = query.reverse ? number - step : number + step;
    if (step == 0 || (query.reverse ? next > number : next < number)) break;
    number = next;
  }
  return out.take();
}

std::vector<Bytes> Serving::branch_headers(BlockId at, const net::GetBlockHeaders& query) const {
  // Upwards from a block off the canonical chain there is nothing but the block itself.
  AnswerBuilder out(query.reverse ? bound(query.amount, net::kMaxHeadersServed) : 1);
  std::uint64_t steps = 0;
  while (!out.full()) {
    auto rlp = chain_.header_rlp(at);
    if (!rlp) break;
    out.add(std::move(*rlp));
    for (std::uint64_t down = 0; down <= query.skip; ++down) {
      const auto header = chain_.header(at);
      if (!header || at.number == 0 || ++steps > kMaxBranchSteps) return out.take();
      at = {at.number - 1, (*header)->parent_hash};
    }
  }
  return out.take();
}

std::vector<Bytes> Serving::headers(const net::GetBlockHeaders& query) const {
  if (const auto* number = std::get_if<BlockNum>(&query.from)) return headers_by_number(*number, query);
  const BlockHash& hash = std::get<BlockHash>(query.from);
  const auto number = chain_.number_of(hash);
  if (!number) return {};
  if (chain_.canonical_hash(*number) == hash) return headers_by_number(*number, query);
  return branch_headers({*number, hash}, query);
}

template <class Write>
Bytes Serving::by_hash(const std::vector<BlockHash>& hashes, std::size_t most, Table table,
                       Write write) const {
  BlockSweep blocks(database_, table);
  Bytes items;
  std::size_t count = 0;
  for (const BlockHash& hash : hashes) {
    if (count == most || items.size() >= net::kSoftAnswerBytes) break;
    const auto stored = blocks.find(hash);
    if (!stored) continue;
    write(*stored, items);
    ++count;
  }
  Bytes out = rlp::list_prefix(items.size());
  out.reserve(out.size() + items.size());
  append(out, items);
  return out;
}

std::vector<Bytes> Serving::nodes(std::uint64_t peer, const std::vector<Hash256>& hashes) {
  std::shared_ptr<NodeSession> session;
  {
    const std::lock_guard lock(mutex_);
    auto& slot = sessions_[peer];
    if (!slot) slot = std::make_shared<NodeSession>(database_);
    session = slot;
  }
  const std::lock_guard lock(session->mutex);
  session->asked = std::chrono::steady_clock::now();
  AnswerBuilder out(net::kMaxNodesServed);
  for (const Hash256& hash : hashes) {
    if (out.full()) break;
    if (auto node = session->server.get(hash)) out.add(std::move(*node));
  }
  return out.take();
}

rlp::Decoded<Bytes> Serving::answer(std::uint64_t peer, EthCode code, ByteView payload) {
  if (code == EthCode::get_block_headers) {
    const auto query = net::decode_get_block_headers(payload);
    if (!query) return rlp::fail(query.error());
    return net::encode_raw_list(headers(*query));
  }
  if (code == EthCode::get_node_data) {
    const auto hashes = net::decode_hashes<Hash256>(payload);
    if (!hashes) return rlp::fail(hashes.error());
    return net::encode_node_data(nodes(peer, *hashes));
  }
  const auto hashes = net::decode_hashes<BlockHash>(payload);
  if (!hashes) return rlp::fail(hashes.error());
  if (code == EthCode::get_block_bodies)
    return by_hash(*hashes, net::kMaxBodiesServed, Table::body,
                   [](ByteView body, Bytes& to) { append(to, body); });
  return by_hash(*hashes, net::kMaxReceiptsServed, Table::receipt, [this](ByteView bare, Bytes& to) {
    const auto receipts = with_blooms(bare);
    if (!receipts) database_.corrupt(Table::receipt);
    append(to, *receipts);
  });
}

void Serving::forget(std::uint64_t peer) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(peer);
}

void Serving::release_quiet() {
  std::vector<std::shared_ptr<NodeSession>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [peer, session] : sessions_) all.push_back(session);
  }
  const auto now = std::chrono::steady_clock::now();
  for (const auto& session : all) {
    const std::lock_guard lock(session->mutex);
    if (now - session->asked > kQuiet) session->server.release();
  }
}

}  // namespace quarry
