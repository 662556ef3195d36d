#pragma once
/// \file
/// A chain for one test: the node's own import path, over a database on a memory disk where there is one.

#include <memory>
#include <string>

#include "consensus/chain.hpp"
#include "core/chain_spec.hpp"
#include "core/state_diff.hpp"

namespace quarry::conformance {

/// Whether a block's proof of work is looked at.
enum class Seals : std::uint8_t { ethash, none };

/// One thread at a time.
class TestChain {
 public:
  /// Throws BadTest when the chain cannot be opened.
  TestChain(const Genesis& genesis, Seals seals);
  ~TestChain();
  TestChain(const TestChain&) = delete;
  TestChain& operator=(const TestChain&) = delete;

  BlockHash genesis_hash() const { return genesis_hash_; }
  /// Empty when the block was taken, or was there before; else why it was refused.
  std::string insert(const Block& block);
  BlockHash head() const;
  /// Is the block on the head's branch? Branches that are lighter are stored, and executed when they grow
  /// heavier.
  bool is_canonical(const SealedHeader& header) const;
  /// The state at the head, as the database has it.
  std::unique_ptr<StateView> state() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  BlockHash genesis_hash_;
};

}  // namespace quarry::conformance
