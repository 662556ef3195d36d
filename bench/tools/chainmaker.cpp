/// \file
/// Makes a chain of any length, the same one for the same arguments on every machine: FILE gets geth's RLP
/// stream without the genesis, FILE.genesis.json the genesis to init with. `chainmaker` alone prints its
/// usage.
///
/// Blocks are executed as they are made, on a state in FILE.state, which goes at the end; the memory it takes
/// does not depend on the number of blocks. Rules are Byzantium's, so that geth 1.7 reads the chains too.

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>

#include "consensus/block_executor.hpp"
#include "consensus/clique/engine.hpp"
#include "consensus/ethash/datasets.hpp"
#include "consensus/ethash/miner.hpp"
#include "consensus/ethash/seal.hpp"
#include "consensus/genesis.hpp"
#include "consensus/jbc/search.hpp"
#include "consensus/state_cache.hpp"
#include "core/cpu.hpp"
#include "core/keccak.hpp"
#include "core/secp256k1.hpp"
#include "core/sender.hpp"
#include "core/trie_root.hpp"
#include "node/genesis_json.hpp"
#include "storage/database.hpp"
#include "storage/state_writer.hpp"

using namespace quarry;
namespace fs = std::filesystem;

namespace {

constexpr char kUsage[] =
    R"(usage: chainmaker FILE --blocks N [--engine clique|ethash|jbc] [--transfers M] [--calls K] [--seed TEXT]
                  [--signer KEY] [--accounts A] [--gas-limit G] [--unsealed] [--dagdir DIR] [--zeros Z]

  --transfers, --calls   a block: payments between A accounts; calls of a token, three hashes, two slots, one log
  --seed, --signer       what accounts and choices come from (default "quarry"); the clique signer's key in hex
  --unsealed             ethash: no work is done; the genesis has a terminal total difficulty that is out of
                         reach, with which `quarry import` takes blocks without looking at their seals
  --zeros                jbc: leading zeros of a hash (default 1); its blocks have no transactions
)";

/// Blocks whose transactions are signed, and whose state goes to the disk, in one go.
constexpr std::uint64_t kGroup = 256;
constexpr std::uint64_t kChainId = 1999;
constexpr Timestamp kFirstTime = 1'700'000'000;
/// So far apart ethash's difficulty stays at its least.
constexpr Timestamp kSpacing = 15;
constexpr std::uint64_t kLeastDifficulty = 131072;
constexpr Gas kGasOfTransfer = 21'000, kMostGasOfCall = 100'000;
const Address kToken = *Address::from_hex("00000000000000000000000000000000000c0de0");

/// transfer(to, amount) of a token that lets balances wrap: balances lie at keccak256(address, 0).
///   slot(caller) -= amount; slot(to) += amount; log Transfer(caller, to, amount)
constexpr char kTokenCode[] =
    "3360005260203560406000208054829003905560003560005260406000208054820190556000526000353"
    "37fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef60206000a300";

struct Options {
  std::string file;
  EngineKind engine = EngineKind::clique;
  std::uint64_t blocks = 0, transfers = 20, calls = 5, accounts = 2000;
  std::string seed = "quarry";
  PrivateKey signer;
  Gas gas_limit = 8'000'000;
  bool unsealed = false;
  std::string dag_dir = "build/ethash";
  unsigned zeros = 1;
};

