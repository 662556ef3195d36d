#pragma once
/// \file
/// A node's backend over blocks in memory: the chain of a file, or a genesis alone.

#include <atomic>
#include <map>
#include <mutex>

#include "core/keccak.hpp"
#include "fixtures.hpp"
#include "rpc/backend.hpp"
#include "rpc/dispatcher.hpp"
#include "rpc/json_rpc.hpp"

namespace quarry::test {

/// All forks up to `last`, from the genesis on.
inline void switch_on(ForkSchedule& forks, Fork last) {
  for (std::size_t i = 0; i <= static_cast<std::size_t>(last); ++i) forks.at[i] = Activation{};
}

/// 0x…c0 and a byte: where tests put contracts.
inline Address address_at(std::uint8_t last) {
  Address out;
  out.bytes[18] = 0xc0;
  out.bytes[19] = last;
  return out;
}

/// Accounts in memory; the same at every block.
class MapState final : public StateView {
 public:
  MapState(const std::map<Address, Account>& accounts, const std::map<CodeHash, Bytes>& codes)
      : accounts_(accounts), codes_(codes) {}
  std::optional<Account> account(const Address& address) const override {
    const auto found = accounts_.find(address);
    return found == accounts_.end() ? std::nullopt : std::optional(found->second);
  }
  SlotValue slot(const Address&, const SlotKey& key) const override { return SlotValue(key); }
  Bytes code(const CodeHash& hash) const override {
    const auto found = codes_.find(hash);
    return found == codes_.end() ? Bytes{0x60, 0x01} : found->second;
  }

 private:
  const std::map<Address, Account>& accounts_;
  const std::map<CodeHash, Bytes>& codes_;
};

class BlockList final : public rpc::ChainReader {
 public:
  BlockList() { add(Block{seal_header({}, HeaderIdentity::keccak_rlp), {}}); }
  /// Reads geth's stream of blocks; the genesis is its first.
  explicit BlockList(const std::filesystem::path& file) {
    const auto bytes = read_file(file);
    rlp::Reader reader(bytes);
    while (!reader.at_end()) {
      auto block = read_block(reader, HeaderIdentity::keccak_rlp);
      if (!block) break;
      add(std::move(*block));
    }
  }
  void add(Block block) {
    total_ += block.header->difficulty;
    ids_[block.header.hash()] = blocks_.size();
    totals_.push_back(total_);
    blocks_.push_back(std::move(block));
  }
  std::size_t size() const { return blocks_.size(); }
  const Block& at(std::size_t index) const { return blocks_.at(index); }

