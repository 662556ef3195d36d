#pragma once
/// \file
/// Chains for the tests: genesis specs of the fixtures, engines whose seals cost nothing, blocks made to
/// order.

#include <map>
#include <memory>

#include "consensus/chain.hpp"
#include "consensus/difficulty.hpp"
#include "consensus/ethash/caches.hpp"
#include "consensus/ethash_engine.hpp"
#include "consensus/genesis.hpp"
#include "core/account.hpp"
#include "core/block.hpp"
#include "core/keccak.hpp"
#include "core/trie_root.hpp"
#include "fixtures.hpp"
#include "storage/database.hpp"

namespace quarry::test {

inline ChainSpec spec_with(std::initializer_list<Fork> forks, std::uint64_t chain_id = 1) {
  ChainSpec spec;
  spec.chain_id = chain_id;
  for (const Fork fork : forks) spec.forks[fork] = Activation{};
  return spec;
}

/// fixtures/geth-1.7.3/genesis.json, by hand.
inline Genesis geth_genesis() {
  Genesis genesis;
  genesis.spec = spec_with({Fork::homestead, Fork::eip155, Fork::eip158}, 1999);
  genesis.header.difficulty = 0x20000;
  genesis.header.gas_limit = 0x2fefd8;
  genesis.header.nonce = *SealNonce::from_hex("0x0000000000000042");
  return genesis;
}

/// fixtures/ethtest/genesis.json, by hand.
inline Genesis ethtest_genesis() {
  Genesis genesis;
  genesis.spec =
      spec_with({Fork::homestead, Fork::eip150, Fork::eip155, Fork::eip158, Fork::byzantium}, 19763);
  genesis.header.difficulty = 0x20000;
  genesis.header.gas_limit = 0x80000000;
  genesis.header.extra_data = Bytes(32, 0);
  genesis.header.nonce = *SealNonce::from_hex("0xdeadbeefdeadbeef");
  genesis.alloc.push_back({*Address::from_hex("71562b71999873db5b286df957af199ec94617f7"),
                           *U256::parse("0xffffffffffffffffffffffffff"),
                           0,
                           {},
                           {}});
  return genesis;
}

inline std::vector<Block> read_blocks(const std::filesystem::path& path) {
  const Bytes file = read_file(path);
  std::vector<Block> blocks;
  rlp::Reader reader(file);
  while (!reader.at_end()) {
    auto block = read_block(reader, HeaderIdentity::keccak_rlp);
    if (!block) break;
    blocks.push_back(std::move(*block));
  }
  return blocks;
}

inline std::vector<SealedHeader> headers_of(std::span<const Block> blocks) {
  std::vector<SealedHeader> headers;
  for (const Block& block : blocks) headers.push_back(block.header);
  return headers;
}

/// As ethash, but that a seal is good unless its nonce is 0xbd and seven zeros: for tests of everything but
/// seals.
class UnsealedEngine final : public Engine {
 public:
  static constexpr std::uint8_t kBadNonce = 0xbd;
  static SealNonce bad_nonce() {
    SealNonce nonce;
    nonce.bytes[0] = kBadNonce;
    return nonce;
  }
  U256 next_difficulty(const Header& parent, Timestamp time, const Rules& rules) const override {
    return rules_.next_difficulty(parent, time, rules);
  }
  std::size_t most_extra_data() const override { return rules_.most_extra_data(); }
  std::size_t most_ommers() const override { return rules_.most_ommers(); }
  void verify_seals(std::span<const Header* const> headers, std::span<Verdict> verdicts) override {
    for (std::size_t i = 0; i < headers.size(); ++i)
      if (headers[i]->nonce == bad_nonce()) verdicts[i] = BlockError{BlockRule::seal_mix, "bad nonce"};
  }
  std::size_t seal_batch() const override { return 12; }
  std::vector<Reward> rewards(const Header& header, std::span<const SealedHeader> ommers,
                              const Rules& rules) const override {
    return rules_.rewards(header, ommers, rules);
  }

 private:
  ethash::Caches caches_;
  EthashEngine rules_{caches_};
};

/// A database in a folder of its own with a genesis, and the chain on it.
struct TestChain {
  TempDir dir;
  Genesis genesis;
  UnsealedEngine unsealed;
  Engine& engine;
  WorkerPool workers{"workers", 2, 1024};
  Timestamp clock = 2'000'000'000;
  std::size_t most_batch_blocks = 256;
  std::unique_ptr<Database> database;
  std::unique_ptr<Chain> chain;
  SealedHeader genesis_header;