[[noreturn]] void die(std::string_view what) {
  std::fprintf(stderr, "chainmaker: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

PrivateKey key_from(const std::string& text) {
  return PrivateKey{keccak256(as_bytes(text)).bytes};
}

Options parse(int argc, char** argv) {
  Options out;
  std::string signer;
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--unsealed") {
      out.unsealed = true;
      continue;
    }
    if (!word.starts_with("--")) {
      out.file = word;
      continue;
    }
    if (++i == words.size()) die(fmt::format("{} needs a value", word));
    const std::string value(words[i]);
    const std::pair<std::string_view, std::uint64_t*> numbers[] = {{"--blocks", &out.blocks},
                                                                   {"--transfers", &out.transfers},
                                                                   {"--calls", &out.calls},
                                                                   {"--accounts", &out.accounts},
                                                                   {"--gas-limit", &out.gas_limit}};
    bool known = false;
    for (const auto& [name, to] : numbers)
      if (name == word) *to = std::strtoull(value.c_str(), nullptr, 10), known = true;
    const std::pair<std::string_view, EngineKind> engines[] = {
        {"clique", EngineKind::clique}, {"ethash", EngineKind::ethash}, {"jbc", EngineKind::jbc}};
    if (word == "--engine")
      for (const auto& [name, kind] : engines)
        if (name == value) out.engine = kind, known = true;
    if (word == "--seed") out.seed = value, known = true;
    if (word == "--signer") signer = value, known = true;
    if (word == "--dagdir") out.dag_dir = value, known = true;
    if (word == "--zeros")
      out.zeros = static_cast<unsigned>(std::strtoul(value.c_str(), nullptr, 10)), known = true;
    if (!known) die(fmt::format("{} {}: not known\n{}", word, value, kUsage));
  }
  if (out.file.empty() || out.blocks == 0 || out.accounts == 0) {
    std::fputs(kUsage, stderr);
    std::exit(2);
  }
  out.signer = key_from(out.seed + "-signer");
  if (signer.starts_with("0x")) signer.erase(0, 2);
  if (!signer.empty()) {
    const auto key = PrivateKey::from_hex(signer);
    if (!key || !is_valid(*key)) die("--signer: not a key of 64 hex digits");
    out.signer = *key;
  }
  if (out.engine == EngineKind::jbc) out.transfers = out.calls = 0;
  return out;
}

/// Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014 (SplitMix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

struct Holder {
  PrivateKey key;
  Address address;
  std::uint64_t nonce = 0;
};

/// A block's transactions before they are signed.
struct Draft {
  std::vector<Transaction> txns;
  std::vector<std::size_t> senders;
};

/// Chooses transactions from the seed, and signs them.
class TxnMaker {
 public:
  explicit TxnMaker(const Options& options)
      : options_(options), random_(U256::from_be(keccak256(as_bytes(options.seed))).low64()) {
    for (std::uint64_t i = 0; i < options.accounts; ++i) {
      const PrivateKey key = key_from(fmt::format("{}-account-{}", options.seed, i));
      accounts_.push_back({key, address_of(public_key(key))});
    }
  }

  const std::vector<Holder>& accounts() const { return accounts_; }

  /// The next block's, signed by the group's workers later.
  Draft draft() {
    Draft out;
    for (std::uint64_t i = 0; i < options_.transfers + options_.calls; ++i) {
      const std::size_t sender = random_.below(accounts_.size());
      const Address& to = accounts_[random_.below(accounts_.size())].address;
      const std::uint64_t amount = 1 + random_.below(1'000'000'000);
      Transaction txn;
      txn.nonce = accounts_[sender].nonce++;
      txn.max_fee_per_gas = txn.max_priority_fee_per_gas = 1'000'000'000;
      txn.to = i < options_.transfers ? to : kToken;
      txn.gas_limit = i < options_.transfers ? kGasOfTransfer : kMostGasOfCall;
      if (i < options_.transfers)
        txn.value = amount;
      else
        txn.data = call_data(to, amount);
      out.txns.push_back(std::move(txn));
      out.senders.push_back(sender);
    }
    return out;
  }

  void sign_all(Draft& draft) const {
    for (std::size_t i = 0; i < draft.txns.size(); ++i) {
      Transaction& txn = draft.txns[i];
      txn.v = kChainId * 2 + 35;
      const RecoverableSignature signature = sign(accounts_[draft.senders[i]].key, signing_hash(txn));
      const ByteView bytes = signature.bytes;
      txn.r = U256::from_be(bytes.first(32));
      txn.s = U256::from_be(bytes.subspan(32, 32));
      txn.v = kChainId * 2 + 35 + signature.bytes[64];
    }
  }

 private:
  static Bytes call_data(const Address& to, std::uint64_t amount) {
    Bytes out(12);
    append(out, to);
    const auto word = U256{amount}.to_be();
    out.insert(out.end(), word.begin(), word.end());
    return out;
  }

  const Options& options_;
  Random random_;
  std::vector<Holder> accounts_;
};

/// What the engine's headers have that others have not, and their seals.
class Sealing {
 public:
  virtual ~Sealing() = default;
  virtual void shape_genesis(Genesis&) {}
  virtual const Engine& engine() const = 0;
  virtual void shape(const Header& parent, Header& header) = 0;
  /// The header is complete but for its seal.
  virtual SealedHeader seal(Header header) = 0;
};

class CliqueSealing final : public Sealing {
 public:
  explicit CliqueSealing(const PrivateKey& key) : key_(key), address_(address_of(public_key(key))) {}

