#include "storage/node_server.hpp"

#include <deque>
#include <map>
#include <unordered_map>

#include "core/keccak.hpp"
#include "storage/chain_store.hpp"
#include "storage/change_set.hpp"
#include "storage/codec.hpp"
#include "storage/corruption.hpp"
#include "storage/state_store.hpp"
#include "storage/state_trie.hpp"

namespace quarry {
namespace {

/// Where a node is.
struct Place {
  std::optional<AddressHash> account;
  Bytes path;
};

/// The places of hashes that were named in nodes we served; of those served already, the oldest go first.
class Places {
 public:
  const Place* find(const Hash256& hash) const {
    const auto found = places_.find(hash);
    return found == places_.end() ? nullptr : &found->second.place;
  }
  void add(const Hash256& hash, Place place) {
    if (const auto known = places_.find(hash); known != places_.end()) {
      known->second.place = std::move(place);
      return;
    }
    if (places_.size() >= NodeServer::kMostPlaces) {
      if (served_.empty()) return;  // it walks too broadly: it can start again from the root
      places_.erase(served_.front());
      served_.pop_front();
    }
    places_.emplace(hash, Entry{std::move(place), false});
  }
  void mark_served(const Hash256& hash) {
    const auto found = places_.find(hash);
    if (found == places_.end() || found->second.served) return;
    found->second.served = true;
    served_.push_back(hash);
  }

 private:
  struct Entry {
    Place place;
    bool served;
  };
  std::unordered_map<Hash256, Entry> places_;
  std::deque<Hash256> served_;
};

/// The state of one recent block: the head's tries, with what has changed since laid back.
class ServedState {
 public:
  ServedState(const Database& database, const StateHead& wanted)
      : snapshot_(database.snapshot()),
        head_(read_state_head(snapshot_)),
        tries_(&snapshot_, root_of_head()) {
    const auto oldest = read_oldest_state(snapshot_);
    if (!head_ || !oldest || wanted.number < *oldest || wanted.number > head_->number) return;
    StateDelta delta = back_to(wanted.number);
    tries_.take(tries_.changed(delta));
    good_ = tries_.root() == wanted.root;
  }
  ServedState(const ServedState&) = delete;
  ServedState& operator=(const ServedState&) = delete;

  bool good() const { return good_; }
  std::optional<Bytes> node(const Place& place) { return tries_.node(place.account, place.path); }

 private:
  RootHash root_of_head() const { return head_ ? head_->root : kEmptyRoot; }
  StateDelta back_to(BlockNum number) const;

  const Snapshot snapshot_;
  const std::optional<StateHead> head_;
  StateTrie tries_;
  bool good_ = false;
};

StateDelta ServedState::back_to(BlockNum number) const {
  std::map<AddressHash, std::pair<std::optional<Account>, std::map<SlotHash, SlotValue>>> then;
  for (BlockNum at = number + 1; at <= head_->number; ++at) {
    const auto changes = intact(snapshot_, Table::undo, read_change_set(snapshot_, at));
    for (const auto& account : changes.accounts) {  // the first change after `number` tells
      auto& known =
          then.try_emplace(account.key, account.before, std::map<SlotHash, SlotValue>{}).first->second;
      for (const auto& [slot, before] : account.slots) known.second.try_emplace(slot, before);
    }
  }
  StateDelta out;
  for (const auto& [key, value] : then) {
    AccountDelta delta{key, std::nullopt, value.first, {}};
    if (const auto now = snapshot_.get(Table::account, key))
      delta.before = intact(snapshot_, Table::account, decode_flat_account(*now));
    for (const auto& [slot, before] : value.second) delta.slots.push_back({slot, {}, before});
    out.push_back(std::move(delta));
  }
  return out;
}

Bytes to_key(ByteView nibbles) {
  Bytes out;
  for (std::size_t i = 0; i + 1 < nibbles.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(nibbles[i] << 4 | nibbles[i + 1]));
  return out;
}

}  // namespace

struct NodeServer::Impl {
  explicit Impl(const Database& from) : database(from) {}

