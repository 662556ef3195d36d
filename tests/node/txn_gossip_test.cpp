// Transactions between nodes over real sockets, with real pools: whole, announced, fetched, and lied about.
#include "node/txn_gossip.hpp"

#include <fmt/format.h>

#include "blob_txn.hpp"
#include "chain_support.hpp"
#include "consensus/genesis.hpp"
#include "fixtures.hpp"
#include "net/message_table.hpp"
#include "peers.hpp"
#include "signed_txn.hpp"
#include "storage/database.hpp"

using namespace quarry;
using namespace quarry::net;
using quarry::test::Actor;
using quarry::test::run_for;
using quarry::test::run_until;
using namespace std::chrono_literals;

namespace {
constexpr std::uint64_t kChainId = 1999;
constexpr std::uint64_t kEth = 16;  // the first message id of eth

Genesis funded_genesis() {
  Genesis genesis;
  genesis.spec.chain_id = kChainId;
  genesis.spec.forks[Fork::homestead] = genesis.spec.forks[Fork::eip155] = Activation{};
  genesis.header.difficulty = 0x20000;
  genesis.header.gas_limit = 0x2fefd8;
  genesis.alloc.push_back({test::address_of(test::key_of(1)), Wei{1'000'000'000'000'000'000}, 0, {}, {}});
  return genesis;
}
Transaction txn_of(std::uint64_t nonce, std::size_t data = 0) {
  Transaction out = test::payment(test::key_of(1), nonce, 10, kChainId);
  out.data = Bytes(data, 1);
  out.gas_limit = 21000 + 68 * data;
  return test::signed_by(test::key_of(1), out, kChainId);
}

/// The part of a node that transactions pass through.
class GossipNode final : public PeerEvents {
 public:
  explicit GossipNode(Loop& loop, Genesis genesis = funded_genesis())
      : genesis_(std::move(genesis)),
        database_(std::move(*Database::open({.path = (folder_.path() / "db").string()}))),
        made_(init_genesis(*database_, genesis_)),
        pool(*database_, genesis_.spec),
        blobs(BlobPool::is_for(genesis_.spec)
                  ? std::make_unique<BlobPool>(*database_, genesis_.spec, engine_, pool)
                  : nullptr),
        gossip_({loop, workers_, pool, blobs.get(), [] { return true; }}),
        set(loop,
            PeerSetConfig{.key = random_private_key(),
                          .client = "Quarry/test",
                          .listen_host = "127.0.0.1",
                          .listen_port = 0},
            *this) {
    EXPECT_TRUE(made_);
    pool.on_new([this](const std::vector<TxnRef>& txns) { gossip_.on_new(txns); });
    if (blobs) blobs->on_new([this](const std::vector<TxnRef>& txns) { gossip_.on_new(txns); });
    EXPECT_TRUE(set.start());
    gossip_.start(set);
  }
  ~GossipNode() override { gossip_.stop(); }

  LocalStatus local_status() override {
    LocalStatus out{.network_id = kChainId, .total_difficulty = 0x20000};
    out.head = out.genesis = made_->hash();
    out.forks = ForkIds(genesis_.spec.forks, out.genesis, 0);
    return out;
  }
  bool needs_node_data() override { return false; }
  void on_peer_up(const PeerInfo& peer) override {
    ++ups;
    gossip_.on_peer_up(peer.id, peer.eth_version);
  }
  void on_peer_down(PeerId peer, const std::string&) override { gossip_.on_peer_down(peer); }
  void on_message(PeerId peer, EthMessage message) override {
    ++came[message.code];
    if (TxnGossip::takes(message.code)) return gossip_.on_message(peer, std::move(message));
    ASSERT_EQ(message.code, EthCode::get_pooled_transactions);
    const auto answer = gossip_.answer(message.payload);
    ASSERT_TRUE(answer);
    set.send(peer, EthCode::pooled_transactions, *answer, message.request_id);
  }
  void on_report(const PeerReport& report) override { reasons.push_back(report.verdict.reason); }
  Enode enode() const { return {.id = set.node_id(), .host = "127.0.0.1", .tcp_port = set.listening_port()}; }
  std::size_t has() const { return pool.counts().pending; }

 private:
  test::TempDir folder_;
  Genesis genesis_;
  test::UnsealedEngine engine_;
  std::unique_ptr<Database> database_;
  Result<SealedHeader> made_;

 public:
  TxPool pool;
  std::unique_ptr<BlobPool> blobs;  ///< none where the chain has none
  unsigned ups = 0;
  std::map<EthCode, unsigned> came;
  std::vector<std::string> reasons;

 private:
  TxnGossip gossip_;

 public:
  PeerSet set;

