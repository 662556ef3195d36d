// The sync machine over the real chain, database and node server, without sockets: one node copies another.
#include <gtest/gtest.h>

#include "chain_support.hpp"
#include "consensus/stored_chain.hpp"
#include "consensus/sync.hpp"
#include "storage/chain_store.hpp"
#include "storage/node_server.hpp"
#include "storage/state_store.hpp"

namespace quarry::sync {
namespace {
using test::TestChain;

/// Serves one node's database to another node's machine, and runs its jobs, one action after the other.
class Copy {
 public:
  Copy(TestChain& source, TestChain& target, Mode mode)
      : target_(target),
        store_(*source.database),
        nodes_(*source.database),
        reader_(*target.database),
        state_(*target.database),
        sync_({.mode = mode}, reader_, state_) {
    const ChainHead head = source->head();
    take(sync_.on_peer(1, {head.id().hash, head.total_difficulty, "source"}, now()));
  }

  /// Carries out at most so many actions; true when there were no more.
  bool run(std::size_t most) {
    for (; most > 0 && !queue_.empty(); --most) {
      Action action = std::move(queue_.front());
      queue_.pop_front();
      std::visit([this](auto& one) { act(one); }, action);
      take(sync_.tick(now()));
    }
    return queue_.empty();
  }
  const std::string& dropped() const { return dropped_; }
  Sync& machine() { return sync_; }

 private:
  Now now() { return {++clock_, std::chrono::seconds{target_.clock}}; }
  void take(Actions actions) {
    for (Action& action : actions) queue_.push_back(std::move(action));
  }

  void act(RequestHeaders& ask) {
    std::vector<SealedHeader> out;
    auto first = std::holds_alternative<BlockHash>(ask.query.from)
                     ? store_.number_of(std::get<BlockHash>(ask.query.from))
                     : std::optional(std::get<BlockNum>(ask.query.from));
    for (BlockNum n = first.value_or(0); first && out.size() < ask.query.amount; n += ask.query.skip + 1) {
      auto header = store_.canonical_header(n);
      if (!header) break;
      out.push_back(std::move(*header));
    }
    take(sync_.on_headers(ask.peer, std::move(out), now()));
  }
  void act(RequestBodies& ask) {
    std::vector<PackedBody> out;
    for (const BlockHash& hash : ask.hashes) out.push_back(*store_.body(*store_.id_of(hash)));
    take(sync_.on_bodies(ask.peer, std::move(out), now()));
  }
  void act(RequestReceipts& ask) {
    std::vector<PackedReceipts> out;
    for (const BlockHash& hash : ask.hashes) out.push_back(*store_.receipts(*store_.id_of(hash)));
    take(sync_.on_receipts(ask.peer, std::move(out), now()));
  }
  void act(RequestNodes& ask) {
    std::vector<Bytes> out;
    for (const Hash256& hash : ask.hashes)
      if (auto bytes = nodes_.get(hash)) out.push_back(std::move(*bytes));
    take(sync_.on_nodes(ask.peer, std::move(out), now()));
  }
  void act(Drop& drop) { dropped_ = drop.why; }
  void act(AnnounceBlock&) {}
  void act(AnnounceHash&) {}

  void imported(JobId job, const ImportResult& result) {
    JobResult out{.job = job, .done = result.inserted + result.ignored};
    if (result.bad) out.bad = JobResult::Bad{result.bad->id, result.bad->error.detail};
    out.future = result.future.has_value();
    out.error = result.disk;
    take(sync_.on_job(out, now()));
  }
  void finished(JobId job, const Result<>& result) {
    JobResult out{.job = job};
    if (!result) out.error = result.error();
    EXPECT_TRUE(result) << result.error().what;
    take(sync_.on_job(out, now()));
  }
  void act(InsertHeaders& job) { imported(job.job, target_->insert_headers(job.headers)); }
  void act(InsertBlocks& job) { imported(job.job, target_->insert_blocks(job.blocks)); }
  void act(InsertFastBlocks& job) { imported(job.job, target_->insert_fast_blocks(job.blocks)); }
  void act(WriteState& job) { finished(job.job, state_.write(job.writes)); }
  void act(FinishFastSync& job) { finished(job.job, target_->finish_fast_sync(job.pivot)); }

  TestChain& target_;
  ChainStore store_;
  NodeServer nodes_;
  StoredChain reader_;
  StateSyncStore state_;
  Sync sync_;
  std::deque<Action> queue_;
  std::chrono::milliseconds clock_{0};
  std::string dropped_;
};

/// A node with `count` blocks, all empty.
void fill(TestChain& chain, std::size_t count) {
  test::BlockMaker maker(chain.genesis.spec, chain.genesis_header, chain.genesis.alloc);
  const auto blocks = maker.line(chain.genesis_header, count);
  ASSERT_EQ(chain->insert_blocks(blocks).inserted, count);
}

void expect_same(TestChain& source, TestChain& target) {
  EXPECT_EQ(target->head().id(), source->head().id());
  EXPECT_EQ(target->head().total_difficulty, source->head().total_difficulty);
  EXPECT_EQ(StateStore(*target.database).head(), StateStore(*source.database).head());
}

TEST(SyncChainTest, CopiesAnotherNode) {
  TestChain source(test::geth_genesis());
  fill(source, 300);
  for (const auto mode : {Mode::full, Mode::fast}) {
    SCOPED_TRACE(static_cast<int>(mode));
    TestChain target(test::geth_genesis());
    Copy copy(source, target, mode);
    EXPECT_TRUE(copy.run(10'000));
    EXPECT_EQ(copy.dropped(), "");
    EXPECT_FALSE(copy.machine().fast_sync_pending());
    expect_same(source, target);
    // A fast-synced node has no states below its pivot.
    EXPECT_EQ(StateStore(*target.database).oldest_state(), mode == Mode::fast ? 300 - 64 : 0);
  }
}

TEST(SyncChainTest, GoesOnAfterBeingKilledAnywhere) {
  TestChain source(test::geth_genesis());
  fill(source, 250);
  for (const auto mode : {Mode::full, Mode::fast}) {
    TestChain target(test::geth_genesis());
    bool done = false;
    for (std::size_t steps = 1; !done; ++steps) {
      ASSERT_LT(steps, 60u);
      Copy copy(source, target, mode);
      done = copy.run(steps);
      if (!done) target.reopen();
    }
    expect_same(source, target);
  }
}

}  // namespace
}  // namespace quarry::sync