  explicit TestChain(Genesis g, Engine* with = nullptr, std::size_t batch = 256)
      : genesis(std::move(g)), engine(with ? *with : unsealed), most_batch_blocks(batch) {
    open_database();
    genesis_header = init_genesis(*database, genesis).value();
    open_chain();
  }
  void open_database() {
    DatabaseOptions options;
    options.path = (dir.path() / "db").string();
    database = Database::open(options).value();
  }
  void open_chain() {
    ChainOptions options;
    options.now = [this] { return clock; };
    options.most_batch_blocks = most_batch_blocks;
    chain = Chain::open(*database, genesis.spec, engine, workers, options).value();
  }
  /// As after the end of the process: nothing but what was committed is left.
  void reopen() {
    chain.reset();
    database.reset();
    open_database();
    open_chain();
  }
  Chain* operator->() { return chain.get(); }
};

/// Makes valid blocks without a database: a state of balances for each block made.
class BlockMaker {
 public:
  BlockMaker(const ChainSpec& spec, const SealedHeader& genesis,
             const std::vector<GenesisAccount>& alloc = {})
      : spec_(spec) {
    Balances balances;
    for (const auto& account : alloc) balances[account.address] = account.balance;
    states_[genesis.hash()] = std::move(balances);
  }

  struct Options {
    std::uint8_t author = 1;
    std::uint64_t seconds = 10;
    std::vector<SealedHeader> ommers = {};
    std::uint8_t nonce = 0;
  };
  Block child(const SealedHeader& parent, Options options) {
    Header header;
    header.parent_hash = parent.hash();
    header.number = parent->number + 1;
    header.timestamp = parent->timestamp + options.seconds;
    header.beneficiary.bytes[0] = options.author;
    header.gas_limit = parent->gas_limit;
    header.ommers_hash = ommers_hash(options.ommers);
    header.transactions_root = header.receipts_root = kEmptyRoot;
    header.nonce.bytes[0] = options.nonce;
    const Rules rules = spec_.forks.rules(header.number, header.timestamp);
    header.difficulty = ethash_difficulty(*parent, header.timestamp, rules);
    Balances balances = states_.at(parent.hash());
    pay(balances, header, options.ommers, rules);
    header.state_root = root_of(balances);
    Block block{seal_header(header, HeaderIdentity::keccak_rlp), {{}, options.ommers, {}}};
    states_[block.header.hash()] = std::move(balances);
    return block;
  }
  Block child(const SealedHeader& parent) { return child(parent, Options{}); }
  std::vector<Block> line(SealedHeader from, std::size_t count, Options options) {
    std::vector<Block> blocks;
    for (std::size_t i = 0; i < count; ++i)
      blocks.push_back(child(i == 0 ? from : blocks.back().header, options));
    return blocks;
  }
  std::vector<Block> line(const SealedHeader& from, std::size_t count) {
    return line(from, count, Options{});
  }

 private:
  using Balances = std::map<Address, Wei>;

  /// The Yellow Paper's 11.3, written apart from the code under test.
  static void pay(Balances& balances, const Header& header, const std::vector<SealedHeader>& ommers,
                  const Rules& rules) {
    const Wei ether = Wei{1'000'000'000'000'000'000};
    const Wei reward = ether * Wei{rules.has(Fork::constantinople) ? 2u
                                   : rules.has(Fork::byzantium)    ? 3u
                                                                   : 5u};
    balances[header.beneficiary] += reward + reward * Wei{ommers.size()} / Wei{32};
    for (const auto& ommer : ommers)
      balances[ommer->beneficiary] += reward * Wei{8 - (header.number - ommer->number)} / Wei{8};
  }
  static RootHash root_of(const Balances& balances) {
    std::map<Bytes, Bytes> sorted;
    for (const auto& [address, balance] : balances) {
      Account account;
      account.balance = balance;
      sorted[to_bytes(keccak256(address))] = encode_account(account);
    }
    const std::vector<std::pair<Bytes, Bytes>> entries(sorted.begin(), sorted.end());
    return entries.empty() ? kEmptyRoot : trie_root(entries);
  }

  ChainSpec spec_;
  std::map<BlockHash, Balances> states_;
};

}  // namespace quarry::test
