// Mines a chain of blocks without transactions, with real ethash seals at the real minimum difficulty:
//   mine_empty_chain COUNT FILE [DAG-FOLDER]
// FILE gets geth's RLP stream, without the genesis, which goes beside it as FILE.genesis.json. Blocks are 15
// seconds apart, so that the difficulty stays at its minimum; some 15 blocks a second on two cores.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>

#include "consensus/ethash/miner.hpp"
#include "consensus/genesis.hpp"
#include "core/account.hpp"
#include "core/keccak.hpp"
#include "core/trie_root.hpp"

using namespace quarry;

namespace {
constexpr std::uint64_t kDifficulty = 131072;
constexpr Timestamp kSpacing = 15;
const Address kMiner = *Address::from_hex("0x00000000000000000000000000000000000000aa");

constexpr char kGenesis[] =
    R"({"config":{"chainId":1999,"homesteadBlock":0,"eip155Block":0,"eip158Block":0},"difficulty":"0x20000",)"
    R"("gasLimit":"0x2fefd8","alloc":{},"timestamp":"0x1","nonce":"0x0000000000000042"})";

Genesis genesis() {
  Genesis out;
  out.spec.chain_id = 1999;
  for (const Fork fork : {Fork::homestead, Fork::eip155, Fork::eip158}) out.spec.forks[fork] = Activation{};
  out.header.difficulty = kDifficulty;
  out.header.gas_limit = 0x2fefd8;
  out.header.timestamp = 1;
  out.header.nonce = *SealNonce::from_hex("0x0000000000000042");
  return out;
}

/// The state after `blocks` rewards of five ether: one account.
RootHash state_root(std::uint64_t blocks) {
  const Account account{.balance = Wei{blocks} * Wei{5'000'000'000'000'000'000u}};
  const std::pair<Bytes, Bytes> entry{to_bytes(keccak256(kMiner)), encode_account(account)};
  return trie_root({&entry, 1});
}

Header child(const SealedHeader& parent) {
  Header out;
  out.parent_hash = parent.hash();
  out.ommers_hash = kEmptyOmmersHash;
  out.beneficiary = kMiner;
  out.state_root = state_root(parent->number + 1);
  out.transactions_root = out.receipts_root = kEmptyRoot;
  out.difficulty = kDifficulty;
  out.number = parent->number + 1;
  out.gas_limit = parent->gas_limit;
  out.timestamp = parent->timestamp + kSpacing;
  return out;
}

SealedHeader seal(Header header, ethash::Miner& miner) {
  std::promise<ethash::Seal> found;
  miner.set_work(ethash::Work{seal_hash(header), ethash::boundary_of(header.difficulty), header.number},
                 [&](const ethash::Work&, const ethash::Seal& seal) { found.set_value(seal); });
  const ethash::Seal seal = found.get_future().get();
  header.mix_hash = MixHash{seal.mix};
  for (int i = 0; i < 8; ++i) header.nonce.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(seal.nonce >> (56 - 8 * i));
  return seal_header(std::move(header), HeaderIdentity::keccak_rlp);
}
}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: mine_empty_chain COUNT FILE [DAG-FOLDER]\n");
    return 2;
  }
  const unsigned long count = std::strtoul(argv[1], nullptr, 10);
  std::ofstream(std::string(argv[2]) + ".genesis.json") << kGenesis;
  std::ofstream file(argv[2], std::ios::binary);
  ethash::Caches caches;
  ethash::Datasets::Options options;
  if (argc > 3) options.folder = argv[3];
  ethash::Datasets datasets(caches, options);
  ethash::Miner miner(caches, datasets);
  miner.start(0);
  SealedHeader head = genesis_block(genesis());
  for (unsigned long i = 1; i <= count; ++i) {
    head = seal(child(head), miner);
    const Bytes bytes = encode_block(Block{head, {}});
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (i % 100 == 0) std::fprintf(stderr, "\r%lu of %lu", i, count);
  }
  miner.stop();
  std::fprintf(stderr, "\n%s\n", head.hash().hex().c_str());
  return file ? 0 : 1;
}