 private:
  WorkerPool workers_{"gossip", 1, 64};  // the last to be made: nothing runs on it when the others go
};

/// A peer of `version` that is up.
Actor peer_of(Loop& loop, GossipNode& node, unsigned version) {
  const unsigned before = node.ups;
  Actor out(loop, node.enode());
  out.version = version;
  out.connect(node.local_status());
  EXPECT_TRUE(run_until(loop, [&] { return node.ups == before + 1; }));
  return out;
}
std::vector<Bytes> sent(const Actor& peer, EthCode code) {
  std::vector<Bytes> out;
  for (const Message& message : peer.messages)
    if (message.code == kEth + static_cast<std::uint64_t>(code)) out.push_back(message.payload);
  return out;
}
AnnouncedTxn announcement(const Transaction& txn) {
  return {hash_of(txn),
          AnnouncedTxn::Form{static_cast<std::uint8_t>(txn.type), encode_transaction(txn).size()}};
}
void announce(Actor& peer, const AnnouncedTxn& txn) {
  const std::vector<AnnouncedTxn> one{txn};
  peer.send(kEth + static_cast<std::uint64_t>(EthCode::new_pooled_transaction_hashes),
            peer.version >= kTypedTxnsVersion ? encode_announced_txns(one) : encode_announced_hashes(one));
}
void deliver(Actor& peer, std::uint64_t request, const Transaction& txn) {
  const std::vector<Transaction> one{txn};
  const Bytes answer = encode_transactions(one);
  peer.send(kEth + static_cast<std::uint64_t>(EthCode::pooled_transactions),
            peer.version >= 66 ? with_request_id(request, answer) : answer);
}

}  // namespace

TEST(TxnGossip, GoesWholeToSomeAndByHashToTheOthersAndReachesAll) {
  Loop loop;
  GossipNode hub(loop);
  std::vector<std::unique_ptr<GossipNode>> others;
  for (int i = 0; i < 4; ++i) {
    others.push_back(std::make_unique<GossipNode>(loop));
    others.back()->set.add_peer(hub.enode());
  }
  ASSERT_TRUE(run_until(loop, [&] { return hub.ups == 4; }));
  ASSERT_TRUE(hub.pool.add(txn_of(0), true));
  const auto all_have = [&](std::size_t count) {
    return std::all_of(others.begin(), others.end(), [&](const auto& one) { return one->has() == count; });
  };
  ASSERT_TRUE(run_until(loop, [&] { return all_have(1); }));
  unsigned whole = 0, by_hash = 0;
  for (const auto& one : others) {
    whole += one->came[EthCode::transactions];
    by_hash += one->came[EthCode::new_pooled_transaction_hashes];
  }
  EXPECT_EQ(whole, 2U);
  EXPECT_EQ(by_hash, 2U);
  EXPECT_EQ(hub.came[EthCode::get_pooled_transactions], 2U);
  // A long one goes by hash only; what one of the others adds comes to the rest through the hub.
  ASSERT_TRUE(hub.pool.add(txn_of(1, 5000), true));
  ASSERT_TRUE(run_until(loop, [&] { return all_have(2); }));
  EXPECT_EQ(hub.came[EthCode::get_pooled_transactions], 6U);
  ASSERT_TRUE(others[0]->pool.add(txn_of(2), true));
  ASSERT_TRUE(run_until(loop, [&] { return all_have(3) && hub.has() == 3; }));
  // Who comes late hears of all.
  GossipNode late(loop);
  late.set.add_peer(hub.enode());
  EXPECT_TRUE(run_until(loop, [&] { return late.has() == 3; }));
  EXPECT_EQ(late.came[EthCode::transactions], 0U);
}

TEST(TxnGossip, EachVersionHearsInItsForm) {
  Loop loop;
  GossipNode node(loop);
  Actor old = peer_of(loop, node, 63);
  const Transaction txn = txn_of(0, 5000);
  Actor plain = peer_of(loop, node, 65), typed = peer_of(loop, node, 68);
  ASSERT_TRUE(node.pool.add(txn, true));
  ASSERT_TRUE(run_until(loop, [&] {
    return sent(old, EthCode::transactions).size() == 1 &&
           sent(plain, EthCode::new_pooled_transaction_hashes).size() == 1 &&
           sent(typed, EthCode::new_pooled_transaction_hashes).size() == 1;
  }));
  EXPECT_EQ(*decode_transactions(sent(old, EthCode::transactions)[0]), std::vector{txn});
  auto wanted = announcement(txn);
  EXPECT_EQ(*decode_announced_txns(sent(typed, EthCode::new_pooled_transaction_hashes)[0]),
            std::vector{wanted});
  wanted.form.reset();
  EXPECT_EQ(*decode_announced_hashes(sent(plain, EthCode::new_pooled_transaction_hashes)[0]),
            std::vector{wanted});
}

