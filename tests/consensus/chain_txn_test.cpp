// Blocks with transactions: mined out of the pool, imported, indexed, taken back.
#include <set>

#include "chain_support.hpp"
#include "consensus/txpool.hpp"
#include "core/sender.hpp"
#include "signed_txn.hpp"
#include "storage/chain_store.hpp"
#include "storage/state_store.hpp"

using namespace quarry;
using test::address_of;
using test::key_of;
using test::payment;
using test::TestChain;

namespace {
constexpr std::uint64_t kChainId = 1999;
const Wei kEther{1'000'000'000'000'000'000};
const Address kPaid = *payment(key_of(1), 0, 0, kChainId).to;

Genesis funded_genesis(std::initializer_list<Fork> more = {Fork::eip150, Fork::byzantium}) {
  Genesis genesis = test::geth_genesis();
  for (const Fork fork : more) genesis.spec.forks[fork] = Activation{};
  genesis.header.gas_limit = 5'000'000;
  for (std::uint64_t i = 1; i <= 40; ++i) genesis.alloc.push_back({address_of(key_of(i)), kEther, 0, {}, {}});
  return genesis;
}

/// A chain, its pool, and what a miner does without the search for a seal.
struct MiningChain : TestChain {
  TxPool pool;
  std::vector<HeadEvent> events;

  explicit MiningChain(Genesis from = funded_genesis())
      : TestChain(std::move(from)), pool(*database, genesis.spec) {
    listen();
  }
  void listen() {
    chain->set_known_senders([this](const TxnHash& hash) { return pool.known_sender(hash); });
    chain->on_head([this](const HeadEvent& event) {
      pool.on_head(event);
      events.push_back(event);
    });
  }
  TxnHash add(const Transaction& txn) {
    const auto added = pool.add(txn, true);
    EXPECT_TRUE(added) << added.error().detail;
    return added.value_or(TxnHash{});
  }
  Block candidate(std::uint8_t author = 1) {
    CandidateRequest request;
    request.beneficiary.bytes[0] = author;
    request.target_gas_limit = 5'000'000;
    request.pool = &pool;
    clock = chain->head().header->timestamp + 10;
    auto block = chain->prepare(request);
    EXPECT_TRUE(block) << block.error().what;
    return *block;
  }
  Block mine(std::uint8_t author = 1) {
    const Block block = candidate(author);
    const ImportResult result = chain->insert_sealed(block);
    EXPECT_TRUE(result.ok()) << (result.bad ? result.bad->error.detail : "");
    EXPECT_EQ(chain->head().header.hash(), block.header.hash());
    return block;
  }
  std::optional<TxnPlace> place(const TxnHash& hash) const { return ChainStore(*database).txn_place(hash); }
  Account account(const Address& address) const {
    return StateStore(*database).at_head()->account(address).value_or(Account{});
  }
};

BlockId id_of(const Block& block) {
  return {block.header->number, block.header.hash()};
}
}  // namespace

TEST(ChainWithTransactions, MinesWhatThePoolHasAndOthersAcceptIt) {
  MiningChain miner;
  const TxnHash dear = miner.add(payment(key_of(2), 0, 20, kChainId));
  const TxnHash cheap = miner.add(payment(key_of(1), 0, 10, kChainId));
  const TxnHash second = miner.add(payment(key_of(2), 1, 5, kChainId));
  const TxnHash later = miner.add(payment(key_of(3), 1, 99, kChainId));  // its nonce 0 is missing
  const Block block = miner.mine();

  ASSERT_EQ(block.body.transactions.size(), 3u);
  EXPECT_EQ(hash_of(block.body.transactions[0]), dear);
  EXPECT_EQ(hash_of(block.body.transactions[1]), cheap);
  EXPECT_EQ(hash_of(block.body.transactions[2]), second);
  EXPECT_EQ(block.header->gas_used, 63000u);
  EXPECT_EQ(miner.account(kPaid).balance, Wei{3});
  EXPECT_EQ(miner.account(address_of(key_of(2))).nonce, 2u);
  EXPECT_EQ(miner.place(dear), (TxnPlace{1, 0}));
  EXPECT_EQ(miner.place(second), (TxnPlace{1, 2}));
  EXPECT_EQ(miner.place(later), std::nullopt);
  const auto receipts = ChainStore(*miner.database).receipts(id_of(block));
  ASSERT_TRUE(receipts);
  ASSERT_EQ(receipts->size(), 3u);
  EXPECT_EQ(receipts->back().cumulative_gas_used, 63000u);
  EXPECT_EQ(miner.pool.counts().pending, 0u);
  EXPECT_EQ(miner.pool.counts().queued, 1u);
  EXPECT_EQ(miner.pool.known_sender(dear), address_of(key_of(2)));

  miner.add(payment(key_of(3), 0, 0, kChainId));
  const Block next = miner.mine();
  EXPECT_EQ(next.body.transactions.size(), 2u);

  MiningChain other;
  other.clock = miner.clock;
  const std::vector<Block> blocks{block, next};
  ASSERT_TRUE(other->insert_blocks(blocks).ok());
  EXPECT_EQ(other->head().header.hash(), next.header.hash());
  EXPECT_EQ(other.place(later), (TxnPlace{2, 1}));
}