  void shape_genesis(Genesis& genesis) override {
    genesis.spec.clique = params_;
    genesis.header.difficulty = 1;
    genesis.header.extra_data = extra(true);
  }
  const Engine& engine() const override { return engine_; }
  void shape(const Header& parent, Header& header) override {
    header.timestamp = parent.timestamp + params_.period;
    header.difficulty = clique::kInTurnDifficulty;  // the only signer is always in turn
    header.extra_data = extra(header.number % params_.epoch == 0);
    // The executor asks for the author before the seal is there: a signature of what is known does.
    sign_header(header);
  }
  SealedHeader seal(Header header) override {
    sign_header(header);
    return seal_header(std::move(header), HeaderIdentity::keccak_rlp);
  }

 private:
  Bytes extra(bool checkpoint) const {
    Bytes out(clique::kVanityBytes);
    if (checkpoint) append(out, address_);
    out.resize(out.size() + clique::kSealBytes);
    return out;
  }
  void sign_header(Header& header) const {
    const RecoverableSignature signature = sign(key_, clique::signed_hash(header));
    std::copy(signature.begin(), signature.end(),
              header.extra_data.end() - static_cast<std::ptrdiff_t>(clique::kSealBytes));
  }

  const PrivateKey key_;
  const Address address_;
  const CliqueParams params_{.period = 1, .epoch = 30000};
  clique::CliqueEngine engine_{params_};
};

class EthashSealing final : public Sealing {
 public:
  explicit EthashSealing(const Options& options) : unsealed_(options.unsealed) {
    ChainSpec spec;
    auto engine = make_engine(spec, EngineContext{caches_});
    if (!engine) die(engine.error().what);
    engine_ = std::move(*engine);
    if (unsealed_) return;
    ethash::Datasets::Options how;
    how.folder = options.dag_dir;
    datasets_ = std::make_unique<ethash::Datasets>(caches_, how);
    miner_ = std::make_unique<ethash::Miner>(caches_, *datasets_);
    miner_->start(0);
  }

  void shape_genesis(Genesis& genesis) override {
    genesis.header.difficulty = kLeastDifficulty;
    if (unsealed_) genesis.spec.terminal_total_difficulty = U256{1} << 250;
  }
  const Engine& engine() const override { return *engine_; }
  void shape(const Header& parent, Header& header) override {
    header.timestamp = parent.timestamp + kSpacing;
    header.beneficiary = kMiner;
    ForkSchedule forks;
    for (const Fork fork : {Fork::homestead, Fork::byzantium}) forks[fork] = Activation{};
    header.difficulty =
        engine_->next_difficulty(parent, header.timestamp, forks.rules(header.number, header.timestamp));
  }
  SealedHeader seal(Header header) override {
    if (unsealed_) return seal_header(std::move(header), HeaderIdentity::keccak_rlp);
    std::promise<ethash::Seal> found;
    miner_->set_work(ethash::Work{seal_hash(header), ethash::boundary_of(header.difficulty), header.number},
                     [&](const ethash::Work&, const ethash::Seal& seal) { found.set_value(seal); });
    const ethash::Seal seal = found.get_future().get();
    header.mix_hash = MixHash{seal.mix};
    for (int i = 0; i < 8; ++i) header.nonce.bytes[i] = static_cast<std::uint8_t>(seal.nonce >> (56 - 8 * i));
    return seal_header(std::move(header), HeaderIdentity::keccak_rlp);
  }