  BlockId head() const override { return id_of(blocks_.size() - 1); }
  std::optional<BlockId> canonical(BlockNum number) const override {
    return number < blocks_.size() ? std::optional(id_of(number)) : std::nullopt;
  }
  std::optional<BlockId> find(const BlockHash& hash) const override {
    const auto found = ids_.find(hash);
    return found == ids_.end() ? std::nullopt : std::optional(id_of(found->second));
  }
  std::optional<SealedHeader> header(const BlockId& id) const override {
    return blocks_.at(id.number).header;
  }
  /// Every block with a log: which ones match is the search's to see.
  std::vector<BlockNum> blocks_with_logs(const LogTerms&, BlockNum first, BlockNum last,
                                         std::size_t most) const override {
    std::vector<BlockNum> out;
    for (auto n = first; n <= last && n < blocks_.size() && out.size() < most; ++n) {
      if (!blocks_[n].header->logs_bloom.is_zero()) out.push_back(n);
    }
    return out;
  }
  std::optional<std::vector<Receipt>> receipts(const BlockId& id) const override {
    const auto found = receipts_of.find(id.number);
    return found == receipts_of.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<rpc::TxnLocation> find_transaction(const TxnHash& hash) const override {
    for (std::size_t n = 0; n < blocks_.size(); ++n) {
      const auto& txns = blocks_[n].body.transactions;
      for (std::size_t i = 0; i < txns.size(); ++i)
        if (hash_of(txns[i]) == hash) return rpc::TxnLocation{id_of(n), i};
    }
    return std::nullopt;
  }
  std::optional<Block> block(const BlockId& id) const override { return blocks_.at(id.number); }
  std::optional<TotalDifficulty> total_difficulty(const BlockId& id) const override {
    return totals_.at(id.number);
  }
  Result<std::unique_ptr<StateView>> state_at(const BlockId& id) const override {
    if (id.number + 128 < blocks_.size()) {
      return fail("the state of block " + std::to_string(id.number) + " is not kept");
    }
    return std::make_unique<MapState>(accounts, codes);
  }
  /// Puts a contract there.
  void deploy(const Address& address, Bytes code) {
    accounts[address].code_hash = CodeHash(keccak256(code));
    codes[accounts[address].code_hash] = std::move(code);
  }
  std::map<Address, Account> accounts;
  std::map<CodeHash, Bytes> codes;
  std::map<BlockNum, std::vector<Receipt>> receipts_of;

 private:
  BlockId id_of(std::size_t index) const { return {index, blocks_[index].header.hash()}; }
  std::vector<Block> blocks_;
  std::vector<TotalDifficulty> totals_;
  std::map<BlockHash, std::size_t> ids_;
  TotalDifficulty total_;
};

/// Takes everything; what it was given counts as waiting.
struct TestPool final : rpc::TxnPool {
  Result<> add(const Transaction& txn) override {
    if (find(hash_of(txn))) return fail("already known");
    txns.push_back(txn);
    return {};
  }
  std::optional<Transaction> find(const TxnHash& hash) override {
    for (const auto& txn : txns)
      if (hash_of(txn) == hash) return txn;
    return std::nullopt;
  }
  std::uint64_t next_nonce(const Address&) override { return 7 + txns.size(); }
  std::vector<Transaction> pending() override { return txns; }
  std::vector<Transaction> queued() override { return {}; }
  Wei least_price() override { return floor; }
  void set_least_price(const Wei& price) override { floor = price; }
  Wei usual_price() override { return Wei{1'000'000'000}; }
  Wei floor;
  std::vector<Transaction> txns;
};

struct TestNode : rpc::Accounts, rpc::MinerControl, rpc::Network, rpc::ChainControl {
  explicit TestNode(BlockList& blocks) : blocks_(blocks) { chain_spec.chain_id = 1999; }

  std::vector<Address> list() override {
    const std::lock_guard lock(mutex);
    return addresses;
  }
  std::vector<rpc::Wallet> wallets() override {
    std::vector<rpc::Wallet> out;
    for (const Address& address : list()) out.push_back({address, "keystore:///" + to_hex(address), false});
    return out;
  }
  Result<Address> new_account(const std::string& passphrase) override {
    const std::lock_guard lock(mutex);
    Address address;
    address.bytes[19] = static_cast<std::uint8_t>(addresses.size() + 1);
    addresses.push_back(address);
    passphrases.push_back(passphrase);
    return address;
  }
  Result<> unlock(const Address&, const std::string& passphrase, std::chrono::seconds duration) override {
    unlocked_for = duration;
    if (passphrase == "pw") return {};
    return fail("could not decrypt key with given passphrase");
  }
  Result<> lock(const Address&) override { return {}; }
  Result<RecoverableSignature> sign(const Address& address, const Hash256& message) override {
    if (address != address_of(public_key(key))) return fail("authentication needed: password or unlock");
    return quarry::sign(key, message);
  }
  Result<RecoverableSignature> sign_with(const Address&, const std::string& passphrase,
                                         const Hash256& message) override {
    if (passphrase != "pw") return fail("could not decrypt key with given passphrase");
    return quarry::sign(key, message);
  }

  Result<> start(std::optional<unsigned> threads) override {
    if (!etherbase())
      return fail("etherbase missing: etherbase address must be explicitly specified",
                  "personal.newAccount()");
    mining_threads = threads.value_or(2);
    return {};
  }
  void stop() override { mining_threads = 0; }
  void set_etherbase(const Address& address) override { base = address; }
  Result<> set_extra_data(Bytes data) override {
    if (data.size() > 32) return fail("extra exceeds max length. " + std::to_string(data.size()) + " > 32");
    extra = std::move(data);
    return {};
  }
  void set_target_gas_limit(Gas target) override { gas_target = target; }
  bool mining() override { return mining_threads != 0; }
  std::uint64_t hashrate() override { return 1'000'000; }
  std::optional<Address> etherbase() override { return base; }

  rpc::NodeInfo node_info() override {
    rpc::NodeInfo info;
    info.enode = "enode://00@[::]:30303?discport=0";
    info.enodes = {"enode://00@127.0.0.1:30303?discport=0"};
    info.ip = "::";
    info.listen_addr = "[::]:30303";
    info.name = client_version();
    info.listener_port = 30303;
    return info;
  }
  std::vector<rpc::PeerInfo> peers() override {
    rpc::PeerInfo young, known;
    young.caps = {"eth/63"};
    known = young;
    known.name = "Geth/v1.7.3";
    known.local_address = "127.0.0.1:30303";
    known.remote_address = "127.0.0.1:51000";
    known.eth = rpc::PeerInfo::Eth{63, TotalDifficulty{1707456}, blocks_.head().hash};
    return {known, young};
  }
  std::vector<rpc::PeerFailure> peer_errors() override { return {{"enode://11@1.2.3.4:1", "refused", 0, 2}}; }
  Result<bool> add_peer(const std::string& url) override {
    if (!url.starts_with("enode://"))
      return fail("invalid enode: missing scheme", "It begins with enode://.");
    return true;
  }
  Result<bool> remove_peer(const std::string&) override { return true; }
  Result<bool> add_trusted_peer(const std::string&) override { return true; }
  std::size_t peer_count() override { return 2; }
  bool listening() override { return true; }

  BlockNum head_number() override { return blocks_.size() - 1; }
  std::optional<std::uint64_t> head_mark() override {
    const auto now = mark.load();
    return now == 0 ? std::nullopt : std::optional(now);
  }
  std::optional<rpc::SyncProgress> syncing() override { return progress; }
  Result<> export_chain(const std::string& file, std::optional<BlockNum>, std::optional<BlockNum>) override {
    if (file.empty()) return fail("no file");
    return {};
  }
  Result<> import_chain(const std::string&) override { return {}; }
  std::string datadir() override { return "/data"; }
  std::string client_version() override { return "Quarry/test"; }
  std::uint64_t network_id() override { return 1999; }
  const ChainSpec& spec() override { return chain_spec; }
  evm::BlockEnv environment(const Header& header) override {
    evm::BlockEnv env;
    env.rules = chain_spec.forks.rules(header.number, header.timestamp);
    env.number = header.number;
    env.timestamp = header.timestamp;
    env.gas_limit = header.gas_limit;
    env.base_fee = header.base_fee_per_gas.value_or(U256{});
    env.chain_id = chain_spec.chain_id;
    return env;
  }
  BlockHash genesis_hash() override { return blocks_.at(0).header.hash(); }
  unsigned protocol_version() override { return 63; }

  std::mutex mutex;
  std::vector<Address> addresses;
  std::vector<std::string> passphrases;
  std::chrono::seconds unlocked_for{-1};
  std::optional<Address> base;
  unsigned mining_threads = 0;
  Bytes extra;
  Gas gas_target = 0;
  std::optional<rpc::SyncProgress> progress;
  std::atomic<std::uint64_t> mark = 0;  ///< 0: answers are not kept
  ChainSpec chain_spec;
  PrivateKey key = random_private_key();
  TestPool pool;

 private:
  BlockList& blocks_;
};

/// Blocks, node and dispatcher, with calls by method and parameters.
struct Rpc {
  Rpc() = default;
  explicit Rpc(const std::filesystem::path& file) : blocks(file) {}

  rpc::Json call(std::string_view method, rpc::Json params = rpc::Json::array(),
                 const rpc::Caller& caller = {rpc::Access::console}) {
    const rpc::Json request = {
        {"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", std::move(params)}};
    return rpc::Json::parse(dispatcher.call(request.dump(), caller));
  }
  rpc::Json result(std::string_view method, rpc::Json params = rpc::Json::array()) {
    auto answer = call(method, std::move(params));
    EXPECT_FALSE(answer.contains("error")) << answer.dump();
    return answer.contains("result") ? answer["result"] : rpc::Json("(no result)");
  }
  /// The code and the message, as "-32602 missing …".
  std::string error(std::string_view method, rpc::Json params = rpc::Json::array(),
                    const rpc::Caller& caller = {rpc::Access::console}) {
    const auto answer = call(method, std::move(params), caller);
    if (!answer.contains("error")) return "no error: " + answer.dump();
    return answer["error"]["code"].dump() + " " + answer["error"]["message"].get<std::string>();
  }

  BlockList blocks;
  TestNode node{blocks};
  rpc::Dispatcher dispatcher{rpc::Backend{node, node, node, node, blocks, node.pool}};
};

}  // namespace quarry::test
