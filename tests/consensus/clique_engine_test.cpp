// Authority chains with real signatures, through the chain: rules, voting, branches, stored snapshots,
// sealing.
#include <condition_variable>
#include <sstream>

#include "clique_cases.hpp"
#include "clique_support.hpp"
#include "consensus/clique/engine.hpp"
#include "consensus/clique/miner.hpp"
#include "storage/chain_store.hpp"
#include "storage/meta.hpp"

using namespace quarry;
using clique::CliqueEngine;
using test::account_of;
using test::accounts_of;

namespace {
struct Authorities {
  explicit Authorities(std::string_view signers, std::uint64_t epoch = 30000, bool eip3436 = false)
      : genesis([&] {
          Genesis made = test::clique_genesis(signers, epoch);
          made.spec.clique.eip3436 = eip3436;
          return made;
        }()) {}
  Genesis genesis;
  CliqueEngine engine{genesis.spec.clique};
  test::TestChain chain{genesis, &engine};
  test::SignedChain make{genesis, chain.genesis_header};

  void expect_refused(const SealedHeader& header, BlockRule rule) {
    const ImportResult result = chain->insert_headers({&header, 1});
    ASSERT_TRUE(result.bad) << "not refused: " << to_string(rule);
    EXPECT_EQ(to_string(result.bad->error.rule), to_string(rule)) << result.bad->error.detail;
  }
  /// In the order of their addresses.
  std::string in_order(std::string letters) {
    std::sort(letters.begin(), letters.end(), [](char a, char b) { return account_of(a) < account_of(b); });
    return letters;
  }
};

class SealedVoting : public testing::TestWithParam<test::CliqueCase> {};
}  // namespace

TEST_P(SealedVoting, EndsWithTheSignersOfTheCase) {
  const test::CliqueCase& c = GetParam();
  Authorities at(c.signers, c.epoch);
  const auto headers = at.make.line(at.make.genesis(), c.blocks);
  const ImportResult result = at.chain->insert_headers(headers);
  if (c.failure) {
    ASSERT_TRUE(result.bad);
    EXPECT_EQ(to_string(result.bad->error.rule), to_string(*c.failure)) << result.bad->error.detail;
    return;
  }
  ASSERT_TRUE(result.ok()) << result.bad->error.detail;
  const auto snapshot = at.engine.snapshot({headers.back()->number, headers.back().hash()}, at.make);
  ASSERT_TRUE(snapshot);
  EXPECT_EQ((*snapshot)->signers, accounts_of(c.result));
}
INSTANTIATE_TEST_SUITE_P(Eip225, SealedVoting, testing::ValuesIn(test::kCliqueCases),
                         [](const auto& one) { return "case_" + std::to_string(one.index); });

TEST(CliqueRules, RefuseWhatBreaksThem) {
  Authorities at("AB");
  const SealedHeader& parent = at.make.genesis();
  const auto spoilt = [&](const std::function<void(Header&)>& change) {
    return at.make.child(parent, "A", change);
  };
  at.expect_refused(spoilt([](Header& h) { h.mix_hash.bytes[0] = 1; }), BlockRule::clique_form);
  at.expect_refused(spoilt([](Header& h) { h.nonce.bytes[0] = 1; }), BlockRule::clique_form);
  at.expect_refused(spoilt([](Header& h) { h.ommers_hash.bytes[0] = 1; }), BlockRule::clique_form);
  at.expect_refused(spoilt([](Header& h) { h.difficulty = U256{3}; }), BlockRule::difficulty);
  at.expect_refused(spoilt([](Header& h) { h.difficulty = U256{3} - h.difficulty; }), BlockRule::difficulty);
  at.expect_refused(spoilt([](Header& h) { h.extra_data.resize(h.extra_data.size() + 20); }),
                    BlockRule::clique_form);
  at.expect_refused(spoilt([](Header& h) { h.extra_data.resize(96); }), BlockRule::clique_form);
  at.expect_refused(spoilt([](Header& h) { h.timestamp -= 1; }), BlockRule::timestamp);
  at.expect_refused(at.make.child(parent, "C"), BlockRule::unauthorized_signer);
  const SealedHeader right = at.make.child(parent, "A");
  EXPECT_TRUE(at.chain->insert_headers({&right, 1}).ok());
}

TEST(CliqueRules, HoldACheckpointToItsSigners) {
  Authorities at("AB", 2);
  const auto one = at.make.line(at.make.genesis(), "A");
  ASSERT_TRUE(at.chain->insert_headers(one).ok());
  const auto spoilt = [&](const std::function<void(Header&)>& change) {
    return at.make.child(one.back(), "B", change);
  };
  at.expect_refused(spoilt([](Header& h) { h.beneficiary = account_of('C'); }), BlockRule::clique_checkpoint);
  at.expect_refused(spoilt([](Header& h) { h.nonce = clique::kVoteFor; }), BlockRule::clique_form);
  at.expect_refused(spoilt([](Header& h) { h.extra_data[40] ^= 1; }), BlockRule::clique_checkpoint);
  at.expect_refused(
      spoilt([](Header& h) { h.extra_data.erase(h.extra_data.begin(), h.extra_data.begin() + 20); }),
      BlockRule::clique_checkpoint);
  const SealedHeader right = spoilt(nullptr);
  EXPECT_EQ(right->extra_data.size(), 32u + 40 + 65);
  EXPECT_TRUE(at.chain->insert_headers({&right, 1}).ok());
}