 private:
  inline static const Address kMiner = *Address::from_hex("00000000000000000000000000000000000000aa");
  const bool unsealed_;
  ethash::Caches caches_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<ethash::Datasets> datasets_;
  std::unique_ptr<ethash::Miner> miner_;
};

Genesis genesis_of(const Options& options, const std::vector<Holder>& accounts) {
  Genesis out;
  out.spec.chain_id = kChainId;
  out.spec.engine = options.engine;
  for (const Fork fork : {Fork::homestead, Fork::eip150, Fork::eip155, Fork::eip158, Fork::byzantium})
    out.spec.forks[fork] = Activation{};
  out.header.gas_limit = options.gas_limit;
  out.header.timestamp = kFirstTime;
  for (const Holder& account : accounts) out.alloc.push_back({account.address, Wei{1} << 100, 0, {}, {}});
  out.alloc.push_back({kToken, Wei{}, 1, *from_hex(kTokenCode), {}});
  return out;
}

class ChainFile {
 public:
  explicit ChainFile(const std::string& path) : path_(path), file_(path + ".part", std::ios::binary) {}
  void write(const Block& block) {
    const Bytes bytes = encode_block(block);
    file_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  void finish(const Genesis& genesis, const SealedHeader& head, std::uint64_t txns, Gas gas) {
    std::ofstream(path_ + ".genesis.json") << genesis_to_json(genesis) << '\n';
    file_.close();
    if (!file_) die("writing " + path_ + " failed: is the disk full?");
    fs::rename(path_ + ".part", path_);
    fmt::print("{{\"number\": {}, \"hash\": \"{}\", \"transactions\": {}, \"gas\": {}}}\n", head->number,
               head.hash().hex(), txns, gas);
  }

 private:
  const std::string path_;
  std::ofstream file_;
};

/// Makes blocks with transactions, one on the other.
class Builder {
 public:
  Builder(const Options& options, Sealing& sealing)
      : options_(options),
        sealing_(sealing),
        txns_(options),
        genesis_(genesis_of(options, txns_.accounts())) {
    sealing_.shape_genesis(genesis_);
    fs::remove_all(options.file + ".state");
    auto database = Database::open({.path = options.file + ".state"});
    if (!database) die(database.error().what);
    database_ = std::move(*database);
    auto first = init_genesis(*database_, genesis_);
    if (!first) die(first.error().what);
    head_ = std::move(*first);
    state_ = std::make_unique<StateWriter>(*database_);
    cache_ = std::make_unique<StateCache>(state_->view());
  }
  ~Builder() {
    cache_.reset();
    state_.reset();
    database_.reset();
    fs::remove_all(options_.file + ".state");
  }

  void run() {
    ChainFile file(options_.file);
    // The next group is signed while this one is executed.
    auto next = std::async(std::launch::async, [this] { return drafts(1); });
    for (BlockNum first = 1; first <= options_.blocks; first += kGroup) {
      std::vector<Draft> group = next.get();
      if (first + kGroup <= options_.blocks)
        next = std::async(std::launch::async, [this, first] { return drafts(first + kGroup); });
      for (Draft& draft : group) file.write(block(std::move(draft)));
      Batch batch;
      state_->flush(batch);
      if (auto done = database_->commit(std::move(batch)); !done) die(done.error().what);
      std::fprintf(stderr, "\r%llu of %llu", static_cast<unsigned long long>(head_->number),
                   static_cast<unsigned long long>(options_.blocks));
    }
    std::fputc('\n', stderr);
    file.finish(genesis_, head_, count_, gas_);
  }

