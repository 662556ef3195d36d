// Out of deadlocks: which branch, how far back, and what the log says of a halt.
#include "node/clique_recover.hpp"

#include "clique_support.hpp"
#include "node/clique_watch.hpp"
#include "node/commands/commands.hpp"
#include "node/datadir.hpp"
#include "node/local_chain.hpp"
#include "node/options.hpp"
#include "node/stored_genesis.hpp"

using namespace quarry;
using test::account_of;
using test::accounts_of;

namespace {
/// A data dir with an authority chain, opened as commands do.
class Halted {
 public:
  explicit Halted(std::string_view signers) : genesis_(test::clique_genesis(signers)) {
    options_.datadir = folder_.path();
    options_.cache_mb = 16;
    const DataDirPaths paths(folder_.path());
    std::filesystem::create_directories(paths.quarry);
    auto database = Database::open({.path = paths.chaindata.string()});
    first_ = setup_genesis(**database, genesis_)->header;
  }
  test::SignedChain make() const { return {genesis_, first_}; }
  void insert(const std::vector<SealedHeader>& headers) {
    const auto local = open();
    const ImportResult result = local.chain->insert_blocks(test::empty_blocks(headers));
    ASSERT_TRUE(result.ok()) << result.bad->error.detail;
  }
  LocalChain open() {
    auto opened = open_local_chain(DataDirPaths(folder_.path()), options_, workers_);
    EXPECT_TRUE(opened);
    return std::move(*opened);
  }
  BlockHash head() { return open().chain->head().header.hash(); }
  Result<int> recover(std::string_view present = "") {
    NodeOptions options = options_;
    options.args = {"recover"};
    for (const Address& each : accounts_of(present)) options.present_signers.push_back(each.hex());
    return run_clique(options);
  }

 private:
  test::TempDir folder_;
  NodeOptions options_;
  Genesis genesis_;
  SealedHeader first_;
  WorkerPool workers_{"test", 2, 1024};
};
}  // namespace

TEST(CliqueRecover, TakesTheBranchThatAllTake) {
  Halted node("ABC");
  auto make = node.make();
  std::string order = "ABC";
  std::sort(order.begin(), order.end(), [](char a, char b) { return account_of(a) < account_of(b); });
  // Block 1 is the second's turn; of the others the third's turn is longer ago.
  const SealedHeader first = make.child(make.genesis(), order.substr(0, 1));
  const SealedHeader third = make.child(make.genesis(), order.substr(2, 1));
  node.insert({first});
  node.insert({third});
  ASSERT_EQ(node.head(), first.hash());
  ASSERT_TRUE(node.recover());
  EXPECT_EQ(node.head(), third.hash());
  ASSERT_TRUE(node.recover());  // there is nothing better
  EXPECT_EQ(node.head(), third.hash());
  node.insert({make.child(third, order.substr(1, 1))});
}

TEST(CliqueRecover, GoesBackToWhereThePresentSignersSuffice) {
  Halted node("ABC");
  auto make = node.make();
  const auto line = make.line(make.genesis(), "A B C A+D B+D C D");
  node.insert(line);
  const auto nobody = node.recover("E");
  ASSERT_FALSE(nobody);
  EXPECT_NE(nobody.error().what.find("3 of 4 must be there"), std::string::npos) << nobody.error().what;
  EXPECT_EQ(node.head(), line.back().hash());
  ASSERT_TRUE(node.recover("ABC"));  // suffice where they are
  EXPECT_EQ(node.head(), line.back().hash());
  ASSERT_TRUE(node.recover("AB"));
  EXPECT_EQ(node.head(), line[3].hash());  // the last with three signers
}

TEST(StallReport, SaysWhoMaySignAndWhereTheyAre) {
  clique::Snapshot at;
  at.id.number = 9;
  at.signers = accounts_of("ABCD");
  at.recents = {{8, account_of('A')}, {9, account_of('B')}};
  const auto where = [](const Address& who) -> std::string {
    return who == account_of('C') ? "not connected" : "unknown";
  };
  const StallReport report = stall_report(at, account_of('B'), {account_of('B'), true, true}, where);
  EXPECT_EQ(report.last, account_of('B').hex() + " (this node)");
  EXPECT_NE(report.next.find(account_of('C').hex() + " (not connected)"), std::string::npos) << report.next;
  EXPECT_NE(report.next.find(account_of('D').hex() + " (unknown)"), std::string::npos) << report.next;
  EXPECT_NE(report.wait.find(account_of('A').hex() + " (unknown, signed block 8)"), std::string::npos);
  EXPECT_NE(report.what.find("3 of the 4 signers must be running"), std::string::npos) << report.what;
  // Where it is this node's turn, it is told so.
  const StallReport idle = stall_report(at, account_of('B'), {account_of('C'), false, true}, where);
  EXPECT_EQ(idle.what, "start this node's signer: miner.start()");
  const StallReport locked = stall_report(at, account_of('B'), {account_of('C'), true, false}, where);
  EXPECT_NE(locked.what.find("--unlock"), std::string::npos);
  const StallReport split = stall_report(at, account_of('B'), {account_of('C'), true, true}, where);
  EXPECT_NE(split.what.find("clique recover"), std::string::npos);
}
