#include "node/dev/dev_chain.hpp"

#include <fmt/format.h>

#include <ctime>
#include <utility>

#include "consensus/clique/snapshot.hpp"
#include "core/keccak.hpp"
#include "node/dev/mnemonic.hpp"
#include "node/local_chain.hpp"
#include "node/options.hpp"
#include "node/stored_genesis.hpp"

namespace quarry {
namespace {
constexpr std::uint64_t kDefaultChainId = 31337;  ///< anvil's and Hardhat's
constexpr Gas kGasLimit = 30'000'000;
constexpr U256 kEther{1'000'000'000'000'000'000};

std::int64_t system_time() {
  return static_cast<std::int64_t>(std::time(nullptr));
}
}  // namespace

DevKeys dev_keys(const NodeOptions& options) {
  const auto& mnemonic = options.dev.mnemonic;
  return {PrivateKey{keccak256(as_bytes("quarry dev: who signs the blocks")).bytes},
          derive_keys(mnemonic.empty() ? kTestMnemonic : std::string_view(mnemonic), options.dev.accounts)};
}

Result<Genesis> dev_genesis(const NodeOptions& options, const DevKeys& keys, Timestamp now) {
  Genesis out;
  out.spec.chain_id = U256{options.genesis_new.chain_id.value_or(kDefaultChainId)};
  out.spec.engine = EngineKind::clique;
  out.spec.clique.period = 0;
  for (const ForkInfo& row : kForkTable) {
    // The DAO's marker means nothing here, nor do schedules of blobs.
    if (row.fork == Fork::dao || row.fork >= Fork::bpo1) continue;
    const auto by = row.time_key.empty() ? Activation::By::block : Activation::By::time;
    out.spec.forks[row.fork] = Activation{by, 0};
  }
  const auto balance = U256::parse(options.dev.balance);
  if (!balance || balance->bit_length() > 128)
    return fail("--balance: not an amount of ether: " + options.dev.balance);
  for (const PrivateKey& key : keys.accounts)
    out.alloc.push_back({address_of(public_key(key)), *balance * kEther, 0, {}, {}});
  out.header.timestamp = now;
  out.header.gas_limit = kGasLimit;
  out.header.difficulty = U256{1};
  out.header.extra_data.resize(clique::kVanityBytes);
  append(out.header.extra_data, address_of(public_key(keys.signer)));
  out.header.extra_data.resize(out.header.extra_data.size() + clique::kSealBytes);
  return out;
}

Result<> ensure_dev_chain(Database& database, const NodeOptions& options, const DevKeys& keys) {
  if (const auto kept = load_genesis(database)) {
    const auto wanted = options.genesis_new.chain_id;
    const bool made_here = kept->spec.engine == EngineKind::clique && kept->spec.clique.period == 0;
    if (made_here && wanted && kept->spec.chain_id != U256{*wanted})
      return fail(fmt::format("--chainid is {}, the chain in the data dir {} has {}", *wanted,
                              options.datadir.string(), kept->spec.chain_id.to_decimal()),
                  "Leave --chainid out, or give another --datadir.");
    if (made_here) return {};
    return fail("the data dir " + options.datadir.string() + " holds a chain that `quarry dev` did not make",
                "Give another --datadir, or none for a chain that is thrown away.");
  }
  const auto genesis = dev_genesis(options, keys, static_cast<Timestamp>(std::time(nullptr)));
  if (!genesis) return tl::unexpected(genesis.error());
  const auto written = setup_genesis(database, *genesis);
  if (!written) return tl::unexpected(written.error());
  return {};
}

Timestamp DevClock::now() const {
  const std::lock_guard lock(mutex_);
  if (next_) return *next_;
  return static_cast<Timestamp>(std::max<std::int64_t>(system_time() + offset_, 0));
}

std::int64_t DevClock::advance(std::int64_t seconds) {
  const std::lock_guard lock(mutex_);
  if (next_) *next_ += static_cast<Timestamp>(seconds);
  return offset_ += seconds;
}

std::int64_t DevClock::offset() const {
  const std::lock_guard lock(mutex_);
  return offset_;
}

void DevClock::set_offset(std::int64_t seconds) {
  const std::lock_guard lock(mutex_);
  offset_ = seconds;
  next_.reset();
}

void DevClock::set_next(Timestamp time) {
  const std::lock_guard lock(mutex_);
  next_ = time;
}

DevClock::Kept DevClock::stop_at(Timestamp time) {
  const std::lock_guard lock(mutex_);
  return {offset_, std::exchange(next_, time)};
}

void DevClock::go_on(const Kept& kept) {
  const std::lock_guard lock(mutex_);
  offset_ = kept.offset;
  next_ = kept.next;
}

void DevClock::block_made() {
  const std::lock_guard lock(mutex_);
  if (next_) offset_ = static_cast<std::int64_t>(*next_) - system_time();
  next_.reset();
}

}  // namespace quarry
