#include "consensus/state_sync.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/account.hpp"
#include "core/check.hpp"
#include "core/keccak.hpp"

namespace quarry::sync {
namespace {
using Kind = Judgement::Kind;
constexpr std::size_t kKeyNibbles = 64;

bool contains(const std::vector<PeerKey>& peers, PeerKey peer) {
  return std::find(peers.begin(), peers.end(), peer) != peers.end();
}

/// Hex-prefix decoding (Yellow Paper, appendix C), canonical forms only.
struct Compact {
  Bytes nibbles;
  bool is_leaf = false;
};
std::optional<Compact> read_compact(ByteView text) {
  if (text.empty() || text[0] >> 4 > 3) return std::nullopt;
  Compact out;
  out.is_leaf = text[0] & 0x20;
  const bool odd = text[0] & 0x10;
  if (odd)
    out.nibbles.push_back(text[0] & 15);
  else if (text[0] & 15)
    return std::nullopt;
  for (std::uint8_t byte : text.subspan(1)) {
    out.nibbles.push_back(byte >> 4);
    out.nibbles.push_back(byte & 15);
  }
  return out;
}

AddressHash as_key(const Bytes& nibbles) {
  AddressHash out;
  for (std::size_t i = 0; i < out.size(); ++i)
    out.bytes[i] = static_cast<std::uint8_t>(nibbles[2 * i] << 4 | nibbles[2 * i + 1]);
  return out;
}
}  // namespace

/// What a node refers to.
struct StateSync::Child {
  NodePath path;
  Hash256 hash;
  bool is_code = false;
};

/// Collects the references of one node and of the short nodes inside it.
struct StateSync::Children {
  std::vector<Child> found;
  std::vector<NodePath> skipped;  ///< places inside extensions, where no node is

  /// False when `node` is no trie node at `path`. Recursion is bounded by the path, which grows with it.
  bool read(const rlp::Item& node, const NodePath& path) {
    if (!node.is_list || path.nibbles.size() > kKeyNibbles) return false;
    const auto count = rlp::count_items(node.payload, 17);
    if (!count) return false;
    rlp::Reader reader(node.payload);
    if (*count == 17) return read_branch(reader, path);
    return *count == 2 && read_short(reader, path);
  }

 private:
  bool read_branch(rlp::Reader& reader, const NodePath& path) {
    for (std::uint8_t nibble = 0; nibble < 16; ++nibble) {
      NodePath below = path;
      below.nibbles.push_back(nibble);
      if (!read_reference(*reader.next(), std::move(below), true)) return false;
    }
    return reader.next()->payload.empty();  // all keys are of one length: a branch holds no value
  }

  bool read_short(rlp::Reader& reader, const NodePath& path) {
    const auto key = reader.string();
    if (!key) return false;
    const auto compact = read_compact(*key);
    if (!compact) return false;
    NodePath below = path;
    append(below.nibbles, compact->nibbles);
    const auto value = reader.next();
    if (!compact->is_leaf) {
      if (compact->nibbles.empty() || below.nibbles.size() >= kKeyNibbles) return false;
      for (std::size_t i = 1; i < compact->nibbles.size(); ++i) {
        skipped.push_back(path);
        append(skipped.back().nibbles, ByteView{compact->nibbles}.first(i));
      }
      return read_reference(*value, std::move(below), false);
    }
    if (below.nibbles.size() != kKeyNibbles || value->is_list) return false;
    return path.account ? !value->payload.empty() : read_account(as_key(below.nibbles), value->payload);
  }

  bool read_reference(const rlp::Item& item, NodePath below, bool may_be_empty) {
    if (item.is_list) return item.raw.size() < 32 && read(item, below);
    if (item.payload.empty()) return may_be_empty;
    const auto hash = Hash256::from(item.payload);
    if (!hash || below.nibbles.size() > kKeyNibbles) return false;
    found.push_back({std::move(below), *hash});
    return true;
  }

