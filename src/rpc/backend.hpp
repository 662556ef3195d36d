#pragma once
/// \file
/// What the JSON-RPC methods ask of the rest of the node. The node floor implements these; ChainReader over
/// the stores is in rpc/store_reader.hpp.
///
/// Every function may be called from several RPC worker threads at once, and may block those (a key
/// derivation takes a second) unless it says that the loop calls it too.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consensus/external_miners.hpp"
#include "core/blob_sidecar.hpp"
#include "core/block.hpp"
#include "core/block_id.hpp"
#include "core/chain_spec.hpp"
#include "core/expected.hpp"
#include "core/receipt.hpp"
#include "core/secp256k1.hpp"
#include "core/state_diff.hpp"
#include "evm/env.hpp"
#include "storage/trie_view.hpp"

namespace quarry {
class Engine;
}

namespace quarry {
struct LogTerms;
class HeaderSource;
}  // namespace quarry
namespace quarry::clique {
class CliqueEngine;
}

namespace quarry::rpc {

class Filters;
class Subscriptions;

/// An account as personal.listWallets shows it.
struct Wallet {
  Address address;
  std::string url;  ///< "keystore:///path/of/the/file"
  bool unlocked = false;
};

/// The keystore's accounts.
class Accounts {
 public:
  virtual ~Accounts() = default;
  /// In the order of their files' names, which is the order of creation: the first one is the default.
  virtual std::vector<Address> list() = 0;
  /// In the same order.
  virtual std::vector<Wallet> wallets() = 0;
  virtual Result<Address> new_account(const std::string& passphrase) = 0;
  /// Keeps a key that was made elsewhere.
  virtual Result<Address> import_key(const PrivateKey& key, const std::string& passphrase) {
    (void)key, (void)passphrase;
    return fail("this node keeps no keys");
  }
  /// Zero seconds: until the node ends.
  virtual Result<> unlock(const Address& address, const std::string& passphrase,
                          std::chrono::seconds duration) = 0;
  virtual Result<> lock(const Address& address) = 0;
  /// Signs with an unlocked account's key.
  virtual Result<RecoverableSignature> sign(const Address& address, const Hash256& message) = 0;
  /// The same with the key out of its file, which stays locked. Takes about a second.
  virtual Result<RecoverableSignature> sign_with(const Address& address, const std::string& passphrase,
                                                 const Hash256& message) = 0;
};

/// Transactions that wait for a block.
class TxnPool {
 public:
  virtual ~TxnPool() = default;
  /// Checks the transaction against the head and takes it. The error starts with geth's words: "nonce too
  /// low", "already known", "insufficient funds for gas * price + value".
  virtual Result<> add(const Transaction& txn) = 0;
  /// The same of a blob transaction with its blobs, which are checked against it.
  virtual Result<> add_carried(const CarriedTransaction& /*carried*/) {
    return fail("transaction type not supported: this pool keeps no blobs");
  }
  virtual std::optional<Transaction> find(const TxnHash& hash) = 0;
  /// The nonce of the sender's next transaction: the state's, and what waits after it without a gap.
  virtual std::uint64_t next_nonce(const Address& sender) = 0;
  /// What a block could take now; a sender's in the order of their nonces.
  virtual std::vector<Transaction> pending() = 0;
  /// What waits for another transaction or for funds.
  virtual std::vector<Transaction> queued() = 0;
  /// The least price that is taken in.
  virtual Wei least_price() = 0;
  virtual void set_least_price(const Wei& price) = 0;
  /// What a transaction may pay where no other tells what is usual: a gwei, unless the node's options or the
  /// genesis say that gas is cheaper.
  virtual Wei usual_price() = 0;
};

class MinerControl {
 public:
  virtual ~MinerControl() = default;
  /// None: one thread a core. Starting again changes the number of threads. The error says how to set an
  /// etherbase when there is none.
  virtual Result<> start(std::optional<unsigned> threads) = 0;
  virtual void stop() = 0;
  /// What the next block says has changed: it is made anew.
  virtual void renew() {}
  virtual void set_etherbase(const Address& address) = 0;
  /// Of the blocks mined from now on. The error names the longest that the chain allows.
  virtual Result<> set_extra_data(Bytes /*extra_data*/) { return fail("this node does not mine"); }
  virtual void set_target_gas_limit(Gas /*target*/) {}
  virtual bool mining() = 0;
  /// Hashes a second, over the last few seconds; zero while the dataset is made.
  virtual std::uint64_t hashrate() = 0;
  /// The configured one, or else the first account.
  virtual std::optional<Address> etherbase() = 0;
  /// For ethash miners of other processes: what to search now. geth's words when there is nothing.
  virtual Result<SealWork> work() { return fail("not supported: this node has no work for ethash miners"); }
  /// Was the seal right, and its block not too old?
  virtual bool submit_work(const Hash256& /*seal_hash*/, const SealNonce& /*nonce*/, const MixHash& /*mix*/) {
    return false;
  }
  /// Counts into hashrate() for some seconds; false where nobody searches.
  virtual bool submit_hashrate(const Hash256& /*miner*/, std::uint64_t /*rate*/) { return false; }
};

/// What admin.nodeInfo tells of ourselves.
struct NodeInfo {
  std::string enode;                ///< as geth prints it: "enode://…@[::]:30303?discport=0"
  std::vector<std::string> enodes;  ///< those that work: one for each address of this machine
  NodeId id;
  std::string ip;           ///< "::" unless told by --nat
  std::string listen_addr;  ///< "[::]:30303"; empty when it does not listen
  std::string name;         ///< the client's name and version as peers see it
  std::uint16_t discovery_port = 0;
  std::uint16_t listener_port = 0;
};

/// One connected peer.
struct PeerInfo {
  /// What its eth Status said, and what it announced since.
  struct Eth {
    unsigned version = 0;
    TotalDifficulty difficulty;
    BlockHash head;
  };
  NodeId id;
  std::string name;
  std::vector<std::string> caps;  ///< "eth/63"
  std::string local_address;
  std::string remote_address;
  std::optional<Eth> eth;  ///< none before the Status exchange
};

/// Why a peer was not connected or was dropped: the last reason for each peer.
struct PeerFailure {
  std::string peer;    ///< enode URL, or the remote address of one that never said who it is
  std::string reason;  ///< one line naming the field and both values
  Timestamp time = 0;
  std::uint64_t count = 1;  ///< how often in a row
};

class Network {
 public:
  virtual ~Network() = default;
  virtual NodeInfo node_info() = 0;
  virtual std::vector<PeerInfo> peers() = 0;
  virtual std::vector<PeerFailure> peer_errors() = 0;
  /// True: taken note of; the verdict on the connection comes in the log. An error when the URL is none.
  virtual Result<bool> add_peer(const std::string& enode_url) = 0;
  virtual Result<bool> remove_peer(const std::string& enode_url) = 0;
  virtual Result<bool> add_trusted_peer(const std::string& enode_url) = 0;
  virtual std::size_t peer_count() = 0;
  virtual bool listening() = 0;
};

struct SyncProgress {
  BlockNum starting_block = 0;
  BlockNum current_block = 0;
  BlockNum highest_block = 0;
  std::uint64_t pulled_states = 0;  ///< trie nodes and codes of the pivot's state that are here
  std::uint64_t known_states = 0;   ///< and those known of so far
  std::optional<BlockNum> pivot;    ///< fast sync only
  std::string phase;                ///< "headers", "bodies", "state", "blocks"
};

/// The chain as a whole. Constants hold from the node's start to its end.
class ChainControl {
 public:
  virtual ~ChainControl() = default;
  /// The head's number. Does not block: the loop calls it.
  virtual BlockNum head_number() = 0;
  /// Tells one head from another, so that answers may be kept as long as it stays; nothing: they may not.
  /// Does not block: the loop calls it.
  virtual std::optional<std::uint64_t> head_mark() { return std::nullopt; }
  /// Nothing when in step with the peers.
  virtual std::optional<SyncProgress> syncing() = 0;
  /// Writes the canonical chain (or a part of it) as geth's RLP stream; gzip when the name ends in .gz.
  virtual Result<> export_chain(const std::string& file, std::optional<BlockNum> first,
                                std::optional<BlockNum> last) = 0;
  virtual Result<> import_chain(const std::string& file) = 0;
  virtual std::string datadir() = 0;
  /// "Quarry/PrivateETH Node1/v0.1.0/linux-amd64/g++12.2".
  virtual std::string client_version() = 0;
  virtual std::uint64_t network_id() = 0;
  virtual const ChainSpec& spec() = 0;
  /// What transactions of a block with this header can ask about it; past hashes are not in it.
  virtual evm::BlockEnv environment(const Header& header) = 0;
  /// The chain's engine; nullptr where there is none to ask (tests).
  virtual const Engine* engine() { return nullptr; }
  /// Takes the chain back to block `number` while the node runs: miner, pool and sync go on from there. The
  /// error says how far back it can be taken.
  virtual Result<> set_head(BlockNum number) {
    return fail("block " + std::to_string(number) + " cannot become the head: this node's chain is fixed");
  }
  /// Blocks that were refused lately, oldest first.
  virtual std::vector<Block> bad_blocks() { return {}; }
  virtual BlockHash genesis_hash() = 0;
  /// The newest eth protocol we speak: 63.
  virtual unsigned protocol_version() = 0;
};

/// Where a transaction stands.
struct TxnLocation {
  BlockId block;
  std::size_t index = 0;
};

/// How far below the head blocks count as safe and as final, where no beacon chain says so.
struct FinalityDepths {
  BlockNum safe = 12;
  BlockNum final = 64;
};

/// A storage slot by its hashed key, which is how states keep it.
struct StoredSlot {
  SlotHash key;
  SlotValue value;
};

/// An account by its hashed address, which is how states keep it.
struct StoredAccount {
  AddressHash key;
  Account account;
};

/// Which way a search through the chain goes.
enum class Direction : std::uint8_t { up, down };

/// Reads blocks and states. Several threads at once; each answer is one the chain had, but two calls may see
/// two heads, so a method takes the head once and goes on by its id.
class ChainReader {
 public:
  virtual ~ChainReader() = default;
  /// The last executed block of the canonical chain.
  virtual BlockId head() const = 0;
  virtual std::optional<BlockId> canonical(BlockNum number) const = 0;
  /// A block of any branch.
  virtual std::optional<BlockId> find(const BlockHash& hash) const = 0;
  virtual std::optional<SealedHeader> header(const BlockId& id) const = 0;
  /// Canonical blocks that may have such logs, the first ones from `first` to `last`, at most `most` of them.
  virtual std::vector<BlockNum> blocks_with_logs(const LogTerms& terms, BlockNum first, BlockNum last,
                                                 std::size_t most) const = 0;
  /// Nothing when only its header is here.
  virtual std::optional<Block> block(const BlockId& id) const = 0;
  virtual std::optional<TotalDifficulty> total_difficulty(const BlockId& id) const = 0;
  /// Nothing when the block was not executed, nor its receipts downloaded.
  virtual std::optional<std::vector<Receipt>> receipts(const BlockId& id) const = 0;
  /// A transaction of the canonical chain.
  virtual std::optional<TxnLocation> find_transaction(const TxnHash& hash) const = 0;
  /// The lowest block whose state can be read.
  virtual BlockNum oldest_state() const { return 0; }
  /// How far below the head blocks count as safe and as final.
  virtual FinalityDepths finality() const { return {}; }
  /// The state after block `id`. The error says which blocks' states there are.
  virtual Result<std::unique_ptr<StateView>> state_at(const BlockId& id) const = 0;
  /// The tries of that state, built within `bounds`; the error says which blocks' tries can be had.
  virtual Result<std::unique_ptr<TrieView>> tries_at(const BlockId& id,
                                                     const TrieView::Bounds& bounds) const {
    (void)bounds;
    return fail("the state tries of block " + std::to_string(id.number) + " are not kept");
  }
  /// Canonical blocks that changed the account or its storage: from block `from` on in that direction, at
  /// most `most` of them.
  virtual std::vector<BlockNum> blocks_changing(const Address& address, BlockNum from, Direction direction,
                                                std::size_t most) const {
    (void)address, (void)from, (void)direction, (void)most;
    return {};
  }
  /// The account's slots after block `id` in the order of their hashed keys, from `first` on, at most `most`.
  virtual Result<std::vector<StoredSlot>> slots_at(const BlockId& id, const Address& address,
                                                   const SlotHash& first, std::size_t most) const {
    (void)address, (void)first, (void)most;
    return fail("the slots of block " + std::to_string(id.number) + " cannot be listed");
  }
  /// Whom the genesis file names, where it is kept.
  virtual std::vector<Address> genesis_accounts() const { return {}; }
  /// Accounts after block `id` in the order of their hashed addresses, from `first` on, at most `most`.
  virtual Result<std::vector<StoredAccount>> accounts_at(const BlockId& id, const AddressHash& first,
                                                         std::size_t most) const {
    (void)first, (void)most;
    return fail("the accounts of block " + std::to_string(id.number) + " cannot be listed");
  }
  /// What the database tells of itself: RocksDB's "rocksdb.stats" and the like. Nothing for unknown names.
  virtual std::optional<std::string> database_property(const std::string& name) const {
    (void)name;
    return std::nullopt;
  }
};

/// The block after the head with what waits for it, executed; nothing seals it, so its hash means nothing.
struct PendingBlock {
  BlockId parent;
  Block block;
  std::vector<Receipt> receipts;
  StateDiff diff;  ///< of the state after `parent`
};

/// Makes the pending block.
class PendingBlocks {
 public:
  virtual ~PendingBlocks() = default;
  /// May execute the whole block; what was made for this head and these transactions is kept. An error where
  /// no block can be made here: the state is being downloaded, or blocks come from a beacon chain.
  virtual Result<std::shared_ptr<const PendingBlock>> current() = 0;
};

/// What one call may cost the node.
struct CallLimits {
  Gas most_gas = 50'000'000;                  ///< --rpc.gascap
  std::chrono::milliseconds most_time{5000};  ///< --rpc.evmtimeout
  Wei most_fee;  ///< --rpc.txfeecap, gas times price of a transaction sent; 0: any
};

/// What one search for logs may cost the node.
struct LogLimits {
  /// --rpc.logs.maxresults: some 600 bytes of JSON each, so that an answer stays below geth's 25 MB.
  std::size_t most_results = 40'000;
  /// A worker is held no longer by one search.
  std::chrono::milliseconds most_time{10'000};
};

/// What miners of a JSON-file chain may be told.
class JbcControl {
 public:
  virtual ~JbcControl() = default;
  virtual unsigned zeros() = 0;
  /// Data for the next block that this node mines; gives how many texts wait now.
  virtual Result<std::size_t> submit_data(std::string text) = 0;
  virtual std::vector<std::string> pending_data() = 0;
};

/// A change of a development chain's state without a transaction.
struct DevChange {
  enum class Field : std::uint8_t { balance, nonce, code, slot };
  Address account;
  Field field = Field::balance;
  U256 key;    ///< of a slot
  U256 value;  ///< of all but code
  Bytes code;
};

/// A chain for development: its blocks and its clock do what they are told.
class DevControl {
 public:
  virtual ~DevControl() = default;
  /// Makes so many blocks at once, with or without transactions, their times `interval` seconds apart.
  virtual Result<> mine(std::uint64_t blocks, std::uint64_t interval) = 0;
  /// Whether a block is made as soon as there is a transaction.
  virtual void set_automine(bool on) = 0;
  virtual bool automine() = 0;
  /// A block every so many seconds; 0: none but those that are asked for.
  virtual void set_interval(std::uint64_t seconds) = 0;
  /// Remembers the chain as it is; gives a name for it.
  virtual std::uint64_t snapshot() = 0;
  /// Back to the chain as it was; the snapshot and later ones are used up. False: there is none of that name.
  virtual Result<bool> revert(std::uint64_t snapshot) = 0;
  /// All blocks from now on are so much later; gives by how much in all.
  virtual std::int64_t increase_time(std::int64_t seconds) = 0;
  /// The next block's time, from which the clock goes on.
  virtual Result<> set_next_timestamp(Timestamp time) = 0;
  /// Makes the change, in a block of its own that says so.
  virtual Result<> change(const DevChange& change) = 0;
  /// Whether transactions of the account are taken from whoever sends them; none: of every account.
  virtual void impersonate(const std::optional<Address>& account, bool on) = 0;
};

/// Where JSON-RPC is listened for. What is left out is as the node's options say.
class ListenerControl {
 public:
  virtual ~ListenerControl() = default;
  struct Wish {
    std::optional<std::string> host;
    std::optional<std::uint16_t> port;
    std::optional<std::string> origins;  ///< as --rpccorsdomain, --wsorigins
    std::optional<std::string> modules;  ///< as --rpcapi, --wsapi
    std::optional<std::string> virtual_hosts;
  };
  /// An error when it listens already, or cannot.
  virtual Result<> start_http(const Wish& wish) = 0;
  virtual Result<> start_ws(const Wish& wish) = 0;
  /// False when it did not listen. Its clients are disconnected.
  virtual Result<bool> stop_http() = 0;
  virtual Result<bool> stop_ws() = 0;
};

/// What was worked out about prices at a head (rpc/fees.hpp).
struct FeeCache;
std::shared_ptr<FeeCache> make_fee_cache();

/// What one message may cost the node.
struct MessageLimits {
  std::size_t batch_requests = 1000;            ///< --rpc.batch-request-limit; 0: any number
  std::size_t batch_answer_bytes = 25'000'000;  ///< --rpc.batch-response-max-size; 0: any
  /// From its arrival; what was not begun by then is answered with "request timed out" (geth: 30 s).
  std::chrono::milliseconds most_time{30'000};
};

/// Who may sign, on an authority chain.
struct Authority {
  clique::CliqueEngine& engine;
  const HeaderSource& headers;  ///< of any thread
};

/// All that methods work with; everything outlives the RPC server.
struct Backend {
  ChainControl& chain;
  Network& network;
  Accounts& accounts;
  MinerControl& miner;
  const ChainReader& reader;
  TxnPool& pool;
  CallLimits call_limits = {};
  LogLimits log_limits = {};
  /// --allow-insecure-unlock: callers from other machines may use unlocked accounts.
  bool exposed_may_sign = false;
  /// --rpc.allow-unprotected-txs: transactions that are valid on any chain are taken though EIP-155 holds.
  bool unprotected_allowed = false;
  JbcControl* jbc = nullptr;             ///< none: it is no jbc chain
  PendingBlocks* pending = nullptr;      ///< none: pending is the head
  DevControl* dev = nullptr;             ///< none: the chain is no toy
  const Authority* authority = nullptr;  ///< none: it is no authority chain
  ListenerControl* listeners = nullptr;  ///< none: they are as they are
  std::shared_ptr<FeeCache> fees = make_fee_cache();
  Filters* filters = nullptr;
  Subscriptions* subscriptions = nullptr;
  MessageLimits message_limits = {};
};

}  // namespace quarry::rpc
