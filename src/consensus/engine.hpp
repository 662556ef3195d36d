#pragma once
/// \file
/// The rules for sealing and verifying that differ from chain to chain.

#include <memory>
#include <span>

#include "consensus/errors.hpp"
#include "core/block_id.hpp"
#include "core/chain_spec.hpp"
#include "core/expected.hpp"
#include "core/worker_pool.hpp"

namespace quarry::ethash {
class Caches;
}
namespace quarry {
class Database;
}
namespace quarry::evm {
class Journal;
}
namespace quarry::clique {
class CliqueEngine;
}

namespace quarry {

/// What a block pays to somebody out of nothing.
struct Reward {
  Address to;
  Wei amount;
  friend bool operator==(const Reward&, const Reward&) = default;
};

/// Which table of header rules holds on a chain (header_rules.cpp).
enum class HeaderRuleSet : std::uint8_t {
  ethereum,
  clique,  ///< EIP-225
  jbc,     ///< the JSON-file chain knows no gas, and its timestamps are text
};

/// Headers that are stored, or that come before in the span being imported.
class HeaderSource {
 public:
  virtual ~HeaderSource() = default;
  virtual std::optional<SealedHeader> header_of(const BlockId& id) const = 0;
};

/// Thread-safe: an engine keeps no state of the chain.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual HeaderRuleSet header_rules() const { return HeaderRuleSet::ethereum; }

  /// The difficulty that a child of `parent` at `timestamp` must have; `rules` are the child's.
  virtual U256 next_difficulty(const Header& parent, Timestamp timestamp, const Rules& rules) const = 0;

  /// The longest extra data this engine allows.
  virtual std::size_t most_extra_data() const = 0;

  /// Ommers a block may have.
  virtual std::size_t most_ommers() const = 0;

  /// Judges the seals of `headers` in the calling thread; `verdicts` is as long. What is quickest in one
  /// go is a multiple of seal_batch().
  virtual void verify_seals(std::span<const Header* const> headers, std::span<Verdict> verdicts) = 0;
  virtual std::size_t seal_batch() const = 0;
  /// What only the headers before can tell of a header whose seal is good: may its author make this block?
  /// Headers come in order, a parent before its children.
  virtual Verdict check_lineage(const SealedHeader& /*header*/, const HeaderSource& /*headers*/) {
    return {};
  }

  /// What the block's author and its ommers' authors get, in the order in which it is paid.
  virtual std::vector<Reward> rewards(const Header& header, std::span<const SealedHeader> ommers,
                                      const Rules& rules) const = 0;

  /// Who gets the fees, and whom COINBASE names. The beneficiary but where the header says it otherwise.
  virtual Address author(const Header& header) const { return header.beneficiary; }

  /// Gives a header to be sealed the form that this engine's headers have. It is complete as an Ethereum
  /// header of the time `now`, but for what execution gives; its extra data is what the miner wants to say,
  /// its beneficiary who is to get the fees.
  virtual void shape_candidate(const Header& /*parent*/, Timestamp /*now*/, const HeaderSource& /*headers*/,
                               Header&) const {}
  /// What this chain does before a block's transactions, beside what forks say. The same each time it is asked
  /// for a header.
  virtual void begin_block(evm::Journal& /*journal*/, const Header& /*header*/) const {}

  /// The longest extra data that a miner may ask for.
  virtual std::size_t most_miner_data() const { return most_extra_data(); }

  /// Of two heads of the same total difficulty, is the new one to be taken? Else the first seen stays.
  virtual bool wins_tie(const SealedHeader& /*header*/, const SealedHeader& /*than*/,
                        const HeaderSource& /*headers*/) const {
    return false;
  }

  /// The engine of an authority chain, which knows who may sign; null elsewhere.
  virtual clique::CliqueEngine* authority() { return nullptr; }

  /// The chain's head moved: an engine may prepare what the next epoch needs.
  virtual void on_head(BlockNum) {}
};

/// Whose seals are checked.
enum class SealPolicy : std::uint8_t {
  all,
  /// None on a chain with a terminal total difficulty: who brings its blocks vouches for them, as with
  /// today's geth, and tools make such chains without work. For files that the owner of the node imports.
  none_if_merging,
};

/// What engines work with; all of it outlives them.
struct EngineContext {
  ethash::Caches& caches;
  SealPolicy seals = SealPolicy::all;
  Database* database = nullptr;  ///< where an engine keeps what it works out; null: nowhere
};

/// The engine that `spec` asks for; an error when this version has none.
[[nodiscard]] Result<std::unique_ptr<Engine>> make_engine(const ChainSpec& spec, EngineContext context);

}  // namespace quarry