 private:
  std::vector<Draft> drafts(BlockNum first) {
    std::vector<Draft> out;
    for (BlockNum number = first; number < first + kGroup && number <= options_.blocks; ++number)
      out.push_back(txns_.draft());
    signers_.parallel_for(out.size(), [&](std::size_t i) { txns_.sign_all(out[i]); });
    return out;
  }

  Block block(Draft draft) {
    const Header& parent = *head_;
    Header header;
    header.parent_hash = head_.hash();
    header.number = parent.number + 1;
    header.gas_limit = parent.gas_limit;
    header.ommers_hash = kEmptyOmmersHash;
    sealing_.shape(parent, header);
    BlockBuilder builder(*cache_, header, {genesis_.spec, sealing_.engine()});
    for (std::size_t i = 0; i < draft.txns.size(); ++i)
      if (auto done = builder.add(draft.txns[i], txns_.accounts()[draft.senders[i]].address); !done)
        die(fmt::format("block {}: {} (a higher --gas-limit?)", header.number, done.error().detail));
    auto execution = builder.finish({});
    if (!execution) die(execution.error().detail);
    header.transactions_root = transactions_root(draft.txns);
    header.receipts_root = receipts_root(execution->receipts);
    header.logs_bloom = execution->logs_bloom;
    header.gas_used = execution->gas_used;
    header.state_root = state_->apply(header.number, execution->diff);
    cache_->apply(execution->diff);
    count_ += draft.txns.size();
    gas_ += header.gas_used;
    head_ = sealing_.seal(std::move(header));
    return Block{head_, Body{std::move(draft.txns), {}, {}}};
  }

  const Options& options_;
  Sealing& sealing_;
  TxnMaker txns_;
  Genesis genesis_;
  WorkerPool signers_{"signer", core_count(), kGroup};
  std::unique_ptr<Database> database_;
  std::unique_ptr<StateWriter> state_;
  std::unique_ptr<StateCache> cache_;
  SealedHeader head_;
  std::uint64_t count_ = 0;
  Gas gas_ = 0;
};

/// Blocks of the JSON-file chain carry a line of data each and no transactions.
void make_jbc(const Options& options) {
  Genesis genesis;
  genesis.spec.chain_id = kChainId;
  genesis.spec.engine = EngineKind::jbc;
  genesis.spec.jbc.zeros = options.zeros;
  jbc::Block last{0, std::to_string(kFirstTime), "", "", "First block data", "0", ""};
  last.hash = jbc::compute_hash(last);
  genesis.header = jbc::to_header(last, options.zeros);
  SealedHeader head = genesis_block(genesis);
  ChainFile file(options.file);
  for (std::uint64_t i = 1; i <= options.blocks; ++i) {
    jbc::Block block{i,  std::to_string(kFirstTime + 7 * i),          last.hash,
                     "", fmt::format("{} block {}", options.seed, i), "",
                     ""};
    block.nonce = std::to_string(jbc::Search(block, options.zeros).run(0, ~std::uint64_t{0}).value());
    block.hash = jbc::compute_hash(block);
    Header header = jbc::to_header(block, options.zeros);
    head = seal_header(std::move(header), HeaderIdentity::jbc_sha256);
    file.write(Block{head, {}});
    last = std::move(block);
  }
  file.finish(genesis, head, 0, 0);
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  if (options.engine == EngineKind::jbc) {
    make_jbc(options);
    return 0;
  }
  std::unique_ptr<Sealing> sealing;
  if (options.engine == EngineKind::clique)
    sealing = std::make_unique<CliqueSealing>(options.signer);
  else
    sealing = std::make_unique<EthashSealing>(options);
  Builder(options, *sealing).run();
  return 0;
}
