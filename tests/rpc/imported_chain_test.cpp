// The blocks that a real geth 1.7.3 mined, imported by us with their seals, rewards and state roots checked;
// then our answers against geth's.

#include <gtest/gtest.h>

#include "consensus/chain.hpp"
#include "consensus/ethash/caches.hpp"
#include "consensus/genesis.hpp"
#include "rpc/store_reader.hpp"
#include "test_backend.hpp"

using namespace quarry;
using namespace quarry::rpc;

namespace {

constexpr BlockNum kLast = 12;

/// The genesis of the fixtures' private network: no accounts, and forks as its tutorial sets them.
Genesis private_genesis(const Header& header) {
  Genesis out;
  out.spec.chain_id = 1999;
  for (const auto fork : {Fork::homestead, Fork::eip155, Fork::eip158}) out.spec.forks[fork] = Activation{};
  out.header = header;
  return out;
}

/// An answered request about blocks 0 to 12 alone.
bool is_about_these_blocks(const Json& entry) {
  if (entry.contains("error")) return false;
  const auto method = entry["method"].get<std::string>();
  const auto& params = entry["params"];
  const std::size_t place = method == "eth_getBalance" || method == "eth_getTransactionCount" ? 1 : 0;
  if (method.find("ByNumber") == std::string::npos && place == 0) return false;
  if (params.size() <= place || !params[place].is_string()) return false;
  const auto text = params[place].get<std::string>();
  return text.starts_with("0x") && std::stoull(text, nullptr, 16) <= kLast;
}

}  // namespace

TEST(ImportedChain, AnswersAreGeths) {
  const auto dir = test::fixtures_dir() / "geth-1.7.3";
  QUARRY_NEEDS_FIXTURE(dir);
  test::BlockList file(dir / "empty-12.rlp");
  ASSERT_EQ(file.size(), kLast + 1);

  test::TempDir temp;
  const auto database = *Database::open({.path = (temp.path() / "chain").string()});
  const auto genesis = private_genesis(*file.at(0).header);
  ASSERT_EQ(init_genesis(*database, genesis)->hash(), file.at(0).header.hash());
  WorkerPool workers("test", 2, 64);
  ethash::Caches caches;
  const auto engine = *make_engine(genesis.spec, {caches});
  const auto chain = *Chain::open(*database, genesis.spec, *engine, workers);
  std::vector<Block> blocks;
  for (BlockNum n = 1; n <= kLast; ++n) blocks.push_back(file.at(n));
  const auto imported = chain->insert_blocks(blocks);
  ASSERT_EQ(imported.inserted, kLast);

  test::TestNode node(file);
  const StoreReader reader(*database);
  const Dispatcher dispatcher(Backend{node, node, node, node, reader, node.pool});
  const auto bytes = test::read_file(test::unpacked("geth-1.7.3/golden.json.xz"));
  int compared = 0;
  for (const auto& entry : Json::parse(as_text(bytes))) {
    if (!is_about_these_blocks(entry)) continue;
    const Json request = {{"id", 1}, {"method", entry["method"]}, {"params", entry["params"]}};
    const auto answer = Json::parse(dispatcher.call(request.dump(), {rpc::Access::console}));
    EXPECT_EQ(answer["result"], entry["result"]) << request.dump();
    ++compared;
  }
  // 53 balances and as many nonces at three blocks, and the blocks themselves.
  EXPECT_GE(compared, 2 * 3 * 53 + 13);
}