TEST(TxnGossip, FetchesWhatIsAnnouncedAndNoBlobs) {
  Loop loop;
  GossipNode node(loop);
  for (const unsigned version : {65U, 66U, 68U}) {
    Actor peer = peer_of(loop, node, version);
    const Transaction txn = txn_of(node.has());
    auto blob = announcement(txn_of(99));
    blob.form->type = static_cast<std::uint8_t>(TxnType::blob);
    if (version == 68) announce(peer, blob);
    announce(peer, announcement(txn));
    ASSERT_TRUE(run_until(loop, [&] { return sent(peer, EthCode::get_pooled_transactions).size() == 1; }));
    const Bytes request = sent(peer, EthCode::get_pooled_transactions)[0];
    const auto split = split_request_id(request);
    EXPECT_EQ(split.has_value(), version >= 66);
    EXPECT_EQ(*decode_hashes<TxnHash>(split ? split->payload : ByteView{request}), std::vector{hash_of(txn)});
    const std::size_t before = node.has();
    // An answer to another request is none.
    if (split) deliver(peer, split->id + 1, txn);
    deliver(peer, split ? split->id : 0, txn);
    ASSERT_TRUE(run_until(loop, [&] { return node.has() == before + 1; }));
    EXPECT_FALSE(peer.closed);
  }
}

TEST(TxnGossip, WhoDeliversSomethingElseThanAnnouncedIsDisconnected) {
  Loop loop;
  std::vector<std::unique_ptr<GossipNode>> nodes;  // none goes while the loop runs
  const Transaction txn = txn_of(0);
  const auto honest = announcement(txn);
  auto size = honest, type = honest, almost = honest;
  size.form->bytes += TxnFetcher::kSizeSlack + 1;
  type.form->type = 2;
  almost.form->bytes -= TxnFetcher::kSizeSlack;
  const std::string name = "announced transaction " + honest.hash.hex();
  const std::pair<AnnouncedTxn, std::string> cases[] = {
      {size, fmt::format("{} with {} bytes and delivered {}", name, size.form->bytes, honest.form->bytes)},
      {type, name + " as of type 2 and delivered one of type 0"},
      {almost, ""}};
  for (const auto& [said, reason] : cases) {
    auto& fresh = *nodes.emplace_back(std::make_unique<GossipNode>(loop));
    Actor peer = peer_of(loop, fresh, 68);
    announce(peer, said);
    ASSERT_TRUE(run_until(loop, [&] { return sent(peer, EthCode::get_pooled_transactions).size() == 1; }));
    deliver(peer, split_request_id(sent(peer, EthCode::get_pooled_transactions)[0])->id, txn);
    if (reason.empty()) {
      ASSERT_TRUE(run_until(loop, [&] { return fresh.has() == 1; }));
      EXPECT_FALSE(peer.closed);
      continue;
    }
    EXPECT_EQ(peer.goodbye(), DisconnectReason::useless_peer);
    ASSERT_FALSE(fresh.reasons.empty());
    EXPECT_EQ(fresh.reasons.back(), reason);
  }
}

TEST(TxnGossip, BlobsAreAnnouncedAndFetched) {
  Loop loop;
  GossipNode here(loop, test::blob_genesis()), there(loop, test::blob_genesis());
  there.set.add_peer(here.enode());
  ASSERT_TRUE(run_until(loop, [&] { return here.ups == 1; }));
  const auto first = test::blob_txn(1, 0, 2), second = test::blob_txn(1, 1);
  ASSERT_TRUE(here.blobs->add(first, true));
  ASSERT_TRUE(here.blobs->add(second, true));
  ASSERT_TRUE(run_until(loop, [&] { return there.blobs->pending().size() == 2; }));
  EXPECT_EQ(there.came[EthCode::transactions], 0U);
  EXPECT_EQ(there.blobs->network_form(hash_of(first.txn)), here.blobs->network_form(hash_of(first.txn)));
  // Who comes late hears of them too.
  GossipNode late(loop, test::blob_genesis());
  late.set.add_peer(there.enode());
  EXPECT_TRUE(run_until(loop, [&] { return late.blobs->pending().size() == 2; }));
}

TEST(TxnGossip, WhoDeliversOthersBlobsIsDisconnected) {
  Loop loop;
  GossipNode node(loop, test::blob_genesis());
  Actor peer = peer_of(loop, node, 68);
  auto carried = test::blob_txn(1, 0);
  const auto network = encode_carried(carried);
  announce(peer, {hash_of(carried.txn), AnnouncedTxn::Form{3, network.size()}});
  ASSERT_TRUE(run_until(loop, [&] { return sent(peer, EthCode::get_pooled_transactions).size() == 1; }));
  const auto request = split_request_id(sent(peer, EthCode::get_pooled_transactions)[0])->id;
  carried.sidecar.blobs[0][31] = 1;
  rlp::Writer item;
  item.write(ByteView{encode_carried(carried)});
  const std::vector<Bytes> items{item.take()};
  peer.send(kEth + static_cast<std::uint64_t>(EthCode::pooled_transactions),
            with_request_id(request, encode_raw_list(items)));
  EXPECT_EQ(peer.goodbye(), DisconnectReason::useless_peer);
  ASSERT_FALSE(node.reasons.empty());
  EXPECT_TRUE(node.reasons.back().starts_with("sent blobs that are not transaction")) << node.reasons.back();
  EXPECT_TRUE(node.blobs->pending().empty());
}