TEST(CliqueChain, ChangesBranchesAcrossVotesAndEpochs) {
  Authorities at("ABC", 4);
  // One branch lets D in, with an epoch's end on its way; the other does not, and is longer.
  const auto with = at.make.line(at.make.genesis(), "A+D B+D C A D");
  const auto without = at.make.line(at.make.genesis(), "B A C B A C B A C B A C");
  ASSERT_TRUE(at.chain->insert_blocks(test::empty_blocks(with)).ok());
  EXPECT_EQ(at.make.signers_after(with.back()), accounts_of("ABCD"));
  const auto signers = [&] {
    const auto found = at.engine.snapshot(at.chain->head().id(), at.make);
    return found ? (*found)->signers : std::vector<Address>{};
  };
  EXPECT_EQ(signers(), accounts_of("ABCD"));
  ASSERT_TRUE(at.chain->insert_blocks(test::empty_blocks(without)).ok());
  EXPECT_EQ(at.chain->head().header.hash(), without.back().hash());
  EXPECT_EQ(signers(), accounts_of("ABC"));
  // D is a stranger there, and a signer where it was let in.
  at.expect_refused(at.make.child(without.back(), "D"), BlockRule::unauthorized_signer);
  const auto again = at.make.line(with.back(), "B C A D B C A D B C A D B C A D B C A D B C A D");
  ASSERT_TRUE(at.chain->insert_blocks(test::empty_blocks(again)).ok());
  EXPECT_EQ(at.chain->head().header.hash(), again.back().hash());
  EXPECT_EQ(signers(), accounts_of("ABCD"));
}

TEST(CliqueChain, OfTwoEqualBranchesTheFirstStaysOrEip3436Decides) {
  for (const bool ordered : {false, true}) {
    Authorities at("ABC", 30000, ordered);
    const std::string order = at.in_order("ABC");
    // Block 1 is the second's turn: the others' blocks weigh the same.
    const SealedHeader first = at.make.child(at.make.genesis(), std::string(1, order[0]));
    const SealedHeader third = at.make.child(at.make.genesis(), std::string(1, order[2]));
    ASSERT_TRUE(at.chain->insert_blocks(test::empty_blocks({first})).ok());
    ASSERT_TRUE(at.chain->insert_blocks(test::empty_blocks({third})).ok());
    // (1 - 0) mod 3 = 1, (1 - 2) mod 3 = 2: the third's turn is longer ago.
    EXPECT_EQ(at.chain->head().header.hash(), ordered ? third.hash() : first.hash());
    EXPECT_TRUE(at.engine.preferred(third, first, at.make));
    EXPECT_FALSE(at.engine.preferred(first, third, at.make));
  }
}

namespace {
/// Counts what is asked.
class Counting final : public HeaderSource {
 public:
  explicit Counting(const HeaderSource& from) : from_(from) {}
  std::optional<SealedHeader> header_of(const BlockId& id) const override {
    ++asked;
    return from_.header_of(id);
  }
  mutable std::size_t asked = 0;

 private:
  const HeaderSource& from_;
};
}  // namespace

TEST(CliqueSnapshots, AreStoredAndWorkedOutAgainWhenLost) {
  Authorities at("AB");
  test::TestChain stored(at.genesis);  // its database is where snapshots go
  const CliqueParams params = at.genesis.spec.clique;
  CliqueEngine before(params, stored.database.get());
  SealedHeader tip = at.make.genesis();
  std::optional<SealedHeader> kept;
  for (int i = 0; i < 1030; ++i) {
    tip = at.make.child(tip, i % 2 == 0 ? "A" : "B");
    ASSERT_FALSE(before.check_lineage(tip, at.make));
    if (tip->number == clique::kStoredEvery) kept = tip;
  }
  const BlockId id{tip->number, tip.hash()};
  const auto wanted = before.snapshot(id, at.make);
  ASSERT_TRUE(wanted);
  const Counting counted(at.make);
  const CliqueEngine after(params, stored.database.get());
  const auto found = after.snapshot(id, counted);
  ASSERT_TRUE(found);
  EXPECT_EQ(**found, **wanted);
  EXPECT_LE(counted.asked, 2 * (1030 - clique::kStoredEvery));

  Batch batch;
  ChainWriter(batch).put_meta(std::string(meta::kCliqueSnapshot) + to_hex(kept->hash()), as_bytes("spoilt"));
  ASSERT_TRUE(stored.database->commit(std::move(batch)));
  const auto rebuilt = CliqueEngine(params, stored.database.get()).snapshot(id, counted);
  ASSERT_TRUE(rebuilt);
  EXPECT_EQ(**rebuilt, **wanted);
  EXPECT_GT(counted.asked, 1030u);
}