  bool read_account(const AddressHash& key, ByteView value) {
    const auto account = decode_account(value);
    if (!account) return false;
    if (account->storage_root != kEmptyRoot) found.push_back({{key, {}}, Hash256{account->storage_root}});
    if (account->code_hash != kEmptyCodeHash) found.push_back({{key, {}}, Hash256{account->code_hash}, true});
    return true;
  }
};

StateSync::StateSync(const StateSyncReader& store, const BlockId& pivot, const RootHash& root,
                     bool nothing_there)
    : store_(store), nothing_there_(nothing_there), pivot_(pivot), root_(root) {
  start();
}
StateSync::~StateSync() = default;

void StateSync::start() {
  if (root_ != kEmptyRoot) want(Item{{}, Hash256{root_}}, 0);
}

void StateSync::walk_again() {
  nothing_there_ = false;
  items_.clear();
  wanted_.clear();
  open_.clear();
  codes_handed_out_.clear();
  stats_.pending = 0;
  start();
}

/// Is the item, with everything below it, in the database? Another node in its place is to be erased.
bool StateSync::is_there(const Item& item) {
  if (item.is_code) return codes_handed_out_.contains(item.hash) || store_.has_code(CodeHash{item.hash});
  const auto present = stored_hash(item.path);
  if (!present) return false;
  if (*present == item.hash) return true;
  ready_.erased.push_back(item.path);
  return false;
}

void StateSync::enqueue(const Hash256& hash, const Wanted& wanted) {
  open_[wanted.source].insert({wanted.depth, hash});
}
void StateSync::dequeue(const Hash256& hash, const Wanted& wanted) {
  const auto it = open_.find(wanted.source);
  if (it == open_.end()) return;
  it->second.erase({wanted.depth, hash});
  if (it->second.empty()) open_.erase(it);
}

void StateSync::want(Item item, PeerKey source) {
  if (is_there(item)) {
    ++stats_.duplicate;
    return;
  }
  const ItemId id = ++last_item_;
  if (item.parent) ++items_.at(*item.parent).missing;
  const auto depth = static_cast<unsigned>(item.path.nibbles.size() + (item.path.account ? kKeyNibbles : 0));
  const Hash256 hash = item.hash;
  items_.emplace(id, std::move(item));
  const auto [it, is_new] = wanted_.try_emplace(hash);
  it->second.items.push_back(id);
  if (!is_new) return;
  it->second.depth = depth;
  it->second.source = source;
  enqueue(hash, it->second);
  ++stats_.pending;
}

bool StateSync::wants(const Wanted& wanted, PeerKey peer) const {
  return !contains(wanted.lacks, peer);
}

void StateSync::ask_from(Order& order, PeerKey peer, Request& request) {
  for (auto it = order.begin(); it != order.end() && request.hashes.size() < kNodesAsked;) {
    Wanted& wanted = wanted_.at(it->second);
    if (!wants(wanted, peer)) {
      ++it;
      continue;
    }
    wanted.asked = true;
    request.hashes.push_back(it->second);
    it = order.erase(it);
  }
}

std::optional<Request> StateSync::next(PeerKey peer) {
  if (malformed_ || unwritten() >= kNodesUnwritten || ready_bytes_ >= kBytesUnwritten) return std::nullopt;
  Request request{Purpose::nodes};
  for (const PeerKey source : {peer, PeerKey{0}})
    if (const auto own = open_.find(source); own != open_.end()) ask_from(own->second, peer, request);
  // Only with nothing of its own is a peer tried with what others began.
  if (request.hashes.empty())
    for (auto& [source, order] : open_) ask_from(order, peer, request);
  std::erase_if(open_, [](const auto& entry) { return entry.second.empty(); });
  if (request.hashes.empty()) return std::nullopt;
  return request;
}

Judgement StateSync::on_nodes(PeerKey peer, const Request& request, std::vector<Bytes> nodes) {
  std::unordered_set<Hash256> open(request.hashes.begin(), request.hashes.end());
  std::vector<ByteView> views(nodes.begin(), nodes.end());
  std::vector<Hash256> hashes(nodes.size());
  keccak256_batch(views, hashes);
  Judgement out;
  std::size_t strangers = 0;
  for (std::size_t i = 0; i < nodes.size() && !malformed_; ++i) {
    if (open.erase(hashes[i]) == 0) {
      ++strangers;
      ++stats_.unexpected;
      if (out.kind == Kind::good)
        out = {Kind::lie,
               fmt::format("sent NodeData item {} of {} that hashes to {}, which is none of the {} asked for",
                           i + 1, nodes.size(), hashes[i].hex(), request.hashes.size())};
    } else if (!accept(hashes[i], std::move(nodes[i]), peer)) {
      malformed_ = true;
      out = {Kind::lie, fmt::format("state of block {}: {} is no trie node", pivot_.number, hashes[i].hex())};
    }
  }
  // A peer that has all answers with all, or with as much as fits into a message: at least something.
  const bool useless = open.size() == request.hashes.size();
  std::size_t last_given = 0;
  for (std::size_t i = 0; i < request.hashes.size(); ++i)
    if (!open.contains(request.hashes[i])) last_given = i;
  for (std::size_t i = 0; i < request.hashes.size(); ++i) {
    const auto it = wanted_.find(request.hashes[i]);
    if (it == wanted_.end() || !open.contains(request.hashes[i])) continue;
    it->second.asked = false;
    if ((useless || i < last_given) && !contains(it->second.lacks, peer)) it->second.lacks.push_back(peer);
    enqueue(it->first, it->second);
    ++stats_.retry;
  }
  if (out.kind == Kind::good && useless)
    out = {Kind::lacking,
           fmt::format("has none of {} nodes of block {}'s state", request.hashes.size(), pivot_.number)};
  return out;
}

/// All items that wait for these bytes get them.
bool StateSync::accept(const Hash256& hash, Bytes bytes, PeerKey peer) {
  const auto it = wanted_.find(hash);
  if (it == wanted_.end()) {
    ++stats_.duplicate;
    return true;
  }
  const std::vector<ItemId> ids = std::move(it->second.items);
  dequeue(hash, it->second);
  wanted_.erase(it);
  ++stats_.fetched;
  --stats_.pending;
  for (const ItemId id : ids)
    if (!expand(id, bytes, peer)) return false;
  return true;
}

bool StateSync::expand(ItemId id, const Bytes& bytes, PeerKey peer) {
  Item& item = items_.at(id);
  item.rlp = bytes;
  if (!item.is_code) {
    const auto node = rlp::decode(bytes);
    Children children;
    if (!node || !children.read(*node, item.path)) return false;
    for (NodePath& path : children.skipped)
      if (stored_hash(path)) ready_.erased.push_back(std::move(path));
    item.missing = 1;  // held until all children are looked at
    for (Child& child : children.found)
      want(Item{std::move(child.path), child.hash, child.is_code, id}, peer);
    if (--items_.at(id).missing > 0) return true;
  }
  complete(id);
  return true;
}

/// Moves the item, and those above it for which it was the last, to what can be written.
void StateSync::complete(ItemId id) {
  std::optional<ItemId> next = id;
  while (next) {
    const auto it = items_.find(*next);
    Item item = std::move(it->second);
    items_.erase(it);
    ready_bytes_ += item.rlp.size();
    if (item.is_code) {
      if (codes_handed_out_.insert(item.hash).second)
        ready_.codes.push_back({CodeHash{item.hash}, std::move(item.rlp)});
    } else {
      ready_.nodes.push_back({std::move(item.path), std::move(item.rlp)});
    }
    next = item.parent;
    if (next && --items_.at(*next).missing > 0) next.reset();
  }
}

void StateSync::give_back(PeerKey, const Request& request) {
  for (const Hash256& hash : request.hashes)
    if (const auto it = wanted_.find(hash); it != wanted_.end() && it->second.asked) {
      it->second.asked = false;
      enqueue(hash, it->second);
      ++stats_.retry;
    }
}

void StateSync::forget(PeerKey peer) {
  open_.erase(peer);
  for (auto& [hash, wanted] : wanted_) {
    std::erase(wanted.lacks, peer);
    if (wanted.source != peer) continue;
    wanted.source = 0;
    if (!wanted.asked) enqueue(hash, wanted);
  }
}

std::optional<Hash256> StateSync::nobody_has(const std::vector<PeerKey>& peers) const {
  for (const auto& [hash, wanted] : wanted_)
    if (!wanted.asked && std::all_of(peers.begin(), peers.end(),
                                     [&lacks = wanted.lacks](PeerKey p) { return contains(lacks, p); }))
      return hash;
  return std::nullopt;
}

std::optional<StateWrites> StateSync::take(bool all) {
  if (unwritten() == 0 && ready_.erased.empty()) return std::nullopt;
  if (!all && unwritten() < kNodesAWrite) return std::nullopt;
  ready_bytes_ = 0;
  return std::exchange(ready_, {});
}

}  // namespace quarry::sync