TEST(ChainWithTransactions, BeforeByzantiumReceiptsCarryTheRootAfterEach) {
  MiningChain miner(funded_genesis({}));
  for (std::uint64_t key = 1; key <= 3; ++key) miner.add(payment(key_of(key), 0, 7, kChainId));
  const Block block = miner.mine();
  const auto receipts = ChainStore(*miner.database).receipts(id_of(block)).value();
  ASSERT_EQ(receipts.size(), 3u);
  std::set<RootHash> roots;
  for (const Receipt& receipt : receipts) roots.insert(std::get<RootHash>(receipt.outcome));
  EXPECT_EQ(roots.size(), 3u);
  EXPECT_FALSE(roots.contains(RootHash{}));
}

TEST(ChainWithTransactions, ABlockTakesAsMuchAsItsGasLimitAllows) {
  MiningChain miner;
  for (std::uint64_t key = 1; key <= 30; ++key) {
    Transaction txn = payment(key_of(key), 0, key, kChainId);
    txn.gas_limit = key == 30 ? 4'950'000 : 21000;  // the best one leaves room for two more
    miner.add(test::signed_by(key_of(key), txn, kChainId));
  }
  const Block block = miner.mine();
  EXPECT_EQ(miner.pool.counts().pending, 30 - block.body.transactions.size());
  // What was not used of the first one's gas was there for others.
  EXPECT_EQ(block.body.transactions.size(), 30u);
  EXPECT_EQ(block.header->gas_used, 30 * 21000u);

  for (std::uint64_t nonce = 1; nonce <= 300; ++nonce) miner.add(payment(key_of(1), nonce, 1, kChainId));
  const Block full = miner.mine();
  EXPECT_EQ(full.body.transactions.size(), full.header->gas_limit / 21000);
  EXPECT_LE(full.header->gas_used, full.header->gas_limit);
  EXPECT_EQ(miner.pool.counts().pending, 300 - full.body.transactions.size());
}

TEST(ChainWithTransactions, OneThatCannotRunIsLeftOut) {
  MiningChain miner;
  // Each of the two is paid for, both are not.
  for (std::uint64_t nonce = 0; nonce < 2; ++nonce) {
    Transaction txn = payment(key_of(1), nonce, 50, kChainId);
    txn.value = kEther - Wei{2'000'000};
    miner.add(test::signed_by(key_of(1), txn, kChainId));
  }
  miner.add(payment(key_of(2), 0, 1, kChainId));
  const Block block = miner.mine();
  EXPECT_EQ(block.body.transactions.size(), 2u);
  EXPECT_EQ(miner.pool.counts().pending, 0u) << "what the account cannot pay any more goes";
}

TEST(ChainWithTransactions, AReorganisationMovesTheIndexAndFillsThePool) {
  MiningChain one, other;
  const Transaction shared = payment(key_of(1), 0, 10, kChainId);
  const Transaction lost = payment(key_of(2), 0, 20, kChainId);
  const Transaction won = payment(key_of(3), 0, 30, kChainId);
  const TxnHash shared_hash = one.add(shared), lost_hash = one.add(lost);
  const Block a = one.mine(1);
  other.add(shared);
  const TxnHash won_hash = other.add(won);
  const std::vector<Block> branch{other.mine(2), other.mine(2)};

  ASSERT_EQ(one.place(shared_hash), (TxnPlace{1, 1}));
  one.clock = other.clock;
  ASSERT_TRUE(one->insert_blocks(branch).ok());
  ASSERT_EQ(one->head().header.hash(), branch.back().header.hash());
  EXPECT_EQ(one.place(shared_hash), (TxnPlace{1, 1}));
  EXPECT_EQ(one.place(won_hash), (TxnPlace{1, 0}));
  EXPECT_EQ(one.place(lost_hash), std::nullopt);
  EXPECT_EQ(one.account(kPaid).balance, Wei{2});
  ASSERT_EQ(one.events.back().removed.size(), 1u);
  EXPECT_EQ(one.events.back().removed[0]->header.hash(), a.header.hash());
  EXPECT_EQ(one.events.back().removed_count, 1u);
  const auto waiting = one.pool.pending();
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0]->hash, lost_hash);
  EXPECT_TRUE(waiting[0]->local);

  // It is mined on the new branch, and the index survives a restart.
  one.mine();
  EXPECT_EQ(one.place(lost_hash), (TxnPlace{3, 0}));
  one.reopen();
  EXPECT_EQ(one.place(lost_hash), (TxnPlace{3, 0}));
  EXPECT_EQ(one.place(won_hash), (TxnPlace{1, 0}));
  EXPECT_EQ(one.account(kPaid).balance, Wei{3});
}