namespace {
/// A miner of one account, and what it found.
struct Sealing {
  explicit Sealing(Authorities& authorities, char letter) : at(authorities), who(letter) {
    miner.set_author(account_of(letter));
    miner.start(0);
  }
  Header candidate(const SealedHeader& parent) {
    Header header;
    header.parent_hash = parent.hash();
    header.number = parent->number + 1;
    header.gas_limit = parent->gas_limit;
    header.transactions_root = header.receipts_root = kEmptyRoot;
    header.ommers_hash = kEmptyOmmersHash;
    header.beneficiary = account_of(who);
    at.engine.shape_candidate(*parent, parent->timestamp + 1, at.make, header);
    return header;
  }
  void work_on(Header header) {
    miner.set_work(header, [this](Header sealed) {
      const std::lock_guard lock(mutex);
      found.push_back(std::move(sealed));
      changed.notify_all();
    });
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(60), [&] { return found.size() >= count; });
  }
  bool waits() {
    std::unique_lock lock(mutex);
    return !changed.wait_for(lock, std::chrono::milliseconds(200), [&] { return !found.empty(); });
  }

  Authorities& at;
  const char who;
  std::atomic<bool> locked{false};
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Header> found;
  clique::Miner miner{at.engine, at.make,
                      [this](const Address& signer, const Hash256& message) -> Result<RecoverableSignature> {
                        EXPECT_EQ(signer, account_of(who));
                        if (locked) return fail("authentication needed: password or unlock");
                        return sign(test::key_of(who), message);
                      }};
};
}  // namespace

TEST(CliqueMiner, SealsOneChildOfAParentThatTheChainTakes) {
  Authorities at("A");
  Sealing sealing(at, 'A');
  sealing.work_on(sealing.candidate(at.make.genesis()));
  ASSERT_TRUE(sealing.wait_for(1));
  const Header sealed = sealing.found.front();
  EXPECT_EQ(at.engine.author(sealed), account_of('A'));
  EXPECT_EQ(sealed.difficulty, U256{clique::kInTurnDifficulty});
  const SealedHeader header = seal_header(sealed, HeaderIdentity::keccak_rlp);
  EXPECT_TRUE(at.chain->insert_headers({&header, 1}).ok());
  sealing.found.clear();
  sealing.work_on(sealing.candidate(at.make.genesis()));  // with other transactions, say
  EXPECT_TRUE(sealing.waits());
}

TEST(CliqueMiner, WaitsWhileItMayNotSign) {
  Authorities at("AB");
  Sealing sealing(at, 'A');
  const auto line = at.make.line(at.make.genesis(), "A");
  sealing.work_on(sealing.candidate(line.back()));  // it has just signed
  EXPECT_TRUE(sealing.waits());
  const SealedHeader other = at.make.child(line.back(), "B");
  sealing.locked = true;
  sealing.work_on(sealing.candidate(other));
  EXPECT_TRUE(sealing.waits());
  sealing.locked = false;
  EXPECT_TRUE(sealing.wait_for(1));  // unlocked, it goes on by itself
  Sealing stranger(at, 'C');
  stranger.work_on(stranger.candidate(other));
  EXPECT_TRUE(stranger.waits());
}

TEST(CliqueMiner, SealsNoEmptyBlockWithoutAPeriod) {
  Authorities at("A");
  CliqueEngine instant({.period = 0, .epoch = 30000});
  std::atomic<int> found{0};
  clique::Miner miner(instant, at.make,
                      [](const Address&, const Hash256& message) -> Result<RecoverableSignature> {
                        return sign(test::key_of('A'), message);
                      });
  miner.set_author(account_of('A'));
  miner.start(1);
  Header header;
  header.number = 1;
  header.parent_hash = at.make.genesis().hash();
  header.transactions_root = kEmptyRoot;
  header.beneficiary = account_of('A');
  instant.shape_candidate(*at.make.genesis(), 5, at.make, header);
  miner.set_work(header, [&](Header) { ++found; });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(found, 0);
  header.transactions_root.bytes[0] ^= 1;
  miner.set_work(header, [&](Header) {
    found.fetch_add(1);
    found.notify_all();
  });
  found.wait(0);
  EXPECT_EQ(found, 1);
}

TEST(CliqueVotes, OfThisNodeGoIntoItsBlocksWhileTheyMeanSomething) {
  Authorities at("AB");
  Sealing sealing(at, 'A');
  at.engine.propose(account_of('B'), true);  // a signer already: nothing to vote on
  EXPECT_TRUE(sealing.candidate(at.make.genesis()).beneficiary.is_zero());
  at.engine.propose(account_of('C'), true);
  const Header voting = sealing.candidate(at.make.genesis());
  EXPECT_EQ(voting.beneficiary, account_of('C'));
  EXPECT_EQ(voting.nonce, clique::kVoteFor);
  EXPECT_EQ(at.engine.proposals().size(), 2u);
  at.engine.discard(account_of('C'));
  EXPECT_TRUE(sealing.candidate(at.make.genesis()).beneficiary.is_zero());
}