  std::optional<StateHead> recent_state(const RootHash& root);
  bool open_state(const RootHash& root);
  std::optional<Bytes> serve(const Hash256& hash, const Place& place);
  void note_children(const trie::NodePtr& node, const Place& place);

  const Database& database;
  Places places;
  std::unique_ptr<ServedState> state;
  BlockHash recent_of;                            ///< the head that `recent` was read for
  std::unordered_map<RootHash, BlockNum> recent;  ///< state roots of the last blocks
};

std::optional<StateHead> NodeServer::Impl::recent_state(const RootHash& root) {
  const ChainStore chain(database);
  const BlockId head = chain.heads().block;
  if (head.hash != recent_of) {
    recent.clear();
    const BlockNum first = head.number > kServedStates ? head.number - kServedStates : 0;
    for (BlockNum number = first; number <= head.number; ++number)
      if (const auto header = chain.canonical_header(number)) recent[(*header)->state_root] = number;
    recent_of = head.hash;
  }
  const auto found = recent.find(root);
  if (found == recent.end()) return std::nullopt;
  return StateHead{found->second, root};
}

bool NodeServer::Impl::open_state(const RootHash& root) {
  const auto wanted = recent_state(root);
  if (!wanted) return false;
  auto opened = std::make_unique<ServedState>(database, *wanted);
  if (!opened->good()) return false;
  state = std::move(opened);
  places.add(Hash256{root}, {});
  return true;
}

void NodeServer::Impl::note_children(const trie::NodePtr& node, const Place& place) {
  const auto below = [&](const trie::NodePtr& child, ByteView step) {
    Place there = place;
    append(there.path, step);
    if (child->kind == trie::Kind::unloaded)
      places.add(Hash256{child->reference}, std::move(there));
    else
      note_children(child, there);
  };
  switch (node->kind) {
    case trie::Kind::unloaded:
      break;
    case trie::Kind::leaf: {
      if (place.account) break;
      const auto& leaf = static_cast<const trie::Leaf&>(*node);
      const auto account = decode_account(leaf.value);
      if (!account || account->storage_root == kEmptyRoot) break;
      Bytes nibbles = place.path;
      append(nibbles, leaf.path);
      places.add(Hash256{account->storage_root}, {AddressHash::from(to_key(nibbles)), {}});
      break;
    }
    case trie::Kind::extension:
    case trie::Kind::branch:
      trie::for_each_child(*node, below);
      break;
  }
}

std::optional<Bytes> NodeServer::Impl::serve(const Hash256& hash, const Place& place) {
  auto rlp = state->node(place);
  if (!rlp || keccak256(*rlp) != hash) return std::nullopt;  // the place is of a state asked for before
  const auto node = trie::decode(*rlp);
  if (!node) database.corrupt(Table::node);
  const Place here = place;  // noting children may move `place`
  note_children(*node, here);
  places.mark_served(hash);
  return rlp;
}

NodeServer::NodeServer(const Database& database) : impl_(std::make_unique<Impl>(database)) {}
NodeServer::~NodeServer() = default;
NodeServer::NodeServer(NodeServer&&) noexcept = default;

void NodeServer::release() {
  impl_->state.reset();
}

std::optional<Bytes> NodeServer::get(const Hash256& hash) {
  if (RootHash{hash} == kEmptyRoot) return Bytes{0x80};
  if (impl_->state) {
    if (const Place* place = impl_->places.find(hash))
      if (auto rlp = impl_->serve(hash, *place)) return rlp;
  }
  if (auto code = impl_->database.get(Table::code, hash)) return code;
  if (!impl_->open_state(RootHash{hash})) return std::nullopt;
  return impl_->serve(hash, {});
}

}  // namespace quarry