TEST(ChainWithTransactions, ABadHeavierBranchChangesNothing) {
  MiningChain one, other;
  const TxnHash kept = one.add(payment(key_of(2), 0, 20, kChainId));
  one.mine(1);
  other.add(payment(key_of(3), 0, 30, kChainId));
  std::vector<Block> branch{other.mine(2), other.mine(2)};
  Header wrong = *branch[1].header;
  wrong.state_root.bytes[0] ^= 1;
  branch[1].header = seal_header(wrong, HeaderIdentity::keccak_rlp);
  one.clock = other.clock;
  const auto result = one->insert_blocks(branch);
  ASSERT_TRUE(result.bad);
  EXPECT_EQ(to_string(result.bad->error.rule), to_string(BlockRule::state_root)) << result.bad->error.detail;
  const auto bad = one->bad_blocks();
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_EQ(bad[0].block->header.hash(), branch[1].header.hash());
  EXPECT_EQ(bad[0].reason, result.bad->error.detail);
  EXPECT_EQ(one.place(kept), (TxnPlace{1, 0}));
  EXPECT_EQ(one.account(kPaid).balance, Wei{1});
  one.add(payment(key_of(4), 0, 1, kChainId));
  EXPECT_EQ(one.mine().body.transactions.size(), 1u);
}

TEST(ChainWithTransactions, AWrongSignatureIsABadBlock) {
  MiningChain one, other;
  one.add(payment(key_of(1), 0, 10, kChainId));
  Block block = one.candidate();
  block.body.transactions[0].r = U256{};
  Header header = *block.header;
  header.transactions_root = transactions_root(block.body.transactions);
  block.header = seal_header(header, HeaderIdentity::keccak_rlp);
  other.clock = one.clock;
  EXPECT_TRUE(other->insert_blocks({&block, 1}).bad);
  EXPECT_EQ(other->head().header->number, 0u);
}

TEST(ChainWithTransactions, FastBlocksAreIndexedWhileTheyAreCanonical) {
  MiningChain source, other, target;
  std::vector<TxnHash> hashes;
  std::vector<Block> blocks;
  for (std::uint64_t i = 0; i < 3; ++i) {
    hashes.push_back(source.add(payment(key_of(1), i, 10, kChainId)));
    blocks.push_back(source.mine());
  }
  std::vector<FastBlock> fast;
  for (const Block& block : blocks)
    fast.push_back({id_of(block), block.body, ChainStore(*source.database).receipts(id_of(block)).value()});
  target.clock = source.clock + 100;
  ASSERT_TRUE(target->insert_headers(test::headers_of(blocks)).ok());
  ASSERT_TRUE(target->insert_fast_blocks(fast).ok());
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(target.place(hashes[i]), (TxnPlace{i + 1, 0}));

  // A heavier branch of headers takes over: the bodies of the old one do not count any more.
  std::vector<SealedHeader> branch;
  for (int i = 0; i < 4; ++i) branch.push_back(other.mine(2).header);
  ASSERT_TRUE(target->insert_headers(branch).ok());
  for (const TxnHash& hash : hashes) EXPECT_EQ(target.place(hash), std::nullopt);
}

TEST(ChainWithTransactions, TheHeadTakenBackIsAReorganisation) {
  MiningChain one;
  std::vector<Block> mined;
  for (std::uint64_t nonce = 0; nonce < 4; ++nonce) {
    one.add(payment(key_of(1), nonce, 10, kChainId));
    mined.push_back(one.mine());
  }
  EXPECT_FALSE(one->set_head(9)) << "above the head";
  ASSERT_TRUE(one->set_head(2));
  EXPECT_EQ(one->head().header.hash(), mined[1].header.hash());
  EXPECT_EQ(one->header_head().header.hash(), mined[1].header.hash());
  EXPECT_EQ(one.account(kPaid).balance, Wei{2});
  const auto& event = one.events.back();
  EXPECT_EQ(event.before.header.hash(), mined[3].header.hash());
  EXPECT_EQ(event.after.header.hash(), mined[1].header.hash());
  EXPECT_EQ(event.added_count, 0u);
  EXPECT_EQ(event.removed_count, 2u);
  ASSERT_EQ(event.removed.size(), 2u);
  EXPECT_EQ(event.removed[0]->header.hash(), mined[3].header.hash());
  // What was in the blocks waits again, and the chain goes on.
  EXPECT_EQ(one.pool.counts().pending, 2u);
  EXPECT_EQ(one.mine().body.transactions.size(), 2u);
  EXPECT_EQ(one.account(kPaid).balance, Wei{4});
  // What was taken back may come again, if it is heavier.
  ASSERT_TRUE(one->set_head(0));
  ASSERT_TRUE(one->insert_blocks(mined).ok());
  EXPECT_EQ(one->head().header.hash(), mined[3].header.hash());
}
